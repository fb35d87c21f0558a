//! Phases of one sprint that independent agents claim: review, qa and security side by side, then ship.
//!
//! Everything here is a function of values. What is on disk, and who is alive, is told from outside.

pub mod artifact;
pub mod conflict;
pub mod ship;
pub mod standing;
