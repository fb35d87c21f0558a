//! Telling that holders of claims are gone (C-046).

use crate::local::conductor::{Conductor, ConductorError, HEARTBEAT};
use crate::phases::event::{Event, Stale};

impl Conductor {
    /// Records each claim whose holder is gone, once, and says which are new. The phases stay as they
    /// are: they can be claimed anyway.
    ///
    /// # Errors
    ///
    /// No sprint is active, or files cannot be read or written.
    pub fn sweep(&self) -> Result<Vec<Stale>, ConductorError> {
        // Most of the time there is nothing to tell, and nobody is to wait for that.
        if self.look(|look| look.sweep())?.is_empty() {
            return Ok(Vec::new());
        }
        self.inner.transition(|_, look| {
            let stale = look.sweep();
            let events = stale.iter().cloned().map(Event::StaleDetected);
            Ok((events.collect(), stale))
        })
    }

    /// Sweeps every 30 seconds and tells what is new, until this is dropped or a sweep fails.
    ///
    /// # Errors
    ///
    /// Those of [`sweep`](Self::sweep).
    pub async fn watch(&self, mut tell: impl FnMut(Stale) + Send) -> ConductorError {
        loop {
            match self.sweep() {
                Ok(stale) => stale.into_iter().for_each(&mut tell),
                Err(error) => return error,
            }
            let clock = &self.inner.clock;
            clock.sleep_until(clock.now().after(HEARTBEAT)).await;
        }
    }
}
