//! What is known of tickets: as they were saved, as the tracker shows them, and what is in the
//! repository.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::audit::{BaseFacts, BranchFacts};
use crate::domain::ticket::TicketStatus;
use crate::evidence::{EvidenceReport, EvidenceStatus, Missing, Voided};
use crate::id::{BranchName, CommitId, TicketId};
use crate::resume::choice::Choices;
use crate::resume::matrix::Class;

/// What was looked up before a sprint goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// Where base is.
    pub base: BaseFacts,
    /// Each ticket that was looked up.
    pub tickets: BTreeMap<TicketId, Seen>,
    /// Branches of the sprint that belong to no ticket of it.
    pub orphans: Vec<BranchName>,
    /// What a person should know about the repository.
    pub notes: Vec<String>,
    /// What a person decided.
    #[serde(default)]
    pub choices: Choices,
}

/// What was looked up about one ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What the tracker shows.
    pub shown: Shown,
    /// Its branch, if one was saved.
    pub branch: Option<SeenBranch>,
}

/// A branch that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenBranch {
    /// Its name.
    pub name: BranchName,
    /// The commit that was known of it.
    pub known: Option<CommitId>,
    /// What has become of it.
    pub facts: BranchFacts,
}

/// What the tracker shows of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "shown", rename_all = "snake_case")]
pub enum Shown {
    /// It has no such ticket.
    Gone,
    /// It has it.
    There {
        /// Its status.
        status: TicketStatus,
        /// What its comments prove.
        evidence: Evidence,
    },
}

/// What the comments on a ticket prove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "evidence", rename_all = "snake_case")]
pub enum Evidence {
    /// None of them is evidence.
    Absent,
    /// There is evidence, and it does not hold.
    Invalid {
        /// Why.
        why: String,
    },
    /// The work that is there, or landed, is proven.
    Valid,
}

impl Evidence {
    /// What a report comes to. What became of a branch after its commit `landed` takes nothing from
    /// the evidence: base holds what was verified.
    pub fn of(report: &EvidenceReport, landed: bool) -> Self {
        match report.status() {
            EvidenceStatus::Valid { .. } => Self::Valid,
            EvidenceStatus::Voided(Voided::Rewritten { landed: true, .. }) if landed => Self::Valid,
            EvidenceStatus::Missing(Missing::NoEvidence) => Self::Absent,
            status @ (EvidenceStatus::Missing(Missing::NoTrailer)
            | EvidenceStatus::Mismatched(_)
            | EvidenceStatus::Voided(_)) => Self::Invalid { why: status.why() },
        }
    }

    /// Whether there is any, whatever it is worth.
    pub const fn is_present(&self) -> bool {
        match self {
            Self::Absent => false,
            Self::Invalid { .. } | Self::Valid => true,
        }
    }
}

/// What was saved about a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Saved {
    /// Every layer has passed, the evidence was posted, it was marked Done.
    Complete {
        /// Whether its merge was saved.
        landed: bool,
    },
    /// A person has to look at it.
    Stuck,
    /// It is under way, or waits.
    Other(Progress),
    /// It is not part of the sprint any more.
    Out,
}

/// How far a ticket is that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// It waits to be begun.
    Waiting,
    /// Its worker has not answered yet, or has to mend something.
    Begun,
    /// Its worker has answered, and the layers look at what it did.
    Answered,
    /// Every layer has passed, and the tracker is being written to.
    Proven,
}

impl Saved {
    /// The row of the matrix; `None` if it is not looked up there.
    pub const fn class(self) -> Option<Class> {
        match self {
            Self::Complete { .. } => Some(Class::Complete),
            Self::Stuck => Some(Class::Stuck),
            Self::Other(_) => Some(Class::Other),
            Self::Out => None,
        }
    }
}

/// Where a branch is, seen from the commit that was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BranchState {
    /// Nothing was saved, or looked up, to compare with.
    Unknown,
    /// It is where it was.
    Present,
    /// There is no such branch.
    Gone,
    /// It went on from where it was.
    Moved,
    /// It does not hold the saved commit any more.
    Rewritten,
}

impl BranchState {
    /// Compares what was found with the commit that was saved.
    pub fn of(facts: &BranchFacts, known: Option<&CommitId>) -> Self {
        match (&facts.head, known) {
            (None, _) => Self::Gone,
            (Some(_), None) => Self::Present,
            (Some(head), Some(known)) if head == known => Self::Present,
            (Some(_), Some(_)) if facts.holds_known => Self::Moved,
            (Some(_), Some(_)) => Self::Rewritten,
        }
    }
}

/// Everything that is decided by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketFacts {
    /// What was saved.
    pub saved: Saved,
    /// Whether it is still to be taken back from Done, which is then our own doing.
    pub reopening: bool,
    /// What the tracker shows.
    pub shown: Shown,
    /// Where its branch is.
    pub branch: BranchState,
    /// Whether its workspace is there.
    pub worktree: bool,
    /// Whether something in there is not committed.
    pub dirty: bool,
    /// Whether base holds the saved commit.
    pub on_base: bool,
}
