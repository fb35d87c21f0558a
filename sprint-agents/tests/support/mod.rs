//! A blob store in memory, and contexts that use it.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex};

use sprint_core::failure::ErrorKind;
use sprint_core::id::{BlobId, SprintId, TicketId};
use sprint_core::ports::{BlobStore, EffectContext, Error, Result};
use sprint_core::run::effect::{EffectId, EffectKey, Step};

#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<BTreeMap<BlobId, Vec<u8>>>>);

impl Memory {
    /// The text of the one output that was stored.
    pub(crate) fn only(&self) -> String {
        let blobs = self.0.lock().unwrap();
        assert_eq!(blobs.len(), 1, "stored outputs");
        String::from_utf8(blobs.values().next().unwrap().clone()).unwrap()
    }

    pub(crate) fn text(&self, id: &BlobId) -> String {
        String::from_utf8(self.get(id).unwrap()).unwrap()
    }
}

impl BlobStore for Memory {
    fn store(&self, source: &mut dyn Read) -> Result<BlobId> {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).unwrap();
        let id = BlobId::of(&bytes);
        self.0.lock().unwrap().insert(id.clone(), bytes);
        Ok(id)
    }

    fn open(&self, id: &BlobId) -> Result<Box<dyn Read + Send>> {
        let stored = self.0.lock().unwrap().get(id).cloned();
        let missing = || Error::new(ErrorKind::NotFound, "read output", id.to_string());
        Ok(Box::new(Cursor::new(stored.ok_or_else(missing)?)))
    }
}

pub(crate) fn context() -> (EffectContext, Memory) {
    let blobs = Memory::default();
    let key = EffectKey {
        sprint: SprintId::new("sprint-20260131-090500").unwrap(),
        effect: EffectId::ticket(TicketId::new("ENG-1").unwrap(), 1, Step::Implement),
    };
    let cx = EffectContext {
        key,
        blobs: Arc::new(blobs.clone()),
    };
    (cx, blobs)
}
