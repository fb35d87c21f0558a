//! Sprints built by hand, for testing what is said about them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::domain::agent::{
    Assignment, Claimed, PermissionRequest, RequirementRow, Role, WorkerEvidence, WorkerResult,
    WorkerStatus,
};
use crate::domain::command::{CheckKind, CheckRun, CommandLine, Count, Exit};
use crate::domain::config::{CoordinationMode, SprintConfig};
use crate::domain::evidence::CommentRef;
use crate::domain::learning::Lessons;
use crate::domain::merge::Merged;
use crate::domain::ticket::{Priority, Size, Ticket, TicketStatus};
use crate::domain::verdict::{Finding, FindingKind, LayerId, Severity, Verdict};
use crate::domain::workspace::{ChangeKind, ChangedPath, Workspace};
use crate::id::{BlobId, BranchName, CommitId, ProblemId, SessionId, SprintId, TicketId, TreeId};
use crate::inspect::Inspection;
use crate::plan::sprint_plan::{SprintPlan, TicketPlan};
use crate::run::SprintRun;
use crate::run::culprit::Runs;
use crate::run::effect::{EffectId, Step, Work};
use crate::run::integrate::{Culprit, IntegrationRun, Policy, Task};
use crate::run::no_drop::{FileMerge, NoDrop};
use crate::run::predict::Prediction;
use crate::run::proof::Proof;
use crate::run::resolve::Resolved;
use crate::run::snapshot::{SCHEMA_VERSION, Snapshot};
use crate::run::spending::Used;
use crate::run::state::{Counters, Ending, Phase, SprintState};
use crate::run::ticket::{
    Breaker, Checked, FailureRecord, MergeState, Stage, StuckReason, TicketRun,
};
use crate::time::Timestamp;

/// A title that attacks everything that prints it.
pub(super) const HOSTILE: &str = "Fix: a | b <script> @alice \u{1b}[31mred\n### new `tick`";

pub(super) fn id(n: u32) -> TicketId {
    TicketId::new(format!("ENG-{n}")).unwrap()
}

pub(super) fn start() -> Timestamp {
    "2026-01-31T09:00:00Z".parse().unwrap()
}

pub(super) fn commit(c: char) -> CommitId {
    CommitId::new(c.to_string().repeat(40)).unwrap()
}

pub(super) fn tree(c: char) -> TreeId {
    TreeId::new(c.to_string().repeat(40)).unwrap()
}

pub(super) fn workspace(n: u32) -> Workspace {
    Workspace {
        path: format!("/repo/.worktrees/ENG-{n}").into(),
        branch: BranchName::new(format!("worktree-ENG-{n}")).unwrap(),
        base: commit('a'),
        work_base: commit('a'),
    }
}

fn check_run(check: CheckKind, count: Count, tail: &str) -> CheckRun {
    CheckRun {
        check,
        command: CommandLine::new(format!("cargo {check}")).unwrap(),
        exit: Exit::Code(0),
        duration_ms: 12_345,
        output: BlobId::new("0".repeat(64)).unwrap(),
        tail: tail.into(),
        count,
        failing: BTreeSet::new(),
        redacted: 0,
        reused: None,
    }
}

fn claim(n: u32) -> Claimed<WorkerResult> {
    Claimed(WorkerResult {
        ticket_id: id(n),
        branch: workspace(n).branch,
        status: WorkerStatus::Success,
        commit_hash: None,
        evidence: Some(WorkerEvidence {
            preflight_ran: true,
            checks: BTreeMap::new(),
        }),
        learnings_added: vec![],
        notes: vec![],
    })
}

/// Work that every layer accepted; layer 3.5 was skipped.
pub(super) fn checked(n: u32) -> Checked {
    let known = Count::Known {
        passed: 41,
        failed: 0,
        skipped: 1,
    };
    let runs = vec![
        check_run(
            CheckKind::Build,
            Count::Unknown,
            "   Compiling x\n    Finished\n",
        ),
        check_run(CheckKind::Lint, Count::Unknown, ""),
        check_run(
            CheckKind::Test,
            known,
            "\u{1b}[32mtest a ... ok\u{1b}[0m\n```\n41 passed\n",
        ),
    ];
    let remark = Finding {
        severity: Severity::Medium,
        kind: FindingKind::CodeReview,
        message: "ask @alice about Vec<T>".into(),
        place: Some("src/a.rs:7".into()),
    };
    let mut verdicts: BTreeMap<_, _> = LayerId::ALL
        .into_iter()
        .map(|layer| (layer, Verdict::pass()))
        .collect();
    verdicts.insert(LayerId::Mechanical, Verdict::pass().with_runs(runs));
    verdicts.insert(LayerId::Human, Verdict::skip("human_in_loop is off"));
    verdicts.insert(
        LayerId::Review,
        Verdict {
            findings: vec![remark],
            ..Verdict::pass()
        },
    );
    let changed = |path: &str, kind| ChangedPath {
        path: path.into(),
        kind,
    };
    Checked {
        workspace: workspace(n),
        head: commit('b'),
        tree: tree('c'),
        changed: vec![
            changed("src/a.rs", ChangeKind::Modified),
            changed("tests/a|`b.rs", ChangeKind::Added),
        ],
        inspection: Inspection::default(),
        control: None,
        before_simplifier: None,
        claim: Box::new(claim(n)),
        verdicts,
        review_summary: "Good work, @bob.\n\n## Implementation Complete\n```\nopen fence".into(),
        requirements: vec![RequirementRow {
            requirement: "parses a|b\nand c".into(),
            met: true,
            place: Some("src/a.rs:7".into()),
        }],
    }
}

fn ticket_plan(n: u32, wave: u32, dependencies: &[u32], dependents: &[u32]) -> TicketPlan {
    let title = if n == 2 { HOSTILE } else { "Add the parser" };
    TicketPlan {
        ticket: Ticket {
            id: id(n),
            title: title.into(),
            status: TicketStatus::Todo,
            priority: Priority::High,
            labels: vec!["core".into()],
            blocked_by: dependencies.iter().copied().map(id).collect(),
            size: Size::M,
            body: String::new(),
            updated_at: None,
            parent: None,
            tracker_id: None,
        },
        wave,
        rank: n,
        dependencies: dependencies.iter().copied().map(id).collect(),
        dependents: dependents.iter().copied().map(id).collect(),
        unmet: None,
    }
}

pub(super) fn plan() -> SprintPlan {
    let line = |kind: CheckKind| (kind, CommandLine::new(format!("cargo {kind}")).unwrap());
    let checks = [CheckKind::Build, CheckKind::Lint, CheckKind::Test].map(line);
    SprintPlan {
        sprint: SprintId::new("sprint-20260131-090000").unwrap(),
        problem: ProblemId::new("parser").unwrap(),
        started_at: start(),
        config: SprintConfig::new(BranchName::new("main").unwrap(), checks.into()),
        base: commit('a'),
        mode: CoordinationMode::Subagents,
        roles: BTreeSet::from(Role::ALL),
        layers: BTreeSet::new(),
        simplifier_regressed: false,
        guidance: Lessons::default(),
        tickets: [
            ticket_plan(1, 1, &[], &[]),
            ticket_plan(2, 1, &[], &[3]),
            ticket_plan(3, 2, &[2], &[]),
            ticket_plan(4, 1, &[], &[10]),
            ticket_plan(10, 2, &[4], &[]),
        ]
        .map(|plan| (plan.ticket.id.clone(), plan))
        .into(),
        warnings: vec![],
    }
}

fn failure() -> FailureRecord {
    FailureRecord {
        kind: FindingKind::TestFailure,
        layer: LayerId::Mechanical,
        signature: BTreeSet::new(),
        message: "test failed (exit 101): assertion | `left == right`\n```\n@alice".into(),
    }
}

fn begun(n: u32, stage: Stage) -> TicketRun {
    let mut run = TicketRun {
        stage,
        started_at: Some(start().after(Duration::from_secs(5))),
        workspaces: vec![workspace(n)],
        ..TicketRun::queued()
    };
    run.budget.agent_runs = 3;
    run
}

fn after_minutes(minutes: u64) -> Option<Timestamp> {
    Some(start().after(Duration::from_secs(60 * minutes)))
}

fn verified(n: u32) -> TicketRun {
    TicketRun {
        completed_at: after_minutes(11),
        learnings: vec!["use the fast parser".into()],
        ..begun(
            n,
            Stage::Verified {
                checked: Box::new(checked(n)),
                comment: CommentRef("comment-1".into()),
            },
        )
    }
}

fn stuck(n: u32, reason: StuckReason, message: &str) -> TicketRun {
    let mut run = begun(
        n,
        Stage::Stuck {
            reason,
            message: message.into(),
        },
    );
    run.completed_at = after_minutes(20);
    run
}

fn tripped() -> TicketRun {
    let mut run = stuck(2, StuckReason::CircuitBreaker, &failure().message);
    run.attempt = 3;
    run.budget.loops = 3;
    run.budget.fresh_agent = true;
    run.breaker = Breaker {
        last: Some(failure()),
        streak: 1,
        before_fresh: Some(failure()),
        fingerprint: None,
        set_aside: None,
        trips: 1,
    };
    run
}

fn fixing() -> TicketRun {
    let mut run = begun(
        4,
        Stage::Implementing {
            workspace: workspace(4),
            entry: Assignment::Fix {
                feedback: "fix it".into(),
            },
        },
    );
    run.attempt = 2;
    run.budget.loops = 1;
    run.session = Some(SessionId::new("session-4").unwrap());
    run.breaker.last = Some(failure());
    run
}

fn snapshot(phase: Phase, tickets: [TicketRun; 5]) -> Snapshot {
    let [one, two, three, four, ten] = tickets;
    Snapshot {
        schema_version: SCHEMA_VERSION,
        revision: 7,
        at: start().after(Duration::from_secs(3723)),
        plan: Arc::new(plan()),
        sprint: SprintState {
            baseline: None,
            phase,
            merge_order: vec![],
            base_head: commit('a'),
            counters: Counters {
                gates_reused: 0,
                caught: BTreeMap::new(),
                simplifier_reverts: 0,
                agents: [(Role::Worker, 5), (Role::Review, 2)].into(),
                cost_micro_usd: 1_234_567,
                presumed_micro_usd: 0,
                used: used(),
                gates: 0,
                breaker_trips: 1,
            },
            holds: BTreeMap::new(),
            agents_paused_until: None,
            reserved: BTreeMap::new(),
            retries: 0,
            recoveries: Vec::new(),
            sweep_due: false,
            sweeps: 0,
        },
        tickets: [
            (id(1), one),
            (id(2), two),
            (id(3), three),
            (id(4), four),
            (id(10), ten),
        ]
        .into(),
        integration: None,
        undo: None,
        prediction: Prediction::default(),
    }
}

/// What agents used.
fn used() -> BTreeMap<Role, Used> {
    let used = |cost_micro_usd, tokens| Used {
        cost_micro_usd,
        tokens,
    };
    let roles = [
        (Role::Worker, used(1_200_000, 340_000)),
        (Role::Review, used(34_567, 12_000)),
    ];
    roles.into()
}

/// A tool that a worker wants to use.
pub(super) fn permission() -> PermissionRequest {
    PermissionRequest {
        tool: "Bash".into(),
        input: "rm -rf | @alice".into(),
        digest: "d1".into(),
    }
}

/// The running sprint, with a worker that asks for a tool.
pub(super) fn asking() -> Snapshot {
    let mut snapshot = running();
    let ticket = snapshot.tickets.get_mut(&id(4)).unwrap();
    if let Stage::Implementing { workspace, entry } = ticket.stage.clone() {
        ticket.stage = Stage::AwaitingPermission {
            workspace,
            entry,
            request: permission(),
        };
    }
    snapshot
}

fn blocked() -> TicketRun {
    TicketRun {
        stage: Stage::Blocked { by: id(2) },
        ..TicketRun::queued()
    }
}

/// A sprint in the middle: verified, stuck, blocked, being fixed, queued.
pub(super) fn running() -> Snapshot {
    snapshot(
        Phase::Tickets,
        [
            verified(1),
            tripped(),
            blocked(),
            fixing(),
            TicketRun::queued(),
        ],
    )
}

/// A sprint at its end: merged, stuck, blocked, set aside, dropped.
pub(super) fn finished() -> Snapshot {
    let merged = TicketRun {
        stage: Stage::Merged {
            checked: Box::new(checked(1)),
            comment: CommentRef("comment-1".into()),
            at: commit('d'),
        },
        merge: MergeState::Merged,
        workspaces: vec![],
        ..verified(1)
    };
    let aside = TicketRun {
        merge: MergeState::Reverted,
        ..stuck(
            4,
            StuckReason::IntegrationFailed,
            "passes alone, fails together with ENG-1: test failed",
        )
    };
    let dropped = TicketRun {
        stage: Stage::Dropped,
        merge: MergeState::Skipped,
        ..TicketRun::queued()
    };
    let phase = Phase::Complete {
        ending: Ending::Finished,
    };
    let mut snapshot = snapshot(phase, [merged, tripped(), blocked(), aside, dropped]);
    snapshot.sprint.merge_order = vec![id(1)];
    snapshot.sprint.base_head = commit('d');
    snapshot.sprint.counters.gates = 6;
    let mut green = Runs::default();
    green.add(Verdict::pass());
    snapshot.integration = Some(IntegrationRun {
        round: 1,
        probe: 9,
        at: start(),
        base: commit('a'),
        order: vec![id(1)],
        dependencies: BTreeMap::new(),
        policy: Policy {
            resolves: true,
            partial: true,
        },
        gates: [(tree('e'), green)].into(),
        combinations: Vec::new(),
        gates_spent: 6,
        held_back: BTreeSet::new(),
        conflict_agents: BTreeMap::new(),
        resolved: Vec::new(),
        culprits: vec![Culprit {
            ticket: id(4),
            partner: Some(id(1)),
            message: "passes alone, fails together with ENG-1: test failed".into(),
            gates: 6,
        }],
        chain: vec![Merged {
            ticket: id(1),
            commit: commit('d'),
            tree: tree('e'),
            resolved: Vec::new(),
        }],
        task: Task::Over,
    });
    snapshot
}

/// Everything merged.
pub(super) fn all_merged() -> Snapshot {
    let mut snapshot = finished();
    let merged = snapshot.tickets[&id(1)].clone();
    for ticket in snapshot.tickets.values_mut() {
        *ticket = merged.clone();
    }
    snapshot
}

/// A sprint in which a conflict was resolved, and in which ENG-4 was mended after it was set aside.
pub(super) fn mended() -> Snapshot {
    let mut snapshot = finished();
    let merged = snapshot.tickets[&id(1)].clone();
    for n in [4, 10] {
        snapshot.tickets.insert(id(n), merged.clone());
    }
    let file = FileMerge {
        path: &"menu.txt".into(),
        base: Some("open Mon\n"),
        ours: Some("open Mon, Sat\n"),
        theirs: Some("open Mon, Sun\n"),
        resolved: Some("open Mon, Sat, Sun\n"),
    };
    let run = snapshot.integration.as_mut().unwrap();
    run.resolved.push(Resolved {
        ticket: id(10),
        others: vec![id(1)],
        paths: vec![file.path.clone()],
        commit: commit('f'),
        proof: NoDrop::judge([file], &[]),
    });
    snapshot
}

/// The proof the run machine gives out for ENG-1 with this work.
pub(super) fn proven(checked: Checked) -> (SprintPlan, Proof, Checked) {
    let mut snapshot = running();
    snapshot.tickets.get_mut(&id(1)).unwrap().stage = Stage::Posting(Box::new(checked));
    let run = SprintRun::restore(snapshot);
    let work = run.work(&EffectId::ticket(id(1), 1, Step::Post)).unwrap();
    let Work::Post { proof, checked, .. } = work else {
        panic!("not a post: {work:?}")
    };
    (plan(), proof, *checked)
}

/// The same, with the members of every object in the order of their names: other crates of a build
/// may make `serde_json` keep the order in which they came.
pub(super) fn sorted(json: Value) -> Value {
    match json {
        Value::Object(members) => {
            let sorted = members
                .into_iter()
                .map(|(name, value)| (name, sorted(value)));
            let sorted: BTreeMap<_, _> = sorted.collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}
