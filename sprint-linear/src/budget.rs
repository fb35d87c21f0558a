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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use sprint_core::ports::Clock;
use sprint_core::time::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

use told::Told;
pub use told::{Allowance, Window};

/// Reads under way at once.
const READS: usize = 4;
/// Calls of one thing that is done to a ticket, at most.
const CALLS: u64 = 8;
/// Longest single wait that is announced.
pub(crate) const LONGEST: Duration = Duration::from_secs(15 * 60);
/// A limit without a time is waited out so long.
const UNTOLD: Duration = Duration::from_secs(5);

/// What a user may still ask of Linear. Clones share it.
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
    next: Timestamp,
    /// When somebody who waits for the allowance to refill may come back, if others do.
    reads_queue: Timestamp,
    writes_queue: Timestamp,
    /// When somebody who waits to begin something may come back, if others do.
    begin_queue: Timestamp,
    /// Calls under way, and their points.
    flying: (u64, u64),
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

    /// How long `wanted` take to refill.
    fn refill(&self, wanted: u64) -> Duration {
        Duration::from_millis(wanted.saturating_mul(HOUR_MS) / self.window.limit.max(1) + 1)
    }

    /// What a use may not touch.
    const fn reserve(&self, for_what: Use) -> u64 {
        match for_what {
            Use::Read => self.window.limit / 10,
            Use::Write => 0,
        }
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

/// Why a call may not go yet, and when it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The service said so.
    Told(Timestamp),
    /// The allowance is spread, or has to refill.
    Refill(Timestamp),
}

#[cfg(test)]
impl Wait {
    /// When it is over.
    pub(crate) const fn until(self) -> Timestamp {
        match self {
            Self::Told(at) | Self::Refill(at) => at,
        }
    }
}

/// A call that may go. It is under way until this is dropped.
#[derive(Debug)]
pub(crate) struct Admitted<'a> {
    budget: &'a Budget,
    points: u64,
    _place: SemaphorePermit<'a>,
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        state.flying.0 -= 1;
        state.flying.1 -= self.points;
    }
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

    /// How long to wait between two looks at a tracker, if `sharers` sprints look at it.
    ///
    /// All of them together use a tenth of what refills; half of that where less than half of the
    /// allowance is left, a quarter below a fifth, an eighth below a tenth. At least 30 seconds,
    /// at most 15 minutes.
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

    /// Waits for a place among the calls under way, then says whether the call may go; else when
    /// to ask again. Who is told a time is expected back then: others are told later ones.
    pub(crate) async fn admit(
        &self,
        operation: &'static str,
        for_what: Use,
        points: u32,
        clock: &dyn Clock,
    ) -> Result<Admitted<'_>, Wait> {
        let places = match for_what {
            Use::Read => &self.0.reads,
            Use::Write => &self.0.writes,
        };
        let place = places.acquire().await.expect("the places are never closed");
        let points = u64::from(points);
        self.state()
            .admit(operation, for_what, points, clock.now())?;
        Ok(Admitted {
            budget: self,
            points,
            _place: place,
        })
    }

    /// Whether something may be begun that takes several calls; else when to ask again. What has
    /// begun is not given back for want of allowance: it would begin anew and use up what the
    /// others wait for. Who is told a time is expected back then.
    pub(crate) fn begin(&self, now: Timestamp) -> Result<(), Timestamp> {
        let mut state = self.state();
        if let Some(until) = state.held.filter(|at| *at > now) {
            return Err(until);
        }
        let Some(requests) = state.requests else {
            return Ok(());
        };
        // What is under way needs the same.
        let wanted = CALLS * (1 + state.flying.0);
        let left = requests.left(now);
        if left >= wanted {
            return Ok(());
        }
        let at = now
            .after(requests.refill(wanted - left))
            .max(state.begin_queue);
        state.begin_queue = at.after(requests.refill(CALLS));
        Err(at.min(now.after(LONGEST)))
    }

    /// Takes in what the answer to `call` tells in its headers.
    pub(crate) fn learn(&self, call: &Admitted<'_>, headers: &HeaderMap, now: Timestamp) {
        let told = Told::read(headers);
        let mut state = self.state();
        if let Some(date) = told.date {
            state.skew = offset(date, now);
        }
        let skew = state.skew;
        // Calls that are still under way may be in these numbers, or not.
        let (requests, points) = state.flying;
        let count = |window: Window, sent| Counted {
            window: Window {
                reset: ours(window.reset, skew),
                ..window
            },
            at: now,
            sent,
        };
        if let Some(window) = told.requests {
            state.requests = Some(count(window, requests - 1));
        }
        if let Some(window) = told.points {
            state.points = Some(count(window, points - call.points));
        }
    }

    /// Takes in that the service refused a call for its rate, and returns until when to wait.
    ///
    /// That is the latest reset that the answer names for what is used up, or its `Retry-After`,
    /// or 5 seconds; by our clock, at least a second and at most 15 minutes away. Up to a tenth is
    /// added by the name of the operation, so that not all come back at once.
    pub(crate) fn refused(
        &self,
        operation: &'static str,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Timestamp {
        let told = Told::read(headers);
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

    /// The time by the server's clock when it is `now` by ours.
    pub(crate) fn theirs(&self, now: Timestamp) -> Timestamp {
        let skew = self.state().skew;
        Timestamp::from_millis(now.as_millis().saturating_add_signed(skew))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Plain numbers: whoever panicked left nothing half done that matters.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn admit(
        &mut self,
        operation: &'static str,
        for_what: Use,
        points: u64,
        now: Timestamp,
    ) -> Result<(), Wait> {
        let told = [self.held, self.endpoints.get(operation).copied()];
        if let Some(until) = told.into_iter().flatten().filter(|at| *at > now).max() {
            return Err(Wait::Told(until));
        }
        let counted = [(self.requests, 1), (self.points, points)];
        let counted = counted
            .into_iter()
            .filter_map(|(counted, cost)| Some((counted?, cost)));
        let (mut missing, mut spread) = (Duration::ZERO, Duration::ZERO);
        let mut interval = Duration::ZERO;
        for (counted, cost) in counted {
            let (left, wanted) = (counted.left(now), counted.reserve(for_what) + cost);
            if left < wanted {
                missing = missing.max(counted.refill(wanted - left));
            }
            if for_what == Use::Read && left < counted.window.limit / 5 {
                spread = spread.max(counted.refill(cost));
            }
            interval = interval.max(counted.refill(cost));
        }
        let queue = match for_what {
            Use::Read => &mut self.reads_queue,
            Use::Write => &mut self.writes_queue,
        };
        if !missing.is_zero() {
            let at = now.after(missing).max(*queue);
            *queue = at.after(interval);
            return Err(Wait::Refill(at.min(now.after(LONGEST))));
        }
        if !spread.is_zero() {
            if self.next > now {
                let at = self.next.max(*queue);
                *queue = at.after(spread);
                return Err(Wait::Refill(at));
            }
            self.next = now.after(spread);
        }
        for (counted, cost) in [(&mut self.requests, 1), (&mut self.points, points)] {
            if let Some(counted) = counted {
                counted.sent += cost;
            }
        }
        self.flying.0 += 1;
        self.flying.1 += points;
        Ok(())
    }
}

/// `theirs` less `ours`, in milliseconds; what the full seconds of a header can hide is none.
fn offset(theirs: Timestamp, ours: Timestamp) -> i64 {
    let signed = |at: Timestamp| i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    let offset = signed(theirs) - signed(ours);
    if offset.abs() < 2_000 { 0 } else { offset }
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

#[cfg(test)]
mod tests;
