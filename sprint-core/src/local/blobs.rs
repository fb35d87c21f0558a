//! Raw outputs as files named by their content.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::failure::ErrorKind;
use crate::id::BlobId;
use crate::local::disk::{create_new, open_regular};
use crate::local::layout::{Layout, make_directory, show, sync_directory};
use crate::ports::{BlobStore, Error, ExactSource, NamedSource, Result};

/// Keeps outputs in `.claude/sprints/{problem}/blobs/{sha256}`.
#[derive(Debug)]
pub struct FileBlobs {
    layout: Layout,
}

/// Outputs are capped long before they get here.
const MAX_BLOB: u64 = 4 << 30;

/// How much of a source is in memory.
const CHUNK: usize = 64 * 1024;

/// Temporary files of this process; stores of one directory must not meet.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

impl FileBlobs {
    /// The outputs of a problem.
    pub const fn new(layout: Layout) -> Self {
        Self { layout }
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        self.layout.blobs().join(id.as_str())
    }

    /// A file in the directory that has no name of content yet.
    fn temporary(&self) -> io::Result<(PathBuf, File)> {
        loop {
            let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
            let name = format!(".{}.{number}.tmp", process::id());
            let path = self.layout.blobs().join(name);
            match create_new(&path) {
                // An earlier process with this number was killed here.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return Ok((path, made?)),
            }
        }
    }

    /// Writes to the temporary file and gives it its name.
    fn write(&self, source: &mut dyn Read, temporary: &Path, mut file: File) -> Result<BlobId> {
        let mut source = NamedSource::new(source.take(MAX_BLOB + 1));
        let length = copy(&mut source, &mut file)?;
        let id = source.id();
        if length > MAX_BLOB {
            return Err(failed(ErrorKind::Invalid, &id).because("it is too large to be read back"));
        }
        // One that is there is replaced by its equal: it may have been changed, or be there by a
        // rename that a power cut would undo.
        file.sync_all()
            .and_then(|()| fs::rename(temporary, self.path(&id)))
            .and_then(|()| sync_directory(&self.layout.blobs()))
            .map_err(|error| failed(ErrorKind::Fatal, &id).because(error))?;
        Ok(id)
    }
}

/// Copies everything, and tells failures to read from failures to write.
fn copy(source: &mut dyn Read, file: &mut File) -> Result<u64> {
    let failed = |kind| Error::new(kind, "store", "output");
    let mut chunk = vec![0; CHUNK];
    let mut length = 0;
    loop {
        let count = match source.read(&mut chunk) {
            Ok(0) => return Ok(length),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(ErrorKind::Transient).because(error)),
        };
        file.write_all(&chunk[..count])
            .map_err(|error| failed(ErrorKind::Fatal).because(error))?;
        length += count as u64;
    }
}

fn failed(kind: ErrorKind, id: &BlobId) -> Error {
    Error::new(kind, "store output", id.as_str())
}

impl BlobStore for FileBlobs {
    fn store(&self, source: &mut dyn Read) -> Result<BlobId> {
        self.layout.prepare()?;
        make_directory(&self.layout.blobs())?;
        let (temporary, file) = self.temporary().map_err(|error| {
            let directory = show(&self.layout.blobs());
            Error::new(ErrorKind::Fatal, "store output in", directory).because(error)
        })?;
        self.write(source, &temporary, file).inspect_err(|_| {
            // The first error is the one to tell.
            drop(fs::remove_file(&temporary));
        })
    }

    fn open(&self, id: &BlobId) -> Result<Box<dyn Read + Send>> {
        let path = self.path(id);
        self.layout.check()?;
        let file = open_regular(&path).map_err(|error| {
            let kind = match error.kind() == io::ErrorKind::NotFound {
                true => ErrorKind::NotFound,
                false => ErrorKind::Invalid,
            };
            Error::new(kind, "read output", show(&path)).because(error)
        })?;
        // A file that grew since is not the one that was stored, and is not read without end.
        Ok(Box::new(ExactSource::new(
            file.take(MAX_BLOB + 1),
            id.clone(),
        )))
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
    fn a_source_that_fails_leaves_nothing() {
        struct Torn;
        impl Read for Torn {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("torn"))
            }
        }
        let root = tempfile::tempdir().unwrap();
        let blobs = FileBlobs::new(layout(&root));
        let error = blobs.store(&mut b"half".chain(Torn)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transient);
        assert_eq!(fs::read_dir(blobs.layout.blobs()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_process_left_is_in_nobodys_way() {
        let root = tempfile::tempdir().unwrap();
        let blobs = FileBlobs::new(layout(&root));
        blobs.put(b"first").unwrap();
        let next = WRITTEN.load(Ordering::Relaxed);
        for number in next..next + 100 {
            let left = format!(".{}.{number}.tmp", process::id());
            fs::write(blobs.layout.blobs().join(left), b"half").unwrap();
        }
        let id = blobs.put(b"second").unwrap();
        assert_eq!(blobs.get(&id).unwrap(), b"second");
    }

    #[test]
    fn the_name_is_the_well_known_hash() {
        let id = BlobId::of(b"hello world");
        insta::assert_snapshot!(id, @"b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
    }
}
