//! Claude Code as an agent: the real program, or its stand-in, on a scripted model.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../support/mod.rs"]
mod blobs;

mod answers;
mod contract;
mod permissions;
mod secrets;
mod stage;
mod team;
