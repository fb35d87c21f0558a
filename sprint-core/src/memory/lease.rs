//! A lease within one process.

use std::sync::{Arc, Mutex};

use crate::failure::ErrorKind;
use crate::memory::locked;
use crate::ports::{Error, Lease, LeaseHolder, Owner, Result};

/// Hands out one lease at a time among its clones.
#[derive(Clone, Debug, Default)]
pub struct MemoryLease {
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    epoch: u64,
    owner: Option<Owner>,
}

impl LeaseHolder for MemoryLease {
    fn acquire(&self, owner: &Owner) -> Result<Lease> {
        let mut held = locked(&self.held);
        if let Some(other) = &held.owner {
            let error = Error::new(ErrorKind::Conflict, "take the lease", "in memory");
            return Err(error.because(format!("{other} has it; wait until it ends")));
        }
        held.epoch += 1;
        held.owner = Some(owner.clone());
        let guard = Guard(Arc::clone(&self.held));
        Ok(Lease::new(held.epoch, Box::new(guard)))
    }
}

struct Guard(Arc<Mutex<Held>>);

impl Drop for Guard {
    fn drop(&mut self) {
        locked(&self.0).owner = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conformance;

    #[test]
    fn it_keeps_the_contract() {
        conformance::lease::all(&|| {
            let lease = MemoryLease::default();
            Box::new(move || Arc::new(lease.clone()))
        });
    }
}
