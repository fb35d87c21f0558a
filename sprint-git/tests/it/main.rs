//! The adapter on real repositories.
#![expect(clippy::unwrap_used, reason = "tests")]

mod conformance;
mod hygiene;
mod land;
mod merge;
mod pool;
mod refresh;
mod support;
mod workspace;
