//! A worker that hands in the same work again has made no progress, whatever it says.
#![expect(clippy::unwrap_used, reason = "tests")]

use sprint_core::domain::agent::{
    AgentReport, Answer, Claimed, ClaimedCheck, RoleResult, WorkerEvidence, WorkerResult,
    WorkerStatus,
};
use sprint_core::domain::check::CheckReport;
use sprint_core::domain::command::{CheckKind, CheckRun, CommandLine, Count, Exit};
use sprint_core::domain::verdict::FindingKind;
use sprint_core::domain::workspace::{ChangeKind, ChangedPath, Collected, Opened, Workspace};
use sprint_core::id::{BlobId, BranchName, CommitId, TreeId};
use sprint_core::run::SprintRun;
use sprint_core::run::effect::{Done, EffectId, Step};
use sprint_core::run::event::Event;
use sprint_core::run::input::Input;
use sprint_core::testing::fixture;
use sprint_core::testing::world::World;
use sprint_core::time::Timestamp;

fn digits(digit: &str) -> String {
    digit.repeat(40)
}

struct Story {
    run: SprintRun,
}

impl Story {
    /// One ticket whose gate fails once.
    fn until_the_gate_failed() -> Self {
        let (_, mut plan) = World::planned("A");
        plan.config.install_cmd = None;
        plan.config.phases.code_review = false;
        plan.config.baseline = false;
        plan.roles
            .remove(&sprint_core::domain::agent::Role::Context);
        let mut story = Self {
            run: SprintRun::start(Timestamp::default(), plan),
        };
        story.finish_as(EffectId::sprint(1, Step::Checkpoint), Done::Plain);
        let base = story.run.sprint().base_head.clone();
        let workspace = Workspace {
            path: "/w".into(),
            branch: BranchName::new("a").unwrap(),
            base: base.clone(),
            work_base: base,
        };
        story.finish(1, Step::Open, Done::Opened(Opened::Ready(workspace)));
        story.hand_in(1, "1", &[]);
        let red = CheckRun {
            check: CheckKind::Test,
            command: CommandLine::new("make test").unwrap(),
            exit: Exit::Code(1),
            duration_ms: 1,
            output: BlobId::of(b""),
            tail: "assertion failed".into(),
            count: Count::Unknown,
            failing: [].into(),
            redacted: 0,
            reused: None,
        };
        let report = CheckReport::new(vec![red], None);
        let events = story.finish(1, Step::Check, Done::Checked(report));
        assert!(!matches!(
            kinds(&events)[..],
            [] | [FindingKind::NoProgress]
        ));
        story
    }

    fn finish_as(&mut self, effect: EffectId, done: Done) -> Vec<Event> {
        assert!(self.run.wants(&effect), "{effect} is not wanted");
        self.run.apply(
            Timestamp::default(),
            Input::Finished {
                effect,
                outcome: Ok(done),
            },
        )
    }

    fn finish(&mut self, attempt: u32, step: Step, done: Done) -> Vec<Event> {
        self.finish_as(EffectId::ticket(fixture::id("A"), attempt, step), done)
    }

    /// The worker answers, and its workspace is looked at.
    fn hand_in(&mut self, attempt: u32, tree: &str, notes: &[&str]) -> Vec<Event> {
        let ran = ClaimedCheck {
            exit_code: 0,
            passed: None,
            failed: None,
            output: String::new(),
        };
        let checks = [CheckKind::Build, CheckKind::Lint, CheckKind::Test];
        let claim = WorkerResult {
            ticket_id: fixture::id("A"),
            branch: BranchName::new("a").unwrap(),
            status: WorkerStatus::Success,
            commit_hash: None,
            evidence: Some(WorkerEvidence {
                preflight_ran: true,
                checks: checks.map(|kind| (kind, ran.clone())).into(),
            }),
            learnings_added: Vec::new(),
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        };
        let answer = Answer::Result(Claimed(RoleResult::Worker(claim)));
        let report = AgentReport::of(answer);
        self.finish(attempt, Step::Implement, Done::Agent(Box::new(report)));
        let found = Collected {
            head: CommitId::new(digits("a")).unwrap(),
            tree: TreeId::new(digits(tree)).unwrap(),
            commits: 1,
            changed: vec![ChangedPath {
                path: "a".into(),
                kind: ChangeKind::Added,
            }],
            added: Vec::new(),
        };
        self.finish(
            attempt,
            Step::Collect,
            Done::Collected {
                found: Box::new(found),
                inspection: Box::default(),
            },
        )
    }
}

fn kinds(events: &[Event]) -> Vec<FindingKind> {
    let kind = |event: &Event| {
        let Event::AttemptFailed { kind, .. } = event else {
            return None;
        };
        Some(*kind)
    };
    events.iter().filter_map(kind).collect()
}

#[test]
fn the_same_work_again_is_no_progress_and_is_not_checked_again() {
    let mut story = Story::until_the_gate_failed();
    let events = story.hand_in(2, "1", &[]);
    assert_eq!(kinds(&events), [FindingKind::NoProgress]);
    assert!(story.run.wanted().all(|effect| effect.step != Step::Check));
}

#[test]
fn other_words_about_the_same_work_are_no_progress_and_other_work_is_looked_at() {
    let mut story = Story::until_the_gate_failed();
    let events = story.hand_in(2, "1", &["now with a reason"]);
    assert_eq!(kinds(&events), [FindingKind::NoProgress]);
    let mut story = Story::until_the_gate_failed();
    assert_eq!(kinds(&story.hand_in(2, "2", &[])), []);
    assert!(story.run.wanted().any(|effect| effect.step == Step::Check));
}
