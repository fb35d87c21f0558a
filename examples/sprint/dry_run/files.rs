//! Files that people and other programs write, read within bounds.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sprint_core::local::layout::Layout;

/// Files of the old layout, right in `.claude`.
const LEGACY: [&str; 5] = [
    "problem-statement.md",
    "sprint-hints.json",
    "sprint-state.json",
    "sprint-dashboard.md",
    "sprint-preflight.json",
];

/// Where the files of a problem are: in its directory, or where the old layout had them.
#[derive(Debug)]
pub(super) struct Place {
    directory: PathBuf,
    /// The files of the old layout that are read in its place.
    pub(super) legacy: Vec<String>,
}

impl Place {
    /// The old layout counts only where the problem has no directory (spec 4.2). Nothing is moved.
    pub(super) fn of(layout: &Layout) -> Self {
        let directory = layout.directory();
        if directory.is_dir() {
            return Self {
                directory,
                legacy: Vec::new(),
            };
        }
        let claude = layout.claude();
        let there = LEGACY.iter().filter(|name| claude.join(name).is_file());
        let legacy: Vec<_> = there.map(|name| (*name).to_owned()).collect();
        Self {
            directory: if legacy.is_empty() { directory } else { claude },
            legacy,
        }
    }

    /// Where a file of the problem is.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// Reads a file; none if it is not there. Of one that is too long, a byte more than the limit, so
/// that whoever parses it sees that.
pub(super) fn read(path: &Path, limit: usize) -> Result<Option<Vec<u8>>> {
    let cannot = || format!("cannot read {}", path.display());
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.with_context(cannot)?,
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(limit)?.saturating_add(1);
    file.take(limit)
        .read_to_end(&mut bytes)
        .with_context(cannot)?;
    Ok(Some(bytes))
}
