//! What a merge without conflicts may still bring in: names that some file systems take for one,
//! and links that lead out of the repository.

use std::collections::BTreeMap;
use std::path::Path;

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::object::tree::{EntryKind, EntryMode};
use sprint_core::domain::path::RepoPath;
use unicode_normalization::UnicodeNormalization;

use crate::error::Result;
use crate::merge::root_of;
use crate::seed::stays_inside;

type Entries = BTreeMap<BString, (EntryMode, ObjectId)>;

/// The trees of two sides and their merge, at one directory. A side may not have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sides {
    pub(crate) merged: ObjectId,
    pub(crate) ours: Option<ObjectId>,
    pub(crate) theirs: Option<ObjectId>,
}

impl Sides {
    /// The trees of two commits and of their merge.
    pub(crate) fn of(
        objects: &gix::Repository,
        merged: ObjectId,
        sides: [ObjectId; 2],
    ) -> Result<Self> {
        let [ours, theirs] = sides.map(|side| root_of(objects, side));
        Ok(Self {
            merged,
            ours: Some(ours?),
            theirs: Some(theirs?),
        })
    }
}

/// Paths that differ in case or in how accents are written only, where neither side has both.
pub(crate) fn collisions(objects: &gix::Repository, sides: Sides) -> Result<Vec<RepoPath>> {
    let mut found = Vec::new();
    find_collisions(objects, sides, b"", &mut found)?;
    Ok(found)
}

/// What a merge brings in that must not land: colliding names, or else links that lead out.
pub(crate) fn hazards(objects: &gix::Repository, sides: Sides) -> Result<Vec<RepoPath>> {
    let colliding = collisions(objects, sides)?;
    match sides.ours {
        Some(ours) if colliding.is_empty() => leaving_links(objects, sides.merged, ours),
        _ => Ok(colliding),
    }
}

/// Symbolic links that `merged` has, `ours` has not, and that lead out of the repository.
fn leaving_links(
    objects: &gix::Repository,
    merged: ObjectId,
    ours: ObjectId,
) -> Result<Vec<RepoPath>> {
    let mut found = Vec::new();
    find_links(objects, merged, Some(ours), b"", &mut found)?;
    Ok(found)
}

fn find_collisions(
    objects: &gix::Repository,
    sides: Sides,
    prefix: &[u8],
    found: &mut Vec<RepoPath>,
) -> Result<()> {
    let Sides {
        merged,
        ours,
        theirs,
    } = sides;
    if Some(merged) == ours || Some(merged) == theirs {
        return Ok(());
    }
    let (merged, ours, theirs) = (
        entries(objects, Some(merged))?,
        entries(objects, ours)?,
        entries(objects, theirs)?,
    );
    let mut alike: BTreeMap<Vec<u8>, Vec<&BString>> = BTreeMap::new();
    for name in merged.keys() {
        alike.entry(folded(name)).or_default().push(name);
    }
    for names in alike.values().filter(|names| names.len() > 1) {
        let has_all = |side: &Entries| names.iter().all(|name| side.contains_key(*name));
        if !has_all(&ours) && !has_all(&theirs) {
            found.extend(names.iter().map(|name| below(prefix, name)));
        }
    }
    for (name, (mode, id)) in &merged {
        if mode.is_tree() {
            let sides = Sides {
                merged: *id,
                ours: directory(&ours, name),
                theirs: directory(&theirs, name),
            };
            find_collisions(objects, sides, &[prefix, name, b"/"].concat(), found)?;
        }
    }
    Ok(())
}

fn find_links(
    objects: &gix::Repository,
    merged: ObjectId,
    ours: Option<ObjectId>,
    prefix: &[u8],
    found: &mut Vec<RepoPath>,
) -> Result<()> {
    if Some(merged) == ours {
        return Ok(());
    }
    let (merged, ours) = (entries(objects, Some(merged))?, entries(objects, ours)?);
    let depth = prefix.iter().filter(|byte| **byte == b'/').count();
    for (name, entry @ (mode, id)) in &merged {
        if mode.is_tree() {
            let prefix = [prefix, name, b"/"].concat();
            find_links(objects, *id, directory(&ours, name), &prefix, found)?;
        } else if mode.kind() == EntryKind::Link && ours.get(name) != Some(entry) {
            let target = objects.find_blob(*id)?.detach().data;
            let stays = target
                .to_path()
                .is_ok_and(|to: &Path| stays_inside(depth, to));
            if !stays {
                found.push(below(prefix, name));
            }
        }
    }
    Ok(())
}

fn entries(objects: &gix::Repository, tree: Option<ObjectId>) -> Result<Entries> {
    let Some(tree) = tree else {
        return Ok(Entries::new());
    };
    let tree = objects.find_tree(tree)?;
    let entries = tree.decode()?.entries.into_iter();
    Ok(entries
        .map(|entry| {
            (
                entry.filename.to_owned(),
                (entry.mode, entry.oid.to_owned()),
            )
        })
        .collect())
}

fn directory(entries: &Entries, name: &BString) -> Option<ObjectId> {
    let (mode, id) = entries.get(name)?;
    mode.is_tree().then_some(*id)
}

fn below(prefix: &[u8], name: &[u8]) -> RepoPath {
    RepoPath::from_bytes(&[prefix, name].concat())
}

/// The name as a file system sees it that keeps case and accents but does not tell them apart.
fn folded(name: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(text) => {
            let lower: String = text.nfd().flat_map(char::to_lowercase).collect();
            lower.nfc().collect::<String>().into_bytes()
        }
        Err(_) => name.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_forgiving_file_systems_do() {
        assert_eq!(folded("Read.ME".as_bytes()), b"read.me");
        assert_eq!(folded("e\u{301}".as_bytes()), folded("\u{c9}".as_bytes()));
        assert_ne!(folded(b"\xff"), folded(b"\xfe"));
    }
}
