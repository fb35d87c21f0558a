//! Every parameter of a sprint: its key, what values it takes, and where they go.

use std::collections::BTreeSet;

use crate::domain::agent::Role;
use crate::domain::command::{CheckKind, CommandLine};
use crate::domain::config::{
    CoordinationMode, RedBase, SameErrorPolicy, SimplifierPolicy, SprintConfig,
};
use crate::domain::ticket::TicketStatus;
use crate::id::BranchName;

/// What values a key takes, and how one is put into a configuration.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    Branch(Set<BranchName>),
    Command(Set<CommandLine>),
    /// A command, or `none` for no command.
    CommandOrNone(Set<Option<String>>),
    Text(Set<String>),
    /// A path inside the repository.
    Path(Set<String>),
    /// The beginning of a commit subject.
    Prefix(Set<String>),
    Model(Set<String>),
    Switch(Set<bool>),
    /// A number from the first to the second.
    Number(u64, u64, Set<u64>),
    Texts(Set<Vec<String>>),
    Statuses(Set<BTreeSet<TicketStatus>>),
    /// One of a few words, which are listed for people.
    Word(&'static str, fn(&mut SprintConfig, &str) -> bool),
    /// A switch that must stay on.
    AlwaysOn,
    /// A key that must not be here.
    Planning,
}

pub(super) type Set<T> = fn(&mut SprintConfig, T);

/// The key of per-problem settings.
pub(super) const PROBLEMS: &str = "problems";

/// Keys without which there is no sprint.
pub(super) const REQUIRED: [&str; 4] = ["branch_base", "build_cmd", "lint_cmd", "test_cmd"];

const COUNT: u64 = u32::MAX as u64;

/// A week: longer limits are typing errors, and this keeps sums of times small.
const WEEK: u64 = 7 * 24 * 3600;

/// The table. Inline blocks write the same keys in capitals.
#[rustfmt::skip]
pub(super) const KEYS: &[(&str, Field)] = &[
    ("branch_base", Field::Branch(|c, v| c.branch_base = v)),
    ("linear_filter.team", Field::Text(|c, v| c.filter.team = Some(v))),
    ("linear_filter.project", Field::Text(|c, v| c.filter.project = Some(v))),
    ("linear_filter.label", Field::Text(|c, v| c.filter.label = Some(v))),
    ("linear_filter.status", Field::Statuses(|c, v| c.filter.status = v)),
    ("linear_filter.states", Field::Texts(|c, v| c.filter.states = names(v))),
    ("project_standards", Field::Path(|c, v| c.project_standards = Some(v))),
    ("build_cmd", Field::Command(|c, v| check(c, CheckKind::Build, v))),
    ("lint_cmd", Field::Command(|c, v| check(c, CheckKind::Lint, v))),
    ("test_cmd", Field::Command(|c, v| check(c, CheckKind::Test, v))),
    ("typecheck_cmd", Field::Command(|c, v| check(c, CheckKind::Typecheck, v))),
    ("e2e_cmd", Field::CommandOrNone(|c, v| c.other.e2e_cmd = v)),
    ("e2e_test_cmd", Field::CommandOrNone(|c, v| c.other.e2e_test_cmd = v)),
    ("install_cmd", Field::Command(|c, v| c.install_cmd = Some(v))),
    ("commit_prefix", Field::Prefix(|c, v| c.commit_prefix = v)),
    ("max_loop_iterations", Field::Number(1, COUNT, |c, v| c.max_loop_iterations = small(v))),
    ("baseline", Field::Switch(|c, v| c.baseline = v)),
    ("red_base", Field::Word("ask, accept", red_base)),
    ("negative_control", Field::Switch(|c, v| c.negative_control = v)),
    ("human_in_loop", Field::Switch(|c, v| c.human_in_loop = v)),
    ("partial_merge", Field::Switch(|c, v| c.partial_merge = v)),
    ("avoid_conflicts", Field::Switch(|c, v| c.avoid_conflicts = v)),
    ("sprint_dashboard", Field::Switch(|c, v| c.sprint_dashboard = v)),
    ("max_parallel", Field::Number(0, COUNT, |c, v| c.max_parallel = small(v))),
    ("models.context", Field::Model(|c, v| model(c, Role::Context, v))),
    ("models.worker", Field::Model(|c, v| model(c, Role::Worker, v))),
    ("models.simplifier", Field::Model(|c, v| model(c, Role::Simplifier, v))),
    ("models.review", Field::Model(|c, v| model(c, Role::Review, v))),
    ("models.completion", Field::Model(|c, v| model(c, Role::Completion, v))),
    ("models.verification", Field::Model(|c, v| other_model(c, "verification", v))),
    ("models.fix", Field::Model(|c, v| other_model(c, "fix", v))),
    ("models.scheduler", Field::Model(|c, v| model(c, Role::Scheduler, v))),
    ("models.conflict", Field::Model(|c, v| model(c, Role::Conflict, v))),
    ("models.e2e", Field::Model(|c, v| model(c, Role::E2e, v))),
    ("models.retrospective", Field::Model(|c, v| model(c, Role::Retrospective, v))),
    ("models.explore", Field::Model(|c, v| model(c, Role::Explore, v))),
    ("models.ticket_context", Field::Model(|c, v| model(c, Role::TicketContext, v))),
    ("phases.verification", Field::AlwaysOn),
    ("phases.code_review", Field::Switch(|c, v| c.phases.code_review = v)),
    ("phases.e2e", Field::Switch(|c, v| c.phases.e2e = v)),
    ("phases.remaining_check", Field::Switch(|c, v| c.phases.remaining_check = v)),
    ("dependency_manifests", Field::Texts(|c, v| c.dependency_manifests = v)),
    ("test_file_globs", Field::Texts(|c, v| c.test_file_globs = v)),
    ("command_timeout_s", Field::Number(1, WEEK, |c, v| c.command_timeout_s = v)),
    ("worker_timeout_s", Field::Number(1, WEEK, |c, v| c.worker_timeout_s = v)),
    ("silence_timeout_s", Field::Number(0, WEEK, |c, v| c.silence_timeout_s = v)),
    ("context_reply_timeout_s", Field::Number(1, WEEK, |c, v| c.other.context_reply_timeout_s = Some(v))),
    ("dev_server.cmd", Field::Command(|c, v| c.other.dev_server_cmd = Some(v.as_str().to_owned()))),
    ("dev_server.port", Field::Number(1, u16::MAX as u64, |c, v| c.other.dev_server_port = u16::try_from(v).ok())),
    ("dev_server.health_path", Field::Text(|c, v| c.other.dev_server_health_path = Some(v))),
    ("dev_server.start_timeout_s", Field::Number(1, WEEK, |c, v| c.other.dev_server_start_timeout_s = Some(v))),
    ("simplifier", Field::Word("auto, always, never", simplifier)),
    ("linear.done_state", Field::Text(|c, v| c.other.linear_done_state = Some(v))),
    ("linear.in_progress_state", Field::Text(|c, v| c.other.linear_in_progress_state = Some(v))),
    ("same_error_policy", Field::Word("type, signature, hybrid", same_error_policy)),
    ("coordination_mode", Field::Word("agent-teams, subagents", coordination_mode)),
    ("max_agent_runs", Field::Number(0, COUNT, |c, v| c.max_agent_runs = v)),
    ("max_cost_cents", Field::Number(0, COUNT, |c, v| c.max_cost_cents = v)),
    ("max_agent_cost_cents", Field::Number(0, COUNT, |c, v| c.max_agent_cost_cents = v)),
    ("max_ticket_cost_cents", Field::Number(0, COUNT, |c, v| c.max_ticket_cost_cents = v)),
    ("max_parallel_context_agents", Field::Planning),
];

/// The field of a key.
pub(super) fn field(path: &str) -> Option<(&'static str, Field)> {
    KEYS.iter().find(|(key, _)| *key == path).copied()
}

/// Whether keys begin with `path` and a dot.
pub(super) fn is_group(path: &str) -> bool {
    KEYS.iter().any(|(key, _)| {
        key.strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// The known key that looks most like `path`, if any is close.
pub(super) fn nearest(path: &str) -> Option<&'static str> {
    let candidates = KEYS
        .iter()
        .filter(|(_, field)| !matches!(field, Field::Planning));
    // Longer keys than any known one are near to none, and not worth comparing.
    let limit = (path.len() / 3).max(2);
    candidates
        .filter(|_| path.len() < 60)
        .map(|(key, _)| (distance(path, key), *key))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, key)| key)
}

/// Levenshtein's distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Names as people write them, without blank ones.
fn names(texts: Vec<String>) -> BTreeSet<String> {
    let names = texts.iter().map(|text| text.trim());
    let names = names.filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

fn check(config: &mut SprintConfig, kind: CheckKind, command: CommandLine) {
    config.checks.insert(kind, command);
}

fn model(config: &mut SprintConfig, role: Role, name: String) {
    config.models.insert(role, name);
}

fn other_model(config: &mut SprintConfig, role: &str, name: String) {
    config.other.models.insert(role.to_owned(), name);
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn simplifier(config: &mut SprintConfig, word: &str) -> bool {
    config.simplifier = match word {
        "auto" => SimplifierPolicy::Auto,
        "always" => SimplifierPolicy::Always,
        "never" => SimplifierPolicy::Never,
        _ => return false,
    };
    true
}

fn red_base(config: &mut SprintConfig, word: &str) -> bool {
    config.red_base = match word {
        "ask" => RedBase::Ask,
        "accept" => RedBase::Accept,
        _ => return false,
    };
    true
}

fn same_error_policy(config: &mut SprintConfig, word: &str) -> bool {
    config.same_error_policy = match word {
        "type" => SameErrorPolicy::Type,
        "signature" => SameErrorPolicy::Signature,
        "hybrid" => SameErrorPolicy::Hybrid,
        _ => return false,
    };
    true
}

fn coordination_mode(config: &mut SprintConfig, word: &str) -> bool {
    config.coordination_mode = Some(match word {
        "agent-teams" | "agent_teams" => CoordinationMode::AgentTeams,
        "subagents" => CoordinationMode::Subagents,
        _ => return false,
    });
    true
}
