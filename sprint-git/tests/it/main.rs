//! The adapter on real repositories.
#![expect(clippy::unwrap_used, reason = "tests")]

mod attributes;
mod conformance;
mod differential;
mod faults;
mod graft;
mod histories;
mod hygiene;
mod land;
mod merge;
mod moved_base;
mod overview;
mod pool;
mod predict;
mod refresh;
mod resolve;
mod revert;
mod safety;
mod storage;
mod support;
mod surroundings;
mod survey;
mod tree_now;
mod two_sprints;
mod watch;
mod workspace;
