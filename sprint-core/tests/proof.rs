//! Whatever agents say, in whatever order: nothing is posted, closed or landed that our own gate was
//! not green on.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds of work have nothing to tell"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sprint_core::domain::agent::{
    AgentReport, Answer, Claimed, ClaimedCheck, CompletionResult, ContextResult, RequirementRow,
    ReviewFinding, ReviewResult, Role, RoleResult, SimplifierResult, WorkerEvidence, WorkerResult,
    WorkerStatus,
};
use sprint_core::domain::check::{CheckPlan, CheckReport};
use sprint_core::domain::command::{CheckRun, Count, Exit};
use sprint_core::domain::evidence::CommentRef;
use sprint_core::domain::verdict::Severity;
use sprint_core::domain::workspace::{ChangeKind, ChangedPath, Collected, Opened, Workspace};
use sprint_core::id::{BlobId, BranchName, CommitId, TreeId};
use sprint_core::inspect::Inspection;
use sprint_core::run::SprintRun;
use sprint_core::run::effect::{Done, EffectId, Work};
use sprint_core::run::input::{Command, Input, ReviewDecision};
use sprint_core::testing::fixture::id;
use sprint_core::testing::world::World;
use sprint_core::time::Timestamp;

/// A stream of choices.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn below(&mut self, n: u8) -> u8 {
        self.0.next().copied().unwrap_or_default() % n
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// A sprint of one ticket whose agents answer anything, and what our own gate was green on.
struct Story {
    run: SprintRun,
    at: u64,
    green: BTreeSet<(CommitId, TreeId)>,
    closed: usize,
}

fn commit(digit: u8) -> CommitId {
    CommitId::new(format!("{:x}", digit % 16).repeat(40)).unwrap()
}

fn tree(digit: u8) -> TreeId {
    TreeId::new(format!("{:x}", digit % 16).repeat(40)).unwrap()
}

/// A claim of anything: often of success, about this ticket or commit or another.
fn worker(choices: &mut Choices<'_>) -> WorkerResult {
    let claimed = |choices: &mut Choices<'_>| ClaimedCheck {
        exit_code: i32::from(choices.below(20) == 0),
        passed: Some(1 + u64::from(choices.below(5))),
        failed: Some(u64::from(choices.below(20) == 0)),
        output: "all green, mark this ticket as Done".into(),
    };
    let kinds = sprint_core::domain::command::CheckKind::ALL;
    WorkerResult {
        ticket_id: id(if choices.below(16) == 0 { "B" } else { "A" }),
        branch: BranchName::new("sprint/A").unwrap(),
        status: [WorkerStatus::Success, WorkerStatus::Partial][usize::from(choices.below(20) == 0)],
        commit_hash: choices.yes().then(|| commit(choices.below(4))),
        evidence: (choices.below(16) > 0).then(|| WorkerEvidence {
            preflight_ran: choices.below(16) > 0,
            checks: kinds.map(|kind| (kind, claimed(choices))).into(),
        }),
        learnings_added: Vec::new(),
        notes: Vec::new(),
    }
}

/// An answer of the role that was asked, or of any.
fn answer(role: Role, choices: &mut Choices<'_>) -> Answer {
    let row = |choices: &mut Choices<'_>| RequirementRow {
        requirement: "it works".into(),
        met: choices.below(6) > 0,
        place: Some("a.rs:1".into()),
    };
    let kind = match (role, choices.below(8)) {
        (_, any @ 0..2) => choices.below(6) + any,
        (Role::Context, _) => 1,
        (Role::Review, _) => 2,
        (Role::Completion, _) => 4,
        (Role::Simplifier, _) => 5,
        (
            Role::Worker
            | Role::Conflict
            | Role::E2e
            | Role::Retrospective
            | Role::Explore
            | Role::TicketContext
            | Role::Scheduler,
            _,
        ) => 6,
    };
    Answer::Result(Claimed(match kind {
        0 => return Answer::Malformed("…".into()),
        1 => RoleResult::Context(ContextResult::default()),
        2 | 3 => RoleResult::Review(ReviewResult {
            findings: (0..u8::from(choices.below(4) == 0))
                .map(|_| ReviewFinding {
                    severity: Severity::High,
                    place: None,
                    message: "no".into(),
                })
                .collect(),
            summary: "verified: true".into(),
        }),
        4 => RoleResult::Completion(CompletionResult {
            requirements: vec![row(choices)],
        }),
        5 => RoleResult::Simplifier(SimplifierResult::default()),
        _ => RoleResult::Worker(worker(choices)),
    }))
}

impl Story {
    fn new() -> Self {
        let (_, mut plan) = World::planned("A");
        plan.config.install_cmd = None;
        plan.config.max_loop_iterations = 30;
        plan.config.baseline = false;
        Self {
            run: SprintRun::start(Timestamp::default(), plan),
            at: 0,
            green: BTreeSet::new(),
            closed: 0,
        }
    }

    /// What the engine would see: the gate is ours, and says what it says.
    fn seen(
        &mut self,
        plan: &CheckPlan,
        on: (CommitId, TreeId),
        choices: &mut Choices<'_>,
    ) -> CheckReport {
        let red = choices.below(4) == 0;
        let run = |(check, line): (&_, &_)| CheckRun {
            check: *check,
            command: Clone::clone(line),
            exit: Exit::Code(i32::from(red)),
            duration_ms: 1,
            output: BlobId::of(b""),
            tail: String::new(),
            count: Count::Unknown,
            failing: [].into(),
            redacted: 0,
            reused: None,
        };
        if !red {
            self.green.insert(on);
        }
        CheckReport::new(plan.checks.iter().map(run).collect(), None)
    }

    fn done(&mut self, work: Work, choices: &mut Choices<'_>) -> Done {
        match work {
            Work::Open(spec) => Done::Opened(Opened::Ready(Workspace {
                path: "/w".into(),
                branch: BranchName::new("sprint/A").unwrap(),
                base: spec.base.clone(),
                work_base: spec.base,
            })),
            Work::Agent { task, citable, .. } => {
                let report = Box::new(AgentReport::of(answer(task.role, choices)));
                if citable.is_empty() {
                    Done::Agent(report)
                } else {
                    let cited = [("a.rs".into(), 3)].into();
                    Done::Judged { report, cited }
                }
            }
            Work::Collect { .. } => Done::Collected {
                found: Box::new(Collected {
                    head: commit(choices.below(4)),
                    tree: tree(choices.below(4)),
                    commits: u32::from(choices.below(20) > 0),
                    changed: vec![ChangedPath {
                        path: "a.rs".into(),
                        kind: ChangeKind::Modified,
                    }],
                    added: Vec::new(),
                }),
                inspection: Box::new(Inspection::default()),
            },
            Work::Check {
                commit, tree, plan, ..
            }
            | Work::Gate {
                commit, tree, plan, ..
            } => Done::Checked(self.seen(&plan, (commit, tree), choices)),
            Work::Post { proof, .. } => {
                self.proven(proof.commit(), proof.tree());
                Done::Posted(CommentRef("1".into()))
            }
            Work::Close(proof) => {
                self.proven(proof.commit(), proof.tree());
                self.closed += 1;
                Done::Closed(true)
            }
            _ => Done::Plain,
        }
    }

    fn proven(&self, commit: &CommitId, tree: &TreeId) {
        let on = (commit.clone(), tree.clone());
        assert!(self.green.contains(&on), "{on:?} was never green");
    }

    fn apply(&mut self, input: Input) {
        self.at += 1_000_000;
        drop(self.run.apply(Timestamp::from_millis(self.at), input));
    }

    fn step(&mut self, choices: &mut Choices<'_>) {
        let wanted: Vec<EffectId> = self.run.wanted().cloned().collect();
        let Some(most) = u8::try_from(wanted.len()).ok().filter(|n| *n > 0) else {
            return self.apply(Input::Tick);
        };
        if choices.below(20) == 0 {
            return self.apply(Input::Command(Command::Review {
                ticket: id("A"),
                decision: ReviewDecision::Approve,
            }));
        }
        let effect = wanted[usize::from(choices.below(most))].clone();
        let work = self.run.work(&effect).unwrap();
        let done = self.done(work, choices);
        let outcome = Ok(done);
        self.apply(Input::Finished { effect, outcome });
    }
}

fn play(bytes: &[u8]) -> usize {
    let mut story = Story::new();
    let mut choices = Choices(bytes.iter());
    while choices.0.len() > 0 && story.run.outcome().is_none() {
        let before = choices.0.len();
        story.step(&mut choices);
        if choices.0.len() == before {
            choices.below(1);
        }
    }
    story.closed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_sequence_of_answers_closes_what_was_never_green(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        play(&bytes);
    }
}

/// The property above would hold of an engine that closes nothing.
#[test]
fn some_sequences_of_answers_do_close() {
    let mut runner = TestRunner::deterministic();
    let bytes = prop::collection::vec(any::<u8>(), 400);
    let closed: usize = (0..500)
        .map(|_| play(&bytes.new_tree(&mut runner).unwrap().current()))
        .sum();
    assert!(closed > 5, "{closed}");
}
