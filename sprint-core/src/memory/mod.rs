//! The storing ports in memory: for programs that need no durability, and for tests.
//!
//! They keep the same contracts as [`crate::local`], strictly. Clones share what they hold, as
//! processes share a disk.

pub mod blobs;
pub mod lease;
pub mod store;
pub mod tracker;

pub use blobs::MemoryBlobs;
pub use lease::MemoryLease;
pub use store::MemoryStore;
pub use tracker::MemoryTracker;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Every change under these locks is made in one step, so a panic elsewhere breaks nothing.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
