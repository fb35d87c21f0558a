//! What a change does to its own tests and to the gate that judges it, read from its files.
//!
//! Everything here is a function of text: nothing is run, and nothing an agent says is read.

mod artifacts;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::command::{CheckKind, CommandLine};
use crate::domain::path::RepoPath;
use crate::domain::ticket::Ticket;
use crate::domain::verdict::Finding;
use crate::domain::workspace::AddedLine;
use crate::plan::edge_cases::is_test_file;

/// A file that a change touches, as it was and as it is; `None` where there is no such file, or
/// none that can be read as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The file.
    pub path: RepoPath,
    /// Its text where the ticket's own changes begin.
    pub before: Option<String>,
    /// Its text in the commit that is checked.
    pub after: Option<String>,
}

/// A ticket's change, with what is needed to judge it.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The ticket. Only its own words can permit what would else be a finding.
    pub ticket: &'a Ticket,
    /// The gate.
    pub checks: &'a BTreeMap<CheckKind, CommandLine>,
    /// File-name patterns of tests.
    pub test_file_globs: &'a [String],
    /// The files it touches.
    pub files: &'a [FileChange],
    /// The lines it adds.
    pub added: &'a [AddedLine],
    /// Files that configure the gate, as they are in the commit, changed or not.
    pub configuration: &'a [(RepoPath, String)],
}

/// What was found in a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Findings of layer 2, those that block first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Test files that exist in the commit and in which the change adds or alters tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<RepoPath>,
    /// Whether it changes anything but test files.
    #[serde(default)]
    pub changes_code: bool,
}

/// The files that may configure the gate of a change to `changed`, to be read for
/// [`Change::configuration`].
pub fn configuration_of(changed: &[RepoPath]) -> Vec<RepoPath> {
    let _ = changed;
    Vec::new()
}

/// Inspects a change.
pub fn inspect(change: &Change<'_>) -> Inspection {
    let is_test = |path: &RepoPath| is_test_file(path, change.test_file_globs);
    let tests = change
        .files
        .iter()
        .filter(|file| is_test(&file.path) && file.after.is_some());
    Inspection {
        findings: artifacts::artifacts(change.added),
        tests: tests.map(|file| file.path.clone()).collect(),
        changes_code: change.files.iter().any(|file| !is_test(&file.path)),
    }
}
