//! The resolved configuration of a sprint: parsed once, valid from then on.
//!
//! The text formats (YAML file, inline block) live in [`crate::config`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::agent::Role;
use crate::domain::command::{CheckKind, CommandLine};
use crate::domain::ticket::TicketStatus;
use crate::id::BranchName;

/// Every parameter of a sprint, with defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SprintConfig {
    /// The branch that verified work is merged into.
    pub branch_base: BranchName,
    /// Which tickets the sprint picks up.
    pub filter: TicketFilter,
    /// The project's standards document, relative to the repository.
    pub project_standards: Option<String>,
    /// The gate: at least build, lint and test.
    pub checks: BTreeMap<CheckKind, CommandLine>,
    /// Installs dependencies in a fresh workspace and when a manifest changed.
    pub install_cmd: Option<CommandLine>,
    /// File names that mean "dependencies changed".
    pub dependency_manifests: Vec<String>,
    /// File-name patterns of tests (`*` stands for anything but `/`).
    pub test_file_globs: Vec<String>,
    /// Prefix of commit subjects for tickets that are not bugs.
    pub commit_prefix: String,
    /// Trips through the verification loop per ticket, at least 1.
    pub max_loop_iterations: u32,
    /// Whether the gate runs on base before anything else, so that what fails there is nobody's
    /// blame.
    #[serde(default)]
    pub baseline: bool,
    /// What happens if it is red there.
    #[serde(default)]
    pub red_base: RedBase,
    /// Whether new tests are run without the change as well, where at least one has to fail.
    #[serde(default)]
    pub negative_control: bool,
    /// When an agent makes a finished change simpler.
    #[serde(default)]
    pub simplifier: SimplifierPolicy,
    /// Whether layer 3.5 asks a person.
    pub human_in_loop: bool,
    /// Whether finished tickets are merged although others are stuck.
    pub partial_merge: bool,
    /// Whether tickets that are expected to conflict are kept from being worked on side by side.
    pub avoid_conflicts: bool,
    /// Whether the dashboard file is written.
    pub sprint_dashboard: bool,
    /// Agents at the same time; 0 means no limit.
    pub max_parallel: u32,
    /// Model name per role.
    pub models: BTreeMap<Role, String>,
    /// Phases that can be switched off.
    pub phases: PhaseToggles,
    /// Seconds a gate or install command may take.
    pub command_timeout_s: u64,
    /// Seconds an agent may take.
    pub worker_timeout_s: u64,
    /// Seconds an agent may print nothing before it counts as hung; 0 means no limit.
    pub silence_timeout_s: u64,
    /// When two failures count as the same error.
    pub same_error_policy: SameErrorPolicy,
    /// How context and worker agents work together; unset means: ask, or decide by capability.
    pub coordination_mode: Option<CoordinationMode>,
    /// Agent runs the whole sprint may start; 0 means no limit.
    pub max_agent_runs: u64,
    /// What the whole sprint may cost, in US cents; 0 means no limit.
    pub max_cost_cents: u64,
    /// What one agent may cost, in US cents; as much is reserved before it starts, and 0 means no
    /// limit.
    #[serde(default)]
    pub max_agent_cost_cents: u64,
    /// What all agents of one ticket may cost, in US cents; 0 means no limit.
    #[serde(default)]
    pub max_ticket_cost_cents: u64,
    /// Parameters of later phases and of other trackers, kept for the parts that read them.
    pub other: OtherParameters,
}

/// Which tickets are picked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketFilter {
    /// Team key; the file tracker has no teams and ignores it.
    pub team: Option<String>,
    /// Only tickets of this project. A tracker without projects refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Only tickets with this label.
    pub label: Option<String>,
    /// Only tickets in these states.
    pub status: BTreeSet<TicketStatus>,
    /// And those in states of these names, which are the team's own. A tracker whose states have no
    /// names of their own refuses any.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub states: BTreeSet<String>,
}

/// Parameters that the engine stores and passes on without reading them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherParameters {
    /// End-to-end command or `none`.
    pub e2e_cmd: Option<String>,
    /// Scripted end-to-end tests.
    pub e2e_test_cmd: Option<String>,
    /// Seconds a worker waits for its context teammate.
    pub context_reply_timeout_s: Option<u64>,
    /// Name of the tracker's completed state.
    pub linear_done_state: Option<String>,
    /// Name of the tracker's started state.
    pub linear_in_progress_state: Option<String>,
    /// Development server: command.
    pub dev_server_cmd: Option<String>,
    /// Development server: port.
    pub dev_server_port: Option<u16>,
    /// Development server: path that answers when it is up.
    pub dev_server_health_path: Option<String>,
    /// Development server: seconds to wait for it.
    pub dev_server_start_timeout_s: Option<u64>,
    /// Model names for roles the engine does not know yet.
    pub models: BTreeMap<String, String>,
}

/// What happens if the gate is red on base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedBase {
    /// The sprint waits for a person.
    #[default]
    Ask,
    /// It goes on, if every failure is a test with a name.
    Accept,
}

/// When an agent makes a finished change simpler (layer 1.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SimplifierPolicy {
    /// By the rules of spec 9.
    #[default]
    Auto,
    /// For every ticket.
    Always,
    /// For none.
    Never,
}

/// Phases that can be switched off. Verification is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseToggles {
    /// Layer 3; switched off it is skipped and the evidence says so.
    pub code_review: bool,
    /// Phase 6.
    pub e2e: bool,
    /// Phase 7.
    pub remaining_check: bool,
}

/// When a failure counts as the same error as the one before (spec 10.10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SameErrorPolicy {
    /// Equal kinds.
    Type,
    /// Equal kinds and equal normalised first error lines.
    Signature,
    /// Equal kinds, and for catch-all kinds equal signatures too.
    #[default]
    Hybrid,
}

/// How context and worker agents work together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoordinationMode {
    /// Both alive in one workspace, talking.
    AgentTeams,
    /// The context agent first, its report handed to the worker.
    Subagents,
}

impl SprintConfig {
    /// A configuration with every default, for `base` and a gate of these commands.
    pub fn new(base: BranchName, checks: BTreeMap<CheckKind, CommandLine>) -> Self {
        let globs = [
            "*.test.*",
            "*.spec.*",
            "*_test.*",
            "test_*",
            "*_spec.rb",
            "tests/*",
            "*Test.*",
        ];
        let manifests = [
            "package.json",
            "package-lock.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "Cargo.toml",
            "Cargo.lock",
            "pyproject.toml",
            "go.mod",
            "go.sum",
        ];
        Self {
            branch_base: base,
            filter: TicketFilter::in_status([TicketStatus::Todo]),
            project_standards: None,
            checks,
            install_cmd: None,
            dependency_manifests: manifests.map(str::to_owned).to_vec(),
            test_file_globs: globs.map(str::to_owned).to_vec(),
            commit_prefix: "feat".into(),
            max_loop_iterations: 3,
            baseline: true,
            red_base: RedBase::default(),
            negative_control: true,
            simplifier: SimplifierPolicy::default(),
            human_in_loop: false,
            partial_merge: true,
            avoid_conflicts: false,
            sprint_dashboard: true,
            max_parallel: 0,
            models: BTreeMap::new(),
            phases: PhaseToggles {
                code_review: true,
                e2e: true,
                remaining_check: true,
            },
            command_timeout_s: 900,
            worker_timeout_s: 3600,
            silence_timeout_s: 0,
            same_error_policy: SameErrorPolicy::Hybrid,
            coordination_mode: None,
            max_agent_runs: 0,
            max_cost_cents: 0,
            max_agent_cost_cents: 0,
            max_ticket_cost_cents: 0,
            other: OtherParameters::default(),
        }
    }
}
