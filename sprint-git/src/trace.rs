//! What has become of a commit.

use gix::objs::Kind;
use sprint_core::domain::workspace::Trace;
use sprint_core::id::{BranchName, CommitId, TreeId};

use crate::error::Result;
use crate::merge::{object_id, tree_of};
use crate::refs::RefName;
use crate::repo::Repo;

impl Repo {
    /// Says where a commit is. Changes nothing.
    pub(crate) async fn trace(&self, branch: &BranchName, commit: &CommitId) -> Result<Trace> {
        let head = self.resolve(&RefName::branch(branch)).await?;
        let tree = self.tree_of_known(commit).await?;
        let (mut on_branch, mut on_base) = (false, false);
        if tree.is_some() {
            on_base = self.contains(&self.base_head().await?, commit).await?;
            if let Some(head) = &head {
                on_branch = self.contains(head, commit).await?;
            }
        }
        Ok(Trace {
            tree,
            head,
            on_branch,
            on_base,
        })
    }

    /// The tree of a commit; `None` if nobody knows of such a commit.
    pub(crate) async fn tree_of_known(&self, commit: &CommitId) -> Result<Option<TreeId>> {
        let commit = commit.clone();
        self.with_objects(move |objects| {
            let header = objects.try_find_header(object_id(&commit)?)?;
            let is_commit = header.is_some_and(|header| header.kind() == Kind::Commit);
            is_commit.then(|| tree_of(objects, &commit)).transpose()
        })
        .await
    }
}
