//! Time that passes when a test says so.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::poll_fn;

use crate::ports::Clock;
use crate::time::Timestamp;

/// A clock that stands still until it is told to go on. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<Mutex<Time>>);

#[derive(Debug)]
struct Time {
    now: Timestamp,
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
    slept: u64,
}

impl FakeClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Time {
            now,
            sleepers: BTreeMap::new(),
            slept: 0,
        })))
    }

    /// Lets time pass, and wakes who slept until then.
    pub fn advance(&self, by: Duration) {
        let now = self.time().now.after(by);
        self.set(now);
    }

    /// Sets the clock back, as a clock of a machine may be.
    pub fn turn_back(&self, by: Duration) {
        let mut time = self.time();
        let back = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        time.now = Timestamp::from_millis(time.now.as_millis().saturating_sub(back));
    }

    /// Goes to the moment for which somebody waits first; false if nobody waits.
    pub fn advance_to_next(&self) -> bool {
        let next = self.time().sleepers.keys().next().map(|(at, _)| *at);
        next.is_some_and(|at| {
            self.set(at);
            true
        })
    }

    /// Drives a future to its end, advancing the clock whenever all there is left to do is wait.
    ///
    /// # Panics
    ///
    /// If it waits for something other than time: nobody else will come.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            assert!(
                self.advance_to_next(),
                "waits for something other than time"
            );
        }
    }

    fn next_sleeper(&self) -> u64 {
        let mut time = self.time();
        time.slept += 1;
        time.slept
    }

    fn set(&self, now: Timestamp) {
        let mut time = self.time();
        time.now = time.now.max(now);
        let now = time.now;
        let later = time.sleepers.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut time.sleepers, later);
        drop(time);
        due.into_values().for_each(Waker::wake);
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a sleeper out again when its future is dropped.
struct Sleep<'a>(&'a FakeClock, (Timestamp, u64));

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        self.0.time().sleepers.remove(&self.1);
    }
}

#[async_trait]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.time().now
    }

    async fn sleep_until(&self, at: Timestamp) {
        let sleep = Sleep(self, (at, self.next_sleeper()));
        poll_fn(|cx| {
            let mut time = self.time();
            if time.now >= at {
                return Poll::Ready(());
            }
            time.sleepers.insert(sleep.1, cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let clock = FakeClock::new(Timestamp::from_millis(0));
        let mut sleep = clock.sleep_until(Timestamp::from_millis(10));
        assert!((&mut sleep).now_or_never().is_none());
        clock.advance(Duration::from_millis(9));
        assert!((&mut sleep).now_or_never().is_none());
        clock.advance(Duration::from_millis(1));
        assert!(sleep.now_or_never().is_some());
        assert!(!clock.advance_to_next(), "nobody waits any more");
    }
}
