//! One suite per port: functions that assert every line of its contract.
//!
//! They panic with the broken rule.

pub mod agent;
pub mod verifier;
