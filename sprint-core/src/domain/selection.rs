//! Which tickets a filter picks.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::config::TicketFilter;
use crate::domain::ticket::{Ticket, TicketStatus};
use crate::id::{TicketId, natural_key};

/// A filter asks for what a tracker does not have.
///
/// What it names is shown with escapes, so that no text of others acts on a terminal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeyondTracker {
    /// It has no projects.
    #[error("there are no projects here, and linear_filter.project names {0:?}")]
    Project(String),
    /// Its states have no names of their own.
    #[error(
        "states have no names of their own here, and linear_filter.states names {0:?}; use linear_filter.status"
    )]
    State(String),
}

impl TicketFilter {
    /// Every ticket in one of these states, whoever's it is.
    pub fn in_status(status: impl IntoIterator<Item = TicketStatus>) -> Self {
        Self {
            team: None,
            project: None,
            label: None,
            status: status.into_iter().collect(),
            states: BTreeSet::new(),
        }
    }

    /// Refuses what only trackers with projects and named states can do; for those that have
    /// neither.
    ///
    /// # Errors
    ///
    /// The first thing that the filter asks for and such a tracker does not have: passing over it
    /// would pick other tickets than were meant.
    pub fn without_names(&self) -> Result<(), BeyondTracker> {
        if let Some(project) = &self.project {
            return Err(BeyondTracker::Project(project.clone()));
        }
        match self.states.first() {
            Some(state) => Err(BeyondTracker::State(state.clone())),
            None => Ok(()),
        }
    }

    /// Whether a ticket is to be worked on: by status, and by label if one is named, ignoring
    /// case. Team, project and named states are for trackers that have them.
    pub fn picks(&self, ticket: &Ticket) -> bool {
        let wears = |wanted: &String| ticket.labels.iter().any(|l| l.eq_ignore_ascii_case(wanted));
        self.status.contains(&ticket.status) && self.label.as_ref().is_none_or(wears)
    }
}

/// The tickets that match, and every ticket they are blocked by, however far away; sorted by id.
pub fn select(tickets: &BTreeMap<TicketId, Ticket>, filter: &TicketFilter) -> Vec<Ticket> {
    let mut open: Vec<&Ticket> = tickets
        .values()
        .filter(|ticket| filter.picks(ticket))
        .collect();
    let mut picked = BTreeSet::new();
    while let Some(ticket) = open.pop() {
        if picked.insert(&ticket.id) {
            open.extend(ticket.blocked_by.iter().filter_map(|id| tickets.get(id)));
        }
    }
    let mut found: Vec<Ticket> = picked
        .into_iter()
        .filter_map(|id| tickets.get(id).cloned())
        .collect();
    found.sort_by(|a, b| natural_key(a.id.as_str()).cmp(&natural_key(b.id.as_str())));
    found
}
