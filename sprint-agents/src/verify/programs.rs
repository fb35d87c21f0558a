//! Which programs a command line would run.

use std::env::split_paths;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sprint_core::domain::check::CheckPlan;

use crate::environment::Environment;

/// Where programs are looked for if no `PATH` says so.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where programs are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SearchPath {
    /// Outside of the checked tree.
    pub(super) entries: Vec<PathBuf>,
    /// Entries that mean a place inside of it, and are left out.
    pub(super) inside: Vec<PathBuf>,
}

impl SearchPath {
    /// The `PATH` of `environment`, for commands that run in `directory`.
    pub(super) fn of(environment: &Environment, directory: &Path) -> Self {
        let path = environment.get("PATH");
        let path = path.map_or_else(|| DEFAULT_PATH.into(), OsString::from);
        let (inside, entries) = split_paths(&path).partition(|entry| is_inside(entry, directory));
        Self { entries, inside }
    }

    /// The value of the variable.
    pub(super) fn value(&self) -> OsString {
        // An empty path would mean the current directory.
        std::env::join_paths(&self.entries)
            .ok()
            .filter(|path| !path.is_empty())
            .unwrap_or_else(|| DEFAULT_PATH.into())
    }

    /// The program that `word` names: the first of that name, or the one at that path.
    pub(super) fn find(&self, word: &str) -> Option<(PathBuf, Metadata)> {
        if word.contains('/') {
            return Path::new(word)
                .is_absolute()
                .then(|| program(word.into()))?;
        }
        let mut places = self.entries.iter().map(|entry| entry.join(word));
        places.find_map(program)
    }
}

/// The words of the plan's command lines that may name a program, each once, sorted.
pub(super) fn words(plan: &CheckPlan) -> Vec<&str> {
    let lines = plan.install.iter().chain(plan.checks.values());
    let mut words: Vec<_> = lines
        .flat_map(|line| line.as_str().split(ends_word))
        .filter(|word| !word.is_empty() && *word != "." && *word != "..")
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || "|&;()<>{}[]$`\"'\\=,!#*?".contains(c)
}

/// Whether `path` is, or looks as if it were, inside `directory`, in which it is used.
pub(super) fn is_inside(path: &Path, directory: &Path) -> bool {
    if path.as_os_str().is_empty() || path.is_relative() || path.starts_with(directory) {
        return true;
    }
    match (fs::canonicalize(path), fs::canonicalize(directory)) {
        (Ok(path), Ok(directory)) => path.starts_with(directory),
        _ => false,
    }
}

/// The file at `path`, if it can be run.
pub(super) fn program(path: PathBuf) -> Option<(PathBuf, Metadata)> {
    let found = fs::metadata(&path).ok()?;
    let runs = found.is_file() && found.permissions().mode() & 0o111 != 0;
    runs.then_some((path, found))
}
