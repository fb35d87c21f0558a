//! Stored outputs in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::failure::ErrorKind;
use crate::id::BlobId;
use crate::ports::{BlobStore, Error, Result};
use crate::testing::rng::name_of;

/// Keeps outputs in memory.
#[derive(Clone, Debug, Default)]
pub struct FakeBlobs(Arc<Mutex<BTreeMap<BlobId, Vec<u8>>>>);

impl BlobStore for FakeBlobs {
    fn put(&self, bytes: &[u8]) -> Result<BlobId> {
        let id = BlobId::new(name_of(&bytes, 64))
            .map_err(|error| Error::new(ErrorKind::Invalid, "store output", "").because(error))?;
        let mut blobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        blobs.insert(id.clone(), bytes.to_vec());
        Ok(id)
    }

    fn get(&self, id: &BlobId) -> Result<Vec<u8>> {
        let blobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = || Error::new(ErrorKind::NotFound, "read output", id.to_string());
        blobs.get(id).cloned().ok_or_else(missing)
    }
}
