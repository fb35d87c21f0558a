//! Reading where issues stand: together, and not from the past.
//!
//! While one request is under way, whoever wants to know about an issue waits; the next request
//! then asks for all of them at once. So many tickets that finish at the same time cost few
//! requests, and a single one does not wait for a timer.
//!
//! Answers of Linear lag behind writes. Every write leaves a [`Mark`] of what a later read has to
//! show; a read that shows less is repeated for as long as that is known to last.

mod mark;
mod observed;
mod queue;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use sprint_core::time::Timestamp;

use crate::call_error::{CallError, Problem};
use crate::comments;
use crate::link::Link;
use crate::once::LOOKS;
use crate::ops::states::{self, IssueState, IssueStates, Seen};
use crate::ops::{ById, ByIds, Operation as _};
use crate::pages::Pages;
use crate::reader::mark::Mark;
use crate::reader::queue::{Batch, Queue};

pub(crate) use observed::Observed;

/// What was read of an issue.
type Answer = Result<Arc<Observed>, CallError>;

/// How long what was read last may be given out again.
const RECENT: Duration = Duration::from_secs(1);

/// Reads issues; see the [module](self).
pub(crate) struct Reader {
    link: Arc<Link>,
    queue: Queue,
    /// Held by whoever has a request under way.
    turn: tokio::sync::Mutex<()>,
    marks: Mutex<BTreeMap<String, Mark>>,
}

impl Reader {
    pub(crate) fn new(link: &Arc<Link>) -> Self {
        Self {
            link: Arc::clone(link),
            queue: Queue::default(),
            turn: tokio::sync::Mutex::default(),
            marks: Mutex::default(),
        }
    }

    /// The issue as it is now, with everything that was written to it before the call.
    ///
    /// # Errors
    ///
    /// [`Problem::NotConfirmed`] if reads still do not show what was written when they ought to.
    pub(crate) async fn fresh(&self, uuid: &str) -> Answer {
        self.settled(uuid, |_| true).await
    }

    /// The issue as it is now, or was a moment ago and after the last write of ours.
    pub(crate) async fn recent(&self, uuid: &str) -> Answer {
        let now = self.link.client.now();
        let recent = self
            .marks()
            .get(uuid)
            .and_then(|mark| mark.recent(now, RECENT));
        match recent {
            Some(observed) => Ok(observed),
            None => self.fresh(uuid).await,
        }
    }

    /// Something was written to the issue, which had then changed at `updated`.
    pub(crate) fn wrote(&self, uuid: &str, updated: Option<Timestamp>) {
        let now = self.link.client.now();
        self.marks()
            .entry(uuid.to_owned())
            .or_default()
            .wrote(now, updated);
    }

    /// A comment was posted to the issue.
    pub(crate) fn posted(&self, uuid: &str, comment: &str) {
        let now = self.link.client.now();
        self.marks()
            .entry(uuid.to_owned())
            .or_default()
            .posted(now, comment);
    }

    /// Reads by identifier, for an issue that was never seen.
    pub(crate) async fn by_identifier(&self, identifier: &str) -> Answer {
        let observed = self.alone(identifier).await?;
        Ok(self.remember(Arc::new(observed)))
    }

    /// The issue as soon as it is as it ought to be, or as it is when it ought to be so long since.
    ///
    /// # Errors
    ///
    /// Those of [`fresh`](Self::fresh).
    pub(crate) async fn settled(
        &self,
        uuid: &str,
        good: impl Fn(&Observed) -> bool + Send + Sync,
    ) -> Answer {
        let mut last = None;
        for look in 0..LOOKS.len() {
            self.link.client.wait_for_look(&LOOKS, look).await;
            let observed = self.next(uuid).await?;
            let missing = self
                .marks()
                .get(uuid)
                .and_then(|mark| mark.misses(&observed));
            match missing {
                None if good(&observed) => return Ok(self.remember(observed)),
                missing => last = Some((observed, missing)),
            }
        }
        // It was written and answered; that reads do not show it may have any reason.
        let (observed, missing) = last.expect("there was a look");
        match missing {
            None => Ok(self.remember(observed)),
            Some(missing) => {
                self.marks().remove(uuid);
                let text = format!("{missing}; the last read showed {}", observed.shown());
                Err(CallError::new(
                    IssueStates::NAME,
                    Problem::NotConfirmed,
                    &text,
                ))
            }
        }
    }

    /// Reads once, together with whoever else waits.
    async fn next(&self, uuid: &str) -> Answer {
        let mut answer = self.queue.ask(uuid);
        loop {
            let turn = pin!(self.turn.lock());
            let turn = match select(answer, turn).await {
                Either::Left((answered, _)) => match answered {
                    Ok(answered) => return answered,
                    // The queue gives every place an answer, or it asks again.
                    Err(_) => {
                        answer = self.queue.ask(uuid);
                        continue;
                    }
                },
                Either::Right((turn, waiting)) => {
                    answer = waiting;
                    turn
                }
            };
            if let Some(answered) = answer.try_recv().ok().flatten() {
                return answered;
            }
            let batch = self.queue.take(states::BATCH);
            self.carry_out(batch).await;
            drop(turn);
        }
    }

    /// One request for all of a batch. What is not answered when this is dropped goes back to the
    /// queue.
    async fn carry_out(&self, mut batch: Batch<'_>) {
        let ids = batch.ids();
        if ids.is_empty() {
            return;
        }
        let begun = self.link.client.now();
        let variables = ByIds::new(ids);
        let read = self.link.client.read::<IssueStates>(&variables).await;
        let mut found = BTreeMap::new();
        match read {
            Ok(data) => {
                let nodes = data.issues.nodes.into_iter();
                found.extend(nodes.map(|seen| (seen.id.clone(), seen)));
            }
            Err(error) => {
                for id in &variables.ids {
                    batch.answer(id, &Err(error.clone()));
                }
            }
        }
        while let Some(id) = batch.next() {
            let answer = match found.remove(&id) {
                Some(seen) => self.complete(seen, begun).await,
                // Lists lag, and may leave out what there is.
                None => self.alone(&id).await,
            };
            batch.answer(&id, &answer.map(Arc::new));
        }
    }

    /// Asks for one issue by itself.
    async fn alone(&self, id: &str) -> Result<Observed, CallError> {
        let begun = self.link.client.now();
        let read = self.link.client.read::<IssueState>(&ById::new(id)).await;
        self.complete(read?.issue, begun).await
    }

    /// With all pages of comments.
    async fn complete(&self, mut seen: Seen, begun: Timestamp) -> Result<Observed, CallError> {
        let info = seen.comments.page_info.clone();
        let mut nodes = std::mem::take(&mut seen.comments.nodes);
        if let Some(after) = Pages::new(IssueStates::NAME).next(&info)? {
            nodes.extend(comments::pages(&self.link, &seen.id, Some(after)).await?);
        }
        let comments = comments::stored(&self.link, nodes).await?;
        Observed::new(seen, comments, begun)
    }

    fn remember(&self, observed: Arc<Observed>) -> Arc<Observed> {
        let mut marks = self.marks();
        let mark = marks.entry(observed.id.clone()).or_default();
        mark.seen(&observed);
        observed
    }

    fn marks(&self) -> MutexGuard<'_, BTreeMap<String, Mark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(&self.queue).finish()
    }
}
