//! A sprint that crashes, anywhere, and is resumed ends like one that does not.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use sprint_core::domain::command::CheckKind;
use sprint_core::domain::ticket::TicketStatus;
use sprint_core::domain::verdict::Severity;
use sprint_core::engine::{Engine, Why, control};
use sprint_core::id::TicketId;
use sprint_core::ports::observer::Silent;
use sprint_core::run::admit::Limits;
use sprint_core::run::ticket::Stage;
use sprint_core::testing::fake::{FakeStore, ports};
use sprint_core::testing::fixture::id;
use sprint_core::testing::world::World;
use sprint_core::testing::world::agents::{CompletionAct, ReviewAct, Script, WorkerAct};
use sprint_core::testing::world::repo::{Flaw, Tree};

/// One scenario: tickets, what their agents do, what does not go together.
#[derive(Clone, Copy)]
struct Case {
    lines: &'static str,
    acts: &'static [(&'static str, Act)],
    conflict: Option<(&'static str, &'static str)>,
    breaks: &'static [&'static str],
}

/// What the agents of one ticket do.
#[derive(Clone, Copy)]
enum Act {
    FailsOnce,
    FailsTwice,
    FailsAlways,
    Wanders,
    Idle,
    CutOffOnce,
    CutOffAlways,
    Lies,
    Reviewed,
    Edited,
    Incomplete,
    Miscited,
    Slow,
    Uncommitted,
}

fn script(act: Act) -> Script {
    use WorkerAct::{Admits, Flawed, Good, Idle, Lies, Malformed};
    let fails = |text: &str| {
        let (check, text) = (CheckKind::Test, text.to_owned());
        Flawed(Flaw::Fails { check, text })
    };
    let mut script = Script::default();
    match act {
        Act::FailsOnce => script.worker = vec![Admits, Good],
        Act::FailsTwice => script.worker = vec![fails("x"), fails("x"), Good],
        Act::FailsAlways => script.worker = vec![fails("x")],
        Act::Wanders => script.worker = vec![fails("x"), fails("y"), fails("z")],
        Act::Idle => script.worker = vec![Idle, Good],
        Act::CutOffOnce => script.worker = vec![Malformed, Good],
        Act::CutOffAlways => script.worker = vec![Malformed],
        Act::Lies => script.worker = vec![Lies, Good],
        Act::Reviewed => {
            let finds = ReviewAct::Finds(Severity::High, "leaks".into());
            script.review = vec![finds, ReviewAct::Clean];
        }
        Act::Edited => script.review = vec![ReviewAct::Edits],
        Act::Incomplete => {
            let missing = CompletionAct::Missing("the rest".into());
            script.completion = vec![missing, CompletionAct::Complete];
        }
        Act::Miscited => script.completion = vec![CompletionAct::CitesWrong],
        Act::Slow => script.worker = vec![Flawed(Flaw::Slow(2))],
        Act::Uncommitted => script.leaves_uncommitted = true,
    }
    script
}

/// Plain graphs, every behaviour alone and before a dependent, and every way not to fit.
fn corpus() -> Vec<Case> {
    use Act::*;
    const ACTS: [(&str, Act); 14] = [
        ("A", FailsOnce),
        ("A", FailsTwice),
        ("A", FailsAlways),
        ("A", Wanders),
        ("A", Idle),
        ("A", CutOffOnce),
        ("A", CutOffAlways),
        ("A", Lies),
        ("A", Reviewed),
        ("A", Edited),
        ("A", Incomplete),
        ("A", Miscited),
        ("A", Slow),
        ("A", Uncommitted),
    ];
    let plain = |lines| Case {
        lines,
        acts: &[],
        conflict: None,
        breaks: &[],
    };
    let mut corpus: Vec<_> = [
        "A",
        "A, B",
        "A, B <- A, C <- A B",
        "A, B, C <- A B, D <- C",
        "A <- NOWHERE, B <- A, C",
    ]
    .map(plain)
    .to_vec();
    for act in 0..ACTS.len() {
        let acts = &ACTS[act..=act];
        corpus.push(Case {
            acts,
            ..plain("A, B <- A, C")
        });
    }
    for conflict in [("A", "B"), ("B", "C"), ("A", "C")] {
        let conflict = Some(conflict);
        corpus.push(Case {
            conflict,
            ..plain("A, B, C, D <- B")
        });
        corpus.push(Case {
            conflict,
            ..plain("A, B, C <- A B")
        });
    }
    for breaks in [
        &["A", "B"] as &[_],
        &["B", "C"],
        &["A", "B", "C"],
        &["A", "D"],
        &["D"],
    ] {
        corpus.push(Case {
            breaks,
            ..plain("A, B, C, D <- B")
        });
    }
    corpus
}

/// What is left when a sprint is over.
#[derive(Debug, PartialEq)]
struct End {
    base: Tree,
    stages: BTreeMap<TicketId, String>,
    statuses: BTreeMap<TicketId, TicketStatus>,
    evidence: BTreeMap<TicketId, usize>,
}

struct Rig {
    world: World,
    store: FakeStore,
    engine: Engine,
    plan: sprint_core::plan::sprint_plan::SprintPlan,
}

impl Rig {
    fn new(case: &Case, latency: Duration) -> Self {
        let (world, plan) = World::planned(case.lines);
        world.with(|state| {
            state.latency = latency;
            for (name, act) in case.acts {
                state.scripts.insert(id(name), script(*act));
            }
            let pair = case.conflict.map(|(a, b)| (a.to_owned(), b.to_owned()));
            state.repo.conflicts.extend(pair);
            if !case.breaks.is_empty() {
                let set: BTreeSet<_> = case.breaks.iter().map(|name| (*name).to_owned()).collect();
                state.checks.break_together.push(set);
            }
        });
        let store = FakeStore::default();
        let limits = Limits::new(Some(2), Some(2));
        let engine = Engine::new(ports(&world, &store), limits, Arc::new(Silent));
        Self {
            world,
            store,
            engine,
            plan,
        }
    }

    fn start(&self) -> sprint_core::ports::Result<Why> {
        let (_control, mut inbox) = control();
        let lease = FakeStore::lease(1);
        let run = self.engine.start(self.plan.clone(), &lease, &mut inbox);
        Ok(self.world.clock().run(run)?.why)
    }

    /// Starts, and dies at the first moment of rest after `k` saves. False if it ended before.
    fn start_and_die_after(&self, k: usize) -> bool {
        let (_control, mut inbox) = control();
        let lease = FakeStore::lease(1);
        let mut run = Box::pin(self.engine.start(self.plan.clone(), &lease, &mut inbox));
        let mut cx = Context::from_waker(Waker::noop());
        while run.as_mut().poll(&mut cx).is_pending() {
            if self.store.deltas().len() >= k {
                return true;
            }
            assert!(self.world.clock().advance_to_next());
        }
        false
    }

    fn resume(&self) -> Why {
        self.store.reopen();
        let (_control, mut inbox) = control();
        let lease = FakeStore::lease(2);
        let stored = self.store.stored().unwrap();
        let json = serde_json::to_string(&stored).unwrap();
        let read = serde_json::from_str(&json).unwrap();
        let run = self.engine.resume(read, &lease, &mut inbox);
        self.world.clock().run(run).unwrap().why
    }

    fn end(&self) -> End {
        let stored = self.store.stored().unwrap();
        let stage = |stage: &Stage| {
            if let Stage::Stuck { reason, message } = stage {
                format!("stuck: {}: {message}", reason.name())
            } else if let Stage::Blocked { by } = stage {
                format!("blocked by {by}")
            } else {
                stage.name().to_owned()
            }
        };
        let stages = stored
            .tickets
            .iter()
            .map(|(id, t)| (id.clone(), stage(&t.stage)));
        self.world.with(|state| {
            let entries = &state.board.entries;
            End {
                base: state.repo.base_tree().clone(),
                stages: stages.collect(),
                statuses: entries
                    .iter()
                    .map(|(id, e)| (id.clone(), e.ticket.status))
                    .collect(),
                evidence: entries
                    .iter()
                    .map(|(id, e)| (id.clone(), e.evidence().len()))
                    .collect(),
            }
        })
    }
}

#[test]
fn a_crash_after_any_save_changes_nothing() {
    for case in corpus() {
        let whole = Rig::new(&case, Duration::from_secs(1));
        let why = whole.start().unwrap();
        let expected = whole.end();
        let mut crashes = 0;
        for k in 1.. {
            let rig = Rig::new(&case, Duration::from_secs(1));
            if !rig.start_and_die_after(k) {
                break;
            }
            crashes += 1;
            assert_eq!(rig.resume(), why);
            assert_eq!(rig.end(), expected, "{}: crash after save {k}", case.lines);
        }
        assert!(crashes > 3, "{}: {crashes}", case.lines);
    }
}

#[test]
fn a_crash_between_any_effect_and_its_reply_changes_nothing() {
    for case in corpus() {
        let whole = Rig::new(&case, Duration::ZERO);
        let why = whole.start().unwrap();
        let expected = whole.end();
        let saves = whole.store.deltas().len();
        for k in 1..saves {
            let rig = Rig::new(&case, Duration::ZERO);
            rig.store.fail_after(k);
            // Everything in flight has taken hold; the save of what was heard of it fails.
            rig.start().unwrap_err();
            assert_eq!(rig.resume(), why);
            assert_eq!(rig.end(), expected, "{}: save {k} was the last", case.lines);
        }
    }
}
