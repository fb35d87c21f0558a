//! The port that tells people and tools what happens.

use crate::run::event::Event;
use crate::time::Timestamp;

/// Is told what happened, after the state that says so was saved.
///
/// # Contract
///
/// Called in order, from the engine's loop: it must not block and cannot fail. Events are told at
/// most once; a crash may swallow some. The saved state is the truth.
pub trait Observer: Send + Sync {
    /// `event` happened at `at`.
    fn on_event(&self, at: Timestamp, event: &Event);
}

/// An observer that listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn on_event(&self, _: Timestamp, _: &Event) {}
}

impl<F: Fn(Timestamp, &Event) + Send + Sync> Observer for F {
    fn on_event(&self, at: Timestamp, event: &Event) {
        self(at, event);
    }
}
