//! What the engine does about agents: teams, questions, money, and places that are not theirs.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use sprint_core::domain::agent::Role;
use sprint_core::domain::config::{CoordinationMode, SimplifierPolicy};
use sprint_core::domain::learning::{FailurePattern, Lessons};
use sprint_core::engine::{Engine, Finished, Why, control};
use sprint_core::failure::{ErrorKind, Failure};
use sprint_core::plan::sprint_plan::SprintPlan;
use sprint_core::ports::Clock as _;
use sprint_core::report::progress;
use sprint_core::run::admit::{Limits, admit};
use sprint_core::run::effect::{Done, EffectId, EffectKey, Lane, Step, Work};
use sprint_core::run::event::Event;
use sprint_core::run::input::{Command, Input};
use sprint_core::run::state::{Ending, Phase};
use sprint_core::run::ticket::{Stage, StuckReason, TicketRun};
use sprint_core::run::{Outcome, SprintRun};
use sprint_core::testing::fake::{FakeStore, Recorder, ports};
use sprint_core::testing::fixture::id;
use sprint_core::testing::world::World;
use sprint_core::testing::world::agents::{Script, TeammateAct, WorkerAct};
use sprint_core::time::Timestamp;

/// A sprint whose worker on the ticket `A` acts like this.
struct Bench {
    world: World,
    plan: SprintPlan,
    store: FakeStore,
    heard: Recorder,
}

impl Bench {
    fn new(lines: &str, worker: &[WorkerAct]) -> Self {
        let (world, mut plan) = World::planned(lines);
        plan.config.simplifier = SimplifierPolicy::Never;
        let script = Script {
            worker: worker.to_vec(),
            ..Script::default()
        };
        world.with(|state| state.scripts.insert(id("A"), script));
        Self {
            world,
            plan,
            store: FakeStore::default(),
            heard: Recorder::default(),
        }
    }

    /// Runs from the start, or from what was saved, after these decisions.
    fn run(&self, commands: &[Command]) -> Finished {
        let limits = Limits::new(None, None);
        let ports = ports(&self.world, &self.store);
        let engine = Engine::new(ports, limits, Arc::new(self.heard.clone()));
        let (control, mut inbox) = control();
        for command in commands {
            assert!(control.send(command.clone()));
        }
        let lease = FakeStore::lease(1);
        let clock = self.world.clock();
        let finished = match self.store.stored() {
            None => clock.run(engine.start(self.plan.clone(), &lease, &mut inbox)),
            Some(saved) => clock.run(engine.resume(saved, &lease, &mut inbox)),
        };
        let finished = finished.unwrap();
        // Whatever it answered, what an agent cost is counted.
        let known = finished.run.sprint().counters.cost_micro_usd;
        assert_eq!(known, self.world.with(|state| state.log.cost_micro_usd));
        finished
    }

    fn ticket(&self) -> TicketRun {
        self.store.stored().unwrap().tickets[&id("A")].clone()
    }

    fn ran(&self, role: Role) -> u64 {
        let ran = self
            .world
            .with(|state| state.log.agents.get(&role).copied());
        ran.unwrap_or(0)
    }

    /// What was told, without the stages.
    fn told(&self) -> String {
        let events = self.heard.events();
        let told = events.iter().map(|(_, event)| event);
        let told = told.filter(|event| {
            matches!(
                event,
                Event::AttemptFailed { .. }
                    | Event::Stuck { .. }
                    | Event::Asked { .. }
                    | Event::Strayed { .. }
                    | Event::PermissionRequested { .. }
                    | Event::Warning { .. }
            )
        });
        told.filter_map(progress::line)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn complete() -> Why {
    Why::Outcome(Outcome::Complete(Ending::Finished))
}

fn stuck_for(ticket: &TicketRun) -> Option<StuckReason> {
    let Stage::Stuck { reason, .. } = &ticket.stage else {
        return None;
    };
    Some(*reason)
}

#[test]
fn a_team_needs_no_research_first_and_keeps_what_its_context_agent_found() {
    let mut bench = Bench::new("A", &[]);
    bench.plan.mode = CoordinationMode::AgentTeams;
    assert_eq!(bench.run(&[]).why, complete());
    assert_eq!(bench.ran(Role::Context), 0);
    let ticket = bench.ticket();
    assert_eq!(ticket.research.as_deref(), Some("research for A"));
    assert_eq!(ticket.alongside.questions, 2);
    insta::assert_snapshot!(bench.told(), @"A: 2 of 2 questions answered, 0 badly");
    let evidence = bench.world.with(|state| {
        let (_, comment) = &state.board.entries[&id("A")].comments[0];
        comment.clone()
    });
    let section = "### Questions to the Context Agent\n\n- asked: 2, answered in time: 2";
    assert!(format!("{evidence:?}").contains(&section.escape_debug().to_string()));
}

#[test]
fn a_team_that_says_nothing_is_given_up_for_its_ticket_alone() {
    let mut bench = Bench::new("A, B", &[WorkerAct::Malformed, WorkerAct::Good]);
    bench.plan.mode = CoordinationMode::AgentTeams;
    bench.world.with(|state| {
        let script = state.scripts.get_mut(&id("A")).unwrap();
        script.teammate = vec![TeammateAct::Silent];
    });
    let finished = bench.run(&[]);
    assert_eq!(finished.why, complete());
    assert_eq!(bench.ran(Role::Context), 1, "before the second worker of A");
    let tickets = finished.run.tickets();
    assert!(tickets[&id("A")].apart && !tickets[&id("B")].apart);
    let warning = "A: neither worker nor context agent said anything of use";
    assert!(bench.told().contains(warning), "{}", bench.told());
}

#[test]
fn a_team_of_which_one_says_something_stays_one() {
    let mut bench = Bench::new("A", &[WorkerAct::Malformed, WorkerAct::Good]);
    bench.plan.mode = CoordinationMode::AgentTeams;
    assert_eq!(bench.run(&[]).why, complete());
    let ticket = bench.ticket();
    assert!(!ticket.apart);
    assert_eq!(ticket.budget.exhaustions, 1);
    // The second worker has the report, and can still ask who made it.
    assert_eq!(
        (bench.ran(Role::Context), ticket.alongside.questions),
        (0, 4)
    );
}

#[test]
fn a_worker_that_asks_waits_for_a_person_also_over_a_restart() {
    let bench = Bench::new("A, B", &[WorkerAct::Asks(2)]);
    let permit = |number: u32, allowed| Command::Permit {
        ticket: id("A"),
        digest: format!("digest-{number}"),
        allowed,
    };
    let asked = |finished: &Finished| {
        let Why::Outcome(Outcome::AwaitingHuman { requests }) = &finished.why else {
            panic!("{:?}", finished.why)
        };
        requests.join("\n")
    };
    let finished = bench.run(&[]);
    insta::assert_snapshot!(asked(&finished), @"A: allow or refuse Bash (digest-0): make thing-0");
    assert!(
        finished.run.tickets()[&id("B")].is_complete(),
        "others go on"
    );
    assert_eq!((finished.run.in_progress(), bench.ticket().attempt), (0, 1));

    // Nobody decided about that.
    let finished = bench.run(&[permit(7, true)]);
    assert_eq!(
        asked(&finished),
        "A: allow or refuse Bash (digest-0): make thing-0"
    );
    let finished = bench.run(&[permit(0, true)]);
    assert_eq!(
        asked(&finished),
        "A: allow or refuse Bash (digest-1): make thing-1"
    );
    assert_eq!(bench.run(&[permit(1, false)]).why, complete());
    let ticket = bench.ticket();
    let decisions: Vec<_> = ticket.grants.iter().map(|grant| grant.allowed).collect();
    assert_eq!(decisions, [true, false]);
    assert_eq!(
        (ticket.attempt, ticket.budget.loops, ticket.budget.questions),
        (1, 0, 2)
    );
}

#[test]
fn a_worker_that_asks_again_has_not_answered_and_one_that_asks_for_ever_is_stuck() {
    let again = Bench::new("A", &[WorkerAct::AsksAgain, WorkerAct::Good]);
    let permit = |digest: &str| Command::Permit {
        ticket: id("A"),
        digest: digest.into(),
        allowed: true,
    };
    again.run(&[]);
    assert_eq!(again.run(&[permit("digest-1000")]).why, complete());
    insta::assert_snapshot!(again.told(), @r"
    A: waiting for you to allow or refuse Bash: make thing-1000
    A: attempt failed, context_exhaustion: it asked for Bash again, which a person has decided about
    ");

    let ever = Bench::new("A", &[WorkerAct::Asks(99)]);
    ever.run(&[]);
    for number in 0..20 {
        ever.run(&[permit(&format!("digest-{number}"))]);
    }
    let stuck = ever.ticket();
    assert_eq!(stuck_for(&stuck), Some(StuckReason::TooManyQuestions));
    assert_eq!(stuck.budget.questions, 20);
}

#[test]
fn an_agent_that_leaves_its_place_is_caught_and_one_that_is_watched_is_not() {
    let end = |act: WorkerAct| {
        let bench = Bench::new("A", &[act, WorkerAct::Good]);
        bench.run(&[]);
        let ticket = bench.ticket();
        (stuck_for(&ticket), ticket.is_complete(), bench.told())
    };
    let (reason, _, told) = end(WorkerAct::Wanders);
    assert_eq!(reason, Some(StuckReason::Breach));
    insta::assert_snapshot!(told, @r"
    A: its agent CHANGED what is not its own: /etc/hosts in files outside the repository's workspaces
    A: STUCK (breach): its agent changed what is not its own: /etc/hosts in files outside the repository's workspaces
    ");
    let (reason, _, told) = end(WorkerAct::MovesBranch);
    assert_eq!(reason, Some(StuckReason::Breach));
    insta::assert_snapshot!(told, @r"
    A: its agent CHANGED what is not its own: my-own-work in branches and tags
    A: STUCK (breach): its agent changed what is not its own: my-own-work in branches and tags
    ");
    let (_, complete, told) = end(WorkerAct::Watched);
    assert!(complete);
    insta::assert_snapshot!(told, @"A: changed elsewhere while its agent ran: notes.txt in your checkout");
    let (_, complete, told) = end(WorkerAct::Switches);
    assert!(complete);
    insta::assert_snapshot!(told, @r"
    A: changed elsewhere while its agent ran: feature/new in branches and tags
    A: attempt failed, wrong_branch: the branch feature/new is checked out in the workspace instead of its own branch: check that one out again and bring your work onto it
    ");
}

#[test]
fn a_workspace_that_is_gone_is_opened_anew_with_what_was_committed() {
    let bench = Bench::new("A", &[WorkerAct::Deletes, WorkerAct::Idle]);
    let finished = bench.run(&[]);
    let ticket = bench.ticket();
    // The second worker changed nothing: the commit of the first is there.
    assert!(ticket.is_complete(), "{}", bench.told());
    assert_eq!((ticket.attempt, ticket.generation), (2, 1));
    assert_eq!(finished.why, complete());
    let told = bench.told();
    assert!(
        told.starts_with("A: attempt failed, workspace_lost: "),
        "{told}"
    );
}

#[test]
fn a_ticket_that_cost_too_much_is_stuck_and_gets_as_much_again() {
    let mut bench = Bench::new("A, B", &[]);
    bench.plan.config.max_ticket_cost_cents = 12;
    bench.plan.config.max_agent_cost_cents = 5;
    let finished = bench.run(&[]);
    // Context and worker cost 10 cents; a third agent could go over the limit.
    for ticket in ["A", "B"].map(id) {
        let ticket = &finished.run.tickets()[&ticket];
        assert_eq!(stuck_for(ticket), Some(StuckReason::OverBudget));
        assert_eq!(
            (ticket.budget.cost_micro_usd, ticket.budget.spent()),
            (100_000, 100_000)
        );
    }
    let finished = bench.run(&[Command::Reattempt(id("A"))]);
    let again = &finished.run.tickets()[&id("A")];
    assert_eq!(again.budget.spent(), again.budget.cost_micro_usd - 100_000);
    assert!(again.budget.cost_micro_usd > 100_000);
    let used = &finished.run.sprint().counters.used;
    let sum: u64 = used.values().map(|used| used.cost_micro_usd).sum();
    assert_eq!(sum, finished.run.sprint().counters.cost_micro_usd);
    assert_eq!(used[&Role::Worker].tokens, 1000 * bench.ran(Role::Worker));
    assert!(finished.run.sprint().reserved.is_empty());
}

/// A run driven by hand, up to where `A` and `B` want agents.
struct Hand {
    run: SprintRun,
    at: u64,
}

impl Hand {
    fn new(change: impl FnOnce(&mut SprintPlan)) -> Self {
        let (world, mut plan) = World::planned("A, B");
        plan.config.baseline = false;
        plan.config.install_cmd = None;
        change(&mut plan);
        let at = world.clock().now().as_millis();
        let run = SprintRun::start(world.clock().now(), plan);
        let mut hand = Self { run, at };
        let fake = ports(&world, &FakeStore::default());
        loop {
            let open = |id: &&EffectId| matches!(id.step, Step::Checkpoint | Step::Open);
            let Some(effect) = hand.run.wanted().find(open).cloned() else {
                return hand;
            };
            let work = hand.run.work(&effect).unwrap();
            let done = if let Work::Open(spec) = work {
                let key = EffectKey {
                    sprint: spec.sprint.clone(),
                    effect: effect.clone(),
                };
                let opened = fake.vcs.open(&spec, &key);
                Done::Opened(world.clock().run(opened).unwrap())
            } else {
                Done::Plain
            };
            hand.apply(Input::Finished {
                effect,
                outcome: Ok(done),
            });
        }
    }

    fn apply(&mut self, input: Input) {
        self.at += 1000;
        drop(self.run.apply(Timestamp::from_millis(self.at), input));
    }

    fn fails(&mut self, effect: &EffectId, kind: ErrorKind) {
        self.apply(Input::Finished {
            effect: effect.clone(),
            outcome: Err(Failure::new(kind, "told to fail")),
        });
    }

    fn agents(&self, running: &[EffectId]) -> Vec<EffectId> {
        let running = running.iter().cloned().collect();
        let start = admit(&self.run, &running, &Limits::new(None, None));
        start
            .into_iter()
            .filter(|id| id.step.lane() == Lane::Agent)
            .collect()
    }
}

#[test]
fn agents_wait_for_what_is_kept_for_others_and_what_nobody_heard_of_counts() {
    let mut hand = Hand::new(|plan| {
        plan.config.max_cost_cents = 10;
        plan.config.max_agent_cost_cents = 6;
    });
    let first = hand.agents(&[]);
    assert_eq!(first.len(), 1, "the second has to wait: {first:?}");
    hand.apply(Input::Starting(first.clone()));
    assert_eq!(hand.agents(&first), []);
    let Some(Work::Agent { task, .. }) = hand.run.work(&first[0]) else {
        panic!("{first:?}")
    };
    assert_eq!(task.max_cost_micro_usd, Some(60_000));

    // It was turned away, which costs nothing, and the next may start.
    hand.fails(&first[0], ErrorKind::Invalid);
    assert!(hand.run.sprint().reserved.is_empty());
    let next = hand.agents(&[]);
    assert_eq!(next.len(), 1);
    hand.apply(Input::Starting(next.clone()));

    // A restart has heard nothing of it: it may have cost all that was kept.
    let mut hand = Hand {
        run: SprintRun::restore(hand.run.snapshot()),
        at: hand.at,
    };
    assert_eq!(hand.run.sprint().reserved[&next[0]].micro_usd, 60_000);
    let again = hand.agents(&[]);
    hand.apply(Input::Starting(again));
    assert_eq!(hand.run.sprint().counters.presumed_micro_usd, 60_000);
    let Phase::Tidying {
        ending: Ending::SafetyStop { reason },
    } = &hand.run.sprint().phase
    else {
        panic!("{:?}", hand.run.sprint().phase)
    };
    insta::assert_snapshot!(reason, @"the agents have cost 6 US cents, and another may cost 6 (max_cost_cents)");
}

#[test]
fn one_rate_limit_pauses_all_agents_over_a_restart_until_a_person_says_go_on() {
    let mut hand = Hand::new(|_| {});
    let both = hand.agents(&[]);
    assert_eq!(both.len(), 2);
    hand.apply(Input::Starting(both.clone()));
    let kind = ErrorKind::RateLimited {
        retry_after_ms: Some(600_000),
    };
    hand.fails(&both[0], kind);
    let until = Timestamp::from_millis(hand.at + 600_000);
    assert_eq!(hand.run.sprint().agents_paused_until, Some(until));
    assert_eq!(hand.agents(&both[1..]), [], "nobody's agent starts");

    let mut hand = Hand {
        run: SprintRun::restore(hand.run.snapshot()),
        at: hand.at,
    };
    assert!(hand.run.is_paused(Lane::Agent));
    assert_eq!(hand.run.next_deadline(), Some(until));
    assert_eq!(hand.agents(&[]), []);
    // A shorter one does not shorten it.
    let kind = ErrorKind::RateLimited {
        retry_after_ms: Some(1000),
    };
    hand.fails(&both[1], kind);
    assert_eq!(hand.run.sprint().agents_paused_until, Some(until));
    hand.apply(Input::Command(Command::Continue));
    assert_eq!(hand.agents(&[]).len(), 2);
}

#[test]
fn agents_are_told_what_earlier_sprints_taught_about_their_files() {
    let mut hand = Hand::new(|plan| {
        let pattern = |module: &str| FailurePattern {
            module: module.into(),
            pattern: format!("fails in {module}"),
            frequency: 3,
            ..FailurePattern::default()
        };
        let ticket = plan.tickets.get_mut(&id("A")).unwrap();
        ticket.ticket.body = "## Files to Modify\n- `src/a/b.rs`\n".into();
        plan.guidance = Lessons {
            progress: Some("it was hard".into()),
            failure_patterns: vec![pattern("src/a"), pattern("src/z")],
            ..Lessons::default()
        };
    });
    let both = hand.agents(&[]);
    hand.apply(Input::Starting(both.clone()));
    let guidance = |effect: &EffectId| {
        let Some(Work::Agent { task, .. }) = hand.run.work(effect) else {
            panic!("{effect} has no work")
        };
        task.guidance
    };
    assert_eq!(
        guidance(&both[0]).failure_patterns,
        ["failure in src/a, 3 times: fails in src/a"]
    );
    assert_eq!(guidance(&both[1]).failure_patterns, [""; 0]);
    assert_eq!(guidance(&both[1]).progress.as_deref(), Some("it was hard"));
}
