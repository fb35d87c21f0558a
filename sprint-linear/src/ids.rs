//! Ids that are derived, not drawn.
//!
//! Linear takes the id of a new entity from the client. Ours are a function of what is written, so
//! that after a crash the same write has the same id, and what is there can be found by it.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// What kind of entity an id is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Project,
    Issue,
    Relation,
    Comment,
    Label,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Issue => "issue",
            Self::Relation => "relation",
            Self::Comment => "comment",
            Self::Label => "label",
        }
    }
}

/// What an id is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// The workspace, by id: the same plan in two workspaces makes two sets of tickets.
    pub(crate) organization: &'a str,
    /// The sprint or the problem.
    pub(crate) scope: &'a str,
    pub(crate) kind: Kind,
    /// What it is, within the scope.
    pub(crate) key: &'a str,
}

impl Origin<'_> {
    /// The id for the `epoch`-th attempt, counted from 0. A new epoch is needed where an id is
    /// burnt: what is deleted keeps its id for ever.
    ///
    /// The first 16 bytes of the SHA-256 of all parts, each with its length before it, in the form
    /// of a UUID of version 4, which is what Linear asks for.
    pub(crate) fn id(&self, epoch: u32) -> String {
        let mut digest = Sha256::new();
        let epoch = epoch.to_string();
        let parts = [
            "sprint-linear/1",
            self.organization,
            self.scope,
            self.kind.name(),
            self.key,
            &epoch,
        ];
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let digest = digest.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Hyphenated(bytes).to_string()
    }
}

/// Sixteen bytes as a UUID is written.
struct Hyphenated([u8; 16]);

impl fmt::Display for Hyphenated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// Whether `text` is a UUID as Linear writes it.
pub(crate) fn is_uuid(text: &str) -> bool {
    let hyphen = |at| matches!(at, 8 | 13 | 18 | 23);
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| {
            if hyphen(at) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_part_matters_and_the_form_is_that_of_version_4() {
        let base = Origin {
            organization: "o",
            scope: "s",
            kind: Kind::Issue,
            key: "k",
        };
        let ids = [
            base.id(0),
            base.id(1),
            Origin {
                organization: "p",
                ..base
            }
            .id(0),
            Origin { scope: "t", ..base }.id(0),
            Origin {
                kind: Kind::Comment,
                ..base
            }
            .id(0),
            Origin { key: "l", ..base }.id(0),
            // The same letters, cut elsewhere.
            Origin {
                organization: "os",
                scope: "",
                ..base
            }
            .id(0),
        ];
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        for id in &ids {
            assert!(is_uuid(id), "{id}");
            assert_eq!(&id[14..15], "4", "{id}");
            assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        }
        // Ids that are in a workspace already have to be found again.
        assert_eq!(base.id(0), "fc502961-2c7c-4d62-be5d-0fa7693f35b8");
    }
}
