//! The validated, immutable input to a run.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::agent::Role;
use crate::domain::config::{CoordinationMode, SprintConfig};
use crate::domain::learning::Lessons;
use crate::domain::ticket::Ticket;
use crate::domain::verdict::LayerName;
use crate::id::{CommitId, ProblemId, SprintId, TicketId};
use crate::time::Timestamp;

/// What a sprint is going to do. It has no cycles, no unknown tickets and no missing agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SprintPlan {
    /// The sprint.
    pub sprint: SprintId,
    /// The problem it belongs to.
    pub problem: ProblemId,
    /// When it was planned.
    pub started_at: Timestamp,
    /// The configuration, as resolved at the start.
    pub config: SprintConfig,
    /// Head of base at the start.
    pub base: CommitId,
    /// How context and worker work together.
    pub mode: CoordinationMode,
    /// The roles there is an agent for.
    pub roles: BTreeSet<Role>,
    /// The tickets.
    pub tickets: BTreeMap<TicketId, TicketPlan>,
    /// Layers that the host adds; without all of them there is no proof.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub layers: BTreeSet<LayerName>,
    /// Whether the sprint before had to take back what its simplifier did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simplifier_regressed: bool,
    /// What sprints before this one taught. A host that knows adds it after planning.
    #[serde(default, skip_serializing_if = "Lessons::is_empty")]
    pub guidance: Lessons,
    /// What a person should know about the plan.
    pub warnings: Vec<String>,
}

impl SprintPlan {
    /// The tickets of this sprint that wait for a ticket.
    pub fn dependents(&self, id: &TicketId) -> &[TicketId] {
        let ticket = self.tickets.get(id);
        ticket.map_or(&[], |ticket| ticket.dependents.as_slice())
    }
}

/// One ticket and its place in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketPlan {
    /// The ticket.
    pub ticket: Ticket,
    /// The wave it is in, from 1: one more than the latest of its dependencies.
    pub wave: u32,
    /// Its place in the order in which ready tickets are started, from 0.
    pub rank: u32,
    /// Tickets of this sprint that come before it.
    pub dependencies: Vec<TicketId>,
    /// Tickets of this sprint that wait for it.
    pub dependents: Vec<TicketId>,
    /// A ticket outside this sprint that it waits for in vain.
    pub unmet: Option<TicketId>,
}
