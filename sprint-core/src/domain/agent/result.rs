//! What an agent answers, per role.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::agent::Role;
use crate::domain::agent::planning::{ExploreResult, TicketContextResult};
use crate::domain::agent::sprint::{E2eResult, RetrospectiveResult, SchedulerResult};
use crate::domain::command::CheckKind;
use crate::domain::path::RepoPath;
use crate::domain::verdict::Severity;
use crate::id::{BranchName, CommitId, TicketId};

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
    /// Of [`Role::E2e`].
    E2e(E2eResult),
    /// Of [`Role::Retrospective`].
    Retrospective(RetrospectiveResult),
    /// Of [`Role::Explore`].
    Explore(Box<ExploreResult>),
    /// Of [`Role::TicketContext`].
    TicketContext(Box<TicketContextResult>),
    /// Of [`Role::Scheduler`].
    Scheduler(SchedulerResult),
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
            Role::E2e => Self::E2e(serde_json::from_str(json)?),
            Role::Retrospective => Self::Retrospective(serde_json::from_str(json)?),
            Role::Explore => Self::Explore(serde_json::from_str(json)?),
            Role::TicketContext => Self::TicketContext(serde_json::from_str(json)?),
            Role::Scheduler => Self::Scheduler(serde_json::from_str(json)?),
        })
    }

    /// The role whose result it is.
    pub const fn role(&self) -> Role {
        match self {
            Self::Context(_) => Role::Context,
            Self::Worker(_) => Role::Worker,
            Self::Review(_) => Role::Review,
            Self::Completion(_) => Role::Completion,
            Self::Simplifier(_) => Role::Simplifier,
            Self::Conflict(_) => Role::Conflict,
            Self::E2e(_) => Role::E2e,
            Self::Retrospective(_) => Role::Retrospective,
            Self::Explore(_) => Role::Explore,
            Self::TicketContext(_) => Role::TicketContext,
            Self::Scheduler(_) => Role::Scheduler,
        }
    }
}

/// What a context agent found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContextResult {
    /// The report, in Markdown, handed to the worker.
    pub report: String,
}

/// What a worker says it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum WorkerStatus {
    /// Everything is done.
    Success,
    /// Something is missing; the notes say what.
    Partial,
}

/// What a worker says about the commands it ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerEvidence {
    /// Whether it went through the checklist before finishing.
    #[serde(default)]
    pub preflight_ran: bool,
    /// One entry per command it ran, by the name of the check.
    #[serde(default, flatten)]
    #[schemars(with = "ByCheck")]
    pub checks: BTreeMap<CheckKind, ClaimedCheck>,
}

/// The form of [`WorkerEvidence::checks`]: no other names than those of checks.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its form is used")]
struct ByCheck {
    /// The build command.
    build: Option<ClaimedCheck>,
    /// The lint command.
    lint: Option<ClaimedCheck>,
    /// The type check command.
    typecheck: Option<ClaimedCheck>,
    /// The test command.
    test: Option<ClaimedCheck>,
}

/// A worker's claim about one command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewResult {
    /// Everything found; `HIGH` and `CRITICAL` block.
    pub findings: Vec<ReviewFinding>,
    /// The reviewer's own words.
    #[serde(default)]
    pub summary: String,
}

/// One remark of a reviewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompletionResult {
    /// One row per requirement.
    pub requirements: Vec<RequirementRow>,
}

/// One requirement and where it is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SimplifierResult {
    /// What it changed, one line each; empty if there was nothing to make simpler.
    #[serde(default)]
    pub changes_made: Vec<String>,
}

/// What a conflict agent says of its resolution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waiver {
    /// The file.
    pub path: RepoPath,
    /// The line, or a symbol in it.
    pub what: String,
    /// Why it may go.
    pub reason: String,
}
