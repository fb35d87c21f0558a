//! What is kept about a sprint that went on (spec 15.7).

use serde::{Deserialize, Serialize};

use crate::id::TicketId;
use crate::resume::drift::Drift;
use crate::resume::matrix::Action;
use crate::resume::reconciliation::Reconciliation;
use crate::time::Timestamp;

/// The most of these that are kept, the latest ones.
pub const MOST_RECOVERIES: usize = 100;

/// One time a saved sprint went on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// When.
    pub resumed_at: Timestamp,
    /// The phase it was in.
    pub original_phase: String,
    /// How base had moved.
    pub base: Drift,
    /// Tickets with nothing to do.
    pub tickets_skipped: Vec<TicketId>,
    /// Tickets whose agents go on, or begin.
    pub tickets_reimplemented: Vec<TicketId>,
    /// Tickets that are verified.
    pub tickets_reverified: Vec<TicketId>,
    /// Tickets marked Done once more.
    pub tickets_repaired: Vec<TicketId>,
    /// Tickets that stay stuck.
    pub tickets_stuck: Vec<TicketId>,
}

impl Recovery {
    /// What is kept of a reconciliation.
    pub fn new(resumed_at: Timestamp, original_phase: String, of: &Reconciliation) -> Self {
        let with = |action| of.with(action).cloned().collect();
        Self {
            resumed_at,
            original_phase,
            base: of.drift,
            tickets_skipped: with(Action::Skip),
            tickets_reimplemented: with(Action::ReImplement),
            tickets_reverified: with(Action::ReVerify),
            tickets_repaired: with(Action::RepairStatus),
            tickets_stuck: with(Action::Stuck),
        }
    }
}
