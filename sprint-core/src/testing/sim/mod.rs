//! The simulator: whole sprints, with everything going wrong, as a function of a seed.
//!
//! The run machine is a value, so the simulator is the driver: it admits, saves, performs one
//! effect over the fakes, and folds the answer in, and between any two of these steps it may
//! crash, lose a reply or change the world. After every step all rules of `invariants.rs` are
//! checked.

pub mod coverage;
pub mod faults;
mod history;
mod invariants;
mod people;
mod resuming;
pub mod scenario;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;

use crate::engine::Ports;
use crate::engine::perform::perform;
use crate::failure::{ErrorKind, Failure};
use crate::plan::sprint_plan::SprintPlan;
use crate::ports::{Clock as _, EffectContext, Lease};
use crate::run::admit::{Limits, admit};
use crate::run::effect::{Done, EffectId, EffectKey, Lane, Step, Work};
use crate::run::event::Event;
use crate::run::input::{Command, Input};
use crate::run::snapshot::{Delta, Snapshot};
use crate::run::spending::{Purse, may_have_cost};
use crate::run::state::Phase;
use crate::run::ticket::Stage;
use crate::run::undo::Way;
use crate::run::{Outcome, SprintRun};
use crate::testing::fake::{self, FakeStore};
use crate::testing::rng::Rng;
use crate::testing::sim::coverage::Coverage;
use crate::testing::sim::faults::Faults;
use crate::testing::sim::history::History;
use crate::testing::sim::scenario::Scenario;
use crate::testing::world::{Fault, When, World};

type Reply = (EffectId, Result<Done, Failure>);

/// Steps per ticket within which a sprint has to end once nothing goes wrong any more.
const PATIENCE: u32 = 400;

/// One simulated sprint.
#[derive(Debug)]
pub struct Sim {
    world: World,
    store: FakeStore,
    run: SprintRun,
    running: BTreeMap<EffectId, Work>,
    limits: Limits,
    history: History,
    ports: Ports,
    lease: Lease,
    faults: Faults,
    rng: Rng,
    late: Vec<Reply>,
    superseded: Option<(SprintRun, Lease)>,
    regrets: u32,
    resumes: bool,
    coverage: Coverage,
    step: u32,
}

/// Simulates the sprint of a seed to its end, and says what happened in it.
///
/// # Panics
///
/// If a rule is broken, with the rule in the message.
pub fn simulate(seed: u64) -> Coverage {
    let mut rng = Rng::new(seed);
    let scenario = Scenario::random(&mut rng);
    let mut sim = Sim::new(scenario, rng);
    sim.run_to_the_end();
    sim.coverage
}

impl Sim {
    /// A sprint that was planned and saved, and has done nothing yet.
    pub fn new(scenario: Scenario, rng: Rng) -> Self {
        let Scenario {
            world,
            plan,
            limits,
            faults,
        } = scenario;
        let store = FakeStore::default();
        let lease = FakeStore::lease(1);
        let run = SprintRun::start(world.clock().now(), plan);
        let first = Delta::first(run.snapshot());
        if let Err(error) = store.save(&first, &lease) {
            panic!("{error}");
        }
        let mut ports = fake::ports(&world, &store);
        for name in &run.plan().layers {
            let layer = fake::FakeLayer::new(&world, *name);
            ports.layers.push(Arc::new(layer));
        }
        Self {
            ports,
            history: History::new(&world, run.plan()),
            world,
            store,
            run,
            running: BTreeMap::new(),
            limits,
            lease,
            faults,
            rng,
            late: Vec::new(),
            superseded: None,
            regrets: 0,
            resumes: false,
            coverage: Coverage::default(),
            step: 0,
        }
    }

    /// The sprint as it stands.
    pub const fn sprint(&self) -> &SprintRun {
        &self.run
    }

    /// Goes on until the sprint is over.
    ///
    /// # Panics
    ///
    /// If a rule is broken, or the sprint does not come to an end.
    pub fn run_to_the_end(&mut self) {
        let tickets = u32::try_from(self.run.tickets().len()).unwrap_or(u32::MAX);
        let bound = self.faults.steps + PATIENCE * (tickets + 1);
        self.fold(Vec::new());
        loop {
            self.step += 1;
            assert!(
                self.step < bound,
                "no outcome within {bound} steps: {:?}",
                self.run.sprint()
            );
            if self.step == self.faults.steps {
                self.calm_down();
            }
            if self.running.is_empty()
                && let Some(outcome) = self.run.outcome()
            {
                match self.after(&outcome) {
                    Some(inputs) => {
                        // It was over; whoever wants more starts the program again.
                        self.resumes |= matches!(outcome, Outcome::Complete(_));
                        self.fold(inputs);
                    }
                    None => break,
                }
            } else {
                let inputs = self.next();
                self.fold(inputs);
            }
        }
        invariants::at_the_end(self);
    }

    /// From here on nothing goes wrong any more.
    fn calm_down(&mut self) {
        self.late.clear();
        self.world.with(|state| {
            state.repo.checkout_dirty = false;
            state.repo.repair_base();
        });
        self.history.base_may_move = true;
    }

    fn stormy(&self) -> bool {
        self.step < self.faults.steps
    }

    fn strikes(&mut self, percent: usize) -> bool {
        self.stormy() && self.rng.chance(percent)
    }

    /// Folds facts in, as the driver does: apply, admit, save, tell, stop, start.
    fn fold(&mut self, inputs: Vec<Input>) {
        let now = self.world.clock().now();
        let mut events = Vec::new();
        let mut heard = Vec::new();
        let resumes = std::mem::take(&mut self.resumes);
        let survey = if resumes { self.survey() } else { None };
        if resumes && survey.is_none() {
            return self.crash("while it looks around");
        }
        for input in inputs {
            if let Input::Finished { effect, .. } = &input {
                if resumes {
                    // It answered to the process that died.
                    self.history.unheard(effect);
                    continue;
                }
                heard.push(effect.clone());
            }
            self.history.command(&input, &self.run);
            self.cover_input(&input);
            events.extend(self.run.apply(now, input));
        }
        if let Some(survey) = survey {
            self.cover_survey(&survey);
            events.extend(self.run.apply(now, Input::Reconcile(Box::new(survey))));
        }
        let running: BTreeSet<_> = self.running.keys().cloned().collect();
        let start = admit(&self.run, &running, &self.limits);
        invariants::admission(self, &start, now);
        if !start.is_empty() {
            events.extend(self.run.apply(now, Input::Starting(start.clone())));
        }
        if self.strikes(self.faults.crashes / 3) {
            heard.iter().for_each(|id| self.history.unheard(id));
            return self.crash("before a save");
        }
        if let Some(delta) = self.run.take_delta() {
            if self.strikes(self.faults.saves) {
                self.coverage.hit("save", "failed");
                heard.iter().for_each(|id| self.history.unheard(id));
                return self.crash("in a save");
            }
            // The text form costs more than all else, so not every change is sent through it.
            let delta = if self.step.is_multiple_of(4) {
                json(&delta)
            } else {
                delta
            };
            if let Err(error) = self.store.save(&delta, &self.lease) {
                panic!("a save was refused: {}", error.chain());
            }
        }
        for event in &events {
            self.cover(event);
            invariants::fair(self, event);
            invariants::contained(self, event);
        }
        self.history.events(now, &events, &self.run);
        if self.strikes(self.faults.crashes / 3) {
            return self.crash("after a save");
        }
        self.stop_unwanted();
        for id in start {
            if let Some(work) = self.run.work(&id) {
                invariants::company(self, &work);
                self.history.starts(&id, &work);
                self.running.insert(id, work);
            }
        }
        self.know_red();
        self.cover_state();
        invariants::hold(self);
        if self.step.is_multiple_of(16) {
            invariants::restores(self);
        }
    }

    /// Stops what is no longer wanted; some of it happens nevertheless.
    fn stop_unwanted(&mut self) {
        let running: Vec<_> = self.running.keys().cloned().collect();
        for id in running {
            if self.run.wants(&id) {
                continue;
            }
            if let Some(work) = self.running.remove(&id) {
                self.coverage.hit("stopped", id.step.name());
                if self.rng.chance(30) {
                    self.unheard(&id, work);
                }
            }
        }
    }

    /// The next facts: an effect that ended, a decision, the passing of time.
    fn next(&mut self) -> Vec<Input> {
        if let Some(inputs) = self.misfortune() {
            return inputs;
        }
        let deadline = self.run.next_deadline();
        if self.running.is_empty() || deadline.is_some() && self.rng.chance(15) {
            let wait = deadline.map(|at| at.since(self.world.clock().now()));
            self.world.clock().advance(wait.unwrap_or_default());
            return vec![Input::Tick];
        }
        let mut inputs = self.land_one();
        while self.rng.chance(20) && !self.running.is_empty() {
            inputs.extend(self.land_one());
        }
        inputs
    }

    /// One effect in flight comes to its end.
    fn land_one(&mut self) -> Vec<Input> {
        let ids: Vec<_> = self.running.keys().cloned().collect();
        let Some(id) = self.rng.pick(&ids).cloned() else {
            return Vec::new();
        };
        let Some(work) = self.running.remove(&id) else {
            return Vec::new();
        };
        if self.run.is_paused(Lane::Agent) && id.step.lane() != Lane::Agent {
            self.coverage.hit("rate limit", "a healthy sibling goes on");
        }
        self.world
            .clock()
            .advance(Duration::from_millis(self.rng.next() % 3000));
        let fault = self.choose_fault(&id);
        let outcome = self.perform(&id, work, fault);
        if self.strikes(self.faults.crashes) {
            self.history.unheard(&id);
            self.crash("between effect and reply");
            return Vec::new();
        }
        if self.strikes(self.faults.replies) {
            match self.rng.below(3) {
                0 => {
                    self.coverage.hit("reply", "lost");
                    self.history.unheard(&id);
                    return Vec::new();
                }
                1 => {
                    self.coverage.hit("reply", "late");
                    self.history.unheard(&id);
                    self.late.push((id, outcome));
                    return Vec::new();
                }
                _ => {
                    self.coverage.hit("reply", "doubled");
                    self.late.push((id.clone(), outcome.clone()));
                }
            }
        }
        vec![Input::Finished {
            effect: id,
            outcome,
        }]
    }

    fn choose_fault(&mut self, id: &EffectId) -> Option<Fault> {
        if id.step.lane() == Lane::Agent && self.strikes(self.faults.rate_limits) {
            let kind = faults::rate_limit(&mut self.rng);
            return Some(Fault {
                skip: 0,
                when: When::Before,
                kind,
            });
        }
        let strikes = self.strikes(self.faults.effects);
        strikes.then(|| faults::fault(&mut self.rng))
    }

    /// Does a piece of work over the fakes, with the code of the engine.
    fn perform(
        &mut self,
        id: &EffectId,
        work: Work,
        fault: Option<Fault>,
    ) -> Result<Done, Failure> {
        self.world.arm(fault);
        let before = self.world.with(|state| state.log.cost_micro_usd);
        let moved = self.world.with(|state| state.board.moved.clone());
        let key = EffectKey {
            sprint: self.run.plan().sprint.clone(),
            effect: id.clone(),
        };
        let blobs = Arc::clone(&self.ports.blobs);
        let cx = EffectContext { key, blobs };
        let done = perform(self.ports.clone(), self.run.plan_shared(), work, cx).now_or_never();
        self.world.arm(None);
        let cost = self.world.with(|state| state.log.cost_micro_usd) - before;
        if id.step == Step::Land {
            self.history.base_may_move = true;
        }
        if id.step == Step::Sweep {
            // What an automation did after this look, only the next one can see.
            self.world.with(|state| {
                let board = &mut state.board;
                board.unread.extend(board.moved.difference(&moved).cloned());
            });
        }
        let outcome = done.unwrap_or_else(|| panic!("{id} waits, and the fakes never do"));
        if let Err(failure) = &outcome {
            self.history.unheard(id);
            if failure.cost_micro_usd.is_none() && !may_have_cost(failure.kind) {
                self.history.uncounted += cost;
            }
        }
        outcome
    }

    /// An effect takes hold, and nobody hears of it.
    fn unheard(&mut self, id: &EffectId, work: Work) {
        self.history.unheard(id);
        drop(self.perform(id, work, None));
    }

    /// The process dies: what was in flight is forgotten, and the state is read from disk.
    fn crash(&mut self, place: &'static str) {
        self.coverage.hit("crash", place);
        self.cover_crash();
        for (id, work) in std::mem::take(&mut self.running) {
            if self.rng.chance(30) {
                self.unheard(&id, work);
            }
        }
        self.late.clear();
        let Some(stored) = self.store.stored() else {
            panic!("nothing is stored")
        };
        self.run = SprintRun::restore(json(&stored));
        self.history.restored(&self.run);
        // The next fold says that it goes on.
        self.resumes = true;
        invariants::hold(self);
    }

    /// Another engine takes over; the first one does not know it yet.
    fn taken_over(&mut self) {
        let old = self.run.clone();
        let epoch = self.lease.epoch() + 1;
        let lease = std::mem::replace(&mut self.lease, FakeStore::lease(epoch));
        self.superseded = Some((old, lease));
        self.crash("taken over");
    }

    /// An engine that was superseded tries to go on.
    fn old_engine_saves(&mut self) {
        let Some((mut old, lease)) = self.superseded.take() else {
            return;
        };
        let heard = self
            .store
            .stored()
            .is_some_and(|s| s.revision > old.snapshot().revision);
        drop(old.apply(self.world.clock().now(), Input::Command(Command::Continue)));
        match old.take_delta() {
            Some(delta) if heard => {
                let kind = self
                    .store
                    .save(&delta, &lease)
                    .map_err(|error| error.kind());
                assert_eq!(kind, Err(ErrorKind::Conflict), "a superseded engine saved");
                self.coverage.hit("takeover", "the old engine is refused");
            }
            _ => self.superseded = Some((old, lease)),
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm per event, and nothing else")]
    fn cover(&mut self, event: &Event) {
        let coverage = &mut self.coverage;
        match event {
            Event::AttemptFailed { kind, .. } => coverage.hit("finding", kind.name()),
            Event::BreakerTripped { .. } => coverage.hit("breaker", "tripped"),
            Event::Stuck {
                reason, message, ..
            } => {
                coverage.hit("stuck", reason.name());
                if message.starts_with("depends on ") {
                    coverage.hit("integration", "dependent set aside");
                }
            }
            Event::CulpritFound { partner, .. } => {
                let found = if partner.is_some() {
                    "partner found"
                } else {
                    "culprit alone"
                };
                coverage.hit("integration", found);
            }
            Event::ConflictResolved { .. } => coverage.hit("integration", "conflict resolved"),
            Event::Landed { tickets, .. } => {
                let undo = self.run.undo();
                let again =
                    undo.is_some_and(|undo| undo.way == Way::Again && undo.made().len() == 1);
                if again && self.run.sprint().phase != Phase::Integrating {
                    coverage.hit("undo", "landed again");
                    self.history.landed_again.extend(tickets.iter().cloned());
                } else {
                    coverage.hit("integration", "landed");
                }
            }
            Event::TakenBack { tickets, .. } => {
                coverage.hit("undo", "taken back");
                if tickets.len() > 1 {
                    coverage.hit("undo", "with what depends on it");
                }
            }
            Event::Warning { message } => {
                if message.contains(" is not made simpler: ") {
                    coverage.hit("simplifier", "taken back");
                }
                for (said, what) in [
                    ("it is closed again, once", "closed again"),
                    ("stays as it is at the tracker", "accepted"),
                    ("the tracker has it no more", "gone"),
                    ("whether everything is still Done is unknown", "impossible"),
                ] {
                    if message.contains(said) {
                        coverage.hit("sweep", what);
                    }
                }
                for (said, what) in [
                    (" not taken back: ", "refused"),
                    (" not land again: ", "refused"),
                    (" clashes with what is on base", "clashes"),
                    (" fails the gate", "fails the gate"),
                    ("ask again afterwards", "asked too early"),
                ] {
                    if message.contains(said) {
                        coverage.hit("undo", what);
                    }
                }
            }
            Event::Stale { .. } => coverage.hit("reply", "stale"),
            Event::Blocked { .. } => coverage.hit("ticket", "blocked"),
            Event::BaselineRan { green, failing, .. } => {
                let what = match (green, failing.is_empty()) {
                    (true, _) => "green",
                    (false, false) => "red by name",
                    (false, true) => "red without names",
                };
                coverage.hit("baseline", what);
            }
            Event::ControlRan { proves, .. } => {
                let what = if *proves { "proves" } else { "proves nothing" };
                coverage.hit("control", what);
            }
            Event::GateRan { reused, .. } => {
                coverage.hit("gate", if *reused { "reused" } else { "made" });
            }
            Event::PermissionRequested { .. } => coverage.hit("permission", "asked"),
            Event::Asked { degraded, .. } => {
                coverage.hit("team", if *degraded > 0 { "degraded" } else { "asked" });
            }
            Event::Strayed { breach, .. } => {
                coverage.hit("strayed", if *breach { "breach" } else { "remark" });
            }
            Event::PhaseChanged { .. }
            | Event::StageChanged { .. }
            | Event::ReviewRequested { .. }
            | Event::Retrying { .. }
            | Event::Finished { .. } => {}
        }
    }

    fn cover_input(&mut self, input: &Input) {
        if let Input::Command(Command::Review { ticket, decision }) = input {
            let ticket = self.run.tickets().get(ticket);
            if ticket.is_some_and(|t| matches!(t.stage, Stage::AwaitingReview(_))) {
                self.coverage.hit("review", History::answer(decision));
            }
        }
        if let Input::Finished { effect, outcome } = input
            && effect.step == Step::Sweep
            && outcome.is_ok()
            && self.run.wants(effect)
            && self.run.sprint().phase == Phase::Tickets
        {
            self.coverage.hit("sweep", "while tickets are worked on");
        }
        if let Input::Command(Command::Permit { allowed, .. }) = input {
            let what = if *allowed { "allowed" } else { "refused" };
            self.coverage.hit("permission", what);
        }
    }

    /// What a baseline has shown to fail on base, the world takes for known as well.
    fn know_red(&mut self) {
        if let Some(baseline) = &self.run.sprint().baseline {
            let edits = baseline
                .known
                .iter()
                .filter(|name| name.starts_with("edit-"));
            self.world
                .with(|state| state.checks.red_at_start.extend(edits.cloned()));
        }
    }

    fn cover_state(&mut self) {
        let running: BTreeSet<_> = self.running.keys().cloned().collect();
        let funds = self.run.funds(&running);
        let mut waits = self.run.wanted_in(Lane::Agent);
        if waits.any(|id| !running.contains(id) && funds.look(id) == Purse::Later) {
            self.coverage
                .hit("budget", "waits for another agent to end");
        }
        self.history
            .cover(&self.run, &self.world, &mut self.coverage);
    }

    fn cover_crash(&mut self) {
        for ticket in self.run.tickets().values() {
            self.coverage.hit("crash in", ticket.stage.name());
        }
        for id in self.running.keys() {
            self.coverage.hit("crash during", id.step.name());
        }
        self.history.cover_search(&self.run, &mut self.coverage);
    }
}

/// The value after a trip through its saved form.
fn json<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).unwrap_or_else(|error| panic!("{error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// The snapshot after a trip through its saved form.
pub(super) fn reread(snapshot: &Snapshot) -> Snapshot {
    json(snapshot)
}

/// Whether this is the plan of a sprint that was told how many agents it may run.
pub(super) const fn agent_limit(plan: &SprintPlan) -> Option<u64> {
    match plan.config.max_agent_runs {
        0 => None,
        limit => Some(limit),
    }
}
