//! The strict fakes keep the contracts of their ports, as real adapters do.

use std::sync::Arc;

use futures_executor::block_on;
use sprint_core::domain::workspace::Workspace;
use sprint_core::id::CommitId;
use sprint_core::ports::{Clock as _, SystemClock, Vcs};
use sprint_core::testing::conformance;
use sprint_core::testing::conformance::vcs::VcsHarness;
use sprint_core::testing::fake::{FakeClock, FakeStore, FakeTracker, FakeVcs};
use sprint_core::testing::fixture::START;
use sprint_core::testing::world::World;

#[test]
fn the_clocks_keep_the_contract() {
    block_on(conformance::clock::all(&SystemClock));
    let clock = FakeClock::new(START);
    clock.run(conformance::clock::all(&clock));
    assert!(clock.now() > START, "it went on by itself");
}

#[test]
fn the_tracker_keeps_the_contract() {
    block_on(conformance::tracker::all(&|tickets| {
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
