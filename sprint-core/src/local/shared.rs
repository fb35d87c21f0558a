//! Files that all sprints of a repository write: failure patterns and global progress (spec 4.3).
//!
//! Each change reads what is there now, merges into it and replaces the whole, while holding a lock
//! that the kernel gives back when the process ends. Nobody overwrites what another sprint added.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::failure::ErrorKind;
use crate::local::disk::{Durability, read_regular, replace};
use crate::local::layout::{Layout, make_directory, show};
use crate::local::lock::{Locked, hold, open_lock};
use crate::ports::{Error, Result};

/// Larger files are refused, in bytes: they are read whole each time.
const MAX_SHARED: u64 = 16 << 20;

/// The lock of a repository, held as long as this lives.
#[derive(Debug)]
pub struct RepositoryLock {
    _file: Locked,
}

/// Waits for the lock of a repository, for a third of a second. It is held for a few reads and writes
/// of files and never while something runs, so one that stays busy is an error.
pub fn hold_repository(layout: &Layout) -> Result<RepositoryLock> {
    make_directory(&layout.claude())?;
    make_directory(&layout.sprints())?;
    let path = layout.repository_lock();
    let failed = |error| Error::new(ErrorKind::Fatal, "lock", show(&path)).because(error);
    let file: File = open_lock(&path).map_err(failed)?;
    match hold(file).map_err(failed)? {
        Some(file) => Ok(RepositoryLock { _file: file }),
        None => Err(Error::new(ErrorKind::Transient, "lock", show(&path))
            .because("another sprint of this repository holds it; try again")),
    }
}

/// Changes a shared file: `merge` gets what is there, `None` if there is no such file, and says what
/// shall be there, `None` to leave it alone.
///
/// # Errors
///
/// Those of `merge`, which leave the file as it is: what it cannot read it must not replace.
pub fn update(
    layout: &Layout,
    path: &Path,
    merge: impl FnOnce(Option<&[u8]>) -> Result<Option<Vec<u8>>>,
) -> Result<()> {
    let _held = hold_repository(layout)?;
    let failed = |operation| {
        move |error: io::Error| Error::new(ErrorKind::Fatal, operation, show(path)).because(error)
    };
    let old = match read_regular(path, MAX_SHARED) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed("read")(error)),
    };
    match merge(old.as_deref())? {
        Some(new) if old.as_ref() != Some(&new) => {
            replace(path, &new, Durability::PowerCut).map_err(failed("write"))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_two_add_at_once_is_all_there() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::of_default(root.path());
        let path = layout.failure_patterns();
        std::thread::scope(|scope| {
            for name in ["a", "b", "c"] {
                let (layout, path) = (&layout, &path);
                scope.spawn(move || {
                    for number in 0..20 {
                        let add = |old: Option<&[u8]>| {
                            let mut text = old.unwrap_or_default().to_vec();
                            text.extend_from_slice(format!("{name}{number}\n").as_bytes());
                            Ok(Some(text))
                        };
                        // The lock may be busy for longer than one call waits.
                        while update(layout, path, add).is_err() {}
                    }
                });
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 60);
    }

    #[test]
    fn what_cannot_be_merged_stays_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::of_default(root.path());
        let path = layout.failure_patterns();
        update(&layout, &path, |old| {
            assert_eq!(old, None);
            Ok(Some(b"kept".to_vec()))
        })
        .unwrap();
        let refuse = |_: Option<&[u8]>| Err(Error::new(ErrorKind::Invalid, "merge", "it"));
        update(&layout, &path, refuse).unwrap_err();
        update(&layout, &path, |_| Ok(None)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"kept");
    }

    #[test]
    fn the_lock_is_for_one_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::of_default(root.path());
        let held = hold_repository(&layout).unwrap();
        let refused = hold_repository(&layout).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Transient);
        drop(held);
        drop(hold_repository(&layout).unwrap());
    }
}
