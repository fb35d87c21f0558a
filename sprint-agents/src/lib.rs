//! Agents and verifiers for [`sprint_core`]. Unix only for now.

#![cfg(unix)]

pub mod environment;
pub mod process;
pub mod redact;

mod capture;
mod pipes;
