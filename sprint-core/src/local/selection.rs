//! Which tickets a filter picks.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::config::TicketFilter;
use crate::domain::ticket::Ticket;
use crate::id::{TicketId, natural_key};

/// The tickets that match, and every ticket they are blocked by, however far away; sorted by id.
/// The team is ignored.
pub(crate) fn select(tickets: &BTreeMap<TicketId, Ticket>, filter: &TicketFilter) -> Vec<Ticket> {
    let has_label = |ticket: &Ticket, wanted: &String| {
        let equal = |label: &String| label.eq_ignore_ascii_case(wanted);
        ticket.labels.iter().any(equal)
    };
    let matches = |ticket: &&Ticket| {
        let label = filter.label.as_ref();
        filter.status.contains(&ticket.status) && label.is_none_or(|label| has_label(ticket, label))
    };
    let mut open: Vec<&Ticket> = tickets.values().filter(matches).collect();
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
