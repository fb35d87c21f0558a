//! Where a creation journal is kept, as a port, and the file that usually is that.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Keeps one creation journal.
///
/// # Contract
///
/// - After `Ok` from [`save`](Self::save) the bytes survive a crash of the machine; after an error
///   or a crash [`load`](Self::load) returns them, or what was there before, whole.
/// - Bytes are kept as they are.
pub trait JournalStore: fmt::Debug + Send + Sync {
    /// What is kept; `None` if nothing was.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    fn load(&self) -> io::Result<Option<Vec<u8>>>;

    /// Keeps this instead.
    ///
    /// # Errors
    ///
    /// If it cannot be made durable.
    fn save(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// A journal in a file, usually `linear-create.json` in the directory of the problem.
#[derive(Clone, Debug)]
pub struct FileJournal {
    path: PathBuf,
}

impl FileJournal {
    /// Larger files are not journals.
    const LARGEST: u64 = 64 << 20;

    /// The journal in this file, which need not be there; its directory must be.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn directory(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }
}

impl JournalStore for FileJournal {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
            Ok(found) if !found.is_file() => Err(io::Error::other("it is not a plain file")),
            Ok(found) if found.len() > Self::LARGEST => Err(io::Error::other("it is too large")),
            Ok(_) => fs::read(&self.path).map(Some),
        }
    }

    fn save(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let new = self.directory().join(name);
        // One that is there was left by a crash, or is not ours: it is never written through.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&new, &self.path)?;
        if cfg!(windows) {
            // Directories cannot be opened there; renames are journaled.
            return Ok(());
        }
        File::open(self.directory())?.sync_all()
    }
}

/// A journal in memory, for tests and dry runs.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal {
    kept: Option<Vec<u8>>,
}

impl MemoryJournal {
    /// A journal that holds nothing.
    pub const fn new() -> Self {
        Self { kept: None }
    }
}

impl JournalStore for MemoryJournal {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(self.kept.clone())
    }

    fn save(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.kept = Some(bytes.to_vec());
        Ok(())
    }
}
