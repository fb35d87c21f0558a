//! What the tracker shows.

use serde::{Deserialize, Serialize};

use crate::domain::evidence::EvidenceMarker;
use crate::domain::ticket::{Ticket, TicketStatus};

/// A ticket as the tracker shows it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketReality {
    /// Its status.
    pub status: TicketStatus,
    /// The markers of all evidence comments found on it, of those that others posted none.
    pub evidence: Vec<EvidenceMarker>,
}

/// A ticket was taken out of Done. Both texts are untrusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Who did it: the name of a person, or of an automation.
    pub by: String,
    /// The name of the state it was moved to.
    pub to: String,
}

/// Tickets that could be read, and entries that could not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The tickets, sorted by id.
    pub tickets: Vec<Ticket>,
    /// What could not be read, one message each, naming the place. They stop nothing else.
    pub malformed: Vec<String>,
}
