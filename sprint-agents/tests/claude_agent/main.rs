//! Claude Code as an agent: the real program, or its stand-in, on a scripted model.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with tests that look at one output")]
mod blobs;

#[path = "../support/secrets.rs"]
mod planted;

#[path = "../support/kept.rs"]
mod kept;

mod answers;
mod cancels;
mod contract;
mod matrix;
mod permissions;
mod secrets;
mod stage;
mod team;
