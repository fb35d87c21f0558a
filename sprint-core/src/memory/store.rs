//! State in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::failure::ErrorKind;
use crate::memory::locked;
use crate::ports::{Error, Lease, Result, StateStore};
use crate::run::snapshot::{Delta, Snapshot};

/// Keeps the state until the last clone is dropped.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    stored: Arc<Mutex<Stored>>,
}

#[derive(Debug, Default)]
struct Stored {
    snapshot: Option<Snapshot>,
    epoch: u64,
}

#[async_trait]
impl StateStore for MemoryStore {
    async fn load(&self) -> Result<Option<Snapshot>> {
        Ok(locked(&self.stored).snapshot.clone())
    }

    async fn commit(&self, delta: &Delta, lease: &Lease) -> Result<()> {
        let conflict = |reason: String| {
            Err(Error::new(ErrorKind::Conflict, "save state", "in memory").because(reason))
        };
        let mut stored = locked(&self.stored);
        if lease.epoch() < stored.epoch {
            return conflict(format!(
                "the lease has number {}, and number {} has written already",
                lease.epoch(),
                stored.epoch
            ));
        }
        match (&mut stored.snapshot, &delta.full) {
            (_, Some(full)) if full.revision != delta.revision => {
                return conflict(format!(
                    "change {} carries a state of revision {}",
                    delta.revision, full.revision
                ));
            }
            (snapshot, Some(full)) => *snapshot = Some((**full).clone()),
            (Some(snapshot), None) => {
                if let Err(error) = snapshot.absorb(delta) {
                    return conflict(error.to_string());
                }
            }
            (None, None) => return conflict(format!("change {} follows nothing", delta.revision)),
        }
        stored.epoch = lease.epoch();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conformance;

    #[test]
    fn it_keeps_the_contract() {
        futures_executor::block_on(conformance::store::all(&|| {
            let store = MemoryStore::default();
            Box::new(move || Arc::new(store.clone()))
        }));
    }
}
