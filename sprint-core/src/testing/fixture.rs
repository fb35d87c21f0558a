//! A few lines of text as tickets and as a plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::agent::{ClaimedCheck, Role, WorkerEvidence, WorkerResult, WorkerStatus};
use crate::domain::command::{CheckKind, CommandLine};
use crate::domain::config::{CoordinationMode, SprintConfig};
use crate::domain::learning::Lessons;
use crate::domain::ticket::{Priority, Size, Ticket, TicketStatus};
use crate::id::{BranchName, CommitId, ProblemId, SprintId, TicketId};
use crate::plan::sprint_plan::{SprintPlan, TicketPlan};
use crate::time::Timestamp;

/// When the sprints of tests begin: 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// The tickets of lines like `C <- A B`: a name, and what it is blocked by. Every ticket has one
/// acceptance criterion.
///
/// # Panics
///
/// On a name that is no ticket id: fixtures are written by hand.
pub fn tickets(lines: &str) -> Vec<Ticket> {
    let rows = lines.split(['\n', ',']).map(str::trim);
    rows.filter(|row| !row.is_empty()).map(ticket).collect()
}

fn ticket(row: &str) -> Ticket {
    let (name, blockers) = row.split_once("<-").unwrap_or((row, ""));
    Ticket {
        id: id(name.trim()),
        title: format!("make {}", name.trim()),
        status: TicketStatus::Todo,
        priority: Priority::default(),
        labels: Vec::new(),
        blocked_by: blockers.split_whitespace().map(id).collect(),
        size: Size::default(),
        body: "## Acceptance Criteria\n- [ ] it works\n".into(),
        updated_at: None,
        parent: None,
    }
}

/// A ticket id written by hand.
///
/// # Panics
///
/// If it is none.
pub fn id(name: &str) -> TicketId {
    match TicketId::new(name) {
        Ok(id) => id,
        Err(error) => panic!("{error}"),
    }
}

/// The configuration of tests: base `main`, a gate of build, lint and test, and an install.
///
/// # Panics
///
/// Never: its texts are valid.
pub fn config() -> SprintConfig {
    let base = BranchName::new("main").unwrap_or_else(|error| panic!("{error}"));
    let line = |kind: CheckKind| Some((kind, CommandLine::new(format!("make {kind}"))?));
    let checks = [CheckKind::Build, CheckKind::Lint, CheckKind::Test];
    let mut config = SprintConfig::new(base, checks.into_iter().filter_map(line).collect());
    config.install_cmd = CommandLine::new("make install");
    config
}

/// The plan for the tickets of `lines`, on a base that stands at `base`.
///
/// Lines are in topological order; a blocker that has no line is unmet.
///
/// # Panics
///
/// Never: its ids are valid.
pub fn plan(lines: &str, base: &CommitId, config: SprintConfig) -> SprintPlan {
    let tickets = tickets(lines);
    let mut plans = BTreeMap::<TicketId, TicketPlan>::new();
    for (rank, ticket) in (0u32..).zip(&tickets) {
        let known = |id: &&TicketId| tickets.iter().any(|other| other.id == **id);
        let dependencies: Vec<_> = ticket.blocked_by.iter().filter(known).cloned().collect();
        let before = |id: &TicketId| plans.get(id).map_or(0, |plan| plan.wave);
        let wave = 1 + dependencies.iter().map(before).max().unwrap_or(0);
        for on in &dependencies {
            if let Some(plan) = plans.get_mut(on) {
                plan.dependents.push(ticket.id.clone());
            }
        }
        let plan = TicketPlan {
            ticket: ticket.clone(),
            wave,
            rank,
            dependencies,
            dependents: Vec::new(),
            unmet: ticket.blocked_by.iter().find(|id| !known(id)).cloned(),
        };
        plans.insert(ticket.id.clone(), plan);
    }
    SprintPlan {
        sprint: SprintId::new("sprint-20260101-000000").unwrap_or_else(|error| panic!("{error}")),
        problem: ProblemId::new("demo").unwrap_or_else(|error| panic!("{error}")),
        started_at: START,
        config,
        base: base.clone(),
        mode: CoordinationMode::Subagents,
        roles: Role::ALL.into(),
        tickets: plans,
        layers: BTreeSet::new(),
        simplifier_regressed: false,
        guidance: Lessons::default(),
        warnings: Vec::new(),
    }
}

/// What a worker says of the ticket `T-1`: it ran the tests, with this result.
///
/// # Panics
///
/// Never: its ids are valid.
pub fn claim(code: i32, passed: Option<u64>) -> WorkerResult {
    let check = ClaimedCheck {
        exit_code: code,
        passed,
        failed: Some(0),
        output: String::new(),
    };
    WorkerResult {
        ticket_id: id("T-1"),
        branch: BranchName::new("b").unwrap_or_else(|error| panic!("{error}")),
        status: WorkerStatus::Success,
        commit_hash: None,
        evidence: Some(WorkerEvidence {
            preflight_ran: true,
            checks: [(CheckKind::Test, check)].into(),
        }),
        learnings_added: vec![],
        notes: vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_a_graph() {
        let base = CommitId::new("a".repeat(40)).unwrap();
        let plan = plan("A, B <- A, C <- A B, D <- X", &base, config());
        let c = &plan.tickets[&id("C")];
        assert_eq!((c.wave, c.rank), (3, 2));
        assert_eq!(c.dependencies, [id("A"), id("B")]);
        assert_eq!(plan.tickets[&id("A")].dependents, [id("B"), id("C")]);
        assert_eq!(plan.tickets[&id("D")].unmet, Some(id("X")));
    }
}
