//! Landed tickets taken back, and landed again, with the whole engine over fakes.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use sprint_core::domain::command::CheckKind;
use sprint_core::domain::ticket::TicketStatus;
use sprint_core::engine::{Engine, control};
use sprint_core::ports::StateStore as _;
use sprint_core::run::admit::Limits;
use sprint_core::run::input::Command;
use sprint_core::run::ticket::{MergeState, Stage};
use sprint_core::testing::fake::{FakeStore, Recorder, ports};
use sprint_core::testing::fixture::id;
use sprint_core::testing::world::World;
use sprint_core::testing::world::repo::Flaw;

/// A sprint that is over, and a person who changes their mind.
struct Afterwards {
    world: World,
    store: FakeStore,
    heard: Recorder,
    engine: Engine,
}

impl Afterwards {
    fn of(lines: &str) -> Self {
        let (world, plan) = World::planned(lines);
        let (store, heard) = (FakeStore::default(), Recorder::default());
        let limits = Limits::new(None, None);
        let engine = Engine::new(ports(&world, &store), limits, Arc::new(heard.clone()));
        let (_control, mut inbox) = control();
        let lease = FakeStore::lease(1);
        let clock = world.clock().clone();
        let finished = clock.run(engine.start(plan, &lease, &mut inbox));
        finished.unwrap();
        Self {
            world,
            store,
            heard,
            engine,
        }
    }

    /// Has it go on with a decision, and says what is on base then.
    fn decide(&self, command: Command) -> String {
        let (control, mut inbox) = control();
        control.send(command);
        let lease = FakeStore::lease(1);
        let clock = self.world.clock().clone();
        let saved = clock.run(self.store.load()).unwrap().unwrap();
        let finished = clock.run(self.engine.resume(saved, &lease, &mut inbox));
        finished.unwrap();
        self.on_base()
    }

    fn on_base(&self) -> String {
        let names: Vec<_> = self
            .world
            .with(|state| state.repo.base_tree().keys().cloned().collect());
        names.join(" ")
    }

    fn status(&self, name: &str) -> TicketStatus {
        let status = self.world.with(|state| state.board.status(&id(name)));
        status.unwrap()
    }

    fn stage(&self, name: &str) -> Stage {
        let saved = self.store.stored().unwrap();
        saved.tickets[&id(name)].stage.clone()
    }

    fn said(&self, text: &str) -> bool {
        let heard = format!("{:?}", self.heard.events());
        heard.contains(text)
    }
}

#[test]
fn a_ticket_goes_with_what_depends_on_it_and_comes_back_by_itself() {
    let sprint = Afterwards::of("A, B <- A, C, D <- B");
    assert_eq!(sprint.on_base(), "A B C D");
    let landings = sprint.world.with(|state| state.log.landings);

    assert_eq!(sprint.decide(Command::Revert(id("B"))), "A C");
    let again = sprint.world.with(|state| state.log.landings);
    assert_eq!(again, landings + 1, "one landing for both");
    for name in ["B", "D"] {
        assert_ne!(sprint.status(name), TicketStatus::Done, "{name}");
    }
    assert_eq!(sprint.status("A"), TicketStatus::Done);
    let Stage::Stuck { message, .. } = sprint.stage("B") else {
        panic!("{:?}", sprint.stage("B"));
    };
    let text = "taken back by a person, together with what depends on it: D";
    assert_eq!(message, text);
    let saved = sprint.store.stored().unwrap();
    assert_eq!(saved.tickets[&id("D")].merge, MergeState::Reverted);
    assert_eq!(saved.sprint.merge_order.len(), 2);

    assert_eq!(sprint.decide(Command::Reland(id("D"))), "A C");
    assert!(sprint.said("D cannot land again: it depends on B"));
    assert_eq!(sprint.decide(Command::Reland(id("B"))), "A B C");
    assert_eq!(sprint.decide(Command::Reland(id("D"))), "A B C D");
    assert_eq!(sprint.status("D"), TicketStatus::Done);
    assert!(matches!(sprint.stage("D"), Stage::Merged { .. }));
    // What landed again can be taken back again.
    assert_eq!(sprint.decide(Command::Revert(id("A"))), "C");
}

#[test]
fn what_was_taken_back_can_be_made_anew() {
    let sprint = Afterwards::of("A, B <- A");
    assert_eq!(sprint.decide(Command::Revert(id("A"))), "");
    assert_eq!(sprint.decide(Command::Reattempt(id("A"))), "A");
    assert_eq!(sprint.decide(Command::Reattempt(id("B"))), "A B");
    assert_eq!(sprint.decide(Command::Reland(id("B"))), "A B");
    assert!(sprint.said("B cannot land again: it was not taken back"));
}

#[test]
fn base_stays_if_the_gate_is_red_without_it() {
    let sprint = Afterwards::of("A, B");
    let flaw = Flaw::Fails {
        check: CheckKind::Test,
        text: "needs A".into(),
    };
    sprint.world.with(|state| state.repo.edit_base(Some(flaw)));
    let before = sprint.world.with(|state| state.repo.base_head());
    assert_eq!(sprint.decide(Command::Revert(id("A"))), "A B edit-1");
    let after = sprint.world.with(|state| state.repo.base_head());
    assert_eq!(after, before);
    assert!(sprint.said("A is not taken back: base without it fails the gate"));
    assert!(matches!(sprint.stage("A"), Stage::Merged { .. }));
    assert_eq!(sprint.status("A"), TicketStatus::Done);
}

#[test]
fn base_stays_if_something_is_in_the_way() {
    let sprint = Afterwards::of("A, B");
    sprint.world.with(|state| {
        let lines = ("edit-1".to_owned(), "A".to_owned());
        state.repo.edit_base(None);
        state.repo.conflicts.insert(lines);
    });
    assert_eq!(sprint.decide(Command::Revert(id("A"))), "A B edit-1");
    assert!(sprint.said("A is not taken back: A clashes with what is on base now"));
    // Something else can still be taken back.
    assert_eq!(sprint.decide(Command::Revert(id("B"))), "A edit-1");
    sprint.world.with(|state| state.repo.checkout_dirty = true);
    assert_eq!(sprint.decide(Command::Reland(id("B"))), "A edit-1");
    sprint.world.with(|state| state.repo.checkout_dirty = false);
    assert_eq!(sprint.decide(Command::Reland(id("B"))), "A B edit-1");
}
