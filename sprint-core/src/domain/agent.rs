//! Agents: what they are asked, and what they claim.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::command::CheckKind;
use crate::domain::path::RepoPath;
use crate::domain::verdict::Severity;
use crate::id::{BlobId, BranchName, CommitId, SessionId, TicketId};

/// What an agent is asked to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Researches the code for a worker; read-only.
    Context,
    /// Implements a ticket, and later fixes it.
    Worker,
    /// Reviews a change; read-only.
    Review,
    /// Judges whether every requirement is met; read-only.
    Completion,
    /// Makes a finished change simpler without changing what it does.
    Simplifier,
    /// Resolves a conflict between a ticket and what is merged before it.
    Conflict,
}

impl Role {
    /// Every role, in the order of a ticket's life.
    pub const ALL: [Self; 6] = [
        Self::Context,
        Self::Worker,
        Self::Simplifier,
        Self::Review,
        Self::Completion,
        Self::Conflict,
    ];

    /// The lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Worker => "worker",
            Self::Simplifier => "simplifier",
            Self::Review => "review",
            Self::Completion => "completion",
            Self::Conflict => "conflict",
        }
    }

    /// Reads a role by its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == text)
    }

    /// Whether the role may change its workspace.
    pub fn writes(self) -> bool {
        matches!(self, Self::Worker | Self::Simplifier | Self::Conflict)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Everything an agent is told, as data. Adapters turn it into a prompt or hand it over as JSON.
///
/// It offers no way to the tracker, on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentTask {
    /// Format version of this structure.
    pub schema_version: u32,
    /// A name for this piece of work, unique in the sprint and stable over restarts.
    pub key: String,
    /// What the agent is asked to be.
    pub role: Role,
    /// The model the configuration names for the role.
    pub model: Option<String>,
    /// The ticket.
    pub ticket: TicketId,
    /// The ticket's title; untrusted text.
    pub title: String,
    /// The ticket's description; untrusted text.
    pub description: String,
    /// Where the agent works: its current directory.
    pub workspace: PathBuf,
    /// The branch checked out there.
    pub branch: BranchName,
    /// Where the ticket's own changes begin.
    pub work_base: CommitId,
    /// Which trip through the loop this is, from 1.
    pub attempt: u32,
    /// Why the agent is asked now.
    pub assignment: Assignment,
    /// The checks the work has to pass, by name, as configured.
    pub checks: BTreeMap<CheckKind, String>,
    /// Report of the context agent, if one ran.
    pub research: Option<String>,
    /// What earlier tickets of this sprint taught.
    pub learnings: Vec<String>,
    /// Names of tests that fail on base already: nobody's blame, and nothing to repair here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_failures: Vec<String>,
    /// Paths the change touched so far, for auditing roles.
    pub changed: Vec<RepoPath>,
    /// What clashes, for the conflict agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<ConflictBrief>,
    /// The project's standards document, if configured.
    pub standards: Option<String>,
    /// Continue this session rather than starting a new one.
    pub session: Option<SessionId>,
    /// The prefix for the commit subject (`fix` for bugs, else as configured).
    pub commit_prefix: String,
    /// Wall-clock limit in seconds.
    pub timeout_s: u64,
}

/// A conflict to be resolved. The workspace holds a merge of both sides with conflict markers in the
/// files that clash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictBrief {
    /// The files that clash.
    pub files: Vec<RepoPath>,
    /// What is merged already and touches these files, in merge order: "ours" in the markers. The
    /// task's own ticket is "theirs".
    pub ours: Vec<Intent>,
}

/// What one side of a conflict is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The ticket.
    pub ticket: TicketId,
    /// Its title; untrusted text.
    pub title: String,
    /// Its description, with acceptance criteria and edge cases; untrusted text.
    pub description: String,
    /// Report of its context agent, if one ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub research: Option<String>,
}

/// The [`AgentTask::schema_version`] this version writes.
pub const AGENT_TASK_SCHEMA: u32 = 1;

/// Why an agent is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Assignment {
    /// Start the work.
    First,
    /// Correct what a layer found, in the same session if there is one.
    Fix {
        /// Everything the layers found, in one message.
        feedback: String,
    },
    /// Start over with a clean mind: the same error came twice.
    FreshAgent {
        /// What failed, so that the approach is not repeated.
        feedback: String,
    },
    /// Carry on where an agent ran out of context; look at the branch first.
    Continue {
        /// What is known about the interrupted attempt.
        feedback: String,
    },
}

/// Something an agent said. It may steer the next step; it can never be proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claimed<T>(pub T);

/// What came back from one run of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentReport {
    /// Its answer.
    pub answer: Answer,
    /// A handle to continue its session.
    pub session: Option<SessionId>,
    /// What it used.
    pub usage: Usage,
    /// Its whole output, redacted, as a stored blob.
    pub transcript: Option<BlobId>,
}

/// An agent's answer: a typed result, or not one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It answered in the form its role asks for.
    Result(Claimed<RoleResult>),
    /// It ended without an answer in that form, for the reason given.
    Malformed(String),
}

/// The typed result of each role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleResult {
    /// Of [`Role::Context`].
    Context(ContextResult),
    /// Of [`Role::Worker`].
    Worker(WorkerResult),
    /// Of [`Role::Review`].
    Review(ReviewResult),
    /// Of [`Role::Completion`].
    Completion(CompletionResult),
    /// Of [`Role::Simplifier`].
    Simplifier(SimplifierResult),
    /// Of [`Role::Conflict`].
    Conflict(ConflictResult),
}

impl RoleResult {
    /// Parses the JSON answer of `role`. Unknown fields are ignored, missing ones are an error.
    pub fn parse(role: Role, json: &str) -> Result<Self, serde_json::Error> {
        Ok(match role {
            Role::Context => Self::Context(serde_json::from_str(json)?),
            Role::Worker => Self::Worker(serde_json::from_str(json)?),
            Role::Review => Self::Review(serde_json::from_str(json)?),
            Role::Completion => Self::Completion(serde_json::from_str(json)?),
            Role::Simplifier => Self::Simplifier(serde_json::from_str(json)?),
            Role::Conflict => Self::Conflict(serde_json::from_str(json)?),
        })
    }
}

/// What a context agent found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextResult {
    /// The report, in Markdown, handed to the worker.
    pub report: String,
}

/// What a worker says it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerResult {
    /// The ticket it worked on; must be the assigned one.
    pub ticket_id: TicketId,
    /// The branch it committed to; must be the assigned one.
    pub branch: BranchName,
    /// Finished, or only in part.
    pub status: WorkerStatus,
    /// Its commit, if it made one itself.
    #[serde(default)]
    pub commit_hash: Option<CommitId>,
    /// What it says it ran.
    #[serde(default)]
    pub evidence: Option<WorkerEvidence>,
    /// Facts other tickets can use.
    #[serde(default)]
    pub learnings_added: Vec<String>,
    /// Remarks.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Whether a worker says that it finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum WorkerStatus {
    /// Everything is done.
    Success,
    /// Something is missing; the notes say what.
    Partial,
}

/// What a worker says about the commands it ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerEvidence {
    /// Whether it went through the checklist before finishing.
    #[serde(default)]
    pub preflight_ran: bool,
    /// One entry per command it ran, by the name of the check.
    #[serde(default, flatten)]
    pub checks: BTreeMap<CheckKind, ClaimedCheck>,
}

/// A worker's claim about one command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedCheck {
    /// The exit code it saw.
    pub exit_code: i32,
    /// How many tests passed, for the test command.
    #[serde(default)]
    pub passed: Option<u64>,
    /// How many tests failed, for the test command.
    #[serde(default)]
    pub failed: Option<u64>,
    /// The end of the output.
    #[serde(default)]
    pub output: String,
}

/// What a reviewer found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewResult {
    /// Everything found; `HIGH` and `CRITICAL` block.
    pub findings: Vec<ReviewFinding>,
    /// The reviewer's own words.
    #[serde(default)]
    pub summary: String,
}

/// One remark of a reviewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewFinding {
    /// How much it matters.
    pub severity: Severity,
    /// Where: `path` or `path:line`.
    #[serde(default)]
    pub place: Option<String>,
    /// What is wrong.
    pub message: String,
}

/// Whether every requirement is met, one row each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletionResult {
    /// One row per requirement.
    pub requirements: Vec<RequirementRow>,
}

/// One requirement and where it is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequirementRow {
    /// The requirement, as the ticket words it.
    pub requirement: String,
    /// Whether it is met.
    pub met: bool,
    /// Where, as `path` or `path:line`.
    #[serde(default)]
    pub place: Option<String>,
}

/// What a simplifier says it did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimplifierResult {
    /// What it changed, one line each; empty if there was nothing to make simpler.
    #[serde(default)]
    pub changes_made: Vec<String>,
}

/// What a conflict agent says of its resolution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictResult {
    /// The ticket whose merge clashed; must be the assigned one.
    pub ticket_id: TicketId,
    /// Whether every acceptance criterion of both sides survives.
    pub acceptance_preserved: bool,
    /// What it left out on purpose. Whatever is missing and not named here refuses the resolution.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
    /// What it did, in its own words.
    #[serde(default)]
    pub summary: String,
}

/// A line that a resolution leaves out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The file.
    pub path: RepoPath,
    /// The line, or a symbol in it.
    pub what: String,
    /// Why it may go.
    pub reason: String,
}

/// What a run of an agent cost, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Wall time in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
    /// Cost in millionths of a US dollar.
    #[serde(default)]
    pub cost_micro_usd: u64,
    /// Tokens, both ways.
    #[serde(default)]
    pub tokens: u64,
}
