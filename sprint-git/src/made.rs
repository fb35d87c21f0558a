//! What this process made in the repository and has not taken away again, so that a look around
//! can tell it from what others did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use sprint_core::id::{BranchName, CommitId};

use crate::refs::RefName;

/// Notes about our own deeds, each made before the deed.
#[derive(Debug, Default)]
pub(crate) struct Made(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    tags: BTreeMap<String, CommitId>,
    workspaces: BTreeSet<BranchName>,
}

impl Made {
    /// Notes that a tag is about to be at a commit.
    pub(crate) fn tag(&self, name: &RefName, commit: &CommitId) {
        self.with(|notes| notes.tags.insert(name.as_str().to_owned(), commit.clone()));
    }

    /// Where we put a tag.
    pub(crate) fn tag_at(&self, name: &str) -> Option<CommitId> {
        self.with(|notes| notes.tags.get(name).cloned())
    }

    /// The tags that we put somewhere.
    pub(crate) fn tags(&self) -> Vec<String> {
        self.with(|notes| notes.tags.keys().cloned().collect())
    }

    /// Notes that the workspace on a branch is there from now on.
    pub(crate) fn opened(&self, branch: &BranchName) {
        self.with(|notes| notes.workspaces.insert(branch.clone()));
    }

    /// Notes that the workspace on a branch is about to go.
    pub(crate) fn closing(&self, branch: &BranchName) {
        self.with(|notes| notes.workspaces.remove(branch));
    }

    /// Whether the workspace on a branch has to be there.
    pub(crate) fn is_open(&self, branch: &BranchName) -> bool {
        self.with(|notes| notes.workspaces.contains(branch))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Notes) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
