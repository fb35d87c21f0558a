//! What a branch changes on base, and whether that can matter to another one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};
use gix::diff::blob::{Algorithm, Diff, InternedInput};
use gix::diff::tree::recorder::Change;
use gix::object::tree::{EntryKind, EntryMode};
use gix::objs::TreeRefIter;
use sprint_core::domain::path::RepoPath;

use crate::diff::text;
use crate::error::Result;
use crate::merge::{ancestor, root_of};
use crate::resolve::Leaf;

/// Before and after.
pub(crate) type Sides = (Option<Leaf>, Option<Leaf>);

/// What a branch changes; a rename is a deletion and an addition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// The files that differ.
    pub(crate) files: BTreeMap<BString, Sides>,
    /// The directories that these are in, and those above.
    directories: BTreeSet<BString>,
    /// The same for files that are new.
    grown: BTreeSet<BString>,
    /// Directories that are gone.
    gone: BTreeSet<BString>,
}

impl Touched {
    /// Compares two trees.
    pub(crate) fn between(
        objects: &gix::Repository,
        base: ObjectId,
        tree: ObjectId,
    ) -> Result<Self> {
        let (base, tree) = (objects.find_tree(base)?, objects.find_tree(tree)?);
        let mut recorder = gix::diff::tree::Recorder::default();
        gix::diff::tree(
            entries(&base),
            entries(&tree),
            gix::diff::tree::State::default(),
            &objects.objects,
            &mut recorder,
        )
        .map_err(gix::Error::from_error)?;
        let mut touched = Self::default();
        for change in recorder.records {
            touched.note(change);
        }
        Ok(touched)
    }

    /// The files that both change.
    pub(crate) fn shared<'t>(&'t self, other: &'t Self) -> impl Iterator<Item = &'t BString> {
        let files = self.files.keys();
        files.filter(|path| other.files.contains_key(*path))
    }

    /// Whether a merge of both could do anything but take the changes of each.
    pub(crate) fn interacts(&self, other: &Self) -> bool {
        let in_the_way = |a: &Self, b: &Self| meet(&a.directories, b.files.keys());
        // Files that are new in a directory that went away may have to follow it.
        let follow = |a: &Self, b: &Self| !b.grown.is_empty() && meet(&a.grown, &b.gone);
        self.shared(other).next().is_some()
            || in_the_way(self, other)
            || in_the_way(other, self)
            || follow(self, other)
            || follow(other, self)
    }

    /// The files that this one adds to directories that the other one renames. Git asks whether
    /// they are to follow; gix does not always see it.
    pub(crate) fn left_behind<'t>(&'t self, other: &Self) -> Vec<&'t BString> {
        let renamed = |directory: &&BString| other.renames(directory);
        let renamed: Vec<_> = self
            .grown
            .intersection(&other.gone)
            .filter(renamed)
            .collect();
        let is_left = |path: &&BString| renamed.iter().any(|directory| is_below(path, directory));
        let added = self
            .files
            .iter()
            .filter(|(_, (before, _))| before.is_none());
        added.map(|(path, _)| path).filter(is_left).collect()
    }

    /// Whether a file of a directory is somewhere else now, by content or by name.
    fn renames(&self, directory: &BString) -> bool {
        let mut gone = self.files.iter().filter_map(|(path, (before, after))| {
            let moved = after.is_none() && is_below(path, directory);
            before.filter(|_| moved).map(|before| (path, before))
        });
        gone.any(|(old, before)| {
            self.files.iter().any(|(new, sides)| {
                let (None, Some(after)) = sides else {
                    return false;
                };
                !is_below(new, directory) && (after.id == before.id || name_of(new) == name_of(old))
            })
        })
    }

    fn note(&mut self, change: Change) {
        let leaf = |mode: EntryMode, id: ObjectId| {
            (!mode.is_tree()).then_some(Leaf {
                kind: mode.kind(),
                id,
            })
        };
        let (path, before, after, was_directory) = match change {
            Change::Addition {
                entry_mode,
                oid,
                path,
                ..
            } => (path, None, leaf(entry_mode, oid), false),
            Change::Deletion {
                entry_mode,
                oid,
                path,
                ..
            } => (path, leaf(entry_mode, oid), None, entry_mode.is_tree()),
            Change::Modification {
                previous_entry_mode,
                previous_oid,
                entry_mode,
                oid,
                path,
            } => (
                path,
                leaf(previous_entry_mode, previous_oid),
                leaf(entry_mode, oid),
                previous_entry_mode.is_tree() && !entry_mode.is_tree(),
            ),
        };
        if was_directory {
            self.gone.insert(path.clone());
        }
        if before.is_none() && after.is_none() {
            return;
        }
        for slash in path.find_iter("/") {
            let directory = path[..slash].as_bstr();
            insert(&mut self.directories, directory);
            if before.is_none() {
                insert(&mut self.grown, directory);
            }
        }
        self.files.insert(path, (before, after));
    }
}

/// The files that both sides change since they parted, sorted.
pub(crate) fn both_touch(objects: &gix::Repository, sides: [ObjectId; 2]) -> Result<Vec<RepoPath>> {
    let base = root_of(objects, ancestor(objects, sides)?)?;
    let [a, b] = sides.map(|side| Touched::between(objects, base, root_of(objects, side)?));
    let (a, b) = (a?, b?);
    let paths: BTreeSet<_> = a
        .shared(&b)
        .map(|path| RepoPath::from_bytes(path))
        .collect();
    Ok(paths.into_iter().collect())
}

/// The lines of a file that changed, by what it was and what it became.
#[derive(Debug, Default)]
pub(crate) struct Hunks(BTreeMap<(ObjectId, ObjectId), Option<Vec<Range<u32>>>>);

impl Hunks {
    /// Whether two changes of the same file are in the same place: the changed lines overlap or
    /// touch, or there is no telling lines.
    pub(crate) fn overlap(
        &mut self,
        objects: &gix::Repository,
        a: Sides,
        b: Sides,
    ) -> Result<bool> {
        let ((Some(base), Some(a)), (Some(_), Some(b))) = (a, b) else {
            return Ok(true);
        };
        if [base, a, b].iter().any(|leaf| !is_file(*leaf)) {
            return Ok(true);
        }
        self.add(objects, base.id, a.id)?;
        self.add(objects, base.id, b.id)?;
        let of = |leaf: Leaf| self.0.get(&(base.id, leaf.id)).and_then(Option::as_ref);
        let (Some(a), Some(b)) = (of(a), of(b)) else {
            return Ok(true);
        };
        Ok(meets(a, b))
    }

    fn add(&mut self, objects: &gix::Repository, base: ObjectId, new: ObjectId) -> Result<()> {
        if self.0.contains_key(&(base, new)) {
            return Ok(());
        }
        let hunks = match (text(objects, base)?, text(objects, new)?) {
            (Some(old), Some(text)) => {
                let input = InternedInput::new(old.as_slice(), text.as_slice());
                let diff = Diff::compute(Algorithm::Histogram, &input);
                Some(diff.hunks().map(|hunk| hunk.before).collect())
            }
            _ => None,
        };
        self.0.insert((base, new), hunks);
        Ok(())
    }
}

/// Whether ranges of two ascending lists overlap or touch.
fn meets(a: &[Range<u32>], b: &[Range<u32>]) -> bool {
    let (mut i, mut j) = (0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        if x.end < y.start {
            i += 1;
        } else if y.end < x.start {
            j += 1;
        } else {
            return true;
        }
    }
    false
}

fn entries<'t>(tree: &'t gix::Tree<'_>) -> TreeRefIter<'t> {
    TreeRefIter::from_bytes(&tree.data, tree.id.kind())
}

fn meet<'p>(set: &BTreeSet<BString>, paths: impl IntoIterator<Item = &'p BString>) -> bool {
    paths.into_iter().any(|path| set.contains(path))
}

fn insert(set: &mut BTreeSet<BString>, path: &BStr) {
    if !set.contains(path) {
        set.insert(path.to_owned());
    }
}

fn is_below(path: &BString, directory: &BString) -> bool {
    path.strip_prefix(directory.as_slice())
        .is_some_and(|rest| rest.first() == Some(&b'/'))
}

fn name_of(path: &BString) -> &[u8] {
    let start = path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
    &path[start..]
}

fn is_file(leaf: Leaf) -> bool {
    matches!(leaf.kind, EntryKind::Blob | EntryKind::BlobExecutable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_meet_if_they_overlap_or_touch() {
        let check = |a: &[(u32, u32)], b: &[(u32, u32)], expected| {
            let ranges = |pairs: &[(u32, u32)]| -> Vec<_> {
                pairs.iter().map(|(start, end)| *start..*end).collect()
            };
            let (a, b) = (ranges(a), ranges(b));
            assert_eq!(meets(&a, &b), expected, "{a:?} {b:?}");
            assert_eq!(meets(&b, &a), expected, "{b:?} {a:?}");
        };
        check(&[(1, 3)], &[(2, 5)], true);
        check(&[(1, 3)], &[(3, 5)], true);
        check(&[(1, 3)], &[(4, 5)], false);
        check(&[(3, 3)], &[(3, 4)], true);
        check(&[(3, 3)], &[(4, 4)], false);
        check(&[(0, 1), (10, 12)], &[(2, 9), (13, 14)], false);
        check(&[(0, 1), (10, 14)], &[(2, 9), (13, 14)], true);
        check(&[], &[(0, 9)], false);
    }
}
