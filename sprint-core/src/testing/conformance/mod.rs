//! One suite per port: functions that assert every line of its contract.
//!
//! They panic with the broken rule. Each check gets fresh, empty storage from the caller, with a
//! way to open it again: a suite never looks behind the port.

pub mod agent;
pub mod around;
pub mod audit;
pub mod blob;
pub mod clock;
pub mod lease;
pub mod proof;
pub mod store;
pub mod tracker;
pub mod undo;
pub mod vcs;
pub mod verifier;

/// Opens one storage, again and again, as a restarted process would.
pub type Open<T> = Box<dyn Fn() -> T + Send + Sync>;
