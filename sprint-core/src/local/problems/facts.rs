//! Looking what problems there are. Reads names and one small file, and changes nothing.

use std::fs;
use std::io;
use std::path::Path;

use crate::failure::ErrorKind;
use crate::id::ProblemId;
use crate::local::disk::read_regular;
use crate::local::layout::{Layout, show};
use crate::local::problems::decide::{Facts, LEGACY_FILES, Marker};
use crate::local::problems::migrate::STAGING;
use crate::ports::{Error, Result};

/// A marker holds one id of at most 40 characters.
const MAX_MARKER: u64 = 1 << 12;

/// Looks at the repository at `root`.
pub fn facts(root: &Path, given: Option<&ProblemId>) -> Result<Facts> {
    // The problem plays no part in the paths that are asked for here.
    let layout = Layout::legacy(root);
    let directories = directories(&layout.sprints())?;
    let staged = layout.sprints().join(STAGING);
    let there = |name: &&'static str| {
        let places = [layout.claude().join(name), staged.join(name)];
        places.iter().any(|path| path.symlink_metadata().is_ok())
    };
    Ok(Facts {
        given: given.cloned(),
        marker: marker(&layout.active_problem()),
        directories,
        legacy: LEGACY_FILES.into_iter().filter(there).collect(),
    })
}

fn marker(path: &Path) -> Marker {
    let bytes = match read_regular(path, MAX_MARKER) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Marker::Absent,
        Err(error) => return Marker::Bad(error.to_string()),
    };
    let text = String::from_utf8_lossy(&bytes);
    match text.trim() {
        "" => Marker::Bad("it is empty".into()),
        name => match ProblemId::new(name) {
            Ok(problem) => Marker::Names(problem),
            Err(error) => Marker::Bad(error.to_string()),
        },
    }
}

/// The problems that have a directory. What has another name, or is no directory, is none.
pub(super) fn directories(sprints: &Path) -> Result<Vec<ProblemId>> {
    let failed =
        |error: io::Error| Error::new(ErrorKind::Fatal, "list", show(sprints)).because(error);
    let entries = match fs::read_dir(sprints) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        // A link is not followed: state is never read or written through one.
        if entry.file_type().map_err(failed)?.is_dir()
            && let Some(name) = entry.file_name().to_str()
            && let Ok(problem) = ProblemId::new(name)
        {
            found.push(problem);
        }
    }
    found.sort();
    Ok(found)
}
