//! Small deeds on files: each can be done again, and an interrupted one leaves nothing half made.

use std::fs;
use std::io;
use std::path::Path;

use crate::error::{GitError, Result};

/// Reads a small file; `None` if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(GitError::io("read", path)(error)),
    }
}

/// Writes a small file so that it has either the old content or the new. Who may read it stays.
pub(crate) fn replace(path: &Path, text: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".sprint-new");
    let draft = path.with_file_name(name);
    let written = fs::write(&draft, text).and_then(|()| match fs::metadata(path) {
        Ok(old) => fs::set_permissions(&draft, old.permissions()),
        Err(_) => Ok(()),
    });
    if let Err(error) = written {
        // On a full disk this is what makes room again; the error to tell is the first one.
        let _unwritten = fs::remove_file(&draft);
        return Err(GitError::io("write", &draft)(error));
    }
    fs::rename(&draft, path).map_err(GitError::io("replace", path))
}

/// Removes a file if it is there.
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    gone(path, fs::remove_file(path))
}

/// Removes a directory and what is in it, if it is there.
pub(crate) fn remove_dir(path: &Path) -> Result<()> {
    gone(path, fs::remove_dir_all(path))
}

/// Removes whatever is there; of a link, not what it leads to.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => remove_dir(path),
        Ok(_) | Err(_) => remove_file(path),
    }
}

/// Whether there is a directory, and no symbolic link on the way to it.
pub(crate) fn is_real_directory(root: &Path, inner: &Path) -> bool {
    let mut path = root.to_owned();
    inner.components().all(|part| {
        path.push(part);
        path.symlink_metadata().is_ok_and(|found| found.is_dir())
    })
}

fn gone(path: &Path, removed: io::Result<()>) -> Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(GitError::io("remove", path)(error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_stays_as_private_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("exclude.txt");
        assert_eq!(read(&file).unwrap(), None);
        replace(&file, b"one").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        replace(&file, b"two").unwrap();
        assert_eq!(read(&file).unwrap().as_deref(), Some(&b"two"[..]));
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_removed_is_gone_and_what_it_led_to_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for _ in 0..2 {
            fs::create_dir_all(at("full/inner")).unwrap();
            fs::write(at("file"), "").unwrap();
            symlink("full", at("link")).unwrap();
            remove(&at("link")).unwrap();
            assert!(is_real_directory(dir.path(), Path::new("full/inner")));
            symlink("full", at("link")).unwrap();
            assert!(!is_real_directory(dir.path(), Path::new("link/inner")));
            for name in ["link", "file", "full", "absent"] {
                remove(&at(name)).unwrap();
                assert!(at(name).symlink_metadata().is_err(), "{name}");
            }
        }
        remove_file(&at("absent")).unwrap();
        remove_dir(&at("absent")).unwrap();
        let error = remove_file(dir.path()).unwrap_err();
        assert!(error.to_string().starts_with("cannot remove /"), "{error}");
    }
}
