//! What an agent is told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::agent::{Grant, Role};
use crate::domain::command::CheckKind;
use crate::domain::path::RepoPath;
use crate::domain::workspace::Workspace;
use crate::id::{BranchName, CommitId, SessionId, TicketId};

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
    /// The ticket. For roles about a whole sprint or plan, a name for the work in its place.
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
    /// Texts to be judged, for roles that work from what they are given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub material: Vec<Material>,
    /// The project's standards document, if configured.
    pub standards: Option<String>,
    /// What the project and earlier sprints teach.
    #[serde(default, skip_serializing_if = "Guidance::is_empty")]
    pub guidance: Guidance,
    /// The context agent that is to be alive beside a worker. `None` for every other role, and
    /// where the research was made before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teammate: Option<Teammate>,
    /// What people decided about tools this ticket's agents asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
    /// Continue this session rather than starting a new one.
    pub session: Option<SessionId>,
    /// The prefix for the commit subject (`fix` for bugs, else as configured).
    pub commit_prefix: String,
    /// Wall-clock limit in seconds.
    pub timeout_s: u64,
    /// What it may cost, in millionths of a US dollar: as much as is reserved for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost_micro_usd: Option<u64>,
}

impl AgentTask {
    /// A first assignment in this role, about this ticket and in this workspace, about which
    /// nothing more is said. It may take an hour.
    pub fn new(
        key: impl Into<String>,
        role: Role,
        ticket: TicketId,
        workspace: &Workspace,
    ) -> Self {
        Self {
            schema_version: AGENT_TASK_SCHEMA,
            key: key.into(),
            role,
            model: None,
            ticket,
            title: String::new(),
            description: String::new(),
            workspace: workspace.path.clone(),
            branch: workspace.branch.clone(),
            work_base: workspace.work_base.clone(),
            attempt: 1,
            assignment: Assignment::First,
            checks: BTreeMap::new(),
            research: None,
            learnings: Vec::new(),
            known_failures: Vec::new(),
            changed: Vec::new(),
            conflict: None,
            material: Vec::new(),
            standards: None,
            guidance: Guidance::default(),
            teammate: None,
            grants: Vec::new(),
            session: None,
            commit_prefix: "feat".into(),
            timeout_s: 3600,
            max_cost_micro_usd: None,
        }
    }
}

/// A text that an agent is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Material {
    /// What it is; untrusted text.
    pub name: String,
    /// The text itself; untrusted.
    pub text: String,
}

/// A context agent beside a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Teammate {
    /// The model the configuration names for it.
    pub model: Option<String>,
    /// How long the worker waits for an answer, in seconds.
    pub reply_timeout_s: u64,
}

/// What agents should know beside the ticket. All of it is untrusted text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guidance {
    /// Patterns of the code base, from the global progress file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patterns: Option<String>,
    /// What earlier sprints on this problem taught, from its progress file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// Failures that often happened in the files of the ticket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failure_patterns: Vec<String>,
    /// How much is to be tested.
    #[serde(default)]
    pub testing: TestingLevel,
}

impl Guidance {
    /// Whether it says nothing beyond the defaults.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How much is to be tested (spec 1.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestingLevel {
    /// Unit, integration and end-to-end tests; every criterion and every edge case has one.
    Full,
    /// Unit and integration tests; every criterion has one, and the edge cases that matter.
    #[default]
    Standard,
    /// Unit tests of the core logic.
    Minimal,
    /// As the problem statement words it.
    Custom(String),
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
