//! What is wrong with the evidence on an issue: a function of what was read.
//!
//! For each key under which there is, or was, evidence of ours, the first row that applies:
//!
//! | Condition | Finding |
//! | --- | --- |
//! | an attachment, and no comment | lost comment |
//! | comments of the highest revision that differ in file or trailer | conflict |
//! | several that do not differ | duplicate |
//!
//! and besides, for the comment that counts: altered, if its text is not what it was when its
//! attachment was made, or it was edited; corrupt, if its file is not there or is another; superseded
//! for comments of lower revisions. Evidence that others wrote is foreign and counts for nothing.
//! If nothing counts and nothing else is wrong, it is missing. Whether the commit still is what
//! counts is not asked here: that is for [`sprint_core::evidence`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sprint_core::domain::evidence::CommentRef;
use sprint_core::id::BlobId;

use crate::call_error::printable;
use crate::comments::{EvidenceLine, Said, Stored};
use crate::evidence::trail::{Index, Trail};
use crate::files::Asset;

/// Something about the evidence on an issue that a person may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvidenceFinding {
    /// There is none.
    Missing,
    /// There was a comment, of which the attachment is left.
    LostComment {
        /// What it was posted for.
        key: String,
    },
    /// The same was posted more than once.
    Duplicate {
        /// What it was posted for.
        key: String,
        /// The one that counts.
        kept: CommentRef,
        /// The others.
        others: Vec<CommentRef>,
        /// Whether anybody answered one of the others.
        answered: bool,
    },
    /// Different evidence was posted for the same.
    Conflict {
        /// What it was posted for.
        key: String,
        /// The comments, oldest first.
        comments: Vec<CommentRef>,
    },
    /// There is a newer revision. Nothing is wrong with that.
    Superseded {
        /// What it was posted for.
        key: String,
        /// The older comment.
        comment: CommentRef,
    },
    /// The comment does not say what it said. Its machine line still decides.
    Altered {
        /// What it was posted for.
        key: String,
        /// The comment.
        comment: CommentRef,
    },
    /// The file with the outputs is not what it was.
    Corrupt {
        /// What it was posted for.
        key: String,
        /// The comment that names it.
        comment: CommentRef,
        /// Whether there is nothing at all.
        gone: bool,
    },
    /// Somebody else wrote it; it does not count.
    Foreign {
        /// What it claims to be posted for.
        key: String,
        /// The comment.
        comment: CommentRef,
        /// Who wrote it. Untrusted.
        author: String,
    },
}

impl EvidenceFinding {
    /// Whether nothing has to be done about it.
    pub const fn is_fine(&self) -> bool {
        matches!(self, Self::Superseded { .. })
    }
}

impl fmt::Display for EvidenceFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing: there is no evidence"),
            Self::LostComment { key } => {
                let key = printable(key);
                write!(
                    f,
                    "lost: the comment for {key} was deleted, its file is there"
                )
            }
            Self::Duplicate {
                key, kept, others, ..
            } => write!(
                f,
                "duplicate: {} more for {} beside comment {}",
                others.len(),
                printable(key),
                printable(&kept.0)
            ),
            Self::Conflict { key, comments } => write!(
                f,
                "conflict: {} comments for {} say different things",
                comments.len(),
                printable(key)
            ),
            Self::Superseded { key, comment } => write!(
                f,
                "superseded: comment {} for {} has a newer one",
                printable(&comment.0),
                printable(key)
            ),
            Self::Altered { key, comment } => write!(
                f,
                "altered: comment {} for {} was edited after it was posted",
                printable(&comment.0),
                printable(key)
            ),
            Self::Corrupt { key, comment, gone } => write!(
                f,
                "corrupt: the file of comment {} for {} {}",
                printable(&comment.0),
                printable(key),
                if *gone { "is gone" } else { "was changed" }
            ),
            Self::Foreign {
                key,
                comment,
                author,
            } => write!(
                f,
                "foreign: comment {} for {} is by {} and does not count",
                printable(&comment.0),
                printable(key),
                printable(author)
            ),
        }
    }
}

/// What is wrong. `assets` says what is at the addresses that comments of ours name.
pub(crate) fn findings(trail: &Trail, assets: &BTreeMap<String, Asset>) -> Vec<EvidenceFinding> {
    let ours: Vec<_> = trail
        .comments
        .iter()
        .filter_map(|comment| Some((comment, comment.evidence()?)))
        .collect();
    let named = ours.iter().map(|(_, line)| line.key.as_str());
    let indexed = trail.indexes.iter().map(|index| index.facts.key.as_str());
    let keys: BTreeSet<_> = named.chain(indexed).collect();
    let mut found = Vec::new();
    for key in keys {
        let under: Vec<_> = ours.iter().copied().filter(|(_, l)| l.key == key).collect();
        found.extend(of_key(key, &under, trail, assets));
    }
    found.extend(trail.comments.iter().filter_map(foreign));
    if found.is_empty() && ours.is_empty() {
        found.push(EvidenceFinding::Missing);
    }
    found
}

fn foreign(comment: &Stored) -> Option<EvidenceFinding> {
    let Some(Said::Evidence(line)) = comment.said.as_ref().filter(|_| !comment.by_us) else {
        return None;
    };
    Some(EvidenceFinding::Foreign {
        key: line.key.clone(),
        comment: comment.reference(),
        author: comment.author.clone(),
    })
}

fn of_key(
    key: &str,
    under: &[(&Stored, &EvidenceLine)],
    trail: &Trail,
    assets: &BTreeMap<String, Asset>,
) -> Vec<EvidenceFinding> {
    let key = || key.to_owned();
    let Some(newest) = under.iter().map(|(_, line)| line.rev).max() else {
        return vec![EvidenceFinding::LostComment { key: key() }];
    };
    let (counting, older): (Vec<_>, Vec<_>) = under
        .iter()
        .copied()
        .partition(|(_, line)| line.rev == newest);
    let mut found: Vec<_> = older
        .iter()
        .map(|(comment, _)| EvidenceFinding::Superseded {
            key: key(),
            comment: comment.reference(),
        })
        .collect();
    let says = |line: &EvidenceLine| {
        let file = line
            .file
            .as_ref()
            .map(|file| (file.bytes, file.sha256.clone()));
        (file, line.trailer.clone())
    };
    let different: BTreeSet<_> = counting.iter().map(|(_, line)| says(line)).collect();
    if different.len() > 1 {
        let comments = counting.iter().map(|(comment, _)| comment.reference());
        found.push(EvidenceFinding::Conflict {
            key: key(),
            comments: comments.collect(),
        });
        return found;
    }
    // The oldest has the first of the derived ids.
    let [(kept, line), others @ ..] = counting.as_slice() else {
        return found;
    };
    if !others.is_empty() {
        let answers = |id: &String| {
            trail
                .comments
                .iter()
                .any(|c| c.reply_to.as_ref() == Some(id))
        };
        found.push(EvidenceFinding::Duplicate {
            key: key(),
            kept: kept.reference(),
            answered: others.iter().any(|(comment, _)| answers(&comment.id)),
            others: others
                .iter()
                .map(|(comment, _)| comment.reference())
                .collect(),
        });
    }
    if altered(kept, line, &trail.indexes) {
        found.push(EvidenceFinding::Altered {
            key: key(),
            comment: kept.reference(),
        });
    }
    let asset = line.file.as_ref().and_then(|file| assets.get(&file.asset));
    if let Some(Asset::Gone | Asset::Altered) = asset {
        found.push(EvidenceFinding::Corrupt {
            key: key(),
            comment: kept.reference(),
            gone: asset == Some(&Asset::Gone),
        });
    }
    found
}

/// Whether a comment says something else than when it was posted. Its index knows the text; where
/// there is none the time of the last edit has to do.
fn altered(comment: &Stored, line: &EvidenceLine, indexes: &[Index]) -> bool {
    let index = indexes.iter().find(|index| {
        index.facts.comment == comment.id
            && line
                .file
                .as_ref()
                .is_some_and(|file| file.asset == index.url)
    });
    match (index, &line.file) {
        (Some(index), Some(file)) => {
            index.facts.body != digest(&comment.body)
                || index.facts.sha256 != file.sha256
                || index.facts.bytes != file.bytes
        }
        (None | Some(_), _) => comment.edited_by_others(),
    }
}

/// The hash by which an index remembers a body.
pub(crate) fn digest(body: &str) -> String {
    BlobId::of(body.as_bytes()).to_string()
}

#[cfg(test)]
#[path = "findings_tests.rs"]
mod tests;
