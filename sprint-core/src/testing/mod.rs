//! For tests: a world in memory, strict fakes of every port over it, and a simulator.
//!
//! The fakes are public so that you can test your own code against an engine that runs to its end
//! in milliseconds. They are exempt from semantic versioning.

pub mod fake;
pub mod fixture;
pub mod rng;
pub mod sim;
pub mod world;
