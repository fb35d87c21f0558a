//! The strict fakes keep the contracts of their ports, as real adapters do.

use std::sync::Arc;

use futures_executor::block_on;
use sprint_core::ports::{Clock as _, SystemClock};
use sprint_core::testing::conformance;
use sprint_core::testing::fake::{FakeClock, FakeTracker};
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
