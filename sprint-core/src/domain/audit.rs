//! What a sprint left in a repository, looked at before it goes on.

use serde::{Deserialize, Serialize};

use crate::domain::workspace::Workspace;
use crate::id::{BranchName, CommitId, SprintId};

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditSpec {
    /// The sprint.
    pub sprint: SprintId,
    /// Where base was last seen, or put.
    pub base: CommitId,
    /// The workspaces of its tickets.
    pub branches: Vec<AuditBranch>,
}

/// One workspace to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditBranch {
    /// The workspace as it was saved.
    pub workspace: Workspace,
    /// The commit that is known of its branch, if any is.
    pub known: Option<CommitId>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// Base.
    pub base: BaseFacts,
    /// The workspaces, in the order in which they were asked for.
    pub branches: Vec<BranchFacts>,
    /// Every branch that there is and that was made for this sprint, sorted.
    pub made: Vec<BranchName>,
}

/// Where base is, and how it got there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseFacts {
    /// Its head.
    pub head: CommitId,
    /// Whether it still holds the commit where it was last seen.
    pub holds_seen: bool,
    /// What came onto it since, newest first, along its first parents; at most
    /// [`MOST_COMMITS`], and none if it does not hold that commit.
    pub since: Vec<BaseCommit>,
}

/// The most commits of base that are listed.
pub const MOST_COMMITS: usize = 1000;

/// A commit on base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseCommit {
    /// The commit.
    pub commit: CommitId,
    /// What it merged: its parents without the first.
    pub merged: Vec<CommitId>,
}

/// What has become of a branch and its workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchFacts {
    /// Its head; `None` if there is no such branch.
    pub head: Option<CommitId>,
    /// Whether its directory is there and a worktree.
    pub worktree: bool,
    /// Whether something in there is not committed.
    pub dirty: bool,
    /// Commits since the ticket's own work begins.
    pub commits: u64,
    /// Commits of base that it lacks.
    pub behind: u64,
    /// Whether it holds the commit that is known of it.
    pub holds_known: bool,
    /// Whether base holds the commit that is known of it.
    pub landed: bool,
    /// Whether base holds its head.
    pub merged: bool,
}
