//! The stored form of a remembered resolution.
//!
//! ```text
//! conflict {id}             a conflict that it resolved
//! place {entry} {path}      what became of a path of it
//! edit {from} {to} {path}   what else was changed
//! ```
//!
//! An entry is `{kind}:{id}`, or `-` if there is none. Each line ends in NUL, which no path has.

use std::collections::BTreeMap;
use std::fmt;

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::object::tree::EntryKind;

use crate::error::Result;
use crate::resolve::Leaf;

/// How a conflict was resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// By conflict, what became of its paths.
    pub(crate) places: BTreeMap<ObjectId, BTreeMap<BString, Option<Leaf>>>,
    /// What was changed in other files.
    pub(crate) edits: Vec<Edit>,
}

/// A change of a file that did not clash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edit {
    pub(crate) path: BString,
    pub(crate) from: Option<Leaf>,
    pub(crate) to: Option<Leaf>,
}

impl Record {
    /// Reads one; `None` if it was not written by us.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut record = Self::default();
        let mut conflict = None;
        let lines = match bytes {
            [] => return Some(record),
            bytes => bytes.strip_suffix(b"\0")?.split(|byte| *byte == 0),
        };
        for line in lines {
            let (word, rest) = line.split_once_str(" ")?;
            match word {
                b"conflict" => {
                    let id = ObjectId::from_hex(rest).ok()?;
                    record.places.entry(id).or_default();
                    conflict = Some(id);
                }
                b"place" => {
                    let (entry, path) = rest.split_once_str(" ")?;
                    let places = record.places.get_mut(&conflict?)?;
                    places.insert(path.into(), parse_leaf(entry)?);
                }
                b"edit" => {
                    let (from, rest) = rest.split_once_str(" ")?;
                    let (to, path) = rest.split_once_str(" ")?;
                    record.edits.push(Edit {
                        path: path.into(),
                        from: parse_leaf(from)?,
                        to: parse_leaf(to)?,
                    });
                }
                _ => return None,
            }
        }
        Some(record)
    }

    /// Writes it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut line = |words: String, path: &[u8]| {
            bytes.extend_from_slice(words.as_bytes());
            bytes.extend_from_slice(path);
            bytes.push(0);
        };
        for (conflict, places) in &self.places {
            line(format!("conflict {conflict}"), b"");
            for (path, entry) in places {
                line(format!("place {} ", Entry(*entry)), path);
            }
        }
        for Edit { path, from, to } in &self.edits {
            line(format!("edit {} {} ", Entry(*from), Entry(*to)), path);
        }
        bytes
    }

    /// A name that depends on nothing but the conflicts.
    pub(crate) fn name(&self, hash: gix::hash::Kind) -> Result<ObjectId> {
        let conflicts: Vec<_> = self.places.keys().map(ToString::to_string).collect();
        let text = conflicts.join("\n");
        let kind = gix::objs::Kind::Blob;
        Ok(gix::objs::compute_hash(hash, kind, text.as_bytes())?)
    }

    /// Every entry that it needs to be there.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        let places = self.places.values().flat_map(BTreeMap::values);
        let edits = self.edits.iter().map(|edit| &edit.to);
        places.chain(edits).flatten()
    }
}

struct Entry(Option<Leaf>);

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Leaf { kind, id }) => write!(f, "{}:{id}", name_of(kind)),
            None => f.write_str("-"),
        }
    }
}

const KINDS: [(&str, EntryKind); 4] = [
    ("file", EntryKind::Blob),
    ("program", EntryKind::BlobExecutable),
    ("link", EntryKind::Link),
    ("module", EntryKind::Commit),
];

fn name_of(kind: EntryKind) -> &'static str {
    let found = KINDS.iter().find(|(_, known)| *known == kind);
    found.map_or("tree", |(name, _)| name)
}

fn parse_leaf(entry: &[u8]) -> Option<Option<Leaf>> {
    if entry == b"-" {
        return Some(None);
    }
    let (name, id) = entry.split_once_str(":")?;
    let (_, kind) = KINDS.iter().find(|(known, _)| known.as_bytes() == name)?;
    let id = ObjectId::from_hex(id).ok()?;
    Some(Some(Leaf { kind: *kind, id }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let id = |digit: &str| ObjectId::from_hex(digit.repeat(40).as_bytes()).unwrap();
        let leaf = |kind, digit| {
            Some(Leaf {
                kind,
                id: id(digit),
            })
        };
        let places = [
            (BString::from("a b\nc"), leaf(EntryKind::Blob, "1")),
            (BString::from(&b"\xff"[..]), None),
        ];
        let edit = |path: &str, from, to| Edit {
            path: path.into(),
            from,
            to,
        };
        Record {
            places: [(id("a"), places.into()), (id("b"), BTreeMap::new())].into(),
            edits: vec![
                edit("x", leaf(EntryKind::BlobExecutable, "2"), None),
                edit("y", None, leaf(EntryKind::Link, "3")),
                edit(
                    "z",
                    leaf(EntryKind::Commit, "4"),
                    leaf(EntryKind::Commit, "5"),
                ),
            ],
        }
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        assert_eq!(Record::parse(&record().to_bytes()), Some(record()));
        assert_eq!(Record::parse(b""), Some(Record::default()));
    }

    /// Anybody can write to the repository.
    #[test]
    fn damaged_records_are_no_records_and_never_a_panic() {
        let whole = record().to_bytes();
        for end in 1..whole.len() {
            let cut = Record::parse(&whole[..end]);
            assert_ne!(cut, Some(record()), "{end}");
            for byte in [0, b' ', b'-', b':', b'q', 0xff] {
                let mut damaged = whole.clone();
                damaged[end - 1] = byte;
                let read = Record::parse(&damaged);
                assert_eq!(read == Some(record()), damaged == whole, "{end} {byte}");
            }
        }
        assert_eq!(Record::parse(b"place - a\0"), None);
        assert_eq!(Record::parse(b"do this\0"), None);
    }
}
