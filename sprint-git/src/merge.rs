//! Merges in memory: no branch, index or file is touched.

use std::collections::BTreeSet;

use gix::ObjectId;
use gix::merge::tree::{Conflict, Resolution, TreatAsUnresolved};
use sprint_core::domain::merge::{CombineSpec, Combined, Merged};
use sprint_core::domain::path::RepoPath;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{CommitId, SprintId, TreeId};
use sprint_core::time::Timestamp;

use crate::error::{GitError, Result};
use crate::git_cli::{EMAIL, NAME};
use crate::hazard::{Sides, collisions, leaving_links};
use crate::refs::SprintRefs;
use crate::repo::Repo;

/// What came of one merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Merge {
    /// There was nothing to merge: it is in already.
    Contained,
    /// The merge commit.
    Commit(CommitId),
    /// Where the two sides clash.
    Conflict(Vec<RepoPath>),
}

impl Repo {
    /// Merges tickets onto a base and keeps the result from being pruned.
    pub(crate) async fn combine(&self, spec: &CombineSpec, sprint: &SprintId) -> Result<Combined> {
        let trial = SprintRefs::new(sprint)?.trial();
        let spec = spec.clone();
        let combined = self
            .with_objects(move |objects| combine(objects, &spec))
            .await?;
        let _held = self.lock.hold().await?;
        self.set_ref(&trial, &combined.tip).await?;
        Ok(combined)
    }
}

fn combine(objects: &gix::Repository, spec: &CombineSpec) -> Result<Combined> {
    let mut combined = Combined {
        tip: spec.base.clone(),
        tree: tree_of(objects, &spec.base)?,
        merged: Vec::new(),
        conflicts: Vec::new(),
    };
    for input in &spec.merges {
        match merge(
            objects,
            &combined.tip,
            &input.commit,
            &input.subject,
            spec.at,
        )? {
            Merge::Conflict(paths) => {
                combined.conflicts.push((input.ticket.clone(), paths));
                continue;
            }
            Merge::Commit(commit) => {
                let tree = tree_of(objects, &commit)?;
                let ours = tree_object_id(&combined.tree)?;
                let links = leaving_links(objects, tree_object_id(&tree)?, ours)?;
                if !links.is_empty() {
                    combined.conflicts.push((input.ticket.clone(), links));
                    continue;
                }
                combined.tree = tree;
                combined.tip = commit;
            }
            Merge::Contained => {}
        }
        combined.merged.push(Merged {
            ticket: input.ticket.clone(),
            commit: combined.tip.clone(),
            tree: combined.tree.clone(),
        });
    }
    Ok(combined)
}

/// Merges `theirs` into `ours`, always with a merge commit.
pub(crate) fn merge(
    objects: &gix::Repository,
    ours: &CommitId,
    theirs: &CommitId,
    subject: &str,
    at: Timestamp,
) -> Result<Merge> {
    let (our_id, their_id) = (object_id(ours)?, object_id(theirs)?);
    let Some(ancestor) = objects.merge_base(our_id, their_id)? else {
        let message =
            format!("{ours} and {theirs} have no common ancestor (is the clone shallow?)");
        return Err(GitError::refused(ErrorKind::Invalid, message));
    };
    if ancestor == their_id {
        return Ok(Merge::Contained);
    }
    let options = objects.tree_merge_options()?.into();
    let mut outcome = objects
        .merge_commits(
            our_id,
            their_id,
            gix::merge::blob::builtin_driver::text::Labels::default(),
            options,
        )?
        .tree_merge;
    let paths: BTreeSet<_> = outcome
        .conflicts
        .iter()
        .filter(|conflict| is_unresolved(conflict))
        .flat_map(conflict_paths)
        .collect();
    if !paths.is_empty() {
        return Ok(Merge::Conflict(paths.into_iter().collect()));
    }
    let tree = outcome.tree.write()?.detach();
    let root = |id| Ok::<_, GitError>(objects.find_commit(id)?.tree_id()?.detach());
    let sides = Sides {
        merged: tree,
        ours: Some(root(our_id)?),
        theirs: Some(root(their_id)?),
    };
    let paths = collisions(objects, sides)?;
    if !paths.is_empty() {
        return Ok(Merge::Conflict(paths));
    }
    commit(objects, subject, at, tree, &[our_id, their_id]).map(Merge::Commit)
}

/// Writes a commit that depends on nothing but its arguments.
pub(crate) fn commit(
    objects: &gix::Repository,
    subject: &str,
    at: Timestamp,
    tree: ObjectId,
    parents: &[ObjectId],
) -> Result<CommitId> {
    let seconds = i64::try_from(at.as_millis() / 1000).unwrap_or(i64::MAX);
    let signature = gix::actor::Signature {
        name: NAME.into(),
        email: EMAIL.into(),
        time: gix::date::Time::new(seconds, 0),
    };
    let mut buffer = gix::date::parse::TimeBuf::default();
    let signature = signature.to_ref(&mut buffer);
    let message = format!("{}\n", one_line(subject));
    let commit =
        objects.new_commit_as(signature, signature, message, tree, parents.iter().copied())?;
    commit_id(commit.id)
}

/// A subject line: what people typed, without line breaks and other control characters.
pub(crate) fn one_line(text: &str) -> String {
    let plain = text.replace(|c: char| c.is_control(), " ");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The tree of a commit.
pub(crate) fn tree_of(objects: &gix::Repository, commit: &CommitId) -> Result<TreeId> {
    let tree = objects.find_commit(object_id(commit)?)?.tree_id()?;
    TreeId::new(tree.to_string()).map_err(unreadable)
}

/// The id as the object store knows it.
pub(crate) fn object_id(id: &CommitId) -> Result<ObjectId> {
    ObjectId::from_hex(id.as_str().as_bytes()).map_err(unreadable)
}

/// The same for a tree.
pub(crate) fn tree_object_id(id: &TreeId) -> Result<ObjectId> {
    ObjectId::from_hex(id.as_str().as_bytes()).map_err(unreadable)
}

pub(crate) fn commit_id(id: ObjectId) -> Result<CommitId> {
    CommitId::new(id.to_string()).map_err(unreadable)
}

fn unreadable(error: impl std::fmt::Display) -> GitError {
    GitError::refused(ErrorKind::Invalid, error.to_string())
}

/// Whether git would call this a conflict too. A file added to a directory that the other side
/// renamed is one for git, unless told otherwise; gix moves the file and goes on.
pub(crate) fn is_unresolved(conflict: &Conflict) -> bool {
    conflict.is_unresolved(TreatAsUnresolved::git())
        || matches!(
            conflict.resolution,
            Ok(Resolution::SourceLocationAffectedByRename { .. })
        )
}

pub(crate) fn conflict_paths(conflict: &Conflict) -> [RepoPath; 2] {
    [&conflict.ours, &conflict.theirs].map(|change| RepoPath::from_bytes(change.location()))
}
