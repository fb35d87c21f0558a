//! Strict fakes of the ports, over one [`World`].

pub mod agent;
pub mod clock;
pub mod layer;
pub mod liveness;
pub mod observer;
pub mod store;
pub mod tracker;
pub mod vcs;
pub mod verifier;

use std::sync::Arc;

use crate::engine::Ports;
use crate::memory::MemoryBlobs;
use crate::testing::world::World;

pub use agent::FakeAgents;
pub use clock::FakeClock;
pub use layer::FakeLayer;
pub use liveness::FakeLiveness;
pub use observer::Recorder;
pub use store::FakeStore;
pub use tracker::FakeTracker;
pub use vcs::FakeVcs;
pub use verifier::FakeVerifier;

/// Every port over `world`, with this store.
pub fn ports(world: &World, store: &FakeStore) -> Ports {
    Ports {
        tracker: Arc::new(FakeTracker::new(world)),
        agents: Arc::new(FakeAgents::new(world)),
        vcs: Arc::new(FakeVcs::new(world)),
        verifier: Arc::new(FakeVerifier::new(world)),
        layers: Vec::new(),
        blobs: Arc::new(MemoryBlobs::default()),
        store: Arc::new(store.clone()),
        clock: Arc::new(world.clock().clone()),
    }
}
