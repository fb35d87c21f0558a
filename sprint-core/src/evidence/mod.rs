//! Whether evidence on a ticket still holds.
//!
//! A comment says that a commit was verified. This module judges such comments by what can be
//! looked up without believing them: the commit, its tree, where its branch and base are, and the
//! stored outputs. [`judge`] is a function of these facts;
//! [`verify_evidence`](crate::engine::verify_evidence) looks them up.
//!
//! # One comment
//!
//! The first row that applies decides.
//!
//! | What is so | Status | Source |
//! | --- | --- | --- |
//! | no heading | not evidence, passed over | 10.11 |
//! | the tracker says that another account posted it | [`Mismatched`](EvidenceStatus::Mismatched): foreign; it never counts, whatever it says | C-70 |
//! | heading, and no trailer as the last line | [`Missing`](EvidenceStatus::Missing): cut off, or a person's words | 15.3 |
//! | the trailer is damaged, or of an unknown version | `Mismatched` | C-69 |
//! | it names another ticket, sprint or commit than is [`Expected`] | `Mismatched`: copied from elsewhere | C-70 |
//! | there is no such commit | [`Voided`](EvidenceStatus::Voided): rewritten and collected as garbage, or of another repository | 15.3 |
//! | the commit has another tree | `Mismatched`: the two were never one | C-70 |
//! | the branch is there and does not hold the commit (amended, rebased, reset) | `Voided`, even if base holds it: what the branch is now was never verified | 15.3 |
//! | the branch is gone, and base does not hold the commit | `Voided`: nothing holds what was verified | 15.3 |
//! | a check did not succeed, and it was not for failed tests | `Mismatched`: such a layer never passes | 10.6 |
//! | outputs are at hand, and one is gone or altered | `Mismatched`: the proof of what was seen is not there | 10.11 |
//! | else | [`Valid`](EvidenceStatus::Valid), with [`Remark`]s | |
//!
//! A branch that went on after the commit still holds it: that is valid with a remark, for what
//! lands is the commit. A branch that was removed after its merge needs base to hold the commit.
//! Tests that failed, counted, are a remark: layer 2 lets those pass that fail on base too.
//! Without a store to ask, outputs are a remark as well, and so is that somebody edited the comment:
//! the trailer is what counts, and its seal says whether it is the one that was posted.
//!
//! # Several comments
//!
//! Work that was done again has evidence for each time. What counts is the newest comment about
//! what the branch is now, or what base holds where the branch is gone; failing that, the newest
//! whose commit the branch still holds; then the newest about this ticket at all; then the newest.
//! The others are listed with their own status, and change nothing. A foreign comment is always among
//! the others.
//!
//! The statuses are those of evidence checkers elsewhere (verified, missing, mismatch), and one
//! more for what nobody else notices: evidence that history was rewritten under.

mod judge;

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::command::{CheckKind, Exit};
use crate::domain::evidence::{CommentRef, EvidenceMarker, EvidenceTrailer, NotEvidence};
use crate::domain::workspace::Trace;
use crate::id::{BlobId, CommitId, SprintId, TicketId, TreeId};

pub use judge::judge;

/// What evidence must be about, where that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The sprint that posted it.
    pub sprint: Option<SprintId>,
    /// The commit that was verified.
    pub commit: Option<CommitId>,
}

/// What was looked up for the comments of a ticket.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What has become of each commit that a comment names. One that is not in here counts as one
    /// that is not in the repository.
    pub traces: BTreeMap<EvidenceMarker, Trace>,
    /// The stored outputs.
    pub outputs: Outputs,
}

/// The stored outputs that comments name.
#[derive(Clone, Debug, Default)]
pub enum Outputs {
    /// There is no store to ask.
    #[default]
    NotAtHand,
    /// The store was asked for these; one that is not in here counts as gone.
    Seen(BTreeMap<BlobId, Output>),
}

/// A stored output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// It is there, and has the hash it is named by.
    Intact,
    /// It is not there.
    Gone,
    /// It is there, and has another hash.
    Altered,
}

/// What the comments on a ticket prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceReport {
    /// The ticket.
    pub ticket: TicketId,
    /// The comment that counts; `None` if no comment is evidence.
    pub counts: Option<Judged>,
    /// Other evidence on the ticket, newest first.
    pub others: Vec<Judged>,
}

impl EvidenceReport {
    /// The status of the ticket's evidence.
    pub fn status(&self) -> EvidenceStatus {
        let counts = self.counts.as_ref();
        counts.map_or(EvidenceStatus::Missing(Missing::NoEvidence), |judged| {
            judged.status.clone()
        })
    }
}

/// A comment and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The comment.
    pub comment: CommentRef,
    /// Its trailer, if it can be read.
    pub trailer: Option<EvidenceTrailer>,
    /// What it is worth.
    pub status: EvidenceStatus,
}

/// What evidence is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvidenceStatus {
    /// It proves a commit that is still there.
    Valid {
        /// What holds the commit.
        basis: Basis,
        /// What a reader should know besides.
        remarks: Vec<Remark>,
    },
    /// There is none.
    Missing(Missing),
    /// It contradicts what it speaks of, or speaks of something else.
    Mismatched(Mismatch),
    /// It held once; what it speaks of is no longer what there is.
    Voided(Voided),
}

impl EvidenceStatus {
    /// `VALID`, `MISSING`, `MISMATCHED` or `VOIDED`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Valid { .. } => "VALID",
            Self::Missing(_) => "MISSING",
            Self::Mismatched(_) => "MISMATCHED",
            Self::Voided(_) => "VOIDED",
        }
    }

    /// Whether it proves anything.
    pub const fn is_valid(&self) -> bool {
        match self {
            Self::Valid { .. } => true,
            Self::Missing(_) | Self::Mismatched(_) | Self::Voided(_) => false,
        }
    }

    /// Why, as a fragment of a sentence; of valid evidence, what holds it.
    pub fn why(&self) -> String {
        match self {
            Self::Valid { basis, .. } => basis.to_string(),
            Self::Missing(why) => why.to_string(),
            Self::Mismatched(why) => why.to_string(),
            Self::Voided(why) => why.to_string(),
        }
    }
}

/// What holds a verified commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The branch is at it.
    Head {
        /// Base holds it too.
        landed: bool,
    },
    /// The branch went on from it.
    Branch {
        /// Base holds it too.
        landed: bool,
    },
    /// Base; the branch is gone.
    Base,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head { landed: false } => "the branch is at the verified commit",
            Self::Head { landed: true } => "the branch is at the verified commit, and base has it",
            Self::Branch { landed: false } => "the branch holds the verified commit",
            Self::Branch { landed: true } => "the branch and base hold the verified commit",
            Self::Base => "base holds the verified commit",
        })
    }
}

/// Something to know about valid evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// The branch has commits that nobody verified.
    #[error("the branch went on to {0}, which this does not speak of")]
    BranchAhead(CommitId),
    /// Tests failed, and the layer let that pass.
    #[error("{0} ended with {1}, which its layer let pass")]
    KnownFailures(CheckKind, Exit),
    /// The comment names no check.
    #[error("it names no checks")]
    NoChecks,
    /// It was written in the form that names no checks and no outputs.
    #[error("its form is an earlier one that names no checks")]
    EarlierForm,
    /// The part for people is not what was written: somebody edited it, or the tracker did.
    #[error("the text differs from what was posted")]
    TextDiffers,
    /// The tracker says that the comment was edited.
    #[error("somebody edited the comment after it was posted")]
    Edited,
    /// There was no store to ask for outputs.
    #[error("the stored outputs were not looked at")]
    OutputsNotAtHand,
}

/// Why there is no evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// No comment is evidence.
    #[error("no comment on the ticket is evidence")]
    NoEvidence,
    /// A comment has the heading of evidence and not its last line.
    #[error("a comment looks like evidence, but its last line is not the machine-readable one")]
    NoTrailer,
}

/// What evidence contradicts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The trailer cannot be read.
    #[error("{0}")]
    Unreadable(NotEvidence),
    /// Another account posted it.
    #[error("it is foreign: {:?} posted it", cut(.0))]
    Foreign(String),
    /// It is about another ticket.
    #[error("it is evidence for ticket {0}")]
    OtherTicket(TicketId),
    /// It is of another sprint.
    #[error("it is of {0}")]
    OtherSprint(SprintId),
    /// It is about another commit than the one that was verified.
    #[error("it is about {0}, and another commit was verified")]
    OtherCommit(CommitId),
    /// The commit has another tree.
    #[error("the commit has tree {0}, not the one it names")]
    OtherTree(TreeId),
    /// It reports a failure that no layer lets pass.
    #[error("it says that {0} ended with {1}")]
    Failed(CheckKind, Exit),
    /// An output is not stored any more.
    #[error("the stored output of {0} is gone")]
    OutputGone(CheckKind),
    /// A stored output is not what was seen.
    #[error("the stored output of {0} was altered")]
    OutputAltered(CheckKind),
}

/// What took the ground from evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Voided {
    /// The commit is not in the repository.
    #[error("the verified commit is not in this repository")]
    NoCommit,
    /// The branch does not hold the commit any more.
    #[error("the branch was rewritten: it is at {head} now, without the verified commit{}", and_base(*landed))]
    Rewritten {
        /// Where the branch is.
        head: CommitId,
        /// Whether base holds the verified commit.
        landed: bool,
    },
    /// The branch is gone, and base does not hold the commit.
    #[error("the branch is gone, and base does not hold the verified commit")]
    Abandoned,
}

/// A name of others, short enough to be shown.
fn cut(name: &str) -> String {
    name.chars().take(80).collect()
}

const fn and_base(landed: bool) -> &'static str {
    if landed { ", which base holds" } else { "" }
}
