//! Agents and verifiers for [`sprint_core`]. Unix only for now.

#![cfg(unix)]

pub mod environment;
pub mod process;

mod capture;
mod pipes;
