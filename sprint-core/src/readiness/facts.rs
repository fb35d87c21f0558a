//! Everything a readiness report is made from. Gathered at the edge, by reading only.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::command::CheckKind;
use crate::domain::config::SprintConfig;
use crate::domain::learning::FailurePattern;
use crate::domain::path::RepoPath;
use crate::domain::statement::{Statement, StatementWarning};
use crate::domain::ticket::TicketStatus;
use crate::id::{BranchName, CommitId, ProblemId, TicketId};
use crate::readiness::planned::Planned;
use crate::time::Timestamp;

/// What was seen.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The problem.
    pub problem: ProblemId,
    /// Now.
    pub at: Timestamp,
    /// What is planned.
    pub planned: Planned,
    /// The configuration.
    pub config: ConfigFacts,
    /// The repository.
    pub repository: RepositoryFacts,
    /// The tracker.
    pub tracker: TrackerFacts,
    /// For each planned file that is there: the files that import it.
    pub importers: BTreeMap<RepoPath, BTreeSet<RepoPath>>,
    /// What the gate's commands need.
    pub commands: Vec<CommandFacts>,
    /// How the tool for browser tests would be called, if it is there.
    pub browser_tool: Option<String>,
    /// Sprints of the repository, the one of this problem too.
    pub sprints: Vec<SprintFacts>,
    /// Failures that came back.
    pub patterns: Vec<FailurePattern>,
    /// The problem statement.
    pub statement: Option<StatementFacts>,
    /// Files of the old layout.
    pub legacy: Vec<String>,
}

/// The configuration, as far as it could be had.
#[derive(Clone, Debug)]
pub enum ConfigFacts {
    /// There is none.
    Missing,
    /// It cannot be used, and why.
    Invalid(String),
    /// It is complete.
    Read(Box<SprintConfig>),
}

impl ConfigFacts {
    /// The configuration, if it can be used.
    pub fn read(&self) -> Option<&SprintConfig> {
        match self {
            Self::Read(config) => Some(config),
            Self::Missing | Self::Invalid(_) => None,
        }
    }
}

/// The repository. Files are those of base, for that is what tickets start from.
#[derive(Clone, Debug)]
pub struct RepositoryFacts {
    /// The branch that work is merged into.
    pub base: BranchName,
    /// Where it is.
    pub base_head: CommitId,
    /// What is checked out.
    pub head: CommitId,
    /// The branch that is checked out, if one is.
    pub branch: Option<String>,
    /// Uncommitted changes.
    pub dirty: Vec<RepoPath>,
    /// Where the plan stands.
    pub plan: PlanCommit,
    /// The planned files that are there.
    pub present: BTreeSet<RepoPath>,
    /// Directories of worktrees.
    pub worktrees: Vec<String>,
    /// Whether git ignores them.
    pub worktrees_ignored: bool,
}

/// The commit of a plan, seen from base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanCommit {
    /// The plan names none, for it is made of the tickets as they are now.
    Current,
    /// Nobody knows it.
    Unknown(String),
    /// It is in the repository.
    Known {
        /// All of it.
        commit: CommitId,
        /// Whether base contains it.
        part_of_base: bool,
        /// Commits on base since then, the newest first, that changed more than what a sprint
        /// writes by itself.
        counted: Vec<CommitId>,
        /// The others.
        passed_over: u64,
        /// Files that differ since then; what a sprint writes by itself is left out.
        changed: BTreeSet<RepoPath>,
    },
}

/// The tracker.
#[derive(Clone, Debug)]
pub enum TrackerFacts {
    /// It did not answer, and why.
    Down(String),
    /// It answered.
    Up {
        /// The tickets that were asked for or that the filter is about.
        tickets: BTreeMap<TicketId, TrackedTicket>,
        /// Entries that could not be read.
        malformed: Vec<String>,
    },
}

/// A ticket as the tracker has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackedTicket {
    /// Its title; none if only its state could be had.
    pub title: Option<String>,
    /// Its text.
    pub body: String,
    /// Where it stands.
    pub status: TicketStatus,
    /// What it waits for.
    pub blocked_by: Vec<TicketId>,
    /// Whether the filter would pick it, or would if it stood elsewhere and is not over.
    pub wanted: bool,
}

/// What a command of the gate needs, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandFacts {
    /// The check.
    pub check: CheckKind,
    /// The command line.
    pub line: String,
    /// What it needs that is not there, as `no program cargo`.
    pub missing: Option<String>,
}

/// A sprint that was started once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SprintFacts {
    /// Its problem.
    pub problem: ProblemId,
    /// Its phase.
    pub phase: String,
    /// Whether it is over.
    pub complete: bool,
    /// Its finished tickets.
    pub finished: usize,
    /// How many tickets it has.
    pub total: usize,
    /// Those that nobody else may take until it is over.
    pub tickets: BTreeSet<TicketId>,
}

/// A problem statement.
#[derive(Clone, Debug)]
pub struct StatementFacts {
    /// What it says.
    pub statement: Statement,
    /// What a person should know about it.
    pub warnings: Vec<StatementWarning>,
    /// Commits on base since it was written; none if it is not known when.
    pub commits_since: Option<u64>,
}
