//! The adapter on real repositories.
#![expect(clippy::unwrap_used, reason = "tests")]

mod conformance;
mod differential;
mod histories;
mod hygiene;
mod land;
mod merge;
mod predict;
mod resolve;
mod support;
mod workspace;
