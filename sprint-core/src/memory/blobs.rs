//! Outputs in memory.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex};

use crate::failure::ErrorKind;
use crate::id::BlobId;
use crate::memory::locked;
use crate::ports::{BlobStore, Error, Result};

/// Keeps outputs until the last clone is dropped.
#[derive(Clone, Debug, Default)]
pub struct MemoryBlobs {
    stored: Arc<Mutex<BTreeMap<BlobId, Arc<[u8]>>>>,
}

impl BlobStore for MemoryBlobs {
    fn store(&self, source: &mut dyn Read) -> Result<BlobId> {
        let mut bytes = Vec::new();
        let read = source.read_to_end(&mut bytes);
        read.map_err(|error| Error::new(ErrorKind::Transient, "store", "output").because(error))?;
        let id = BlobId::of(&bytes);
        locked(&self.stored).insert(id.clone(), bytes.into());
        Ok(id)
    }

    fn open(&self, id: &BlobId) -> Result<Box<dyn Read + Send>> {
        let stored = locked(&self.stored).get(id).map(Arc::clone);
        let missing = || Error::new(ErrorKind::NotFound, "read output", id.as_str());
        Ok(Box::new(Cursor::new(stored.ok_or_else(missing)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conformance;

    #[test]
    fn it_keeps_the_contract() {
        conformance::blob::all(&|| {
            let blobs = MemoryBlobs::default();
            Box::new(move || Arc::new(blobs.clone()))
        });
    }
}
