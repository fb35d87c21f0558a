//! A tracker that can only be read.

use std::fmt;
use std::sync::Arc;

use crate::domain::config::TicketFilter;
use crate::domain::evidence::Comment;
use crate::domain::reality::{Fetched, TicketReality};
use crate::id::TicketId;
use crate::ports::{Result, Tracker};

/// A tracker of which only the reading calls can be made: whoever holds one cannot write.
///
/// It is not a [`Tracker`], so nothing that writes takes it:
///
/// ```compile_fail
/// # use sprint_core::id::TicketId;
/// # use sprint_core::ports::ReadOnlyTracker;
/// async fn closes(tracker: &ReadOnlyTracker, id: &TicketId) {
///     tracker.start(id, todo!()).await.unwrap();
/// }
/// ```
#[derive(Clone)]
pub struct ReadOnlyTracker(Arc<dyn Tracker>);

impl ReadOnlyTracker {
    /// Leaves the reading calls of a tracker.
    pub fn new(tracker: Arc<dyn Tracker>) -> Self {
        Self(tracker)
    }

    /// As [`Tracker::tickets`].
    pub async fn tickets(&self, filter: &TicketFilter) -> Result<Fetched> {
        self.0.tickets(filter).await
    }

    /// As [`Tracker::reality`].
    pub async fn reality(&self, id: &TicketId) -> Result<TicketReality> {
        self.0.reality(id).await
    }

    /// As [`Tracker::comments`].
    pub async fn comments(&self, id: &TicketId) -> Result<Vec<Comment>> {
        self.0.comments(id).await
    }
}

impl fmt::Debug for ReadOnlyTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadOnlyTracker").field(&self.0).finish()
    }
}

impl fmt::Display for ReadOnlyTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
