//! Runs sprints of coding agents: tickets become verified, merged code, with evidence.

pub mod domain;
pub mod failure;
pub mod id;
pub mod plan;
pub mod ports;
pub mod run;
#[cfg(feature = "test-util")]
pub mod testing;
pub mod time;
