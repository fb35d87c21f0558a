//! Running a gate: what to run on which tree, and what was seen.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::command::{CheckKind, CheckRun, CommandLine};
use crate::domain::path::RepoPath;
use crate::domain::ticket::Ticket;
use crate::domain::verdict::Finding;
use crate::domain::workspace::{ChangedPath, Workspace};
use crate::id::{CommitId, EnvironmentId, TreeId};

/// What is to be checked: one exact tree, checked out in a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The directory it is checked out in.
    pub directory: PathBuf,
    /// The commit.
    pub commit: CommitId,
    /// Its tree.
    pub tree: TreeId,
}

/// Which commands to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPlan {
    /// Runs first, where dependencies have to be installed.
    pub install: Option<CommandLine>,
    /// The gate, run in order of [`CheckKind`].
    pub checks: BTreeMap<CheckKind, CommandLine>,
    /// Limit for each command.
    pub timeout: Duration,
}

/// What was seen. It decides nothing; the run machine does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// A failed install, as the text of its end; the checks did not run then.
    pub install_failure: Option<String>,
    /// Tracked files that were not as in the commit when the checks had run: then what was seen is
    /// about other files. Filled in by the engine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub altered: Vec<RepoPath>,
    /// One entry per check, in gate order. Checks after a failed one still run, so that a worker
    /// hears of everything at once.
    pub runs: Vec<CheckRun>,
    /// What the commands ran in, if it was the same when they started and when they had ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentId>,
    /// Whether they ran beside nothing but the files of the commit: no untracked ones, and none
    /// that version control ignores. Filled in by the engine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pristine: bool,
    /// What is wrong with the way in which they ran, such as a test runner that lies in the tree
    /// it tests. One that blocks says that what was seen proves nothing, whatever the exits are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

impl CheckReport {
    /// A report of these runs, with nothing to remark.
    pub const fn new(runs: Vec<CheckRun>, environment: Option<EnvironmentId>) -> Self {
        Self {
            install_failure: None,
            altered: Vec::new(),
            runs,
            environment,
            pristine: false,
            findings: Vec::new(),
        }
    }

    /// A report that dependencies could not be installed, so that nothing ran.
    pub const fn not_installed(why: String) -> Self {
        Self {
            install_failure: Some(why),
            altered: Vec::new(),
            runs: Vec::new(),
            environment: None,
            pristine: false,
            findings: Vec::new(),
        }
    }
}

/// What a layer of the host judges: one exact commit of one ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerSubject {
    /// The ticket; its text is untrusted.
    pub ticket: Ticket,
    /// Where the commit is checked out. It must be left as it is.
    pub workspace: Workspace,
    /// The commit.
    pub commit: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// What the ticket changes.
    pub changed: Vec<ChangedPath>,
}
