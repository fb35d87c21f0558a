//! The port to time.

use std::fmt;
use std::sync::mpsc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use futures_channel::oneshot;

use crate::time::Timestamp;

/// Tells the time and waits.
///
/// # Contract
///
/// `sleep_until` returns no earlier than `at`; a time in the past returns at once.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Waits until `at`.
    async fn sleep_until(&self, at: Timestamp);
}

/// The clock of the machine. Works under any async runtime: waits on a thread of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where time is read"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    async fn sleep_until(&self, at: Timestamp) {
        loop {
            let wait = at.since(self.now());
            if wait.is_zero() {
                return;
            }
            let (wake, woken) = oneshot::channel::<()>();
            // Dropping `woken` drops `cancelled` with this future, which ends the thread early.
            let (cancelled, gone) = mpsc::channel::<()>();
            std::thread::spawn(move || {
                let capped = wait.min(Duration::from_secs(3600));
                if gone.recv_timeout(capped) == Err(mpsc::RecvTimeoutError::Timeout) {
                    // The sleeper may have gone in this very moment; then nobody needs waking.
                    _ = wake.send(());
                }
            });
            _ = woken.await;
            drop(cancelled);
        }
    }
}
