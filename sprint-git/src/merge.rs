//! Merges in memory: no branch, index or file is touched.

use std::collections::BTreeSet;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::merge::blob::builtin_driver::text::Labels;
use gix::merge::tree::{Conflict, Outcome, Resolution, TreatAsUnresolved};
use sprint_core::domain::path::RepoPath;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{CommitId, TreeId};
use sprint_core::time::Timestamp;

use crate::error::{GitError, Result};
use crate::git_cli::{EMAIL, NAME};
use crate::hazard::{Sides, collisions};
use crate::opinion::{Opinion, or_unknown};
use crate::repo::Repo;
use crate::touched::both_touch;

/// What the side that is merged into is called in conflict markers.
pub(crate) const OURS: &str = "ours";

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

/// What came of merging the trees of two commits.
pub(crate) enum Attempt<'r> {
    /// There was nothing to merge: it is in already.
    Contained,
    /// The merged tree.
    Clean(ObjectId),
    /// The two sides clash.
    Clashing(Clashing<'r>),
    /// Gix gave up.
    Unknown,
}

/// Two commits that do not merge: merged as far as it goes, with conflict markers, and what is in
/// the way.
pub(crate) struct Clashing<'r>(pub(crate) Outcome<'r>);

impl Clashing<'_> {
    /// The conflicts nobody has an answer to.
    pub(crate) fn unresolved(&self) -> impl Iterator<Item = &Conflict> {
        unresolved(&self.0.conflicts)
    }

    /// The files in which the two sides clash, sorted.
    pub(crate) fn paths(&self) -> Vec<RepoPath> {
        clashing_paths(&self.0.conflicts)
    }
}

impl Repo {
    /// Merges `theirs` into `ours`, always with a merge commit. There are few of these, and git
    /// alone decides.
    pub(crate) async fn merge(
        &self,
        ours: &CommitId,
        theirs: &CommitId,
        subject: &str,
        at: Timestamp,
    ) -> Result<Merge> {
        let sides = [object_id(ours)?, object_id(theirs)?];
        let contained = move |objects: &gix::Repository| Ok(ancestor(objects, sides)? == sides[1]);
        if self.with_objects(contained).await? {
            return Ok(Merge::Contained);
        }
        let opinion = self.merged_by_git(sides).await?;
        let subject = subject.to_owned();
        self.with_objects(move |objects| {
            let tree = match opinion {
                Opinion::Clean(tree) => tree,
                Opinion::Clash(_, paths) => return Ok(Merge::Conflict(paths)),
                Opinion::Unknown => return both_touch(objects, sides).map(Merge::Conflict),
            };
            let colliding = collisions(objects, Sides::of(objects, tree, sides)?)?;
            if !colliding.is_empty() {
                return Ok(Merge::Conflict(colliding));
            }
            commit(objects, &subject, at, tree, &sides).map(Merge::Commit)
        })
        .await
    }
}

/// Merges the second commit into the first; `label` names the second in conflict markers.
pub(crate) fn attempt<'r>(
    objects: &'r gix::Repository,
    [ours, theirs]: [ObjectId; 2],
    label: &str,
) -> Result<Attempt<'r>> {
    if ancestor(objects, [ours, theirs])? == theirs {
        return Ok(Attempt::Contained);
    }
    let labels = Labels {
        ancestor: None,
        current: Some(OURS.into()),
        other: Some(label.into()),
    };
    let options = objects.tree_merge_options()?.into();
    let merged = or_unknown(|| Ok(objects.merge_commits(ours, theirs, labels, options)?))?;
    let Some(merged) = merged else {
        return Ok(Attempt::Unknown);
    };
    let mut outcome = merged.tree_merge;
    if unresolved(&outcome.conflicts).next().is_some() {
        return Ok(Attempt::Clashing(Clashing(outcome)));
    }
    Ok(Attempt::Clean(outcome.tree.write()?.detach()))
}

/// The best common ancestor of two commits, or one of them if there are several.
pub(crate) fn ancestor(objects: &gix::Repository, [a, b]: [ObjectId; 2]) -> Result<ObjectId> {
    let ancestor = objects.merge_base(a, b)?;
    ancestor.map(gix::Id::detach).ok_or_else(|| unrelated(a, b))
}

/// The error for commits that have no common ancestor.
pub(crate) fn unrelated(a: ObjectId, b: ObjectId) -> GitError {
    let message = format!("{a} and {b} have no common ancestor (is the clone shallow?)");
    GitError::refused(ErrorKind::Invalid, message)
}

/// Writes a commit that depends on nothing but its arguments.
pub(crate) fn commit(
    objects: &gix::Repository,
    subject: &str,
    at: Timestamp,
    tree: ObjectId,
    parents: &[ObjectId],
) -> Result<CommitId> {
    let signature = signature(at);
    let mut buffer = gix::date::parse::TimeBuf::default();
    let signature = signature.to_ref(&mut buffer);
    let message = format!("{}\n", one_line(subject));
    let commit =
        objects.new_commit_as(signature, signature, message, tree, parents.iter().copied())?;
    commit_id(commit.id)
}

/// When a commit was made, to the second.
pub(crate) fn time_of(objects: &gix::Repository, commit: ObjectId) -> Result<Timestamp> {
    let seconds = objects.find_commit(commit)?.time()?.seconds;
    Ok(Timestamp::from_millis(
        u64::try_from(seconds).unwrap_or(0).saturating_mul(1000),
    ))
}

/// Who our commits are by.
pub(crate) fn signature(at: Timestamp) -> gix::actor::Signature {
    let seconds = i64::try_from(at.as_millis() / 1000).unwrap_or(i64::MAX);
    gix::actor::Signature {
        name: NAME.into(),
        email: EMAIL.into(),
        time: gix::date::Time::new(seconds, 0),
    }
}

/// A subject line: what people typed, without line breaks and other control characters.
pub(crate) fn one_line(text: &str) -> String {
    let plain = text.replace(|c: char| c.is_control(), " ");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The tree of a commit.
pub(crate) fn tree_of(objects: &gix::Repository, commit: &CommitId) -> Result<TreeId> {
    tree_id(root_of(objects, object_id(commit)?)?)
}

/// The same between ids of the object store.
pub(crate) fn root_of(objects: &gix::Repository, commit: ObjectId) -> Result<ObjectId> {
    Ok(objects.find_commit(commit)?.tree_id()?.detach())
}

/// The id as the object store knows it.
pub(crate) fn object_id(id: &CommitId) -> Result<ObjectId> {
    ObjectId::from_hex(id.as_str().as_bytes()).map_err(unreadable)
}

/// The same for a tree.
pub(crate) fn tree_object_id(id: &TreeId) -> Result<ObjectId> {
    ObjectId::from_hex(id.as_str().as_bytes()).map_err(unreadable)
}

/// The id as the port knows it.
pub(crate) fn commit_id(id: ObjectId) -> Result<CommitId> {
    CommitId::new(id.to_string()).map_err(unreadable)
}

/// The same for a tree.
pub(crate) fn tree_id(id: ObjectId) -> Result<TreeId> {
    TreeId::new(id.to_string()).map_err(unreadable)
}

fn unreadable(error: impl std::fmt::Display) -> GitError {
    GitError::refused(ErrorKind::Invalid, error.to_string())
}

/// The conflicts that git would not have resolved either.
pub(crate) fn unresolved(conflicts: &[Conflict]) -> impl Iterator<Item = &Conflict> {
    conflicts.iter().filter(|conflict| is_unresolved(conflict))
}

/// The files of the conflicts that are not resolved, sorted.
pub(crate) fn clashing_paths(conflicts: &[Conflict]) -> Vec<RepoPath> {
    let paths: BTreeSet<_> = unresolved(conflicts)
        .flat_map(|conflict| [&conflict.ours, &conflict.theirs])
        .map(|change| RepoPath::from_bytes(change.location().as_bytes()))
        .collect();
    paths.into_iter().collect()
}

/// Whether git would call this a conflict too. A file added to a directory that the other side
/// renamed is one for git, unless told otherwise; gix moves the file and goes on.
fn is_unresolved(conflict: &Conflict) -> bool {
    conflict.is_unresolved(TreatAsUnresolved::git())
        || matches!(
            conflict.resolution,
            Ok(Resolution::SourceLocationAffectedByRename { .. })
        )
}
