//! What planning left for the sprint: `sprint-hints.json` (spec 5.4).
//!
//! The file is read field by field: a field that is missing or of a wrong type costs no other. What
//! that means is decided by whoever asks: see [`HintField::needed_by_sprint`] and
//! [`HintField::needed_by_dry_run`]. All text in it is untrusted.

mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::domain::config::CoordinationMode;
use crate::domain::path::RepoPath;
use crate::domain::ticket::Size;
use crate::id::{CommitPrefix, ProblemId, TicketId};
use crate::time::Timestamp;

pub use crate::domain::hints::read::parse;

/// Longer files are refused, in bytes.
pub const MAX_HINTS_BYTES: usize = 16 << 20;

/// What planning left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The problem that was planned.
    pub problem_id: Option<ProblemId>,
    /// When it was planned.
    pub generated_at: Option<Timestamp>,
    /// The commit of base it was planned on, perhaps abbreviated.
    pub plan_commit: Option<CommitPrefix>,
    /// Where the plan can be read.
    pub plan_doc: Option<RepoPath>,
    /// How agents should work together.
    pub coordination: Option<CoordinationMode>,
    /// How many tickets the planner counted.
    pub total_tickets: Option<u64>,
    /// How many edge cases the planner counted.
    pub total_edge_cases: Option<u64>,
    /// What is known about each ticket. What has no valid id is left out, with a fault.
    pub tickets: BTreeMap<TicketId, TicketHint>,
}

impl Hints {
    /// The edge cases of all tickets together, as far as they are known.
    pub fn edge_cases(&self) -> u64 {
        let counts = self.tickets.values().filter_map(|t| t.edge_case_count);
        counts.fold(0, u64::saturating_add)
    }
}

/// What planning knew about one ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketHint {
    /// Its title then.
    pub title: Option<String>,
    /// Its size.
    pub complexity: Option<Size>,
    /// What has to be done before it.
    pub dependencies: Option<BTreeSet<TicketId>>,
    /// Files that it makes.
    pub files_to_create: Option<BTreeSet<RepoPath>>,
    /// Files that it changes.
    pub files_to_modify: Option<BTreeSet<RepoPath>>,
    /// How many edge cases it has.
    pub edge_case_count: Option<u64>,
    /// The wave it was planned in, from 1.
    pub wave: Option<u64>,
}

impl TicketHint {
    /// Every file that it makes or changes.
    pub fn files(&self) -> impl Iterator<Item = &RepoPath> {
        let lists = [&self.files_to_create, &self.files_to_modify];
        lists.into_iter().flatten().flatten()
    }
}

/// A field of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the field of its name")]
pub enum HintField {
    ProblemId,
    GeneratedAt,
    PlanCommit,
    PlanDoc,
    Coordination,
    TotalTickets,
    TotalEdgeCases,
    Tickets,
    Title,
    Complexity,
    Dependencies,
    FilesToCreate,
    FilesToModify,
    EdgeCaseCount,
    Wave,
}

impl HintField {
    /// Every field of the file itself.
    pub const TOP: [Self; 8] = [
        Self::ProblemId,
        Self::GeneratedAt,
        Self::PlanCommit,
        Self::PlanDoc,
        Self::Coordination,
        Self::TotalTickets,
        Self::TotalEdgeCases,
        Self::Tickets,
    ];

    /// Every field of a ticket.
    pub const TICKET: [Self; 7] = [
        Self::Title,
        Self::Complexity,
        Self::Dependencies,
        Self::FilesToCreate,
        Self::FilesToModify,
        Self::EdgeCaseCount,
        Self::Wave,
    ];

    /// Its name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProblemId => "problem_id",
            Self::GeneratedAt => "generated_at",
            Self::PlanCommit => "plan_commit",
            Self::PlanDoc => "plan_doc",
            Self::Coordination => "coordination_mode_recommendation",
            Self::TotalTickets => "total_tickets",
            Self::TotalEdgeCases => "total_edge_cases",
            Self::Tickets => "tickets",
            Self::Title => "title",
            Self::Complexity => "complexity",
            Self::Dependencies => "dependencies",
            Self::FilesToCreate => "files_to_create",
            Self::FilesToModify => "files_to_modify",
            Self::EdgeCaseCount => "edge_case_count",
            Self::Wave => "wave",
        }
    }

    /// Whether a sprint ignores the file without it (spec 5.4).
    pub const fn needed_by_sprint(self) -> bool {
        match self {
            Self::PlanCommit
            | Self::Coordination
            | Self::TotalTickets
            | Self::Tickets
            | Self::Title
            | Self::Complexity
            | Self::Dependencies
            | Self::FilesToCreate
            | Self::FilesToModify
            | Self::EdgeCaseCount => true,
            Self::ProblemId
            | Self::GeneratedAt
            | Self::PlanDoc
            | Self::TotalEdgeCases
            | Self::Wave => false,
        }
    }

    /// Whether a dry run asks for it. Some of them it can do without: [`is_derivable`](Self::is_derivable).
    pub const fn needed_by_dry_run(self) -> bool {
        match self {
            Self::GeneratedAt
            | Self::PlanCommit
            | Self::PlanDoc
            | Self::TotalTickets
            | Self::TotalEdgeCases
            | Self::Tickets
            | Self::Title
            | Self::Complexity
            | Self::Dependencies
            | Self::FilesToCreate
            | Self::FilesToModify
            | Self::EdgeCaseCount
            | Self::Wave => true,
            Self::ProblemId | Self::Coordination => false,
        }
    }

    /// Whether it follows from others, so that its absence is a warning (spec C-01: no planner of the
    /// originals writes these two).
    pub const fn is_derivable(self) -> bool {
        matches!(self, Self::PlanDoc | Self::Wave)
    }
}

/// One thing that is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HintFault {
    /// The ticket it is about, as the file names it, cut to 80 characters; none if about the file.
    pub ticket: Option<String>,
    /// The field.
    pub field: HintField,
    /// What is wrong with it.
    pub what: HintFaultKind,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HintFaultKind {
    /// It is not there, or null.
    Missing,
    /// It is something else than it has to be. The text says what, as a lower-case fragment.
    Wrong(String),
}

impl fmt::Display for HintFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(ticket) = &self.ticket {
            write!(f, "ticket {}: ", ticket.escape_debug())?;
        }
        match &self.what {
            HintFaultKind::Missing => write!(f, "{} is missing", self.field.name()),
            HintFaultKind::Wrong(what) => write!(f, "{}: {what}", self.field.name()),
        }
    }
}

/// A file that is no hints at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HintsError {
    /// It is larger than [`MAX_HINTS_BYTES`].
    #[error("larger than {} MiB", MAX_HINTS_BYTES >> 20)]
    TooLong,
    /// It is no JSON; the text says where.
    #[error("not valid JSON: {0}")]
    Syntax(String),
    /// It is JSON and no object.
    #[error("not an object but {0}")]
    NoObject(&'static str),
}
