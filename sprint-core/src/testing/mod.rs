//! What adapters are tested with. Exempt from semantic versioning.

pub mod conformance;
