//! The board as a file for people and tools.

use std::sync::PoisonError;
use std::time::Duration;

use crate::id::SprintId;
use crate::local::conductor::Inner;
use crate::local::disk::{Durability, replace};
use crate::phases::board::Board;

/// Up to this number of phases, the file follows every event.
const SMALL: usize = 64;

/// Larger boards are published at most this often.
const INTERVAL: Duration = Duration::from_millis(250);

impl Inner {
    /// Writes `board.json`; called with the turn. It is for looking at only, so that it cannot be
    /// written keeps nobody from working.
    pub(super) fn publish(&self, sprint: &SprintId, board: &Board) {
        let now = self.clock.now();
        let mut published = self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let large = board.graph().nodes().len() > SMALL;
        if large && published.is_some_and(|last| now >= last && now.since(last) < INTERVAL) {
            return;
        }
        *published = Some(now);
        drop(published);
        let view = self.look(sprint, board, |look| look.view());
        let path = self.directory(sprint).join("board.json");
        let written = serde_json::to_vec_pretty(&view)
            .map_err(std::io::Error::from)
            .and_then(|json| replace(&path, &json, Durability::Atomic));
        if let Err(error) = written {
            tracing::warn!(%error, "board.json cannot be written");
        }
    }
}
