//! Live sessions of the real program, against a scripted API.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

mod conversation;
mod support;
