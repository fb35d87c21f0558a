//! The sprint as a whole: the small part of the state that many changes touch.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::agent::Role;
use crate::domain::verdict::{FindingKind, LayerId};
use crate::id::{CommitId, TicketId};
use crate::resume::Recovery;
use crate::run::baseline::Baseline;
use crate::run::effect::{EffectId, Step};
use crate::run::spending::{Reservation, Used};
use crate::time::Timestamp;

/// Where the sprint stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SprintState {
    /// The phase.
    pub phase: Phase,
    /// Tickets on base, in the order in which they were merged.
    pub merge_order: Vec<TicketId>,
    /// Where base was last seen, or put.
    pub base_head: CommitId,
    /// What the gate says about base; `None` until it ran there, or where it is not to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Box<Baseline>>,
    /// What was spent.
    pub counters: Counters,
    /// Steps of the sprint that must wait, and until when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub holds: BTreeMap<Step, Timestamp>,
    /// No agent starts before this time: the provider limits the rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents_paused_until: Option<Timestamp>,
    /// Agents that were started and of which nothing was heard yet, with what is kept for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reserved: BTreeMap<EffectId, Reservation>,
    /// Consecutive failures of infrastructure around a step of the sprint.
    #[serde(default)]
    pub retries: u32,
    /// The times at which a saved sprint went on, the latest ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recoveries: Vec<Recovery>,
    /// Whether the tracker has to be looked at: is what was closed still Done?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sweep_due: bool,
    /// How often that was done.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sweeps: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The phases of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// The safety tag is being set.
    Preflight,
    /// The gate runs on base.
    Baseline,
    /// Tickets are worked on.
    Tickets,
    /// Verified tickets are combined, checked together, and landed.
    Integrating,
    /// Verified work waits until a person makes room for it.
    Parked {
        /// What has to be done.
        reason: String,
    },
    /// A person has a ticket taken back off base, or landed again.
    Undoing,
    /// Leftovers are being removed.
    Tidying {
        /// How it will end.
        ending: Ending,
    },
    /// Over.
    Complete {
        /// How it ended.
        ending: Ending,
    },
}

impl SprintState {
    /// Lets no agent start before this time, or before a later one that was set already.
    pub(super) fn pause_agents(&mut self, until: Timestamp) {
        self.agents_paused_until = self.agents_paused_until.max(Some(until));
    }
}

impl Phase {
    /// Whether a sprint that goes on in this phase is compared with what is outside first: not if it
    /// is over, or only takes back what landed.
    pub(crate) const fn is_reconciled(&self) -> bool {
        match self {
            Self::Preflight
            | Self::Baseline
            | Self::Tickets
            | Self::Integrating
            | Self::Parked { .. }
            | Self::Tidying {
                ending: Ending::Finished,
            } => true,
            Self::Undoing | Self::Tidying { .. } | Self::Complete { .. } => false,
        }
    }

    /// The name the pipeline gives the phase in its state file.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Preflight | Self::Baseline => "0-preflight",
            Self::Tickets => "2-implementation",
            Self::Integrating => "4.5-integration",
            Self::Parked { .. } => "4-merge",
            Self::Undoing => "5-build-gate",
            Self::Tidying { .. } => "8-retrospective",
            Self::Complete {
                ending: Ending::Finished,
            } => "complete",
            Self::Complete {
                ending: Ending::SafetyStop { .. } | Ending::Cancelled,
            } => "safety-stopped",
        }
    }
}

/// How a sprint ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// It went through to the end.
    Finished,
    /// It stopped because going on could lose work or spend without end.
    SafetyStop {
        /// Why.
        reason: String,
    },
    /// A person cancelled it.
    Cancelled,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("finished"),
            Self::SafetyStop { reason } => write!(f, "stopped: {reason}"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

/// What the sprint has spent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Agents started, by role, over all restarts.
    pub agents: BTreeMap<Role, u64>,
    /// What they cost, in millionths of a US dollar, as far as it is known.
    pub cost_micro_usd: u64,
    /// What those may have cost that nobody heard the end of: as much as was kept for them.
    #[serde(default)]
    pub presumed_micro_usd: u64,
    /// What they used, by role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub used: BTreeMap<Role, Used>,
    /// Gate runs on base and on combinations.
    pub gates: u64,
    /// Gate runs that were not made, because an earlier one holds.
    #[serde(default)]
    pub gates_reused: u64,
    /// What the layers caught: failed attempts, by layer and by what was found first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub caught: BTreeMap<LayerId, BTreeMap<FindingKind, u64>>,
    /// Times the work of a simplifier was taken back.
    #[serde(default)]
    pub simplifier_reverts: u64,
    /// Times a circuit breaker brought in a fresh agent.
    pub breaker_trips: u64,
}
