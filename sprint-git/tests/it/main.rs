//! The adapter on real repositories.
#![expect(clippy::unwrap_used, reason = "tests")]

mod conformance;
mod faults;
mod hygiene;
mod land;
mod merge;
mod pool;
mod refresh;
mod safety;
mod support;
mod workspace;
