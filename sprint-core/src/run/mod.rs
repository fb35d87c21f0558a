//! The run machine: a value that is told facts and says what ought to be running.

pub mod bisect;
pub mod classify;
pub mod effect;
pub mod event;
pub mod input;
pub mod integrate;
pub mod proof;
pub mod snapshot;
pub mod state;
pub mod ticket;
