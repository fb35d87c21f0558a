//! The whole of what goes on, for people and for the run machine.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::audit::BranchFacts;
use crate::domain::ticket::TicketStatus;
use crate::id::{BranchName, CommitId, TicketId};
use crate::resume::decide::Decision;
use crate::resume::drift::Drift;
use crate::resume::matrix::Action;

/// What a ticket that is not done again saves, in US dollars, as the pipeline estimates it
/// (spec 15.7).
const SAVED_USD: (u32, u32) = (5, 15);

/// What becomes of every ticket of a sprint that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// How base moved.
    pub drift: Drift,
    /// Each ticket that was looked up.
    pub tickets: BTreeMap<TicketId, Row>,
    /// Branches of the sprint that belong to no ticket of it.
    pub orphans: Vec<BranchName>,
    /// What a person should know about the repository.
    pub notes: Vec<String>,
}

/// What becomes of one ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The stage that was saved.
    pub stage: &'static str,
    /// What the tracker shows; `None` if it has no such ticket.
    pub status: Option<TicketStatus>,
    /// What is done, and why.
    #[serde(flatten)]
    pub decision: Decision,
    /// The merge commit, if it landed and that was not saved.
    pub landed_at: Option<CommitId>,
    /// What was found of its branch.
    pub branch: Option<BranchFacts>,
    /// The fewest agents that will run for it.
    pub agents: u32,
}

impl Reconciliation {
    /// The tickets with an action.
    pub fn with(&self, action: Action) -> impl Iterator<Item = &TicketId> {
        let tickets = self.tickets.iter();
        tickets
            .filter(move |(_, row)| row.decision.action == action)
            .map(|(id, _)| id)
    }

    /// The fewest agents that will run for all tickets together.
    pub fn agents(&self) -> u32 {
        self.tickets.values().map(|row| row.agents).sum()
    }

    /// What not doing the skipped tickets again saves, from and to, in US dollars.
    pub fn saved_usd(&self) -> (u32, u32) {
        let skipped = u32::try_from(self.with(Action::Skip).count()).unwrap_or(u32::MAX);
        let (from, to) = SAVED_USD;
        (from.saturating_mul(skipped), to.saturating_mul(skipped))
    }
}
