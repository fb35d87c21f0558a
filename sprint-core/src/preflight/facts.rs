//! What is found at the edge.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::config::CoordinationMode;
use crate::domain::hints::{HintFault, Hints};
use crate::domain::learning::FailurePattern;
use crate::domain::statement::{Statement, StatementWarning};
use crate::domain::ticket::Ticket;
use crate::id::{BranchName, CommitId, ProblemId, TicketId};

/// Everything that pre-flight looks at. Text of tickets, branches and files is untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The problem.
    pub problem: ProblemId,
    /// How it was found, and what a person should know about that.
    pub found_by: String,
    /// Warnings about finding it.
    pub problem_warnings: Vec<String>,
    /// A sprint of the problem that is not complete, in words; none if there is none.
    pub interrupted: Option<String>,
    /// Room in the context of whoever hosts the engine, where that is reported.
    pub context: Option<ContextBudget>,
    /// The base branch.
    pub branch: BranchFacts,
    /// What the tracker answers, or why it does not.
    pub tracker: Result<TrackerFacts, String>,
    /// Where the user's checkout would keep base from moving, in words.
    pub dirty: Option<String>,
    /// Other things to know about the repository.
    pub repository: Vec<String>,
    /// What git has to ignore and does not yet.
    pub not_ignored: Vec<String>,
    /// The file of failures.
    pub patterns: Reading<(Vec<FailurePattern>, Vec<String>)>,
    /// The problem statement, and where base is from the commit it was written on.
    pub statement: Reading<(Statement, Vec<StatementWarning>, Age)>,
    /// What planning left, and where base is from the commit it was made on.
    pub hints: Reading<(Hints, Vec<HintFault>, Age)>,
    /// Browser tests.
    pub e2e: E2eFacts,
    /// The mode that the configuration names.
    pub mode: Option<CoordinationMode>,
    /// Whether the agents can work as teams.
    pub teams: bool,
    /// What agents may do without asking, in words.
    pub permissions: String,
}

/// A file that may not be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<T> {
    /// It is not there.
    Absent,
    /// It is there and of no use; the text says why.
    Unreadable(String),
    /// What is in it.
    Read(T),
}

/// Room in a context window, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextBudget {
    /// Taken.
    pub used: u64,
    /// Of this many.
    pub limit: u64,
}

impl ContextBudget {
    /// The free share in percent, rounded down.
    pub const fn free_percent(self) -> u64 {
        let free = self.limit.saturating_sub(self.used);
        match free.saturating_mul(100).checked_div(self.limit) {
            Some(percent) => percent,
            None => 0,
        }
    }
}

/// The base branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchFacts {
    /// Its name.
    pub base: BranchName,
    /// Where it is.
    pub head: CommitId,
    /// Who said that it is the one.
    pub confirmed: Confirmed,
    /// What is checked out; `None` if that is no branch.
    pub current: Option<String>,
    /// The last three commits of base, newest first.
    pub recent: Vec<Commit>,
    /// The branch it follows elsewhere, and how many commits that one is known to be ahead. Nothing is
    /// fetched to find out.
    pub upstream: Option<(String, u64)>,
}

/// A commit, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Which one.
    pub id: CommitId,
    /// The first line of its message.
    pub subject: String,
}

/// Who confirmed the base branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// A person, just now.
    ByPerson,
    /// The configuration: nobody could be asked.
    ByConfiguration,
}

/// What the tracker answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackerFacts {
    /// What it is.
    pub name: String,
    /// The tickets that the sprint would take.
    pub tickets: Vec<Ticket>,
    /// Which of them belong to an unfinished sprint of another problem (spec C-37).
    pub owned: BTreeMap<TicketId, ProblemId>,
    /// What could not be read.
    pub malformed: Vec<String>,
}

impl TrackerFacts {
    /// The ids of the tickets.
    pub fn ids(&self) -> BTreeSet<TicketId> {
        self.tickets
            .iter()
            .map(|ticket| ticket.id.clone())
            .collect()
    }
}

/// Where base is, seen from a commit that a file names (spec 18.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// The file names none.
    Unnamed,
    /// There is no such commit here, or the name fits several.
    Unknown,
    /// So many commits further; 0 is the same commit.
    Ahead(u64),
    /// On another line of history.
    Diverged,
}

/// Browser tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct E2eFacts {
    /// Whether the configuration has them run: its switch is on, and it names a command.
    pub enabled: bool,
    /// Whether a person said that this sprint goes without.
    pub skip: bool,
    /// Which form of the tool is there.
    pub tool: Option<E2eTool>,
}

/// A form of the tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum E2eTool {
    /// A program of its own.
    Program,
    /// By way of `npx`.
    Npx,
}

impl E2eTool {
    /// How commands begin.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Program => "agent-browser",
            Self::Npx => "npx agent-browser",
        }
    }
}
