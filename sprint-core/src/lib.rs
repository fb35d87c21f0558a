//! Runs sprints of coding agents: tickets become verified, merged code, with evidence.

pub mod domain;
pub mod engine;
pub mod failure;
pub mod id;
pub mod plan;
pub mod ports;
pub mod report;
pub mod run;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
pub mod time;
