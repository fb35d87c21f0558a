//! The allowance that all calls of a user share.
//!
//! Linear counts requests and complexity points per user and hour, over all keys and programs, and
//! tells in the headers of every answer what is left. Nothing here is counted that can be read
//! there: between answers the last told numbers are carried forward, less what was sent since and
//! plus what refills meanwhile. A [`Budget`] is given to every tracker of a process, so that
//! sprints side by side do not each believe that they have all of it.
//!
//! | What is left | Reads | Writes |
//! | --- | --- | --- |
//! | more than a fifth | go | go |
//! | down to a tenth | spread at the rate at which the allowance refills | go |
//! | less | held until it has refilled | go |
//! | nothing, or the service said so | held | held |
//!
//! The last tenth is kept for writes: finishing a ticket and taking things back must not starve
//! for want of reading.

mod told;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use sprint_core::time::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

pub use told::{Allowance, Window};

/// Reads under way at once.
const READS: usize = 4;
/// Longest single wait that is announced.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// A limit without a time is waited out so long.
const UNTOLD: Duration = Duration::from_secs(5);

/// What a user may still ask of Linear; see the [module](self). Clones share it.
#[derive(Clone)]
pub struct Budget(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    reads: Semaphore,
    writes: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    requests: Option<Counted>,
    points: Option<Counted>,
    /// Nothing goes before.
    held: Option<Timestamp>,
    /// Nothing of this operation goes before.
    endpoints: BTreeMap<&'static str, Timestamp>,
    /// When the next spread read may go.
    next: Option<Timestamp>,
    /// The server's clock less ours, in milliseconds.
    skew: i64,
}

/// A window as it was told, and what was sent since.
#[derive(Clone, Copy, Debug)]
struct Counted {
    window: Window,
    at: Timestamp,
    sent: u64,
}

impl Counted {
    /// What is left now.
    fn left(&self, now: Timestamp) -> u64 {
        let Window {
            limit, remaining, ..
        } = self.window;
        let refilled = if now >= self.window.reset {
            limit
        } else {
            let elapsed = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
            limit.saturating_mul(elapsed) / HOUR_MS
        };
        remaining
            .saturating_add(refilled)
            .min(limit)
            .saturating_sub(self.sent)
    }

    /// Until `wanted` are left.
    fn wait(&self, wanted: u64, now: Timestamp) -> Duration {
        let missing = wanted.saturating_sub(self.left(now));
        let refill = missing.saturating_mul(HOUR_MS) / self.window.limit.max(1);
        Duration::from_millis(refill + 1)
    }
}

const HOUR_MS: u64 = 3_600_000;

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Looking.
    Read,
    /// Finishing or taking back: may use the reserve.
    Write,
}

impl Budget {
    /// A budget of which nothing is known yet.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            reads: Semaphore::new(READS),
            writes: Semaphore::new(1),
        }))
    }

    /// What was told last, carried forward to `now`. `None` before the first answer.
    pub fn allowance(&self, now: Timestamp) -> Option<Allowance> {
        let state = self.state();
        let left = |counted: Counted| Window {
            remaining: counted.left(now),
            ..counted.window
        };
        Some(Allowance {
            requests: left(state.requests?),
            points: state.points.map(left),
        })
    }

    /// How long to wait between two looks at a tracker, so that all who look, `sharers` of them,
    /// use at most a tenth of what refills, or twice that interval for each step the allowance
    /// is low; between 30 seconds and 15 minutes.
    pub fn poll_interval(&self, sharers: u32, now: Timestamp) -> Duration {
        const SHORTEST: Duration = Duration::from_secs(30);
        let Some(allowance) = self.allowance(now) else {
            return SHORTEST;
        };
        let Window {
            limit, remaining, ..
        } = allowance.requests;
        let limit = limit.max(1);
        let tenth = Duration::from_millis(HOUR_MS * 10 * u64::from(sharers.max(1)) / limit);
        let scarce = match remaining * 10 / limit {
            0 => 8,
            1 => 4,
            2..5 => 2,
            _ => 1,
        };
        (tenth * scarce).clamp(SHORTEST, LONGEST)
    }

    /// A place among the calls under way.
    pub(crate) async fn place(&self, for_what: Use) -> SemaphorePermit<'_> {
        let places = match for_what {
            Use::Read => &self.0.reads,
            Use::Write => &self.0.writes,
        };
        places.acquire().await.expect("the places are never closed")
    }

    /// Whether a call may go now; else when. What may go is counted as sent.
    pub(crate) fn admit(
        &self,
        operation: &'static str,
        for_what: Use,
        points: u32,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let mut state = self.state();
        let state = &mut *state;
        let told = [state.held, state.endpoints.get(operation).copied()];
        if let Some(until) = told.into_iter().flatten().filter(|at| *at > now).max() {
            return Err(until);
        }
        let counted = [(&state.requests, 1), (&state.points, u64::from(points))];
        let mut scarce = None;
        for (counted, cost) in counted {
            let Some(counted) = counted else { continue };
            let limit = counted.window.limit;
            let reserve = match for_what {
                Use::Read => limit / 10,
                Use::Write => 0,
            };
            let left = counted.left(now);
            if left < reserve + cost {
                return Err(now.after(counted.wait(reserve + cost, now).min(LONGEST)));
            }
            if for_what == Use::Read && left < limit / 5 {
                scarce = scarce.max(Some(cost * HOUR_MS / limit.max(1)));
            }
        }
        if let Some(interval) = scarce {
            let next = state.next.unwrap_or_default().max(now);
            if next > now {
                return Err(next);
            }
            state.next = Some(now.after(Duration::from_millis(interval)));
        }
        for (counted, cost) in [
            (&mut state.requests, 1),
            (&mut state.points, u64::from(points)),
        ] {
            if let Some(counted) = counted {
                counted.sent += cost;
            }
        }
        Ok(())
    }

    /// Takes in what an answer tells in its headers.
    pub(crate) fn learn(&self, headers: &HeaderMap, now: Timestamp) {
        let told = told::Told::read(headers);
        let mut state = self.state();
        if let Some(date) = told.date {
            state.skew = offset(date, now);
        }
        let skew = state.skew;
        let count = |window: Window| Counted {
            window: Window {
                reset: ours(window.reset, skew),
                ..window
            },
            at: now,
            sent: 0,
        };
        if let Some(window) = told.requests {
            state.requests = Some(count(window));
        }
        if let Some(window) = told.points {
            state.points = Some(count(window));
        }
    }

    /// Takes in that the service refused a call for its rate, and returns until when to wait.
    ///
    /// That is the latest reset that the answer names for what is used up, or its `Retry-After`,
    /// or 5 seconds; by our clock, at least a second and at most 15 minutes away. A tenth is added
    /// by the name of the operation, so that not all come back at once.
    pub(crate) fn refused(
        &self,
        operation: &'static str,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Timestamp {
        let told = told::Told::read(headers);
        let mut state = self.state();
        let skew = state.skew;
        let used_up = |window: &Window| window.remaining == 0;
        let resets = [told.requests, told.points, told.endpoint];
        let resets = resets.into_iter().flatten().filter(used_up);
        let reset = resets.map(|window| ours(window.reset, skew)).max();
        let retry = told.retry_after.map(|wait| now.after(wait));
        let until = reset.max(retry).unwrap_or_else(|| now.after(UNTOLD));
        let wait = until.since(now).clamp(Duration::from_secs(1), LONGEST);
        let spread = operation.bytes().map(u32::from).sum::<u32>() % 100;
        let until = now.after(wait + wait * spread / 1000);
        let whole = |window: Option<Window>| window.as_ref().is_some_and(used_up);
        let only_this = told.endpoint.is_some() && !whole(told.requests) && !whole(told.points);
        if only_this {
            state.endpoints.insert(operation, until);
        } else {
            state.held = state.held.max(Some(until));
        }
        until
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Plain numbers: whoever panicked left nothing half done that matters.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `theirs` less `ours`, in milliseconds.
fn offset(theirs: Timestamp, ours: Timestamp) -> i64 {
    let signed = |at: Timestamp| i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    signed(theirs) - signed(ours)
}

/// A time by the server's clock, by ours.
fn ours(theirs: Timestamp, skew: i64) -> Timestamp {
    Timestamp::from_millis(theirs.as_millis().saturating_add_signed(-skew))
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Budget").field(&*self.state()).finish()
    }
}
