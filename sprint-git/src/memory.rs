//! How conflicts were resolved, so that nobody resolves one twice.
//!
//! A conflict is known by content: its paths, and the entries of both sides and of their common
//! ancestor, whichever side they are on. A resolution says what became of these paths, and what
//! else the resolver changed. It is taken as a whole or not at all: every conflict of the merge
//! must be one that it resolved, and every other file that it changed must be as it was.
//!
//! Resolutions are kept in the repository, and so are found by later sprints and other processes:
//!
//! ```text
//! refs/sprint/resolutions        a commit with this tree
//!   {conflict}/{resolution}/     the same below each conflict that it resolved
//!     record                     what to do, as text
//!     blobs/{id}                 content that the record names, which git would prune otherwise
//! ```

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::diff::tree_with_rewrites::Change;
use gix::merge::tree::Conflict;
use gix::object::tree::EntryKind;
use sprint_core::domain::merge::Resolution;
use sprint_core::failure::ErrorKind;
use sprint_core::id::CommitId;

use crate::error::{GitError, Result};
use crate::merge::{Attempt, Clashing, attempt, commit, object_id, time_of};
use crate::record::{Edit, Record};
use crate::refs::RefName;
use crate::repo::Repo;
use crate::resolve::{Leaf, Marked, is_marker, leaf, mark, places, put};

impl Repo {
    /// Remembers how a conflict was resolved; the latest resolution of a conflict counts.
    pub(crate) async fn remember(&self, resolution: &Resolution) -> Result<()> {
        let Resolution { clash, resolved } = resolution;
        if !self.contains(resolved, &clash.marked).await? {
            let message = format!("{resolved} does not follow {}", clash.marked);
            return Err(GitError::refused(ErrorKind::Invalid, message));
        }
        let name = RefName::resolutions();
        let _held = self.lock.hold().await?;
        let old = self.resolve(&name).await?;
        let (resolution, known) = (resolution.clone(), old.clone());
        let new = self
            .with_objects(move |objects| {
                let record = learn(objects, &resolution)?;
                Memory::at(objects, known.as_ref())?.add(&record, &resolution.resolved)
            })
            .await?;
        self.move_ref(&name, &new, old.as_ref()).await
    }
}

/// The resolutions that are known.
pub(crate) struct Memory<'r> {
    objects: &'r gix::Repository,
    root: gix::Tree<'r>,
}

impl<'r> Memory<'r> {
    /// The resolutions kept at a commit, or none.
    pub(crate) fn at(objects: &'r gix::Repository, commit: Option<&CommitId>) -> Result<Self> {
        let root = match commit {
            Some(commit) => objects.find_commit(object_id(commit)?)?.tree()?,
            None => objects.empty_tree(),
        };
        Ok(Self { objects, root })
    }

    /// The tree in which a conflict is resolved as it was before.
    pub(crate) fn recall(
        &self,
        clashing: &Clashing<'_>,
        marked: &Marked,
    ) -> Result<Option<ObjectId>> {
        let conflicts = fingerprints(self.objects, clashing.unresolved())?;
        for record in self.candidates(&conflicts)? {
            if let Some(tree) = apply(self.objects, &record, &conflicts, marked)? {
                return Ok(Some(tree));
            }
        }
        Ok(None)
    }

    /// The resolutions that cover all these conflicts, first the one of exactly these.
    fn candidates(&self, conflicts: &BTreeSet<ObjectId>) -> Result<Vec<Record>> {
        let Some(first) = conflicts.first() else {
            return Ok(Vec::new());
        };
        let Some(known) = self.root.lookup_entry([first.to_string().as_bytes()])? else {
            return Ok(Vec::new());
        };
        let known = known.object()?.try_into_tree()?;
        let mut candidates = Vec::new();
        for entry in known.iter() {
            let resolution = entry?.object()?.try_into_tree()?;
            let Some(record) = resolution.lookup_entry([b"record".as_slice()])? else {
                continue;
            };
            let record = Record::parse(&record.object()?.data);
            let covers = |record: &Record| conflicts.iter().all(|c| record.places.contains_key(c));
            candidates.extend(record.filter(covers));
        }
        candidates.sort_by_key(|record| record.places.len());
        Ok(candidates)
    }

    /// Adds a resolution and returns the commit that keeps it with the others.
    fn add(&self, record: &Record, resolved: &CommitId) -> Result<CommitId> {
        let mut resolution = self.objects.empty_tree().edit()?;
        let text = self.objects.write_blob(record.to_bytes())?;
        resolution.upsert("record", EntryKind::Blob, text)?;
        for leaf in record
            .leaves()
            .filter(|leaf| leaf.kind != EntryKind::Commit)
        {
            resolution.upsert(format!("blobs/{}", leaf.id), EntryKind::Blob, leaf.id)?;
        }
        let resolution = resolution.write()?;
        let mut root = self.root.edit()?;
        // Named by what it resolves, so that a later one takes its place.
        let name = record.name(self.objects.object_hash())?;
        for conflict in record.places.keys() {
            root.upsert(format!("{conflict}/{name}"), EntryKind::Tree, resolution)?;
        }
        let tree = root.write()?.detach();
        // The time of the resolution, so that saving the same one twice makes one commit.
        let at = time_of(self.objects, object_id(resolved)?)?;
        commit(self.objects, "remember resolutions", at, tree, &[])
    }
}

/// Works out from a resolved conflict what was done.
fn learn(objects: &gix::Repository, resolution: &Resolution) -> Result<Record> {
    let refuse = |message: String| Err(GitError::refused(ErrorKind::Invalid, message));
    let clash = &resolution.clash;
    let sides = [object_id(&clash.ours)?, object_id(&clash.theirs)?];
    let label = clash.ticket.as_str();
    let Attempt::Clashing(clashing) = attempt(objects, sides, label)? else {
        return refuse(format!("{} and {} do not clash", clash.ours, clash.theirs));
    };
    let marked = mark(objects, &clashing, label)?;
    let after = objects
        .find_commit(object_id(&resolution.resolved)?)?
        .tree()?;
    for path in &marked.invented {
        if leaf(&after, path.as_bstr())?.is_some() {
            return refuse(format!(
                "{path:?} is still there, beside the file it is for"
            ));
        }
    }
    let mut record = Record::default();
    let mut settled: BTreeSet<_> = marked.invented.iter().cloned().collect();
    for conflict in clashing.unresolved() {
        let key = fingerprint(objects, conflict)?;
        for path in places(conflict) {
            let result = leaf(&after, path.as_bstr())?;
            if let Some(result) = result
                && has_markers(objects, conflict, result)?
            {
                return refuse(format!("{path:?} still has conflict markers"));
            }
            settled.insert(path.clone());
            if !marked.invented.contains(&path) {
                record.places.entry(key).or_default().insert(path, result);
            }
        }
        record.places.entry(key).or_default();
    }
    let before = objects.find_tree(marked.tree)?;
    record.edits = edits(objects, &before, &after, &settled)?;
    let conflicts = record.places.keys().copied().collect();
    if apply(objects, &record, &conflicts, &marked)? == Some(after.id) {
        Ok(record)
    } else {
        refuse(format!("{} cannot be told apart", resolution.resolved))
    }
}

/// What changed in files that did not clash.
fn edits(
    objects: &gix::Repository,
    before: &gix::Tree<'_>,
    after: &gix::Tree<'_>,
    settled: &BTreeSet<BString>,
) -> Result<Vec<Edit>> {
    let changes = objects.diff_tree_to_tree(before, after, gix::diff::Options::default())?;
    let mut edits = Vec::new();
    for path in changes.iter().map(Change::location) {
        let (from, to) = (leaf(before, path)?, leaf(after, path)?);
        if from != to && !settled.contains(path) {
            edits.push(Edit {
                path: path.to_owned(),
                from,
                to,
            });
        }
    }
    edits.sort();
    Ok(edits)
}

/// Does in a marked tree what a resolution says about these conflicts, or nothing if a file is not
/// as it was.
fn apply(
    objects: &gix::Repository,
    record: &Record,
    conflicts: &BTreeSet<ObjectId>,
    marked: &Marked,
) -> Result<Option<ObjectId>> {
    let tree = objects.find_tree(marked.tree)?;
    let names = marked.invented.iter();
    let mut results: BTreeMap<_, _> = names.map(|name| (name, None)).collect();
    let places = record.places.iter();
    for (_, places) in places.filter(|(conflict, _)| conflicts.contains(*conflict)) {
        results.extend(places.iter().map(|(path, result)| (path, *result)));
    }
    for edit in &record.edits {
        if leaf(&tree, edit.path.as_bstr())? != edit.from {
            return Ok(None);
        }
        results.insert(&edit.path, edit.to);
    }
    put(&tree, results).map(Some)
}

/// Whether conflict markers are in a file that neither side had there.
fn has_markers(objects: &gix::Repository, conflict: &Conflict, result: Leaf) -> Result<bool> {
    if !matches!(result.kind, EntryKind::Blob | EntryKind::BlobExecutable) {
        return Ok(false);
    }
    let markers = |id: ObjectId| -> Result<BTreeSet<Vec<u8>>> {
        let text = objects.find_object(id)?.detach().data;
        let lines = text.lines().filter(|line| is_marker(line));
        Ok(lines.map(<[u8]>::to_vec).collect())
    };
    let mut left = markers(result.id)?;
    for side in conflict.entries().into_iter().flatten() {
        if !left.is_empty() && side.mode.is_blob() {
            left = &left - &markers(side.id)?;
        }
    }
    Ok(!left.is_empty())
}

fn fingerprints<'c>(
    objects: &gix::Repository,
    conflicts: impl Iterator<Item = &'c Conflict>,
) -> Result<BTreeSet<ObjectId>> {
    conflicts
        .map(|conflict| fingerprint(objects, conflict))
        .collect()
}

/// Names a conflict by content. The sides are sorted: which one was merged first says nothing.
fn fingerprint(objects: &gix::Repository, conflict: &Conflict) -> Result<ObjectId> {
    let mut sides = [&conflict.ours, &conflict.theirs].map(|change| {
        let borrowed = change.to_ref();
        let (source_mode, source) = borrowed.source_entry_mode_and_id();
        let source = format!("{:o} {source}", source_mode.value());
        let (mode, id) = change.entry_mode_and_id();
        let kind = match change {
            Change::Addition { .. } => "added",
            Change::Deletion { .. } => "deleted",
            Change::Modification { .. } => "modified",
            Change::Rewrite { .. } => "renamed",
        };
        let mut side = format!("{kind} {source} {:o} {id} ", mode.value()).into_bytes();
        for path in [change.source_location(), change.location()] {
            side.extend_from_slice(path);
            side.push(0);
        }
        side
    });
    sides.sort();
    let text = sides.concat();
    let kind = gix::objs::Kind::Blob;
    gix::objs::compute_hash(objects.object_hash(), kind, &text)
        .map_err(|error| GitError::refused(ErrorKind::Invalid, error.to_string()))
}
