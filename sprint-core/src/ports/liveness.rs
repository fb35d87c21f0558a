//! The port to processes: whether who works on something is still there.

use std::fmt;

use crate::id::HostName;
use crate::phases::owner::{Life, Owner, Process};

/// Tells whether the owner of a claim is there.
///
/// # Contract
///
/// - [`Dead`](Life::Dead) is said only of a process that certainly does not run: its claim is given
///   to somebody else at once. What cannot be seen is [`Unknown`](Life::Unknown).
/// - A process is told apart from a later one with the same number.
/// - A process that [`process`](Self::process) described is [`Alive`](Life::Alive) as long as it
///   runs, seen from the same place.
pub trait Liveness: fmt::Debug + Send + Sync + 'static {
    /// The machine this is.
    fn host(&self) -> HostName;

    /// The process with this number; `None` if there is none, or nothing can be said about processes
    /// here.
    fn process(&self, pid: u32) -> Option<Process>;

    /// Whether an owner is there.
    fn look(&self, owner: &Owner) -> Life;
}
