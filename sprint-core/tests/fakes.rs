//! The strict fakes keep the contracts of their ports, as real adapters do.

use futures_executor::block_on;
use sprint_core::ports::{Clock as _, SystemClock};
use sprint_core::testing::conformance;
use sprint_core::testing::fake::FakeClock;
use sprint_core::testing::fixture::START;

#[test]
fn the_clocks_keep_the_contract() {
    block_on(conformance::clock::all(&SystemClock));
    let clock = FakeClock::new(START);
    clock.run(conformance::clock::all(&clock));
    assert!(clock.now() > START, "it went on by itself");
}
