//! The problems of a repository: which one is meant, and what there is of each (spec 4).
//!
//! Looking changes nothing. Only [`migrate`] moves files, and only a command that starts or goes on
//! with a sprint calls it.

mod decide;
mod facts;
mod list;
mod migrate;
#[cfg(test)]
mod tests;

pub use crate::local::problems::decide::{
    By, Decision, Facts, LEGACY_FILES, Marker, Purpose, Resolution, Stop, decide,
};
pub use crate::local::problems::facts::facts;
pub use crate::local::problems::list::{Found, Listed, list, others_with};
pub use crate::local::problems::migrate::migrate;
