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
/// It has what reads:
///
/// ```
/// # use sprint_core::id::TicketId;
/// # use sprint_core::ports::{ReadOnlyTracker, Result};
/// async fn looks(tracker: &ReadOnlyTracker, id: &TicketId) -> Result<()> {
///     tracker.reality(id).await.map(drop)
/// }
/// ```
///
/// and no call that writes (E0599: there is no such method):
///
/// ```compile_fail,E0599
/// # use sprint_core::id::TicketId;
/// # use sprint_core::ports::{ReadOnlyTracker, Result};
/// # use sprint_core::run::effect::EffectKey;
/// async fn starts(tracker: &ReadOnlyTracker, id: &TicketId, key: &EffectKey) -> Result<()> {
///     tracker.start(id, key).await
/// }
/// ```
///
/// Nor is it a [`Tracker`] (E0277), so nothing that writes takes it:
///
/// ```compile_fail,E0277
/// # use sprint_core::ports::{ReadOnlyTracker, Tracker};
/// fn takes(_: impl Tracker) {}
/// fn gives(tracker: ReadOnlyTracker) {
///     takes(tracker);
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
