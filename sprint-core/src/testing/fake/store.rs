//! Saved state in memory, that survives what a process does not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::failure::ErrorKind;
use crate::ports::{Error, Lease, Result, StateStore};
use crate::run::snapshot::{Delta, Snapshot};

/// Keeps the state in memory, with fencing. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct FakeStore(Arc<Mutex<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    stored: Option<Snapshot>,
    epoch: u64,
    deltas: Vec<Delta>,
    fails_after: Option<usize>,
    poisoned: bool,
}

impl FakeStore {
    /// A lease of this epoch.
    pub fn lease(epoch: u64) -> Lease {
        Lease::new(epoch, Box::new(()))
    }

    /// What is stored.
    pub fn stored(&self) -> Option<Snapshot> {
        self.disk().stored.clone()
    }

    /// Looks at what is stored without copying it.
    pub(crate) fn look<T>(&self, look: impl FnOnce(Option<&Snapshot>) -> T) -> T {
        look(self.disk().stored.as_ref())
    }

    /// Every change that was saved.
    pub fn deltas(&self) -> Vec<Delta> {
        self.disk().deltas.clone()
    }

    /// Makes every save but the first `n` fail.
    pub fn fail_after(&self, n: usize) {
        self.disk().fails_after = Some(n);
    }

    /// Opens the store anew after it failed.
    pub fn reopen(&self) {
        let mut disk = self.disk();
        disk.fails_after = None;
        disk.poisoned = false;
    }

    /// Saves, like [`StateStore::commit`].
    pub fn save(&self, delta: &Delta, lease: &Lease) -> Result<()> {
        let mut disk = self.disk();
        let refused = |kind, why: &str| {
            Err(Error::new(kind, "save", format!("change {}", delta.revision)).because(why))
        };
        if lease.epoch() < disk.epoch {
            return refused(ErrorKind::Conflict, "another engine has taken over");
        }
        let full = disk.fails_after.is_some_and(|n| disk.deltas.len() >= n);
        if disk.poisoned || full {
            disk.poisoned = true;
            return refused(ErrorKind::Fatal, "the disk is full");
        }
        match (&mut disk.stored, &delta.full) {
            (_, Some(full)) if full.revision != delta.revision => {
                return refused(
                    ErrorKind::Conflict,
                    "it carries a state of another revision",
                );
            }
            (_, Some(full)) => disk.stored = Some((**full).clone()),
            (None, None) => return refused(ErrorKind::Conflict, "there is nothing to change"),
            (Some(stored), None) => {
                if let Err(error) = stored.absorb(delta) {
                    return refused(ErrorKind::Conflict, &error.to_string());
                }
            }
        }
        disk.epoch = lease.epoch();
        disk.deltas.push(delta.clone());
        Ok(())
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl StateStore for FakeStore {
    async fn load(&self) -> Result<Option<Snapshot>> {
        Ok(self.stored())
    }

    async fn commit(&self, delta: &Delta, lease: &Lease) -> Result<()> {
        self.save(delta, lease)
    }
}
