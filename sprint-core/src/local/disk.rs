//! The few operations on files that the journal needs, so that a test can cut the power.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::local::layout::sync_directory;

/// One directory of files.
pub(crate) trait Disk: fmt::Debug + Send {
    /// A file that is open for writing.
    type File: DiskFile;

    /// The names of everything in the directory; nothing if there is no directory.
    fn list(&self) -> io::Result<Vec<String>>;

    /// The whole content of a file.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// The content of a file from `offset` on; [`io::ErrorKind::UnexpectedEof`] if it is shorter.
    fn read_from(&self, name: &str, offset: u64) -> io::Result<Vec<u8>>;

    /// Opens a file that exists, to append to it.
    fn open(&self, name: &str) -> io::Result<Self::File>;

    /// Whether there is such a file.
    fn exists(&self, name: &str) -> io::Result<bool>;

    /// Makes a file that must not exist.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Gives a file another name, replacing what had it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file; one that is gone is fine.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes names durable.
    fn sync_directory(&self) -> io::Result<()>;
}

/// A file that is open for writing.
pub(crate) trait DiskFile: fmt::Debug + Send {
    /// Appends, in one write where the system allows.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything appended so far durable.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts off everything after `length` bytes.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// Far above any journal that rotation would allow to grow.
const MAX_READ: u64 = 1 << 30;

/// A directory of the file system.
#[derive(Clone, Debug)]
pub(crate) struct StdDisk {
    directory: PathBuf,
}

impl StdDisk {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }
}

impl Disk for StdDisk {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            // A name that is not UTF-8 is none of ours.
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        read_regular(&self.directory.join(name), MAX_READ)
    }

    fn read_from(&self, name: &str, offset: u64) -> io::Result<Vec<u8>> {
        let mut file = open_regular(&self.directory.join(name))?;
        let length = file.metadata()?.len();
        let Some(left) = length.checked_sub(offset) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let mut bytes = Vec::new();
        if left > 0 {
            file.seek(SeekFrom::Start(offset))?;
            file.take(MAX_READ).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    fn open(&self, name: &str) -> io::Result<File> {
        let path = self.directory.join(name);
        check_regular(&path)?;
        OpenOptions::new().append(true).open(path)
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        fs::exists(self.directory.join(name))
    }

    fn create(&self, name: &str) -> io::Result<File> {
        create_new(&self.directory.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.directory.join(from), self.directory.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        remove(&self.directory.join(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        sync_directory(&self.directory)
    }
}

impl DiskFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// Creates a file for the owner only. One that exists, a link too, is an error.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a file for reading. Links, pipes and devices are refused: opening them could read
/// elsewhere, or wait for ever.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    check_regular(path)?;
    File::open(path)
}

fn check_regular(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        return refuse("it is a symbolic link, which is never followed");
    }
    if !found.is_file() {
        return refuse("it is not a regular file");
    }
    Ok(())
}

/// Reads a file of at most `limit` bytes, under the rules of [`open_regular`].
pub(crate) fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?
        .take(limit + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return refuse(format!("it is larger than {} KiB", limit / 1024));
    }
    Ok(bytes)
}

fn refuse<T>(reason: impl Into<String>) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::InvalidData, reason.into()))
}

/// Removes a file; one that is gone is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What a change of files has to survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A reader never sees half of it.
    Atomic,
    /// That, and it is there after a power cut.
    PowerCut,
}

/// Replaces a file as a whole, by way of a hidden file beside it. Callers keep others from
/// replacing the same file at the same time.
pub(crate) fn replace(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(".tmp");
    let temporary = parent.join(hidden);
    remove(&temporary)?;
    let mut file = create_new(&temporary)?;
    file.write_all(bytes)?;
    if let Ok(old) = fs::symlink_metadata(path)
        && old.is_file()
    {
        file.set_permissions(old.permissions())?;
    }
    if durability == Durability::PowerCut {
        file.sync_all()?;
    }
    drop(file);
    fs::rename(&temporary, path)?;
    match durability {
        Durability::Atomic => Ok(()),
        Durability::PowerCut => sync_directory(parent),
    }
}
