//! One writer at a time: first among the threads that share a conductor, then among processes.

use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::failure::ErrorKind;
use crate::local::conductor::ConductorError;
use crate::local::layout::show;
use crate::local::lock::{Locked, hold_within, open_lock};
use crate::ports::Error;

/// Whether a thread is writing.
#[derive(Debug, Default)]
pub(super) struct Turns {
    taken: Mutex<bool>,
    free: Condvar,
}

/// The right to write, until dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    // Dropped after the lock is given back would be too late for the next thread, so `drop` orders it.
    lock: Option<Locked>,
}

impl Turns {
    /// Waits for the turn, for `wait` among the threads and as long again among the processes.
    pub(super) fn take(&self, lock: &Path, wait: Duration) -> Result<Turn<'_>, ConductorError> {
        let busy = || ConductorError::Busy {
            lock: show(lock),
            wait,
        };
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.free.wait_timeout_while(taken, wait, |taken| *taken);
        let (mut taken, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && *taken {
            return Err(busy());
        }
        *taken = true;
        drop(taken);
        let mut turn = Turn {
            turns: self,
            lock: None,
        };
        let failed = |error| {
            Error::new(ErrorKind::Fatal, "lock", show(lock))
                .because(crate::local::conductor::advice(error))
        };
        let file = open_lock(lock).map_err(failed)?;
        turn.lock = hold_within(file, wait).map_err(failed)?;
        match turn.lock {
            Some(_) => Ok(turn),
            None => Err(busy()),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        drop(self.lock.take());
        *self
            .turns
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = false;
        self.turns.free.notify_one();
    }
}
