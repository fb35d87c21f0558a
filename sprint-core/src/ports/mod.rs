//! The ports: every effect on the world goes through one of these traits.
//!
//! Each trait documents its contract, and [`crate::testing`] has a conformance suite for each
//! that our fakes and adapters pass and that yours should pass too.

pub mod agent;
pub mod blob;
pub mod clock;
pub mod error;
pub mod layer;
pub mod lease;
pub mod liveness;
pub mod observer;
pub mod read_only;
pub mod store;
pub mod tracker;
pub mod vcs;
pub mod verifier;

pub use agent::{AgentCapabilities, AgentRunner};
pub use blob::{BlobStore, ExactSource, NamedSource};
pub use clock::{Clock, SystemClock};
pub use error::{Error, Result};
pub use layer::Layer;
pub use lease::{Lease, LeaseHolder, Owner};
pub use liveness::Liveness;
pub use observer::Observer;
pub use read_only::ReadOnlyTracker;
pub use store::StateStore;
pub use tracker::Tracker;
pub use vcs::Vcs;
pub use verifier::Verifier;

use std::sync::Arc;

use crate::run::effect::EffectKey;

/// What an adapter is given beside its arguments.
///
/// Dropping the future of a call is how the engine stops it: adapters must leave nothing running.
#[derive(Clone, Debug)]
pub struct EffectContext {
    /// The name of this piece of work: log key and idempotency key.
    pub key: EffectKey,
    /// Where raw output goes.
    pub blobs: Arc<dyn BlobStore>,
}
