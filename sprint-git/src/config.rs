//! What the adapter has to be told.

use std::path::PathBuf;
use std::time::Duration;

use sprint_core::id::BranchName;

/// Which repository to work on, and how to call git.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GitConfig {
    /// Any directory inside the repository.
    pub repo: PathBuf,
    /// The branch that tickets start from and land on.
    pub base: BranchName,
    /// The git program, at least version 2.40.
    pub program: PathBuf,
    /// How long one git command may take. A checkout of a large repository is the longest.
    pub timeout: Duration,
}

impl GitConfig {
    /// The repository around `repo`, with `git` from the search path and ten minutes for a command.
    pub fn new(repo: impl Into<PathBuf>, base: BranchName) -> Self {
        Self {
            repo: repo.into(),
            base,
            program: "git".into(),
            timeout: Duration::from_secs(600),
        }
    }
}
