//! Files that people and other programs write, read within bounds.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use sprint_core::id::ProblemId;
use sprint_core::local::layout::Layout;
use sprint_core::local::problems::{Purpose, Resolution, Stop, decide, facts};

use crate::cli::Usage;

/// Where the files of a problem are: in its directory, or where the old layout had them.
#[derive(Debug)]
pub(super) struct Place {
    /// The problem.
    pub(super) problem: ProblemId,
    /// The files of the old layout that are read where they are.
    pub(super) legacy: Vec<&'static str>,
    directory: PathBuf,
}

impl Place {
    /// Finds the problem that is meant. Where there is none at all, `default` is: a plan that is made
    /// of tickets needs no directory. Nothing is made and nothing is moved.
    pub(super) fn find(root: &Path, given: Option<&ProblemId>) -> Result<Self> {
        let decision = decide(&facts(root, given)?, &Purpose::Look);
        for warning in &decision.warnings {
            eprintln!("warning: {warning}");
        }
        let (problem, legacy) = match decision.resolution {
            Resolution::Use { problem, .. } => (problem, Vec::new()),
            Resolution::Migrate { files } | Resolution::InPlace { files } => {
                (ProblemId::new("default")?, files)
            }
            Resolution::Stop(Stop::Nothing) => (ProblemId::new("default")?, Vec::new()),
            Resolution::Stop(stop) => return Err(Usage(stop.to_string()).into()),
        };
        let layout = Layout::new(root, problem.clone());
        let directory = match legacy.is_empty() {
            true => layout.directory(),
            false => layout.claude(),
        };
        Ok(Self {
            problem,
            legacy,
            directory,
        })
    }

    /// Where a file of the problem is.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// Reads a file; none if it is not there. A link is refused, for it could lead anywhere. Of a file
/// that is too long, a byte more than the limit, so that whoever parses it sees that.
pub(super) fn read(path: &Path, limit: usize) -> Result<Option<Vec<u8>>> {
    let cannot = || format!("cannot read {}", path.display());
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // A pipe would be waited for.
        found => ensure!(
            found.with_context(cannot)?.is_file(),
            "{} is no regular file",
            path.display()
        ),
    }
    let file = File::open(path).with_context(cannot)?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(limit)?.saturating_add(1);
    file.take(limit)
        .read_to_end(&mut bytes)
        .with_context(cannot)?;
    Ok(Some(bytes))
}
