//! Locks on files, which the kernel gives back when a process ends, however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::local::layout::show;

/// How long a lock that is held is tried before it counts as held.
const WAIT: Duration = Duration::from_millis(320);

/// The pauses between tries: they double from the one to the other.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(4);

/// A file whose lock is held as long as this lives.
#[derive(Debug)]
pub(crate) struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing the file would do, but for a child that is just being started: until it runs
        // its program it has a copy. If this fails, closing is what remains.
        drop(self.0.unlock());
    }
}

/// Takes the lock; `None` if somebody else has it. A process that is killed while it starts a child
/// leaves the lock to that child until it runs its program, so a lock that is held is tried again for a
/// moment.
pub(crate) fn hold(file: File) -> io::Result<Option<Locked>> {
    hold_within(file, WAIT)
}

/// Takes the lock, waiting for it at least this long; `None` if it was never free.
#[expect(
    clippy::disallowed_methods,
    reason = "a bounded wait for another process, before there is an engine with a clock"
)]
pub(crate) fn hold_within(file: File, wait: Duration) -> io::Result<Option<Locked>> {
    let mut waited = Duration::ZERO;
    let mut pause = SHORTEST_PAUSE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(Locked(file))),
            Err(TryLockError::WouldBlock) if waited < wait => std::thread::sleep(pause),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        waited += pause;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether somebody holds the lock of this file now. Looks without waiting, and makes no file.
pub(crate) fn is_held(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Opens the lock file, making it if need be. It is never removed: two processes must not lock
/// two files of one name.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} is not a regular file", show(path)),
        ));
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
