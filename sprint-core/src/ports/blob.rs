//! The port to stored outputs.

use std::fmt;

use crate::id::BlobId;
use crate::ports::Result;

/// Keeps raw outputs out of the state, named by their content.
///
/// # Contract
///
/// - After `Ok` the bytes are durable and [`get`](Self::get) returns exactly them.
/// - Storing the same bytes again returns the same id and changes nothing.
/// - `get` of an unknown id is [`NotFound`](crate::failure::ErrorKind::NotFound).
pub trait BlobStore: fmt::Debug + Send + Sync + 'static {
    /// Stores `bytes`.
    fn put(&self, bytes: &[u8]) -> Result<BlobId>;

    /// Reads them back.
    fn get(&self, id: &BlobId) -> Result<Vec<u8>>;
}
