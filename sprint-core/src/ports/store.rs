//! The port to saved state.

use std::fmt;

use async_trait::async_trait;

use crate::ports::{Lease, Result};
use crate::run::snapshot::{Delta, Snapshot};

/// Keeps the state of one problem's sprint.
///
/// # Contract
///
/// - After `Ok` from [`commit`](Self::commit) the delta is durable: [`load`](Self::load), in this
///   or another process, also after a power cut, returns a snapshot that includes it.
/// - Deltas apply whole or not at all, in order of their revision. A delta whose revision is not
///   the stored one plus one, or whose lease has an older epoch than one seen before, is
///   [`Conflict`](crate::failure::ErrorKind::Conflict) and changes nothing. A first delta carries
///   the whole state, and starts over whatever was stored before.
/// - After any other error the store is poisoned: every later commit fails
///   ([`Fatal`](crate::failure::ErrorKind::Fatal)) until it is opened anew.
/// - Damage is reported, never guessed around: a record that was once acknowledged and cannot be
///   read is an error from `load`.
#[async_trait]
pub trait StateStore: fmt::Debug + Send + Sync + 'static {
    /// The stored state, if there is one.
    async fn load(&self) -> Result<Option<Snapshot>>;

    /// Makes one change of the state durable.
    async fn commit(&self, delta: &Delta, lease: &Lease) -> Result<()>;
}
