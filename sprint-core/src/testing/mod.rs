//! For tests: strict fakes, a simulator, and the contracts of the ports as checks.
//!
//! The fakes are public so that you can test your own code against an engine that runs to its end
//! in milliseconds. All of it is exempt from semantic versioning.

pub mod conformance;
pub mod sample;
