//! Tickets that get in each other's way, over fakes: predicted, resolved, blamed, mended.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use sprint_core::domain::agent::Role;
use sprint_core::engine::{Engine, Finished, control};
use sprint_core::id::TicketId;
use sprint_core::plan::sprint_plan::SprintPlan;
use sprint_core::run::admit::Limits;
use sprint_core::run::event::Event;
use sprint_core::run::snapshot::Snapshot;
use sprint_core::run::ticket::{MergeState, Stage};
use sprint_core::testing::fake::{FakeStore, Recorder, ports};
use sprint_core::testing::fixture::id;
use sprint_core::testing::world::World;
use sprint_core::testing::world::agents::ConflictAct;

struct Story {
    world: World,
    plan: SprintPlan,
}

impl Story {
    fn of(tickets: &str) -> Self {
        let (world, plan) = World::planned(tickets);
        Self { world, plan }
    }

    fn run(self) -> (Snapshot, Vec<Event>) {
        let store = FakeStore::default();
        let heard = Recorder::default();
        let limits = Limits::new(None, None);
        let engine = Engine::new(ports(&self.world, &store), limits, Arc::new(heard.clone()));
        let (_control, mut inbox) = control();
        let lease = FakeStore::lease(1);
        let run = engine.start(self.plan, &lease, &mut inbox);
        let finished: Finished = self.world.clock().run(run).unwrap();
        (
            finished.run.snapshot(),
            heard.events().into_iter().map(|(_, event)| event).collect(),
        )
    }
}

/// Who was blamed, with whom, after how many gate runs, and why.
fn culprits(events: &[Event]) -> Vec<(TicketId, Option<TicketId>, u32, String)> {
    let mut found = Vec::new();
    for event in events {
        if let Event::CulpritFound {
            ticket,
            partner,
            message,
            gates,
        } = event
        {
            found.push((ticket.clone(), partner.clone(), *gates, message.clone()));
        }
    }
    found
}

fn merged(snapshot: &Snapshot, name: &str) -> bool {
    snapshot.tickets[&id(name)].merge == MergeState::Merged
}

#[test]
fn a_conflict_is_resolved_by_an_agent_and_was_predicted() {
    let mut story = Story::of("A, B, C");
    story.plan.roles.insert(Role::Conflict);
    story.world.with(|state| {
        state.repo.conflicts.insert(("A".into(), "B".into()));
    });
    let (snapshot, events) = story.run();
    assert!(["A", "B", "C"].iter().all(|name| merged(&snapshot, name)));
    let resolved = snapshot.integration.unwrap().resolved;
    assert_eq!(resolved.len(), 1);
    assert!(resolved[0].proof.holds() && resolved[0].proof.kept() > 0);
    let told = |event: &&Event| matches!(event, Event::ConflictResolved { .. });
    assert_eq!(events.iter().filter(told).count(), 1);
    let accuracy = snapshot.prediction.accuracy();
    assert_eq!(
        (accuracy.predicted, accuracy.happened, accuracy.both),
        (1, 1, 1)
    );
}

#[test]
fn a_resolution_that_drops_a_side_is_refused_with_the_reason() {
    let mut story = Story::of("A, B");
    story.plan.roles.insert(Role::Conflict);
    story.world.with(|state| {
        state.repo.conflicts.insert(("A".into(), "B".into()));
        for name in ["A", "B"] {
            let script = state.scripts.entry(id(name)).or_default();
            script.conflict = vec![ConflictAct::Drops, ConflictAct::LeavesMarkers];
        }
    });
    let (snapshot, events) = story.run();
    let found = culprits(&events);
    insta::assert_snapshot!(found[0].3, @r"
    conflicts with A in src/A.rs, src/B.rs (no-drop proof does not hold: 4 of 4 added lines kept
      src/A.rs: ours 2 of 2, theirs 0 of 0
      src/B.rs: ours 0 of 0, theirs 2 of 2
    conflict markers:
      src/A.rs:1
      src/A.rs:2
      src/A.rs:6
      src/B.rs:1
      src/B.rs:2
      src/B.rs:6)
    ");
    assert_eq!(snapshot.integration.unwrap().resolved, []);
    assert_eq!(snapshot.sprint.counters.agents[&Role::Conflict], 2);
}

#[test]
fn a_pair_is_named_and_its_later_ticket_mended() {
    // Where nothing is installed beside the files of a commit, layer 2 has made two of the runs.
    for (installs, gates) in [(true, 9), (false, 7)] {
        let mut story = Story::of("A, B, C, D");
        if !installs {
            story.plan.config.install_cmd = None;
        }
        story.world.with(|state| {
            let together = ["A", "C"].map(str::to_owned).into();
            state.checks.break_together.push(together);
            state.checks.mended.insert("C".into(), 2);
        });
        let (snapshot, events) = story.run();
        let found: Vec<_> = culprits(&events)
            .into_iter()
            .map(|(ticket, partner, gates, _)| (ticket, partner, gates))
            .collect();
        assert_eq!(found, [(id("C"), Some(id("A")), gates)]);
        assert!(
            ["A", "B", "C", "D"]
                .iter()
                .all(|name| merged(&snapshot, name))
        );
        assert_eq!(snapshot.tickets[&id("C")].attempt, 2);
    }
}

#[test]
fn nothing_lands_when_partial_merge_is_off_and_a_ticket_does_not_fit() {
    let mut story = Story::of("A, B, C");
    story.plan.config.partial_merge = false;
    story.world.with(|state| {
        let together = ["A", "C"].map(str::to_owned).into();
        state.checks.break_together.push(together);
    });
    let (snapshot, _) = story.run();
    let stuck = matches!(snapshot.tickets[&id("C")].stage, Stage::Stuck { .. });
    assert!(stuck && !merged(&snapshot, "A") && !merged(&snapshot, "B"));
    assert_eq!(snapshot.sprint.base_head, snapshot.plan.base);
}

#[test]
fn tickets_that_plan_to_touch_the_same_file_wait_for_each_other() {
    for avoid in [false, true] {
        let mut story = Story::of("A, B, C");
        story.plan.config.avoid_conflicts = avoid;
        for (name, file) in [("A", "src/x.rs"), ("B", "src/x.rs"), ("C", "src/y.rs")] {
            let plan = story.plan.tickets.get_mut(&id(name)).unwrap();
            plan.ticket.body = format!("## Files to Modify\n- `{file}`\n");
        }
        let (_, events) = story.run();
        let at = |name: &str, wanted: &str| {
            let mut stages = events.iter();
            stages.position(|event| {
                matches!(event, Event::StageChanged { ticket, stage, .. }
                    if *ticket == id(name) && stage == wanted)
            })
        };
        assert!(at("C", "opening") < at("A", "verified"));
        assert_eq!(at("B", "opening") > at("A", "verified"), avoid);
    }
}
