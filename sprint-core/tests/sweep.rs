//! Tickets that an automation, or a person, moves out of Done, with the whole engine over fakes.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use sprint_core::domain::ticket::TicketStatus;
use sprint_core::engine::{Engine, Why, control};
use sprint_core::failure::ErrorKind;
use sprint_core::plan::sprint_plan::SprintPlan;
use sprint_core::ports::StateStore as _;
use sprint_core::report::dashboard::dashboard;
use sprint_core::report::state_view::view;
use sprint_core::report::summary::Summary;
use sprint_core::run::Outcome;
use sprint_core::run::admit::Limits;
use sprint_core::run::input::Command;
use sprint_core::run::state::Ending;
use sprint_core::run::sweep::Aftermath;
use sprint_core::testing::fake::{FakeStore, Recorder, ports};
use sprint_core::testing::fixture::id;
use sprint_core::testing::world::{Fault, When, World};

struct Sprint {
    world: World,
    plan: SprintPlan,
    store: FakeStore,
    heard: Recorder,
    engine: Engine,
}

impl Sprint {
    fn of(lines: &str) -> Self {
        let (world, plan) = World::planned(lines);
        let (store, heard) = (FakeStore::default(), Recorder::default());
        let limits = Limits::new(None, None);
        let engine = Engine::new(ports(&world, &store), limits, Arc::new(heard.clone()));
        Self {
            world,
            plan,
            store,
            heard,
            engine,
        }
    }

    /// An automation will move a ticket back so many times.
    fn moves_back(self, name: &str, times: u32) -> Self {
        self.world.with(|state| {
            state.board.moves_back.insert(id(name), times);
        });
        self
    }

    fn start(&self) -> Why {
        let (_control, mut inbox) = control();
        let lease = FakeStore::lease(1);
        let run = self.engine.start(self.plan.clone(), &lease, &mut inbox);
        self.world.clock().run(run).unwrap().why
    }

    fn go_on(&self, command: Option<Command>) -> Why {
        let (control, mut inbox) = control();
        if let Some(command) = command {
            control.send(command);
        }
        let lease = FakeStore::lease(1);
        let clock = self.world.clock().clone();
        let saved = clock.run(self.store.load()).unwrap().unwrap();
        let finished = clock.run(self.engine.resume(saved, &lease, &mut inbox));
        finished.unwrap().why
    }

    fn status(&self, name: &str) -> Option<TicketStatus> {
        self.world.with(|state| state.board.status(&id(name)))
    }

    fn aftermath(&self, name: &str) -> Aftermath {
        let saved = self.store.stored().unwrap();
        saved.tickets[&id(name)].aftermath.clone()
    }

    fn warnings(&self) -> String {
        let events = format!("{:#?}", self.heard.events());
        let lines = events.lines().filter(|line| line.contains("message: "));
        lines.map(str::trim).collect::<Vec<_>>().join("\n")
    }
}

fn finished() -> Why {
    Why::Outcome(Outcome::Complete(Ending::Finished))
}

#[test]
fn a_ticket_that_is_moved_back_is_closed_again_once() {
    let sprint = Sprint::of("A, B <- A").moves_back("A", 1);
    assert_eq!(sprint.start(), finished());
    assert_eq!(sprint.status("A"), Some(TicketStatus::Done));
    assert_eq!(sprint.aftermath("A"), Aftermath::ClosedAgain);
    assert_eq!(sprint.aftermath("B"), Aftermath::Kept);
    insta::assert_snapshot!(sprint.warnings(), @r#"message: "A was Done and was moved to \"In Review\" by \"pull request automation\"; it is closed again, once","#);
    let landings = sprint.world.with(|state| state.log.landings);
    assert_eq!(landings, 1, "landing waited for nothing");
}

#[test]
fn a_ticket_that_is_moved_back_twice_is_a_question_for_a_person() {
    let sprint = Sprint::of("A, B").moves_back("A", 9);
    let Why::Outcome(Outcome::AwaitingHuman { requests }) = sprint.start() else {
        panic!("it rests");
    };
    insta::assert_snapshot!(requests.join("\n"), @r#"no longer Done, although closed twice: A (moved to "In Review" by "pull request automation"); move them back to Done, or go on to accept it"#);
    let closed = sprint.world.with(|state| state.log.closed.len());
    assert_eq!(
        sprint.go_on(None),
        Why::Outcome(Outcome::AwaitingHuman { requests })
    );

    assert_eq!(sprint.go_on(Some(Command::Continue)), finished());
    assert_eq!(sprint.status("A"), Some(TicketStatus::InProgress));
    assert!(matches!(sprint.aftermath("A"), Aftermath::Accepted(_)));
    let again = sprint.world.with(|state| state.log.closed.len());
    assert_eq!(again, closed, "nobody fights the automation");
    assert!(
        sprint
            .warnings()
            .contains("A stays as it is at the tracker")
    );
    let saved = sprint.store.stored().unwrap();
    let summary = Summary::new(&saved, None);
    assert_eq!(summary.exit_code, 0);
    let named = "A: moved to \"In Review\" by \"pull request automation\"";
    assert!(summary.text(100).contains(named), "{}", summary.text(100));
    assert!(dashboard(&saved).contains("No Longer Done at the Tracker"));
    let state = serde_json::to_value(view(&saved)).unwrap();
    assert_eq!(state["tickets"]["A"]["moved_back"]["status"], "in_progress");
}

#[test]
fn a_person_who_moves_it_back_to_done_is_taken_at_their_word() {
    let sprint = Sprint::of("A").moves_back("A", 2);
    assert!(matches!(
        sprint.start(),
        Why::Outcome(Outcome::AwaitingHuman { .. })
    ));
    sprint
        .world
        .with(|state| state.board.set_status(&id("A"), TicketStatus::Done));
    assert_eq!(sprint.go_on(Some(Command::Continue)), finished());
    assert_eq!(sprint.aftermath("A"), Aftermath::ClosedAgain);
    assert!(
        Summary::new(&sprint.store.stored().unwrap(), None).tickets[0]
            .moved_back
            .is_none()
    );
}

#[test]
fn a_tracker_that_is_down_at_the_end_is_a_warning() {
    // The number of the call that begins the sweep is found by counting.
    let quiet = Sprint::of("A");
    assert_eq!(quiet.start(), finished());
    let calls = quiet.world.with(|state| state.log.calls);
    let mut warned = false;
    for skip in 0..u32::try_from(calls).unwrap() {
        let sprint = Sprint::of("A");
        sprint.world.arm(Some(Fault {
            skip,
            when: When::Before,
            kind: ErrorKind::Unsupported,
        }));
        let why = sprint.start();
        if sprint
            .warnings()
            .contains("whether everything is still Done is unknown")
        {
            assert_eq!(why, finished());
            warned = true;
        }
    }
    assert!(warned);
}

#[test]
fn where_nothing_was_closed_the_tracker_is_not_asked() {
    let sprint = Sprint::of("A <- ELSEWHERE-1");
    assert_eq!(sprint.start(), finished());
    assert_eq!(sprint.store.stored().unwrap().sprint.sweeps, 0);
}

#[test]
fn a_ticket_that_is_gone_is_a_warning() {
    let sprint = Sprint::of("A").moves_back("A", 2);
    assert!(matches!(
        sprint.start(),
        Why::Outcome(Outcome::AwaitingHuman { .. })
    ));
    sprint.world.with(|state| state.board.delete(&id("A")));
    assert_eq!(sprint.go_on(Some(Command::Continue)), finished());
    assert!(
        sprint
            .warnings()
            .contains("A was Done, and the tracker has it no more")
    );
}
