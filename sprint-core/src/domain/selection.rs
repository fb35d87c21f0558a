//! Which tickets a filter picks.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::config::TicketFilter;
use crate::domain::ticket::Ticket;
use crate::id::{TicketId, natural_key};

impl TicketFilter {
    /// Whether a ticket is to be worked on: by status, and by label if one is named, ignoring
    /// case. The team is for trackers that have teams.
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
