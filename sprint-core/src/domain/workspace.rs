//! Workspaces and what is in them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::path::RepoPath;
use crate::id::{BranchName, CommitId, SprintId, TicketId, TreeId};
use crate::time::Timestamp;

/// The repository before a sprint starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepoStatus {
    /// The head of base.
    pub base_head: CommitId,
    /// Its tree.
    pub base_tree: TreeId,
    /// Where the user's checkout stands on base but has changes, why base could not follow: a
    /// message for people. Landing would refuse.
    pub base_checkout_dirty: Option<String>,
    /// Things a person should know before starting, such as a merge in progress.
    pub warnings: Vec<String>,
}

/// A place to work: a worktree of its own, on a branch of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// The directory.
    pub path: PathBuf,
    /// The branch checked out there.
    pub branch: BranchName,
    /// Head of base when the branch was made.
    pub base: CommitId,
    /// Where the ticket's own changes begin: `base`, or the last dependency merged into it.
    pub work_base: CommitId,
}

/// Which workspace to open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceSpec {
    /// The sprint it belongs to.
    pub sprint: SprintId,
    /// The ticket it is for.
    pub ticket: TicketId,
    /// 1 for the first workspace of a ticket; a fresh agent gets a new one on a new branch.
    pub generation: u32,
    /// Where to branch from.
    pub base: CommitId,
    /// Verified commits of dependencies that base does not have yet, in dependency order.
    pub dependencies: Vec<(TicketId, CommitId)>,
    /// Time to write into merge commits, so that doing it again makes the same commits.
    pub at: Timestamp,
}

/// A workspace, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opened {
    /// It is there, clean or holding what an earlier agent left in it.
    Ready(Workspace),
    /// A dependency cannot be merged into it; nothing is left behind.
    Conflict {
        /// The dependency.
        dependency: TicketId,
        /// The files.
        paths: Vec<RepoPath>,
    },
}

/// Base, to be brought into a branch that lacks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshSpec {
    /// The workspace.
    pub workspace: Workspace,
    /// Where base is now.
    pub base: CommitId,
    /// Whether others may know the branch's commits: then it is merged, never rebased.
    pub published: bool,
    /// Time to write into commits, so that doing it again makes the same ones.
    pub at: Timestamp,
}

/// Whether a workspace had to be brought up to a base that moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refreshed {
    /// Its branch contains that base, and the workspace is as it was given.
    Current,
    /// This is the workspace now: claims about the one before are void.
    Moved(Workspace),
    /// The branch and base clash; nothing was changed.
    Conflict {
        /// The files.
        paths: Vec<RepoPath>,
    },
}

/// What a workspace holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// The head of its branch.
    pub head: CommitId,
    /// The tree of that commit.
    pub tree: TreeId,
    /// How many commits it is ahead of its `work_base`.
    pub commits: u32,
    /// What differs between `work_base` and `head`, sorted by path.
    pub changed: Vec<ChangedPath>,
    /// Lines added since `work_base`, for the search for debugging leftovers; capped.
    pub added: Vec<AddedLine>,
}

/// A file that a change touches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChangedPath {
    /// The file.
    pub path: RepoPath,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// What a change does to a file. A rename is a deletion and an addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It did not exist before.
    Added,
    /// Its content, mode or type changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// A line that a change adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedLine {
    /// The file.
    pub path: RepoPath,
    /// The line number in the new file, from 1.
    pub line: u32,
    /// The text, cut to 400 characters.
    pub text: String,
}

/// What to do with changes that nobody committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leftovers {
    /// Commit them with this subject and time.
    Commit {
        /// The subject line.
        subject: String,
        /// The time to write into the commit.
        at: Timestamp,
    },
    /// The workspace must be exactly at this commit; anything else is put on a rescue ref and
    /// removed, and the call fails with [`Conflict`](crate::failure::ErrorKind::Conflict) to say so.
    RestoreTo(CommitId),
}

/// A commit with files of another one put onto it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraftSpec {
    /// What everything else is taken from.
    pub onto: CommitId,
    /// Where the files are taken from.
    pub from: CommitId,
    /// The files; one that `from` does not have is taken away.
    pub paths: Vec<RepoPath>,
    /// Time to write into the commit, so that doing it again makes the same one.
    pub at: Timestamp,
}

/// The commit that a [`GraftSpec`] describes; no branch holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grafted {
    /// The commit; its parent is the one that was grafted onto.
    pub commit: CommitId,
    /// Its tree.
    pub tree: TreeId,
}

/// What has become of a commit that was verified on a branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The tree of the commit; `None` if there is no such commit.
    pub tree: Option<TreeId>,
    /// Where the branch is now; `None` if there is no such branch.
    pub head: Option<CommitId>,
    /// Whether the commit is part of the branch's history.
    pub on_branch: bool,
    /// Whether the commit is part of base's history.
    pub on_base: bool,
}
