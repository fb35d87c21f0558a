//! What tests of the engine and of adapters need. Exempt from semver.

pub mod conformance;
pub mod sample;
