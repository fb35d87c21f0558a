//! The driver over fakes and a clock that stands still until it is told to go on.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt as _;
use sprint_core::engine::{Control, Engine, Finished, Inbox, Why, control};
use sprint_core::failure::ErrorKind;
use sprint_core::id::TicketId;
use sprint_core::plan::sprint_plan::SprintPlan;
use sprint_core::ports::{Clock as _, Result};
use sprint_core::run::Outcome;
use sprint_core::run::admit::Limits;
use sprint_core::run::event::Event;
use sprint_core::run::input::Command;
use sprint_core::run::state::Ending;
use sprint_core::testing::fake::{FakeStore, Recorder, ports};
use sprint_core::testing::fixture::id;
use sprint_core::testing::world::{Fault, When, World};
use sprint_core::time::Timestamp;

const SECOND: Duration = Duration::from_secs(1);

/// An engine over a world in which every call takes a second.
struct Bench {
    world: World,
    plan: SprintPlan,
    store: FakeStore,
    heard: Recorder,
    engine: Engine,
    control: Control,
    inbox: Inbox,
}

impl Bench {
    fn new(lines: &str) -> Self {
        let (world, plan) = World::planned(lines);
        world.with(|state| state.latency = SECOND);
        let store = FakeStore::default();
        let heard = Recorder::default();
        let limits = Limits::new(None, None);
        let engine = Engine::new(ports(&world, &store), limits, Arc::new(heard.clone()));
        let (control, inbox) = control();
        Self {
            world,
            plan,
            store,
            heard,
            engine,
            control,
            inbox,
        }
    }

    /// Starts and runs to the end.
    fn start(&mut self) -> Result<Finished> {
        let lease = FakeStore::lease(1);
        let run = self
            .engine
            .start(self.plan.clone(), &lease, &mut self.inbox);
        self.world.clock().run(run)
    }

    /// Starts, advances the clock `ticks` times to where somebody waits, and calls `then`; then
    /// runs to the end. Returns also when it ended after that, on the clock.
    fn start_and(
        &mut self,
        ticks: usize,
        then: impl FnOnce(&Control),
    ) -> (Result<Finished>, Duration) {
        let lease = FakeStore::lease(1);
        let clock = self.world.clock().clone();
        let mut run = pin!(
            self.engine
                .start(self.plan.clone(), &lease, &mut self.inbox)
        );
        for _ in 0..ticks {
            assert!((&mut run).now_or_never().is_none(), "over too early");
            assert!(clock.advance_to_next());
        }
        assert!((&mut run).now_or_never().is_none(), "over too early");
        then(&self.control);
        let at = clock.now();
        let finished = clock.run(run);
        (finished, clock.now().since(at))
    }

    fn saves(&self) -> usize {
        self.store.deltas().len()
    }

    fn calls(&self) -> u64 {
        self.world.with(|state| state.log.calls)
    }

    fn landed(&self) -> Vec<String> {
        self.world
            .with(|state| state.repo.base_tree().keys().cloned().collect())
    }
}

fn complete() -> Why {
    Why::Outcome(Outcome::Complete(Ending::Finished))
}

#[test]
fn a_quiet_sprint_lands_everything() {
    let mut bench = Bench::new("A, B <- A, C <- A B");
    let finished = bench.start().unwrap();
    assert_eq!(finished.why, complete());
    assert_eq!(bench.landed(), ["A", "B", "C"]);
    assert_eq!(
        Some(finished.run.snapshot().tickets),
        bench.store.stored().map(|s| s.tickets)
    );
}

#[test]
fn every_change_is_saved_before_anything_new_starts() {
    let mut bench = Bench::new("A");
    let lease = FakeStore::lease(1);
    let clock = bench.world.clock().clone();
    let mut run = pin!(
        bench
            .engine
            .start(bench.plan.clone(), &lease, &mut bench.inbox)
    );
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        let poll = run.as_mut().poll(&mut cx);
        // Whatever is in flight now follows from what is on disk now.
        let stored = bench.store.stored().unwrap();
        let agents = bench
            .world
            .with(|state| state.log.agents.values().sum::<u64>());
        assert!(agents <= stored.sprint.counters.agents.values().sum());
        if poll.is_ready() {
            break;
        }
        assert!(clock.advance_to_next());
    }
    let revisions: Vec<_> = bench
        .store
        .deltas()
        .iter()
        .map(|delta| delta.revision)
        .collect();
    let expected: Vec<_> = (0..u64::try_from(revisions.len()).unwrap()).collect();
    assert_eq!(
        revisions, expected,
        "one save after the other, none left out"
    );
}

#[test]
fn one_round_of_the_loop_is_one_save() {
    let mut bench = Bench::new("A, B");
    bench.start().unwrap();
    let both = bench.saves();
    let mut alone = Bench::new("A");
    alone.start().unwrap();
    // Two tickets in step end in the same rounds; what they share is saved together.
    assert!(
        both < 2 * alone.saves(),
        "{both} saves for two, {} for one",
        alone.saves()
    );
}

#[test]
fn a_failed_save_ends_it_before_anything_new_starts() {
    for n in 1..12 {
        let mut bench = Bench::new("A");
        bench.store.fail_after(n);
        let error = bench.start().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Fatal);
        let counted = bench.store.stored().unwrap().sprint.counters.agents;
        let ran = bench.world.with(|state| state.log.agents.clone());
        for (role, n) in &ran {
            assert!(n <= &counted[role], "{ran:?} ran, {counted:?} were saved");
        }
        assert_eq!(bench.saves(), n);
        // What was saved is intact: opened anew, the sprint goes on from there to its end.
        bench.store.reopen();
        let stored = bench.store.stored().unwrap();
        let lease = FakeStore::lease(2);
        let run = bench.engine.resume(stored, &lease, &mut bench.inbox);
        let finished = bench.world.clock().run(run).unwrap();
        assert_eq!(finished.why, complete());
        assert_eq!(bench.landed(), ["A"]);
    }
}

#[test]
fn events_are_told_after_the_save_that_contains_them() {
    let (world, plan) = World::planned("A");
    let store = FakeStore::default();
    let disk = store.clone();
    let told = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&told);
    let observer = move |_: Timestamp, event: &Event| {
        if let Event::StageChanged { ticket, stage, .. } = event {
            let stored = disk.stored().unwrap();
            let saved = stored.tickets[ticket].stage.name();
            ears.lock().unwrap().push((stage.clone(), saved));
        }
    };
    let engine = Engine::new(
        ports(&world, &store),
        Limits::new(None, None),
        Arc::new(observer),
    );
    let (_control, mut inbox) = control();
    let lease = FakeStore::lease(1);
    world
        .clock()
        .run(engine.start(plan, &lease, &mut inbox))
        .unwrap();
    let told = told.lock().unwrap();
    assert!(told.len() > 8, "{told:?}");
    for (stage, saved) in told.iter() {
        assert_eq!(stage, saved);
    }
}

#[test]
fn cancel_stops_everything_in_flight_at_once() {
    let mut bench = Bench::new("A, B, C");
    let agents = |bench: &Bench| bench.world.with(|state| state.log.agents.clone());
    let world = bench.world.clone();
    // Checkpoint, open, install; then researchers and starts are in flight for an hour.
    let (finished, took) = bench.start_and(3, |control| {
        world.with(|state| state.latency = Duration::ZERO);
        assert!(control.send(Command::Cancel));
    });
    assert_eq!(
        finished.unwrap().why,
        Why::Outcome(Outcome::Complete(Ending::Cancelled))
    );
    assert!(took.is_zero(), "waited {took:?} for what was told to stop");
    assert!(
        agents(&bench).is_empty(),
        "no agent came to its end: {:?}",
        agents(&bench)
    );
    assert!(
        !bench.world.clock().advance_to_next(),
        "nothing is left waiting"
    );
}

#[test]
fn draining_lets_running_work_finish_and_starts_nothing() {
    let mut bench = Bench::new("A, B <- A");
    let (finished, took) = bench.start_and(4, |control| assert!(control.drain()));
    let finished = finished.unwrap();
    assert_eq!(finished.why, Why::Drained);
    assert!(took <= 2 * SECOND, "{took:?}");
    let before = bench.calls();
    let lease = FakeStore::lease(2);
    let (_control, mut inbox) = control();
    let resumed = bench
        .engine
        .resume(bench.store.stored().unwrap(), &lease, &mut inbox);
    assert_eq!(bench.world.clock().run(resumed).unwrap().why, complete());
    assert!(bench.calls() > before);
    assert_eq!(bench.landed(), ["A", "B"]);
}

/// Where a sprint ended: what is on base, and each ticket's stage.
fn ending(bench: &Bench) -> (Vec<String>, Vec<(TicketId, &'static str)>) {
    let stored = bench.store.stored().unwrap();
    let stages = stored
        .tickets
        .iter()
        .map(|(id, ticket)| (id.clone(), ticket.stage.name()));
    (bench.landed(), stages.collect())
}

#[test]
fn dropping_the_future_anywhere_and_resuming_ends_the_same() {
    let lines = "A, B <- A, C";
    let mut whole = Bench::new(lines);
    whole.start().unwrap();
    let expected = ending(&whole);
    let mut polls = 0;
    loop {
        polls += 1;
        let mut bench = Bench::new(lines);
        let clock = bench.world.clock().clone();
        let lease = FakeStore::lease(1);
        let mut cx = Context::from_waker(Waker::noop());
        let mut run = Box::pin(
            bench
                .engine
                .start(bench.plan.clone(), &lease, &mut bench.inbox),
        );
        let mut ended = false;
        for _ in 0..polls {
            if let Poll::Ready(finished) = run.as_mut().poll(&mut cx) {
                finished.unwrap();
                ended = true;
                break;
            }
            assert!(clock.advance_to_next());
        }
        drop(run);
        assert!(
            !clock.advance_to_next(),
            "something is still waiting after the drop"
        );
        if ended {
            break;
        }
        let lease = FakeStore::lease(2);
        let stored = bench.store.stored().unwrap();
        let resumed = bench.engine.resume(stored, &lease, &mut bench.inbox);
        assert_eq!(clock.run(resumed).unwrap().why, complete());
        assert_eq!(ending(&bench), expected, "dropped after {polls} polls");
    }
    assert!(polls > 20, "{polls}");
}

#[test]
fn a_panicking_adapter_is_a_failure_of_that_effect() {
    let mut bench = Bench::new("A");
    bench.world.with(|state| state.latency = Duration::ZERO);
    bench.world.arm(Some(Fault {
        skip: 1,
        when: When::Panics,
        kind: ErrorKind::Transient,
    }));
    assert_eq!(bench.start().unwrap().why, complete());
    assert_eq!(bench.landed(), ["A"]);
    let panicked = |message: &String| message.contains("panicked: told to panic");
    let retried =
        |event: &Event| matches!(event, Event::Retrying { message, .. } if panicked(message));
    assert!(bench.heard.events().iter().any(|(_, event)| retried(event)));
}

#[test]
fn a_deadline_wakes_the_loop() {
    let mut bench = Bench::new("A");
    bench.world.with(|state| state.latency = Duration::ZERO);
    // The first agent is told to come back in ten minutes.
    bench.world.arm(Some(Fault {
        skip: 4,
        when: When::Before,
        kind: ErrorKind::rate_limited(Some(600 * SECOND)),
    }));
    let before = bench.world.clock().now();
    assert_eq!(bench.start().unwrap().why, complete());
    let waited = bench.world.clock().now().since(before);
    assert!(waited >= 600 * SECOND, "{waited:?}");
    assert_eq!(bench.landed(), ["A"]);
}

#[test]
fn a_stuck_ticket_blocks_its_dependents_and_nothing_else() {
    use sprint_core::testing::world::agents::{Script, WorkerAct};
    let mut bench = Bench::new("A, B <- A, C <- B, D");
    let script = Script {
        worker: vec![WorkerAct::Idle],
        ..Script::default()
    };
    bench
        .world
        .with(|state| state.scripts.insert(id("A"), script));
    assert_eq!(bench.start().unwrap().why, complete());
    let (landed, stages) = ending(&bench);
    assert_eq!(landed, ["D"]);
    let names: Vec<_> = stages.into_iter().map(|(_, stage)| stage).collect();
    assert_eq!(names, ["stuck", "blocked", "blocked", "merged"]);
}
