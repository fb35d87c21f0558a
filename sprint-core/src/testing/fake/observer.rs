//! An observer that remembers.

use std::sync::{Arc, Mutex, PoisonError};

use crate::ports::Observer;
use crate::run::event::Event;
use crate::time::Timestamp;

/// Remembers every event. Clones share their memory.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Vec<(Timestamp, Event)>>>);

impl Recorder {
    /// Everything heard so far.
    pub fn events(&self) -> Vec<(Timestamp, Event)> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Observer for Recorder {
    fn on_event(&self, at: Timestamp, event: &Event) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.push((at, event.clone()));
    }
}
