//! The contract of [`Clock`].

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join;

use crate::ports::Clock;
use crate::time::Timestamp;

const SHORT: Duration = Duration::from_millis(5);

/// Every check. It waits a few milliseconds, as this clock counts them.
pub async fn all(clock: &dyn Clock) {
    time_never_goes_back(clock).await;
    the_past_is_not_waited_for(clock).await;
    nobody_wakes_early(clock).await;
}

/// Every reading is at or after the one before, with and without a wait between them.
pub async fn time_never_goes_back(clock: &dyn Clock) {
    let mut last = clock.now();
    for reading in 0..100 {
        if reading % 50 == 0 {
            clock.sleep_until(last.after(SHORT)).await;
        }
        let now = clock.now();
        assert!(now >= last, "{now} after {last}");
        last = now;
    }
}

/// A time that has come returns without ever pending.
pub async fn the_past_is_not_waited_for(clock: &dyn Clock) {
    for at in [Timestamp::from_millis(0), clock.now()] {
        let slept = clock.sleep_until(at).now_or_never();
        assert!(slept.is_some(), "{at} is not in the future");
    }
}

/// A sleeper returns when its time has come, also when others wait for other times.
pub async fn nobody_wakes_early(clock: &dyn Clock) {
    let (soon, later) = (clock.now().after(SHORT), clock.now().after(SHORT * 3));
    let woken = async |at| {
        clock.sleep_until(at).await;
        let now = clock.now();
        assert!(now >= at, "woken at {now}, before {at}");
    };
    join(woken(later), woken(soon)).await;
}
