//! The port to stored outputs.

use std::fmt;
use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use crate::id::BlobId;
use crate::ports::Result;

/// Keeps raw outputs out of the state, named by their content.
///
/// # Contract
///
/// - After `Ok` the bytes are durable and [`get`](Self::get) returns exactly them.
/// - Storing the same bytes again returns the same id and changes nothing.
/// - A source is read to its end, without all of it being held in memory where the storage lies
///   outside of it. If reading fails nothing is stored.
/// - `get` of an unknown id is [`NotFound`](crate::failure::ErrorKind::NotFound).
pub trait BlobStore: fmt::Debug + Send + Sync + 'static {
    /// Stores everything that `source` has.
    fn store(&self, source: &mut dyn Read) -> Result<BlobId>;

    /// Stores `bytes`.
    fn put(&self, mut bytes: &[u8]) -> Result<BlobId> {
        self.store(&mut bytes)
    }

    /// Reads them back.
    fn get(&self, id: &BlobId) -> Result<Vec<u8>>;
}

/// A source whose bytes are named while they are read.
///
/// ```
/// use sprint_core::id::BlobId;
/// use sprint_core::ports::NamedSource;
///
/// let mut source = NamedSource::new(&b"evidence"[..]);
/// std::io::copy(&mut source, &mut std::io::sink())?;
/// assert_eq!(source.id(), BlobId::of(b"evidence"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct NamedSource<R> {
    source: R,
    digest: Sha256,
}

impl<R: Read> NamedSource<R> {
    /// Names what is read from `source`.
    pub fn new(source: R) -> Self {
        Self {
            source,
            digest: Sha256::new(),
        }
    }

    /// The name of everything that was read.
    pub fn id(self) -> BlobId {
        BlobId::of_digest(&self.digest.finalize())
    }
}

impl<R: Read> Read for NamedSource<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.digest.update(&buffer[..count]);
        Ok(count)
    }
}
