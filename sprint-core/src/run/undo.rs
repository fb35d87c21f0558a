//! Taking landed tickets back off base, and landing them again.
//!
//! A person finds out afterwards that a ticket is bad. What was built on it goes with it, and base
//! still moves only to a tree that passed the gate.

use std::collections::BTreeSet;

use crate::id::TicketId;

/// What has to go if `ticket` goes: it and every merged ticket that depends on it, directly or
/// not, the last one merged first.
pub fn closure<'a>(
    ticket: &'a TicketId,
    dependents: impl Fn(&TicketId) -> &'a [TicketId],
    merge_order: &[TicketId],
) -> Vec<TicketId> {
    let mut open = vec![ticket];
    let mut all = BTreeSet::new();
    while let Some(next) = open.pop() {
        if all.insert(next) {
            open.extend(dependents(next));
        }
    }
    let merged = merge_order.iter().rev();
    merged.filter(|id| all.contains(id)).cloned().collect()
}

#[cfg(test)]
#[path = "undo_tests.rs"]
mod tests;
