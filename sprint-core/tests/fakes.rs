//! The strict fakes keep the contracts of their ports, as real adapters do.

use std::sync::Arc;

use futures_executor::block_on;
use sprint_core::domain::agent::{AgentTask, Role, Teammate};
use sprint_core::domain::workspace::{Opened, Workspace, WorkspaceSpec};
use sprint_core::id::{CommitId, SessionId};
use sprint_core::memory::MemoryBlobs;
use sprint_core::ports::{Clock as _, EffectContext, SystemClock, Vcs};
use sprint_core::run::effect::Step;
use sprint_core::testing::conformance;
use sprint_core::testing::conformance::vcs::VcsHarness;
use sprint_core::testing::fake::{FakeAgents, FakeClock, FakeStore, FakeTracker, FakeVcs};
use sprint_core::testing::fixture::{START, id};
use sprint_core::testing::sample;
use sprint_core::testing::world::World;
use sprint_core::testing::world::agents::{Script, WorkerAct};

#[test]
fn the_clocks_keep_the_contract() {
    block_on(conformance::clock::all(&SystemClock));
    let clock = FakeClock::new(START);
    clock.run(conformance::clock::all(&clock));
    assert!(clock.now() > START, "it went on by itself");
}

#[test]
fn the_tracker_keeps_the_contract() {
    block_on(conformance::tracker::all_without_names(&|tickets| {
        let world = World::without_engine(tickets);
        Box::new(move || Arc::new(FakeTracker::new(&world)))
    }));
}

#[test]
fn version_control_keeps_the_contract() {
    block_on(conformance::vcs::all(async || {
        let world = World::without_engine(Vec::new());
        world.with(|state| state.repo.write_on_base("a.txt", "a\n"));
        let vcs = FakeVcs::new(&world);
        Hands { world, vcs }
    }));
}

#[test]
fn the_store_keeps_the_contract() {
    block_on(conformance::store::all(&|| {
        let store = FakeStore::default();
        Box::new(move || Arc::new(store.clone()))
    }));
}

#[test]
fn the_agents_keep_the_contract() {
    let (world, plan) = World::planned("A");
    let key = sample::key(&id("A"), 1, Step::Start);
    let spec = WorkspaceSpec {
        sprint: key.sprint.clone(),
        ticket: id("A"),
        generation: 1,
        base: plan.base,
        dependencies: Vec::new(),
        at: START,
    };
    let opened = block_on(FakeVcs::new(&world).open(&spec, &key)).unwrap();
    let Opened::Ready(workspace) = opened else {
        panic!("{opened:?}")
    };
    let blobs = Arc::new(MemoryBlobs::default());
    let cx = EffectContext { key, blobs };
    let agents = FakeAgents::new(&world);
    let task = |role| AgentTask::new("k", role, id("A"), &workspace);
    for role in Role::ALL {
        let answered = conformance::agent::an_answer_is_a_result_of_the_role;
        block_on(answered(&agents, &task(role), &cx));
    }
    let mate = Teammate {
        model: None,
        reply_timeout_s: 30,
    };
    let with = AgentTask {
        teammate: Some(mate),
        ..task(Role::Worker)
    };
    block_on(conformance::agent::a_teammate_is_reported(
        &agents, &with, &cx,
    ));
    let session = || Some(SessionId::new("s-A").unwrap());
    let worker = task(Role::Worker);
    block_on(conformance::agent::a_session_is_continued(
        &agents, &worker, &cx, &session,
    ));
    let script = Script {
        worker: vec![WorkerAct::Malformed],
        ..Script::default()
    };
    world.with(|state| state.scripts.insert(id("A"), script));
    let malformed = conformance::agent::an_end_without_an_answer_is_malformed;
    block_on(malformed(&agents, &task(Role::Worker), &cx));
}

/// What people and agents do to the repository of a world.
struct Hands {
    world: World,
    vcs: FakeVcs,
}

impl VcsHarness for Hands {
    fn vcs(&self) -> &dyn Vcs {
        &self.vcs
    }

    fn write(&self, workspace: &Workspace, path: &str, text: &str) {
        self.world
            .with(|state| state.repo.write_in(&workspace.path, path, text));
    }

    fn advance_base(&self, path: &str, text: &str) -> CommitId {
        self.world
            .with(|state| state.repo.write_on_base(path, text))
    }

    fn set_checkout_dirty(&self, dirty: bool) {
        self.world.with(|state| state.repo.checkout_dirty = dirty);
    }
}
