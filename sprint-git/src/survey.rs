//! What is on the branches of a repository, looked at without changing anything.

use std::collections::BTreeSet;

use gix::revision::plumbing::merge_base;
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::workspace::ChangedPath;
use sprint_core::id::CommitId;

use crate::diff::changed_paths;
use crate::error::Result;
use crate::merge::object_id;
use crate::repo::Repo;

/// A branch of the repository, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct LocalBranch {
    /// Its name without `refs/heads/`, to be shown and compared. It may be one that no sprint
    /// would take as a [`BranchName`](sprint_core::id::BranchName), such as `--help`; the commit
    /// stands for the branch in every other call.
    pub name: String,
    /// Where it is.
    pub commit: CommitId,
    /// Whether base contains it.
    pub merged: bool,
}

impl Repo {
    /// All local branches, base among them, by name.
    pub(crate) async fn branches(&self) -> Result<Vec<LocalBranch>> {
        let base = self.base_head().await?;
        let all = self.local_branches(&[]).await?;
        let merged = format!("--merged={base}");
        let merged: BTreeSet<_> = self.local_branches(&[&merged]).await?.into_iter().collect();
        let branch = |(name, commit): (String, CommitId)| LocalBranch {
            merged: merged.contains(&(name.clone(), commit.clone())),
            name,
            commit,
        };
        Ok(all.into_iter().map(branch).collect())
    }

    async fn local_branches(&self, filter: &[&str]) -> Result<Vec<(String, CommitId)>> {
        let call = ["for-each-ref", "--format=%(objectname) %(refname)"];
        let call = call.iter().chain(filter).chain(&["--", "refs/heads/"]);
        let output = self.call(call).run().await?;
        // Git takes names that are not UTF-8.
        let text = String::from_utf8_lossy(&output);
        let parse = |line: &str| {
            let (id, name) = line.split_once(" refs/heads/")?;
            Some((name.to_owned(), CommitId::new(id).ok()?))
        };
        Ok(text.lines().filter_map(parse).collect())
    }

    /// What `tip` changes since it left `base`; `None` if the two have no common ancestor.
    pub(crate) async fn changed(
        &self,
        base: &CommitId,
        tip: &CommitId,
    ) -> Result<Option<Vec<ChangedPath>>> {
        let (base, tip) = (object_id(base)?, object_id(tip)?);
        self.with_objects(move |objects| {
            let graph = objects.commit_graph_if_enabled()?;
            let mut commits = objects.revision_graph(graph.as_ref());
            match merge_base(base, &[tip], &mut commits)? {
                Some(ancestors) => changed_paths(objects, *ancestors.first(), tip).map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    /// Every path at a commit, directories among them.
    pub(crate) async fn paths(&self, commit: &CommitId) -> Result<BTreeSet<RepoPath>> {
        let commit = object_id(commit)?;
        self.with_objects(move |objects| {
            let tree = objects.find_commit(commit)?.tree()?;
            let entries = tree.traverse().breadthfirst.files()?.into_iter();
            let paths = entries.map(|entry| RepoPath::from_bytes(&entry.filepath));
            Ok(paths.collect())
        })
        .await
    }
}
