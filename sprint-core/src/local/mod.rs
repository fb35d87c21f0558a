//! The ports on one machine, with nothing but `std::fs`: state, outputs, lease and tickets.
//!
//! Calls of async ports run to their end when first polled: each takes about as long as one
//! flush of the disk.

pub mod blobs;
pub mod claim;
pub mod conductor;
pub mod layout;
pub mod lease;
pub mod lessons;
pub mod liveness;
pub mod problems;
pub mod shared;
pub mod store;
pub mod tracker;

pub(crate) mod comment_file;
mod disk;
mod frame;
pub(crate) mod journal;
mod lock;
mod mount;
pub(crate) mod ticket_file;

#[cfg(test)]
mod simulated;

pub use blobs::FileBlobs;
pub use layout::Layout;
pub use lease::{FileLease, NetworkFiles};
pub use lessons::lessons;
pub use liveness::SystemLiveness;
pub use store::{FileStore, Publish, Stored, ViewFile};
pub use tracker::FileTracker;
