//! What the adapter has to be told.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, PathBuf};
use std::time::Duration;

use sprint_core::domain::path::RepoPath;
use sprint_core::id::BranchName;

use crate::seed::Seed;

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
    /// How many worktrees of closed workspaces are kept for the next ones; 0 keeps none. Taking one
    /// changes only the files that differ, where a new one writes all of them.
    pub pool: usize,
    /// Ignored directories that stay in a kept worktree: build caches. Everything else that is
    /// ignored is removed before another ticket gets the worktree, because it may be a secret of
    /// the one before. What an agent hides inside one of these directories is passed on.
    pub keep_ignored: Vec<RepoPath>,
    /// Ignored directories of the user's checkout that a new workspace begins with.
    pub seed: Vec<Seed>,
}

impl GitConfig {
    /// The repository around `repo`, with `git` from the search path, ten minutes for a command, a
    /// pool of four worktrees that keep `target` and `node_modules`, and nothing to begin with.
    pub fn new(repo: impl Into<PathBuf>, base: BranchName) -> Self {
        Self {
            repo: repo.into(),
            base,
            program: "git".into(),
            timeout: Duration::from_secs(600),
            pool: 4,
            keep_ignored: vec!["target".into(), "node_modules".into()],
            seed: Vec::new(),
        }
    }
}

/// The path as one below some directory; `None` if it is empty, leads elsewhere, or is git's own.
pub(crate) fn inner_path(path: &RepoPath) -> Option<PathBuf> {
    let path = PathBuf::from(OsString::from_vec(path.to_bytes()?));
    let plain = |part: Component<'_>| match part {
        Component::Normal(name) => !name.eq_ignore_ascii_case(".git"),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => {
            false
        }
    };
    let inner = path.components().next().is_some() && path.components().all(plain);
    inner.then(|| path.components().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(inner_path(&"a/b/".into()), Some("a/b".into()));
        for path in ["", ".", "..", "/a", "a/../b", ".git", "a/.GIT/hooks"] {
            assert_eq!(inner_path(&path.into()), None, "{path}");
        }
    }
}
