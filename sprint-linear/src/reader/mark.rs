//! What reads of an issue have to show by now.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sprint_core::time::Timestamp;

use crate::reader::Observed;

/// What was written to an issue, and what was read after that.
#[derive(Debug, Default)]
pub(crate) struct Mark {
    /// When it had changed by the answer to our last write, by Linear's clock.
    updated: Option<Timestamp>,
    /// Comments that were posted and not seen yet.
    comments: BTreeSet<String>,
    /// When our last write was answered, by our clock.
    wrote: Option<Timestamp>,
    /// What was read last.
    latest: Option<Arc<Observed>>,
}

impl Mark {
    pub(crate) fn wrote(&mut self, now: Timestamp, updated: Option<Timestamp>) {
        self.updated = self.updated.max(updated);
        self.wrote = Some(now);
        self.latest = None;
    }

    pub(crate) fn posted(&mut self, now: Timestamp, comment: &str) {
        self.comments.insert(comment.to_owned());
        self.wrote = Some(now);
        self.latest = None;
    }

    /// What a read does not show yet; `None` if it is not from the past.
    pub(crate) fn misses(&self, observed: &Observed) -> Option<&'static str> {
        let there = |id: &String| observed.comments.iter().any(|comment| comment.id == *id);
        if self
            .updated
            .is_some_and(|updated| observed.updated < updated)
        {
            Some("what was written does not show")
        } else if !self.comments.iter().all(there) {
            Some("a comment that was posted does not show")
        } else {
            None
        }
    }

    /// Takes in a read that misses nothing. Comments that were seen once may be deleted later.
    pub(crate) fn seen(&mut self, observed: &Arc<Observed>) {
        for comment in &observed.comments {
            self.comments.remove(&comment.id);
        }
        let newer = |latest: &Arc<Observed>| latest.begun <= observed.begun;
        let after = self.wrote.is_none_or(|wrote| observed.begun >= wrote);
        if after && self.latest.as_ref().is_none_or(newer) {
            self.latest = Some(Arc::clone(observed));
        }
    }

    /// What was read last, if it was begun not longer than `within` ago, and after our last write.
    pub(crate) fn recent(&self, now: Timestamp, within: Duration) -> Option<Arc<Observed>> {
        let latest = self.latest.as_ref()?;
        (now.since(latest.begun) < within).then(|| Arc::clone(latest))
    }
}
