//! Things to tell people and tools.

use serde::{Deserialize, Serialize};

use crate::domain::agent::PermissionRequest;
use crate::domain::path::RepoPath;
use crate::domain::stray::Stray;
use crate::domain::verdict::FindingKind;
use crate::id::{CommitId, TicketId};
use crate::run::effect::EffectId;
use crate::run::ticket::StuckReason;

/// Something that happened, told after it was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The sprint moved to another phase.
    PhaseChanged {
        /// The name of the phase.
        phase: String,
    },
    /// A ticket moved to another stage.
    StageChanged {
        /// The ticket.
        ticket: TicketId,
        /// The name of the stage.
        stage: String,
        /// Which trip through the loop.
        attempt: u32,
    },
    /// An attempt failed and the ticket goes round again, or is given up.
    AttemptFailed {
        /// The ticket.
        ticket: TicketId,
        /// What kind of failure.
        kind: FindingKind,
        /// What happened.
        message: String,
    },
    /// The circuit breaker brought in a fresh agent.
    BreakerTripped {
        /// The ticket.
        ticket: TicketId,
    },
    /// A person has to look at a ticket.
    Stuck {
        /// The ticket.
        ticket: TicketId,
        /// Why.
        reason: StuckReason,
        /// More, in words.
        message: String,
    },
    /// A ticket cannot start.
    Blocked {
        /// The ticket.
        ticket: TicketId,
        /// What it waits for in vain.
        by: TicketId,
    },
    /// Layer 3.5 waits for a person.
    ReviewRequested {
        /// The ticket.
        ticket: TicketId,
        /// The commit to look at.
        commit: CommitId,
    },
    /// A worker wants to use a tool that a person has to allow.
    PermissionRequested {
        /// The ticket.
        ticket: TicketId,
        /// What it wants.
        request: PermissionRequest,
    },
    /// A run of a worker ended that had a context agent beside it.
    Asked {
        /// The ticket.
        ticket: TicketId,
        /// Questions the worker asked it.
        questions: u32,
        /// Questions it answered in time.
        answered: u32,
        /// Answers with a sign of degradation.
        degraded: u32,
    },
    /// Something changed outside the workspace while an agent ran.
    Strayed {
        /// The ticket.
        ticket: TicketId,
        /// What, and where.
        strays: Vec<Stray>,
        /// Whether the agent did it; if not, it may have been anybody.
        breach: bool,
    },
    /// The gate ran on base.
    BaselineRan {
        /// Whether it was green.
        green: bool,
        /// How many tests passed, where the runner says so.
        tests: Option<u64>,
        /// The tests that fail there, if that is all that is wrong.
        failing: Vec<String>,
    },
    /// The new tests of a ticket ran without its change.
    ControlRan {
        /// The ticket.
        ticket: TicketId,
        /// Whether at least one failed there, as it should.
        proves: bool,
    },
    /// A gate ran on a combination of tickets.
    GateRan {
        /// The tickets in it, in order.
        tickets: Vec<TicketId>,
        /// Whether it was green.
        passed: bool,
        /// Whether an earlier run on the same tree was taken instead.
        reused: bool,
    },
    /// A conflict between tickets was resolved, and nothing of either side was dropped.
    ConflictResolved {
        /// The ticket whose merge clashed.
        ticket: TicketId,
        /// The tickets merged before it that touch the files.
        others: Vec<TicketId>,
        /// The files.
        paths: Vec<RepoPath>,
        /// What of each side is there, and what was left out on purpose.
        proof: String,
    },
    /// A ticket that cannot be merged with the others, found before base moved.
    CulpritFound {
        /// The ticket that is set aside.
        ticket: TicketId,
        /// The one it does not go together with, if one alone is enough.
        partner: Option<TicketId>,
        /// What is wrong, in words.
        message: String,
        /// Runs of the gate it took to find out.
        gates: u32,
    },
    /// Base was advanced.
    Landed {
        /// The tickets that are now on it.
        tickets: Vec<TicketId>,
        /// Where base is now.
        at: CommitId,
    },
    /// Tickets were taken back off base.
    TakenBack {
        /// The tickets that are no longer on it.
        tickets: Vec<TicketId>,
        /// Where base is now.
        at: CommitId,
    },
    /// A step will be tried again later.
    Retrying {
        /// What.
        effect: EffectId,
        /// What went wrong.
        message: String,
        /// In how many milliseconds.
        in_ms: u64,
    },
    /// Something a person should know.
    Warning {
        /// What.
        message: String,
    },
    /// An answer arrived for something no longer wanted.
    Stale {
        /// What.
        effect: EffectId,
    },
    /// The sprint is over, or waits.
    Finished {
        /// The outcome, in words.
        outcome: String,
    },
}
