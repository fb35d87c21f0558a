//! Sprints that go on in a world that changed meanwhile, with the whole engine over fakes.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use sprint_core::domain::ticket::TicketStatus;
use sprint_core::engine::{Engine, Why, control};
use sprint_core::failure::ErrorKind;
use sprint_core::id::BranchName;
use sprint_core::plan::sprint_plan::SprintPlan;
use sprint_core::report::recovery;
use sprint_core::report::state_view::view;
use sprint_core::resume::{Action, Choice, Choices, Drift, Reconciliation};
use sprint_core::run::admit::Limits;
use sprint_core::run::input::Command;
use sprint_core::run::snapshot::Snapshot;
use sprint_core::run::state::{Ending, Phase};
use sprint_core::run::ticket::Stage;
use sprint_core::run::{Outcome, SprintRun};
use sprint_core::testing::fake::{FakeStore, Recorder, ports};
use sprint_core::testing::fixture::id;
use sprint_core::testing::world::{Fault, State, When, World};

struct Sprint {
    world: World,
    plan: SprintPlan,
    store: FakeStore,
    heard: Recorder,
    engine: Engine,
}

const FINISHED: Why = Why::Outcome(Outcome::Complete(Ending::Finished));

impl Sprint {
    /// A sprint that works on one ticket after the other.
    fn of(lines: &str) -> Self {
        let (world, plan) = World::planned(lines);
        world.with(|state| state.latency = Duration::from_secs(1));
        let (store, heard) = (FakeStore::default(), Recorder::default());
        let limits = Limits::new(Some(1), Some(1));
        let engine = Engine::new(ports(&world, &store), limits, Arc::new(heard.clone()));
        Self {
            world,
            plan,
            store,
            heard,
            engine,
        }
    }

    /// Starts, and dies as soon as the saved state is so.
    fn die_when(self, so: impl Fn(&Snapshot) -> bool) -> Self {
        let (_control, mut inbox) = control();
        let lease = FakeStore::lease(1);
        {
            let mut run = Box::pin(self.engine.start(self.plan.clone(), &lease, &mut inbox));
            let mut cx = Context::from_waker(Waker::noop());
            while run.as_mut().poll(&mut cx).is_pending() {
                if self.store.stored().is_some_and(|saved| so(&saved)) {
                    break;
                }
                assert!(self.world.clock().advance_to_next());
            }
        }
        assert!(so(&self.saved()), "it never came to that");
        self
    }

    /// Dies when a ticket is in a stage.
    fn die_in(self, name: &str, stage: &str) -> Self {
        self.die_when(|saved| saved.tickets[&id(name)].stage.name() == stage)
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> &Self {
        self.world.with(change);
        self
    }

    fn saved(&self) -> Snapshot {
        self.store.stored().unwrap()
    }

    fn plan_for(&self, choices: Choices) -> Reconciliation {
        let saved = self.saved();
        let survey = self.engine.survey(&saved, choices);
        let survey = self.world.clock().run(survey).unwrap();
        SprintRun::restore(saved).reconciliation(&survey)
    }

    fn go_on(&self) -> Why {
        self.go_on_with(Choices::default())
    }

    fn go_on_with(&self, choices: Choices) -> Why {
        self.store.reopen();
        let (_control, mut inbox) = control();
        let lease = FakeStore::lease(2);
        let saved = self.saved();
        let run = async {
            let survey = self.engine.survey(&saved, choices).await?;
            let run = self
                .engine
                .resume_with(saved.clone(), survey, &lease, &mut inbox);
            run.await
        };
        self.world.clock().run(run).unwrap().why
    }

    fn stage(&self, name: &str) -> &'static str {
        self.saved().tickets[&id(name)].stage.name()
    }

    fn branch(&self, name: &str) -> BranchName {
        let saved = self.saved();
        let ticket = &saved.tickets[&id(name)];
        let there = ticket
            .stage
            .checked()
            .map(|checked| checked.workspace.clone());
        there
            .or_else(|| ticket.workspaces.last().cloned())
            .unwrap()
            .branch
    }

    fn evidence(&self, name: &str) -> usize {
        self.world.with(|state| {
            let entry = &state.board.entries[&id(name)];
            entry.evidence().len()
        })
    }

    fn status(&self, name: &str) -> Option<TicketStatus> {
        self.world.with(|state| state.board.status(&id(name)))
    }

    /// Agents run so far, and workers run for a ticket.
    fn agents(&self, name: &str) -> (u64, u64) {
        self.world.with(|state| {
            let workers = state.log.workers.get(&id(name)).copied();
            (state.log.agents.values().sum(), workers.unwrap_or(0))
        })
    }

    fn said(&self, words: &str) -> bool {
        let events = self.heard.events();
        events
            .iter()
            .any(|event| format!("{event:?}").contains(words))
    }
}

fn action(plan: &Reconciliation, name: &str) -> Action {
    plan.tickets[&id(name)].decision.action
}

#[test]
fn nothing_changed_and_finished_tickets_cost_nothing() {
    let sprint = Sprint::of("A, B").die_when(|saved| {
        let stage = |name| saved.tickets[&id(name)].stage.name();
        stage("A") == "verified" && !matches!(stage("B"), "verified" | "merged")
    });
    let plan = sprint.plan_for(Choices::default());
    assert_eq!(plan.drift, Drift::Same);
    assert_eq!(action(&plan, "A"), Action::Skip);
    assert_eq!(plan.tickets[&id("A")].agents, 0);
    let (_, workers) = sprint.agents("A");
    assert_eq!(sprint.go_on(), FINISHED);
    assert_eq!((sprint.stage("A"), sprint.stage("B")), ("merged", "merged"));
    assert_eq!(sprint.agents("A").1, workers);
    assert_eq!((sprint.evidence("A"), sprint.evidence("B")), (1, 1));
}

#[test]
fn what_is_complete_and_unproven_is_verified_and_not_implemented() {
    let sprint = Sprint::of("A, B").die_when(|saved| {
        let stage = |name| saved.tickets[&id(name)].stage.name();
        stage("A") == "verified" && !matches!(stage("B"), "verified" | "merged")
    });
    sprint.change(|state| state.board.delete_evidence(&id("A")));
    let plan = sprint.plan_for(Choices::default());
    assert_eq!(action(&plan, "A"), Action::ReVerify);
    let (_, workers) = sprint.agents("A");
    assert_eq!(sprint.go_on(), FINISHED);
    assert_eq!(sprint.stage("A"), "merged");
    assert_eq!(
        sprint.agents("A").1,
        workers,
        "nothing is implemented twice"
    );
    assert_eq!(sprint.evidence("A"), 1);
    assert_eq!(sprint.status("A"), Some(TicketStatus::Done));
    assert!(sprint.said("RE_VERIFY"));
}

#[test]
fn evidence_of_what_landed_is_posted_again_without_any_agent() {
    let landed = |saved: &Snapshot| {
        let merged = |name| matches!(saved.tickets[&id(name)].stage, Stage::Merged { .. });
        merged("A") && merged("B") && !matches!(saved.sprint.phase, Phase::Complete { .. })
    };
    let sprint = Sprint::of("A, B").die_when(landed);
    sprint.change(|state| state.board.delete_evidence(&id("A")));
    let (agents, _) = sprint.agents("A");
    assert_eq!(sprint.go_on(), FINISHED);
    assert_eq!((sprint.evidence("A"), sprint.evidence("B")), (1, 1));
    assert_eq!(sprint.agents("A").0, agents);
    let merges = sprint.world.with(|state| state.log.landings);
    assert_eq!(merges, 1);
}

#[test]
fn a_ticket_that_is_closing_gets_its_evidence_first() {
    let sprint = Sprint::of("A").die_in("A", "closing");
    sprint.change(|state| state.board.delete_evidence(&id("A")));
    let (agents, _) = sprint.agents("A");
    assert_eq!(sprint.go_on(), FINISHED);
    assert_eq!((sprint.stage("A"), sprint.evidence("A")), ("merged", 1));
    assert_eq!(sprint.agents("A").0, agents);
}

#[test]
fn a_ticket_that_was_moved_back_is_marked_done_once_more() {
    let sprint = Sprint::of("A, B").die_in("A", "verified");
    sprint.change(|state| state.board.set_status(&id("A"), TicketStatus::InProgress));
    let plan = sprint.plan_for(Choices::default());
    assert_eq!(action(&plan, "A"), Action::RepairStatus);
    assert_eq!(sprint.go_on(), FINISHED);
    assert_eq!(sprint.status("A"), Some(TicketStatus::Done));
    assert_eq!(sprint.evidence("A"), 1);
}

#[test]
fn a_ticket_done_elsewhere_costs_no_agent_and_blocks_nobody() {
    let sprint = Sprint::of("A, B, C <- B").die_in("A", "implementing");
    sprint.change(|state| state.board.set_status(&id("B"), TicketStatus::Done));
    assert_eq!(sprint.go_on(), FINISHED);
    assert_eq!(sprint.stage("B"), "done outside");
    assert_eq!(sprint.agents("B").1, 0);
    assert_eq!((sprint.stage("A"), sprint.stage("C")), ("merged", "merged"));
    assert_eq!(sprint.evidence("B"), 0, "nobody vouches for it");
    assert!(sprint.said("it is Done and nothing proves it"));
}

#[test]
fn a_stuck_ticket_that_somebody_finished_lets_others_go_on() {
    use sprint_core::testing::world::agents::{Script, WorkerAct};
    let sprint = Sprint::of("A, B <- A, C");
    sprint.change(|state| {
        let script = Script {
            worker: vec![WorkerAct::Malformed],
            ..Script::default()
        };
        state.scripts.insert(id("A"), script);
    });
    let sprint = sprint.die_when(|saved| {
        let stage = |name| saved.tickets[&id(name)].stage.name();
        stage("A") == "stuck" && stage("B") == "blocked" && stage("C") != "merged"
    });
    sprint.change(|state| state.board.set_status(&id("A"), TicketStatus::Done));
    assert_eq!(sprint.go_on(), FINISHED);
    assert_eq!(
        (sprint.stage("A"), sprint.stage("B")),
        ("done outside", "merged")
    );
}

#[test]
fn cancelled_and_deleted_tickets_leave_the_sprint() {
    let sprint = Sprint::of("A, B, C").die_in("A", "implementing");
    sprint.change(|state| {
        state.board.set_status(&id("B"), TicketStatus::Cancelled);
        state.board.delete(&id("C"));
    });
    assert_eq!(sprint.go_on(), FINISHED);
    assert_eq!(
        (sprint.stage("B"), sprint.stage("C")),
        ("dropped", "dropped")
    );
    assert_eq!((sprint.agents("B").1, sprint.agents("C").1), (0, 0));
    assert_eq!(sprint.stage("A"), "merged");
}

#[test]
fn a_lost_branch_is_begun_anew_and_never_reconstructed() {
    for stage in ["implementing", "checking", "verified"] {
        let sprint = Sprint::of("A, B").die_in("A", stage);
        let branch = sprint.branch("A");
        sprint.change(|state| state.repo.delete_branch(&branch));
        assert_eq!(
            action(&sprint.plan_for(Choices::default()), "A"),
            Action::ReImplement
        );
        assert_eq!(sprint.go_on(), FINISHED, "{stage}");
        assert_eq!(
            (sprint.stage("A"), sprint.stage("B")),
            ("merged", "merged"),
            "{stage}"
        );
        let there = sprint
            .world
            .with(|state| state.repo.branches.contains_key(&branch));
        assert!(!there, "{stage}: {branch} is back");
        assert_eq!(sprint.status("A"), Some(TicketStatus::Done));
    }
}

#[test]
fn a_rewritten_branch_is_verified_as_it_is_now() {
    for stage in ["checking", "posting", "verified"] {
        let sprint = Sprint::of("A, B").die_in("A", stage);
        let saved = sprint.saved();
        let checked = saved.tickets[&id("A")].stage.checked().unwrap();
        let workspace = checked.workspace.clone();
        sprint.change(|state| state.repo.amend_by_hand(&workspace));
        let (_, workers) = sprint.agents("A");
        assert_eq!(sprint.go_on(), FINISHED, "{stage}");
        let after = sprint.saved();
        let landed = after.tickets[&id("A")].stage.checked().unwrap();
        assert_ne!(landed.head, checked.head, "{stage}");
        assert_eq!(sprint.stage("A"), "merged");
        assert_eq!(sprint.agents("A").1, workers, "{stage}");
    }
}

#[test]
fn a_lost_directory_is_made_anew_without_an_attempt_being_spent() {
    for stage in ["implementing", "checking"] {
        let sprint = Sprint::of("A").die_in("A", stage);
        let path = sprint.saved().tickets[&id("A")].workspaces[0].path.clone();
        sprint.change(|state| state.repo.lose(&path));
        assert_eq!(sprint.go_on(), FINISHED, "{stage}");
        let saved = sprint.saved();
        assert_eq!(saved.tickets[&id("A")].stage.name(), "merged");
        assert_eq!(saved.tickets[&id("A")].budget.loops, 0, "{stage}");
        assert_eq!(saved.tickets[&id("A")].generation, 1);
    }
}

#[test]
fn a_merge_that_was_never_saved_is_found_on_base() {
    // The landing has taken hold, and the save of what was heard of it fails.
    let cut_short = |saves: usize| {
        let sprint = Sprint::of("A, B");
        sprint.change(|state| state.latency = Duration::ZERO);
        sprint.store.fail_after(saves);
        let (_control, mut inbox) = control();
        let lease = FakeStore::lease(1);
        let run = sprint.engine.start(sprint.plan.clone(), &lease, &mut inbox);
        drop(sprint.world.clock().run(run));
        let landed = sprint.world.with(|state| state.log.landings) == 1;
        (landed && sprint.saved().sprint.merge_order.is_empty()).then_some(sprint)
    };
    let sprint = (1..200).find_map(cut_short).unwrap();
    let plan = sprint.plan_for(Choices::default());
    assert_eq!(plan.drift, Drift::ByUs { commits: 2 });
    assert_eq!(sprint.go_on(), FINISHED);
    assert_eq!(sprint.saved().sprint.merge_order.len(), 2);
    assert_eq!(sprint.world.with(|state| state.log.landings), 1);
}

#[test]
fn base_that_others_moved_is_tested_before_anything_is_built_on_it() {
    let sprint = Sprint::of("A, B").die_in("A", "implementing");
    let gates = sprint.saved().sprint.counters.gates;
    sprint.change(|state| state.repo.edit_base(None));
    let plan = sprint.plan_for(Choices::default());
    assert_eq!(plan.drift, Drift::ByOthers { commits: 1 });
    assert_eq!(sprint.go_on(), FINISHED);
    let saved = sprint.saved();
    assert_eq!((sprint.stage("A"), sprint.stage("B")), ("merged", "merged"));
    // Base once more, and then what lands.
    assert_eq!(saved.sprint.counters.gates, gates + 2);
    assert_eq!(
        saved.integration.unwrap().round,
        1,
        "nothing had to be merged twice"
    );
}

#[test]
fn what_landed_and_was_taken_from_base_by_hand_is_shown_to_a_person() {
    let sprint = Sprint::of("A, B <- A").die_when(|saved| {
        let phase = saved.sprint.phase.name();
        !saved.sprint.merge_order.is_empty() && phase != "complete"
    });
    let before = sprint.plan.base.clone();
    sprint.change(|state| {
        let base = state.repo.base.clone();
        state.repo.branches.insert(base, before);
    });
    let plan = sprint.plan_for(Choices::default());
    assert_eq!(plan.drift, Drift::Rewritten);
    assert_eq!(action(&plan, "A"), Action::Stuck);
    assert_eq!(sprint.go_on(), FINISHED);
    assert_eq!(sprint.stage("A"), "stuck");
    assert_ne!(
        sprint.status("A"),
        Some(TicketStatus::Done),
        "it is not on base"
    );
}

#[test]
fn people_overrule_and_that_is_what_happens() {
    let sprint = Sprint::of("A, B, C").die_in("A", "verified");
    let choices = Choices {
        tickets: [(id("A"), Choice::ReVerify), (id("C"), Choice::Skip)].into(),
        ..Choices::default()
    };
    let plan = sprint.plan_for(choices.clone());
    assert_eq!(action(&plan, "A"), Action::ReVerify);
    assert_eq!(action(&plan, "C"), Action::Skip);
    assert_eq!(sprint.go_on_with(choices), FINISHED);
    assert_eq!(
        (sprint.stage("A"), sprint.stage("C")),
        ("merged", "dropped")
    );
    assert_eq!(sprint.agents("A").1, 1);
    assert_eq!(sprint.agents("C").1, 0);
}

#[test]
fn a_tracker_that_does_not_answer_stops_it_before_anything_starts() {
    let sprint = Sprint::of("A").die_in("A", "implementing");
    let before = sprint.saved();
    sprint.store.reopen();
    sprint.world.arm(Some(Fault {
        skip: 2,
        when: When::Before,
        kind: ErrorKind::Transient,
    }));
    let (_control, mut inbox) = control();
    let lease = FakeStore::lease(2);
    let run = sprint.engine.resume(before.clone(), &lease, &mut inbox);
    let error = sprint.world.clock().run(run).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert_eq!(sprint.saved(), before);
    assert_eq!(sprint.go_on(), FINISHED);
}

#[test]
fn every_time_it_goes_on_is_recorded() {
    let sprint = Sprint::of("A, B").die_in("A", "checking");
    assert_eq!(sprint.go_on(), FINISHED);
    let saved = sprint.saved();
    let record = &saved.sprint.recoveries[0];
    assert_eq!(record.original_phase, "2-implementation");
    assert!(record.tickets_reverified.contains(&id("A")));
    let all = record.tickets_reverified.len() + record.tickets_reimplemented.len();
    assert_eq!(all, 2);
    let json = serde_json::to_value(view(&saved)).unwrap();
    assert_eq!(json["recovery_metadata"].as_array().unwrap().len(), 1);
    assert_eq!(
        json["dashboard"]["recovery_metadata"],
        json["recovery_metadata"]
    );
}

#[test]
fn a_finished_sprint_is_left_alone() {
    let sprint =
        Sprint::of("A").die_when(|saved| matches!(saved.sprint.phase, Phase::Complete { .. }));
    sprint.change(|state| state.board.delete_evidence(&id("A")));
    assert_eq!(sprint.go_on(), FINISHED);
    assert_eq!(sprint.evidence("A"), 0);
    assert!(sprint.saved().sprint.recoveries.is_empty());
}

#[test]
fn the_plan_is_shown_ticket_by_ticket() {
    let sprint = Sprint::of("A, B, C <- B, D").die_when(|saved| {
        let stage = |name| saved.tickets[&id(name)].stage.name();
        stage("A") == "verified" && !matches!(stage("B"), "verified" | "merged")
    });
    sprint.change(|state| {
        state.board.delete_evidence(&id("A"));
        state.board.set_status(&id("D"), TicketStatus::Done);
        state.repo.edit_base(None);
    });
    let plan = sprint.plan_for(Choices::default());
    insta::assert_snapshot!(recovery::text(&sprint.saved(), &plan, 100), @r#"
sprint-20260101-000000 of problem demo
started 2026-01-01T00:00:00Z, interrupted in 2-implementation
main: base has 1 more commit of others

TICKET  STATE     TRACKER      ACTION        AGENTS  TITLE
A       verified  Done         RE_VERIFY     2+      make A
B       checking  In Progress  RE_VERIFY     1+      make B
C       queued    Todo         RE_IMPLEMENT  4+      make C
D       opening   Done         SKIP          0       make D

1 SKIP, 2 RE_VERIFY, 1 RE_IMPLEMENT; at least 7 agents run; not doing the skipped ones again saves an estimated $5 to $15

Why:
  A: nothing at the tracker proves it
  B: its worker has answered; the layers go on
  C: it was not begun
  D: somebody finished it outside the sprint

Branches:
  A: 1 commit, directory there, 1 behind base
  B: 1 commit, directory there, 1 behind base

Please note:
  A: missing evidence
  D: stale in progress
  D: it is Done and nothing proves it
"#);
}

#[test]
fn commands_that_come_first_are_part_of_what_is_decided() {
    let sprint = Sprint::of("A, B").die_in("A", "verified");
    sprint.store.reopen();
    let (control, mut inbox) = control();
    control.send(Command::Drop(id("B")));
    let lease = FakeStore::lease(2);
    let run = sprint.engine.resume(sprint.saved(), &lease, &mut inbox);
    assert_eq!(sprint.world.clock().run(run).unwrap().why, FINISHED);
    assert_eq!(
        (sprint.stage("A"), sprint.stage("B")),
        ("merged", "dropped")
    );
}
