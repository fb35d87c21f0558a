//! For tests: a world in memory with strict fakes over it, a simulator, and the contracts of the
//! ports as checks.
//!
//! The fakes are public so that you can test your own code against an engine that runs to its end
//! in milliseconds. All of it is exempt from semantic versioning.

pub mod fixture;
pub mod sample;
pub mod world;

pub mod conformance;
pub mod fake;

pub mod rng;
pub mod sim;
