//! Trying out which branches clash, before anybody merges them.

use sprint_core::domain::probe::{Probe, ProbeSpec};
use sprint_core::failure::ErrorKind;

use crate::error::{GitError, Result};
use crate::repo::Repo;

/// What is known from earlier trials.
#[derive(Debug, Default)]
pub(crate) struct Tried {}

impl Repo {
    pub(crate) async fn probe(&self, _spec: &ProbeSpec, _tried: &Tried) -> Result<Probe> {
        Err(GitError::refused(ErrorKind::Unsupported, "not yet"))
    }
}
