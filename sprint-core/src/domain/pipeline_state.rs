//! A state file as other programs of the pipeline write it (spec 5.1, 5.2).
//!
//! The original prompts write `sprint-state.json` by hand of a language model, in several spellings
//! (spec C-03, C-05, C-06). This engine cannot go on from such a file: it holds no plan, no verdict
//! about a tree and no intent. It is read to say what is there, whose tickets are taken, and to keep
//! anybody from writing over it. The file that this engine publishes for people uses the same names, so
//! it can be read too.

mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use crate::id::{BranchName, CommitPrefix, SprintId, TicketId};
use crate::time::Timestamp;

pub use crate::domain::pipeline_state::read::parse;

/// Longer files are refused, in bytes.
pub const MAX_STATE_BYTES: usize = 64 << 20;

/// What the file says. Fields that nothing asks for are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineState {
    /// The format, where one is named; the originals name none.
    pub schema_version: Option<u64>,
    /// The sprint. The originals may have an id that is none of ours; then it is text only.
    pub sprint: Option<SprintId>,
    /// The phase.
    pub phase: PipelinePhase,
    /// When the sprint began.
    pub started_at: Option<Timestamp>,
    /// The base branch.
    pub base: Option<BranchName>,
    /// The tickets.
    pub tickets: BTreeMap<TicketId, PipelineTicket>,
    /// What cannot be read and was left out.
    pub warnings: Vec<String>,
    /// Whether the state of this engine is in it.
    pub carries_run: bool,
}

/// One ticket of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineTicket {
    /// Where it stands.
    pub status: PipelineStatus,
    /// Its branch, by whichever name the file gives it.
    pub branch: Option<BranchName>,
    /// The head of its work.
    pub head: Option<CommitPrefix>,
    /// Where it was merged.
    pub merged: Option<CommitPrefix>,
}

/// Where a ticket stands (spec 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PipelineStatus {
    /// Not begun.
    Queued,
    /// The context agent is at work.
    Context,
    /// A worker is at work.
    Implementing,
    /// Its result is in the loop.
    Verifying,
    /// Proven.
    Complete,
    /// Given up.
    Stuck,
    /// Something it depends on will not be done.
    Blocked,
    /// Not to be done.
    Skipped,
}

impl PipelineStatus {
    /// Reads a status in any of the spellings of the originals: case, `-`, `_` and blanks are no
    /// matter. `has_result` says whether the ticket has the result of a worker, which is what
    /// `in_progress` leaves open.
    pub fn parse(text: &str, has_result: bool) -> Option<Self> {
        Some(match plain(text).as_str() {
            "queued" | "pending" => Self::Queued,
            "context" => Self::Context,
            "implementing" => Self::Implementing,
            "inprogress" if has_result => Self::Verifying,
            "inprogress" => Self::Implementing,
            "verifying" => Self::Verifying,
            "complete" | "completed" | "done" => Self::Complete,
            "stuck" => Self::Stuck,
            "blocked" => Self::Blocked,
            "skipped" => Self::Skipped,
            _ => return None,
        })
    }

    /// Its name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Context => "context",
            Self::Implementing => "implementing",
            Self::Verifying => "verifying",
            Self::Complete => "complete",
            Self::Stuck => "stuck",
            Self::Blocked => "blocked",
            Self::Skipped => "skipped",
        }
    }
}

/// Where a sprint stands (spec 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the phase of its name")]
pub enum PipelinePhase {
    Preflight,
    Context,
    Implementation,
    Simplifier,
    Verification,
    Merge,
    Integration,
    BuildGate,
    E2e,
    Remaining,
    Completeness,
    Retrospective,
    Complete,
    SafetyStopped,
}

impl PipelinePhase {
    /// Every phase, in order.
    pub const ALL: [Self; 14] = [
        Self::Preflight,
        Self::Context,
        Self::Implementation,
        Self::Simplifier,
        Self::Verification,
        Self::Merge,
        Self::Integration,
        Self::BuildGate,
        Self::E2e,
        Self::Remaining,
        Self::Completeness,
        Self::Retrospective,
        Self::Complete,
        Self::SafetyStopped,
    ];

    /// Its name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Preflight => "0-preflight",
            Self::Context => "1-context",
            Self::Implementation => "2-implementation",
            Self::Simplifier => "2.5-simplifier",
            Self::Verification => "3-verification",
            Self::Merge => "4-merge",
            Self::Integration => "4.5-integration",
            Self::BuildGate => "5-build-gate",
            Self::E2e => "6-e2e",
            Self::Remaining => "7-remaining",
            Self::Completeness => "7.5-completeness",
            Self::Retrospective => "8-retrospective",
            Self::Complete => "complete",
            Self::SafetyStopped => "safety-stopped",
        }
    }

    /// Reads a phase by its name, or by a name that it had (spec C-05).
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "5-evidence" | "5-build-gate-passed" => Some(Self::BuildGate),
            "3-selective-redeploy" => Some(Self::Implementation),
            "1-fetch" => Some(Self::Context),
            name => Self::ALL.into_iter().find(|phase| phase.name() == name),
        }
    }
}

/// Why a file is no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PipelineStateError {
    /// It is larger than [`MAX_STATE_BYTES`].
    #[error("larger than {MAX_STATE_BYTES} bytes")]
    TooLong,
    /// Nothing is in it: a write that a crash cut off.
    #[error("the file is empty: what should be in it was never written")]
    Empty,
    /// It is no JSON, or only the beginning of one; the text says where.
    #[error("not valid JSON: {0}")]
    Syntax(String),
    /// It is JSON and no object.
    #[error("expected an object, found {0}")]
    NoObject(&'static str),
    /// It names no phase, or none that the pipeline has.
    #[error("{0}")]
    NoPhase(String),
}

impl PipelineState {
    /// Whether the sprint went through to its end.
    pub fn is_complete(&self) -> bool {
        self.phase == PipelinePhase::Complete
    }

    /// How many tickets are proven, of how many.
    pub fn progress(&self) -> (usize, usize) {
        let done = |ticket: &&PipelineTicket| ticket.status == PipelineStatus::Complete;
        let complete = self.tickets.values().filter(done).count();
        (complete, self.tickets.len())
    }

    /// The tickets that belong to the sprint as long as it is not complete: all but those that are
    /// not to be done.
    pub fn owned(&self) -> impl Iterator<Item = &TicketId> {
        let complete = self.is_complete();
        self.tickets
            .iter()
            .filter(move |(_, ticket)| !complete && ticket.status != PipelineStatus::Skipped)
            .map(|(id, _)| id)
    }
}

impl fmt::Display for PipelineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (complete, total) = self.progress();
        match &self.sprint {
            Some(sprint) => write!(f, "{sprint}")?,
            None => f.write_str("a sprint without a valid id")?,
        }
        let phase = self.phase.name();
        write!(f, ", phase {phase}, {complete} of {total} tickets complete")
    }
}

/// Letters and digits only, in lower case.
fn plain(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}
