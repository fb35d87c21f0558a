//! One line of a journal.

use serde::{Deserialize, Serialize};

use crate::local::frame;
use crate::run::snapshot::Delta;

/// One committed change.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Record {
    /// Grows by one with every line, also from one generation to the next.
    pub(super) seq: u64,
    /// The lease it was written under.
    pub(super) epoch: u64,
    /// The change.
    pub(super) delta: Delta,
}

/// The line of a record.
pub(super) fn encode(seq: u64, epoch: u64, delta: &Delta) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Line<'a> {
        seq: u64,
        epoch: u64,
        delta: &'a Delta,
    }
    frame::encode(&Line { seq, epoch, delta })
}
