//! Reading what an agent hands in, wherever that is (spec 12.5, C-106).

use std::path::Path;

use crate::failure::ErrorKind;
use crate::local::disk::read_regular;
use crate::local::layout::{Layout, show};
use crate::ports::{Error, Result};

/// The most bytes an artifact may have.
pub const MAX_ARTIFACT: u64 = 10 << 20;

/// Reads a file that is handed in, once: a regular file of at most [`MAX_ARTIFACT`] bytes in the
/// repository, and no link.
///
/// # Errors
///
/// [`Invalid`](ErrorKind::Invalid) with what is wrong with the file.
pub fn read_artifact(layout: &Layout, path: &Path) -> Result<Vec<u8>> {
    let failed = || Error::new(ErrorKind::Invalid, "read artifact", show(path));
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.unwrap_or_else(|| Path::new("."));
    let name = path
        .file_name()
        .ok_or_else(|| failed().because("it is no file; name a file in the repository"))?;
    let root = layout.root().canonicalize();
    let root = root.map_err(|error| failed().because(error))?;
    let directory = directory
        .canonicalize()
        .map_err(|error| failed().because(error))?;
    if !directory.starts_with(&root) {
        return Err(failed().because(format!(
            "it is not in {}; copy it there and hand in the copy",
            show(&root)
        )));
    }
    read_regular(&directory.join(name), MAX_ARTIFACT).map_err(|error| failed().because(error))
}
