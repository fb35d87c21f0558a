//! Where somebody who resolves a conflict begins: both sides in one tree.
//!
//! Text that clashes is there once, with conflict markers. What has no markers keeps the side that
//! has content: a file that one side changed and the other deleted is there as changed, and two
//! files that want the same name are both there, one of them as `{name}~{side}`. Both sides whole
//! are the parents of the commit.

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};
use gix::merge::tree::{Conflict, Resolution, ResolutionFailure};
use gix::object::tree::EntryKind;

use crate::error::Result;
use crate::lookup::entry_at;
use crate::merge::{Clashing, OURS};

/// A tree with both sides of a conflict in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    pub(crate) tree: ObjectId,
    /// Names that neither side has, made up so that both contents have a place. Sorted.
    pub(crate) invented: Vec<BString>,
}

/// A file, link or submodule of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Leaf {
    pub(crate) kind: EntryKind,
    pub(crate) id: ObjectId,
}

/// Writes the tree of a conflict; `label` names the side that was to be merged.
pub(crate) fn mark(
    objects: &gix::Repository,
    clashing: &Clashing<'_>,
    label: &str,
) -> Result<Marked> {
    let mut editor = clashing.0.tree.clone();
    let tree = objects.find_tree(editor.write()?.detach())?;
    let mut invented: Vec<_> = clashing.unresolved().filter_map(evaded).collect();
    for conflict in clashing.unresolved() {
        let places = places(conflict);
        let [_, ours, theirs] = conflict.entries();
        for (side, label) in [(ours, OURS), (theirs, label)] {
            let Some(side) = side.filter(|side| side.mode.is_blob_or_symlink()) else {
                continue;
            };
            if shows(objects, &tree, &places, side.id)? {
                continue;
            }
            let path = conflict.ours.location();
            if let Some(name) = free_name(&tree, path, label)? {
                editor.upsert(&name, side.mode.kind(), side.id)?;
                invented.push(name);
            }
        }
    }
    invented.sort();
    invented.dedup();
    Ok(Marked {
        tree: editor.write()?.detach(),
        invented,
    })
}

/// Every path that a conflict is about.
pub(crate) fn places(conflict: &Conflict) -> Vec<BString> {
    let mut places = Vec::new();
    for change in [&conflict.ours, &conflict.theirs] {
        places.extend([
            change.location().to_owned(),
            change.source_location().to_owned(),
        ]);
    }
    places.extend(evaded(conflict));
    match &conflict.resolution {
        Ok(Resolution::SourceLocationAffectedByRename { final_location }) => {
            places.push(final_location.clone());
        }
        Ok(Resolution::OursModifiedTheirsRenamedAndChangedThenRename {
            final_location, ..
        }) => {
            places.extend(final_location.clone());
        }
        Ok(
            Resolution::OursModifiedTheirsModifiedThenBlobContentMerge { .. }
            | Resolution::Forced(_),
        )
        | Err(_) => {}
    }
    places.sort();
    places.dedup();
    places
}

/// The file, link or submodule at a path.
pub(crate) fn leaf(tree: &gix::Tree<'_>, path: &BStr) -> Result<Option<Leaf>> {
    Ok(entry_at(tree, path)?
        .filter(|entry| !entry.mode().is_tree())
        .map(|entry| Leaf {
            kind: entry.mode().kind(),
            id: entry.object_id(),
        }))
}

/// Writes a tree in which these paths are as said, and everything else as before.
pub(crate) fn put<'p>(
    tree: &gix::Tree<'_>,
    leaves: impl IntoIterator<Item = (&'p BString, Option<Leaf>)>,
) -> Result<ObjectId> {
    let mut editor = tree.edit()?;
    let mut there = Vec::new();
    // A file may take the place of a directory, so what goes goes first.
    for (path, becomes) in leaves {
        match becomes {
            Some(leaf) => there.push((path, leaf)),
            None if leaf(tree, path.as_bstr())?.is_some() => {
                editor.remove(path)?;
            }
            None => {}
        }
    }
    for (path, Leaf { kind, id }) in there {
        editor.upsert(path, kind, id)?;
    }
    Ok(editor.write()?.detach())
}

/// Whether a line begins or ends a conflict.
pub(crate) fn is_marker(line: &[u8]) -> bool {
    [b"<<<<<<< ", b">>>>>>> ", b"||||||| "]
        .iter()
        .any(|marker| line.starts_with(*marker))
}

/// The name that a file was given to make room for another.
fn evaded(conflict: &Conflict) -> Option<BString> {
    match conflict.resolution.as_ref().err()? {
        ResolutionFailure::OursModifiedTheirsDirectoryThenOursRenamed {
            renamed_unique_path_to_modified_blob: name,
        }
        | ResolutionFailure::OursDirectoryTheirsNonDirectoryTheirsRenamed {
            renamed_unique_path_of_theirs: name,
        }
        | ResolutionFailure::OursAddedTheirsAddedTypeMismatch {
            their_unique_location: name,
        } => Some(name.clone()),
        ResolutionFailure::SubmoduleMerge
        | ResolutionFailure::SubmoduleAddAdd
        | ResolutionFailure::OursRenamedTheirsRenamedToSameLocation
        | ResolutionFailure::OursRenamedTheirsRenamedDifferently { .. }
        | ResolutionFailure::OursModifiedTheirsRenamedTypeMismatch
        | ResolutionFailure::OursDeletedTheirsRenamed
        | ResolutionFailure::OursModifiedTheirsDeleted
        | ResolutionFailure::Unknown => None,
    }
}

/// Whether content can be seen at one of these paths, as it is or between markers.
fn shows(
    objects: &gix::Repository,
    tree: &gix::Tree<'_>,
    places: &[BString],
    content: ObjectId,
) -> Result<bool> {
    for place in places {
        let Some(leaf) = leaf(tree, place.as_bstr())? else {
            continue;
        };
        let is_marked = || -> Result<bool> {
            let text = objects.find_object(leaf.id)?;
            Ok(text.data.lines().any(is_marker))
        };
        if leaf.id == content || (leaf.kind != EntryKind::Commit && is_marked()?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A name beside `path` that nothing has; `None` where a file is in the place of its directory.
fn free_name(tree: &gix::Tree<'_>, path: &BStr, label: &str) -> Result<Option<BString>> {
    if let Some(slash) = path.rfind_byte(b'/')
        && leaf_above(tree, path[..slash].as_bstr())?
    {
        return Ok(None);
    }
    let mut name = path.to_owned();
    name.extend_from_slice(format!("~{label}").as_bytes());
    while entry_at(tree, name.as_bstr())?.is_some() {
        name.push(b'_');
    }
    Ok(Some(name))
}

/// Whether a directory's place, or that of one above it, is taken by something else.
fn leaf_above(tree: &gix::Tree<'_>, directory: &BStr) -> Result<bool> {
    let ends = directory.find_iter("/").chain([directory.len()]);
    for end in ends {
        if leaf(tree, directory[..end].as_bstr())?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
