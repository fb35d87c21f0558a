//! Taking changes back: a merge in memory whose common ancestor is the commit that goes, and whose
//! other side is its first parent.

use gix::ObjectId;
use sprint_core::domain::merge::{Merged, RevertInput, RevertSpec, Reverted};
use sprint_core::domain::path::RepoPath;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{CommitId, SprintId};

use crate::error::{GitError, Result};
use crate::hazard::{Sides, hazards};
use crate::merge::{commit, object_id, root_of, tree_of};
use crate::opinion::{Opinion, unmergeable};
use crate::refs::SprintRefs;
use crate::repo::Repo;

impl Repo {
    /// Takes changes back from a base and keeps the result from being pruned.
    ///
    /// There are few, and their conflicts are for people to resolve. So, unlike in a trial merge,
    /// git alone decides, and no second opinion is needed.
    pub(crate) async fn revert(&self, spec: &RevertSpec, sprint: &SprintId) -> Result<Reverted> {
        let refs = SprintRefs::new(sprint)?;
        let base = spec.base.clone();
        let tree = self
            .with_objects(move |objects| tree_of(objects, &base))
            .await?;
        let mut reverted = Reverted {
            tip: spec.base.clone(),
            tree,
            merged: Vec::new(),
            conflict: None,
        };
        for input in &spec.commits {
            match self.without(&reverted.tip, input, spec).await? {
                Without::Same => {}
                Without::Commit(commit) => {
                    let made = commit.clone();
                    reverted.tree = self
                        .with_objects(move |objects| tree_of(objects, &made))
                        .await?;
                    reverted.tip = commit;
                }
                Without::Conflict(paths) => {
                    reverted.conflict = Some((input.ticket.clone(), paths));
                    break;
                }
            }
            reverted.merged.push(Merged {
                ticket: input.ticket.clone(),
                commit: reverted.tip.clone(),
                tree: reverted.tree.clone(),
                resolved: Vec::new(),
            });
        }
        let _held = self.lock.hold().await?;
        self.set_ref(&refs.trial(), &reverted.tip).await?;
        Ok(reverted)
    }

    /// Takes one commit back from `head`.
    async fn without(
        &self,
        head: &CommitId,
        input: &RevertInput,
        spec: &RevertSpec,
    ) -> Result<Without> {
        let (head, done) = (object_id(head)?, object_id(&input.commit)?);
        let parent = self
            .with_objects(move |objects| first_parent(objects, done))
            .await?;
        let tree = match self.applied_by_git(head, done, parent).await? {
            Opinion::Clean(tree) => tree,
            Opinion::Clash(_, paths) => return Ok(Without::Conflict(paths)),
            Opinion::Unknown => return Err(unmergeable(head, done)),
        };
        let (subject, at) = (input.subject.clone(), spec.at);
        self.with_objects(move |objects| {
            if root_of(objects, head)? == tree {
                return Ok(Without::Same);
            }
            let hazards = hazards(objects, Sides::of(objects, tree, [head, parent])?)?;
            if !hazards.is_empty() {
                return Ok(Without::Conflict(hazards));
            }
            commit(objects, &subject, at, tree, &[head]).map(Without::Commit)
        })
        .await
    }
}

/// What came of taking one commit back.
enum Without {
    /// Nothing of it was there any more.
    Same,
    /// The commit that takes it back.
    Commit(CommitId),
    /// What is in the way.
    Conflict(Vec<RepoPath>),
}

/// The first parent of a commit; the first commit has none.
pub(crate) fn first_parent(objects: &gix::Repository, commit: ObjectId) -> Result<ObjectId> {
    let parent = objects.find_commit(commit)?.parent_ids().next();
    parent.map(gix::Id::detach).ok_or_else(|| {
        let message = format!("{commit} is the first commit");
        GitError::refused(ErrorKind::Invalid, message)
    })
}
