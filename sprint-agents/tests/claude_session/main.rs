//! Live sessions of the real program, against a scripted API.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../support/kept.rs"]
mod kept;

mod conversation;
mod ending;
mod failures;
mod host;
mod limits;
mod misbehaviour;
mod schema;
mod servers;
mod support;
mod tracker;
