//! What happened to the phases of a sprint. The list of these is the one truth about it: how it
//! stands is a fold over them (`board`), and they are the audit trail.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{AgentName, BlobId, ClaimToken, CommitId, FailureTag, PhaseName, SprintId, TreeId};
use crate::phases::breaker::BreakerRule;
use crate::phases::budget::BudgetRule;
use crate::phases::graph::PhaseGraph;
use crate::phases::owner::{Gone, Owner};
use crate::phases::reason::Reason;

/// The form of the events; a reader refuses a greater one.
pub const SCHEMA_VERSION: u32 = 1;

/// How often a phase was claimed anew: what an older holder does is refused (fencing).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The one after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a sprint was told once, when it began; later changes of a configuration do not reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Seconds without a sign after which an owner that cannot be seen counts as gone.
    pub ttl_s: u64,
    /// How often a phase may fail before a retry has to be forced.
    pub max_attempts: u32,
    /// When failures stop a phase.
    pub breaker: BreakerRule,
    /// When costs stop everything.
    pub budget: BudgetRule,
}

impl Default for Settings {
    /// An hour, three attempts, and no limit on costs.
    fn default() -> Self {
        Self {
            ttl_s: 3600,
            max_attempts: 3,
            breaker: BreakerRule::default(),
            budget: BudgetRule::default(),
        }
    }
}

/// The beginning of a sprint: its whole definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The form of the events that follow.
    pub schema_version: u32,
    /// The sprint.
    pub sprint: SprintId,
    /// Who began it.
    pub by: Owner,
    /// The commit the work starts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<CommitId>,
    /// Its rules.
    pub settings: Settings,
    /// Its phases.
    pub phases: PhaseGraph,
}

/// The right to do a phase, given to one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The phase.
    pub phase: PhaseName,
    /// Which claim of it this is.
    pub epoch: Epoch,
    /// What its holder shows.
    pub token: ClaimToken,
    /// Its holder.
    pub owner: Owner,
}

/// What a phase handed in, as it was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactRef {
    /// The SHA-256 of the stored bytes.
    pub sha256: BlobId,
    /// Their number.
    pub bytes: u64,
}

/// A claim whose holder is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    /// Of which phase.
    pub phase: PhaseName,
    /// Which claim of it.
    pub epoch: Epoch,
    /// Why the holder counts as gone.
    pub gone: Gone,
}

/// Something that was decided outside of the phases, and changes none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// Two phases contradicted each other, and it was decided.
    ConflictResolved {
        /// Which contradiction.
        conflict: Reason,
        /// By which rule.
        rule: Reason,
        /// How.
        outcome: Reason,
    },
    /// The sprint was aggregated.
    Ship {
        /// The verdict.
        verdict: Reason,
        /// The summary, as it was stored.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<ArtifactRef>,
    },
    /// A gate kept somebody from something, or was passed by force.
    GateRefused {
        /// Which gate.
        gate: Reason,
        /// Why.
        reason: Reason,
    },
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A sprint began.
    SprintStart(Box<Start>),
    /// An agent took a phase that nobody had.
    Claim(Grant),
    /// An agent took a phase whose holder was gone.
    Reclaim {
        /// The new claim.
        grant: Grant,
        /// Who had it.
        from: Owner,
        /// Why that one counted as gone.
        gone: Gone,
    },
    /// An agent took a phase from a holder that may well be there.
    ForceClaim {
        /// The new claim.
        grant: Grant,
        /// Who had it.
        from: Owner,
        /// Why it was taken.
        reason: Reason,
    },
    /// A phase was done.
    Complete {
        /// The phase.
        phase: PhaseName,
        /// Under which claim.
        epoch: Epoch,
        /// What it handed in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        artifact: Option<ArtifactRef>,
        /// The files as they were then, those that are not tracked included.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tree: Option<TreeId>,
    },
    /// A phase could not be done.
    Fail {
        /// The phase.
        phase: PhaseName,
        /// Under which claim.
        epoch: Epoch,
        /// Why.
        reason: Reason,
        /// In which way.
        tag: FailureTag,
    },
    /// A claim was given back, or taken away.
    Release {
        /// The phase.
        phase: PhaseName,
        /// Which claim.
        epoch: Epoch,
        /// Why.
        reason: Reason,
        /// Who took it away; `None` if the holder gave it back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        taken_by: Option<AgentName>,
    },
    /// A failed phase may be tried again.
    Retry {
        /// The phase.
        phase: PhaseName,
        /// Why, if it is more often than the rules allow.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        forced: Option<Reason>,
    },
    /// A person decided to go on without a failed phase.
    Waive {
        /// The phase.
        phase: PhaseName,
        /// Who.
        by: AgentName,
        /// Why.
        reason: Reason,
    },
    /// What was complete has to be done again.
    Invalidate {
        /// The phase that was named, and all complete ones that depend on it.
        phases: Vec<PhaseName>,
        /// Why.
        reason: Reason,
    },
    /// A watcher saw that a holder is gone.
    StaleDetected(Stale),
    /// Something was paid for.
    Spend {
        /// For which phase.
        phase: PhaseName,
        /// Millionths of a US dollar.
        micro_usd: u64,
    },
    /// Something was decided outside of the phases.
    Note(Note),
    /// Another sprint took its place.
    Archive {
        /// Which; `None` if there is no other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaced_by: Option<SprintId>,
    },
}

impl Event {
    /// What happened, as one word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SprintStart(_) => "sprint_start",
            Self::Claim(_) => "claim",
            Self::Reclaim { .. } => "reclaim",
            Self::ForceClaim { .. } => "force_claim",
            Self::Complete { .. } => "complete",
            Self::Fail { .. } => "fail",
            Self::Release { .. } => "release",
            Self::Retry { .. } => "retry",
            Self::Waive { .. } => "waive",
            Self::Invalidate { .. } => "invalidate",
            Self::StaleDetected(_) => "stale_detected",
            Self::Spend { .. } => "spend",
            Self::Note(Note::ConflictResolved { .. }) => "conflict_resolved",
            Self::Note(Note::Ship { .. }) => "ship",
            Self::Note(Note::GateRefused { .. }) => "gate_refused",
            Self::Archive { .. } => "archive",
        }
    }
}
