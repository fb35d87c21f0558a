//! Raw outputs as files named by their content.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::failure::ErrorKind;
use crate::id::BlobId;
use crate::local::disk::{create_new, read_regular};
use crate::local::layout::{Layout, make_directory, show, sync_directory};
use crate::ports::{BlobStore, Error, Result};

/// Keeps outputs in `.claude/sprints/{problem}/blobs/{sha256}`.
#[derive(Debug)]
pub struct FileBlobs {
    layout: Layout,
    written: AtomicU64,
}

/// Outputs are capped long before they get here.
const MAX_BLOB: u64 = 1 << 30;

impl FileBlobs {
    /// The outputs of a problem.
    pub const fn new(layout: Layout) -> Self {
        Self {
            layout,
            written: AtomicU64::new(0),
        }
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        self.layout.blobs().join(id.as_str())
    }

    fn write(&self, id: &BlobId, bytes: &[u8]) -> io::Result<()> {
        let directory = self.layout.blobs();
        let path = self.path(id);
        // An equal file may be there by a rename that a power cut would undo: flush that too.
        let there = read_regular(&path, MAX_BLOB).is_ok_and(|stored| stored == bytes);
        if !there {
            let number = self.written.fetch_add(1, Ordering::Relaxed);
            let temporary = directory.join(format!(".{id}.{}.{number}.tmp", process::id()));
            let mut file = create_new(&temporary)?;
            let written = file.write_all(bytes).and_then(|()| file.sync_all());
            drop(file);
            if let Err(error) = written.and_then(|()| fs::rename(&temporary, &path)) {
                // The first error is the one to tell.
                drop(fs::remove_file(&temporary));
                return Err(error);
            }
        }
        sync_directory(&directory)
    }
}

impl BlobStore for FileBlobs {
    fn put(&self, bytes: &[u8]) -> Result<BlobId> {
        let id = BlobId::of(bytes);
        self.layout.prepare()?;
        make_directory(&self.layout.blobs())?;
        let failed =
            |error| Error::new(ErrorKind::Fatal, "store output", id.as_str()).because(error);
        self.write(&id, bytes).map_err(failed)?;
        Ok(id)
    }

    fn get(&self, id: &BlobId) -> Result<Vec<u8>> {
        let path = self.path(id);
        let failed = |kind| Error::new(kind, "read output", show(&path));
        self.layout.check()?;
        let bytes = read_regular(&path, MAX_BLOB).map_err(|error| {
            let kind = match error.kind() == io::ErrorKind::NotFound {
                true => ErrorKind::NotFound,
                false => ErrorKind::Invalid,
            };
            failed(kind).because(error)
        })?;
        if BlobId::of(&bytes) == *id {
            Ok(bytes)
        } else {
            Err(failed(ErrorKind::Invalid).because("its content was changed"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::id::ProblemId;
    use crate::testing::conformance;

    fn layout(root: &tempfile::TempDir) -> Layout {
        Layout::new(root.path(), ProblemId::new("problem").expect("valid"))
    }

    #[test]
    fn it_keeps_the_contract() {
        conformance::blob::all(&|| {
            let root = tempfile::tempdir().unwrap();
            Box::new(move || Arc::new(FileBlobs::new(layout(&root))))
        });
    }

    #[test]
    fn changed_content_is_refused_and_repaired_by_storing_it_again() {
        let root = tempfile::tempdir().unwrap();
        let blobs = FileBlobs::new(layout(&root));
        let id = blobs.put(b"evidence").unwrap();
        fs::write(blobs.path(&id), b"Evidence").unwrap();
        assert_eq!(blobs.get(&id).unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(blobs.put(b"evidence").unwrap(), id);
        assert_eq!(blobs.get(&id).unwrap(), b"evidence");
        let left = fs::read_dir(blobs.layout.blobs()).unwrap().count();
        assert_eq!(left, 1, "no temporary file stays");
    }

    #[test]
    fn the_name_is_the_well_known_hash() {
        let id = BlobId::of(b"hello world");
        insta::assert_snapshot!(id, @"b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
    }
}
