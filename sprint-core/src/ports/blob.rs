//! The port to stored outputs.

use std::fmt;
use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use crate::failure::ErrorKind;
use crate::id::BlobId;
use crate::ports::{Error, Result};

/// Keeps raw outputs out of the state, named by their content.
///
/// # Contract
///
/// - After `Ok` the bytes are durable, and [`open`](Self::open) and [`get`](Self::get) give exactly
///   them.
/// - Storing the same bytes again returns the same id and changes nothing.
/// - A source is read to its end, without all of it being held in memory where the storage lies
///   outside of it. If reading fails nothing is stored.
/// - `open` of an unknown id is [`NotFound`](crate::failure::ErrorKind::NotFound).
/// - Bytes that are not the ones of the id any more are never given out as a whole: `open` refuses
///   with [`Invalid`](crate::failure::ErrorKind::Invalid), or reading fails at the end with
///   [`InvalidData`](io::ErrorKind::InvalidData). [`ExactSource`] does the latter.
pub trait BlobStore: fmt::Debug + Send + Sync + 'static {
    /// Stores everything that `source` has.
    fn store(&self, source: &mut dyn Read) -> Result<BlobId>;

    /// Stores `bytes`.
    fn put(&self, mut bytes: &[u8]) -> Result<BlobId> {
        self.store(&mut bytes)
    }

    /// A source of what is stored under `id`, of any length: nothing is read yet. It stays readable
    /// when the same bytes are stored again.
    fn open(&self, id: &BlobId) -> Result<Box<dyn Read + Send>>;

    /// Reads everything that is stored under `id` into memory.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), [`Invalid`](ErrorKind::Invalid) if the bytes are others than
    /// those that were stored, and [`Transient`](ErrorKind::Transient) if reading fails otherwise.
    fn get(&self, id: &BlobId) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match self.open(id)?.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => {
                let kind = match error.kind() == io::ErrorKind::InvalidData {
                    true => ErrorKind::Invalid,
                    false => ErrorKind::Transient,
                };
                Err(Error::new(kind, "read output", id.as_str()).because(error))
            }
        }
    }
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

/// A source that fails at its end with [`InvalidData`](io::ErrorKind::InvalidData) if its bytes are
/// not exactly the ones that an id names.
///
/// ```
/// use std::io;
///
/// use sprint_core::id::BlobId;
/// use sprint_core::ports::ExactSource;
///
/// let id = BlobId::of(b"evidence");
/// io::copy(&mut ExactSource::new(&b"evidence"[..], id.clone()), &mut io::sink())?;
/// let other = io::copy(&mut ExactSource::new(&b"Evidence"[..], id), &mut io::sink());
/// assert_eq!(other.unwrap_err().kind(), io::ErrorKind::InvalidData);
/// # Ok::<(), io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ExactSource<R> {
    source: NamedSource<R>,
    id: BlobId,
}

impl<R: Read> ExactSource<R> {
    /// Holds what is read from `source` against `id`.
    pub fn new(source: R, id: BlobId) -> Self {
        let source = NamedSource::new(source);
        Self { source, id }
    }
}

impl<R: Read> Read for ExactSource<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let ended = count == 0 && !buffer.is_empty();
        if ended && BlobId::of_digest(&self.source.digest.clone().finalize()) != self.id {
            let changed = "its content was changed";
            return Err(io::Error::new(io::ErrorKind::InvalidData, changed));
        }
        Ok(count)
    }
}
