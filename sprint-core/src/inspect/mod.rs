//! What a change does to its own tests and to the gate that judges it, read from its files.
//!
//! Everything here is a function of text: nothing is run, and nothing an agent says is read.

pub mod artifacts;
mod blocks;
pub mod coverage;
mod gate;
mod lex;
mod permit;
mod rules;
pub mod shell;
mod weaken;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::command::{CheckKind, CommandLine};
use crate::domain::path::RepoPath;
use crate::domain::ticket::Ticket;
use crate::domain::verdict::Finding;
use crate::domain::workspace::AddedLine;
use crate::plan::edge_cases::is_test_file;
use crate::plan::fixtures;

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
    /// Names of test data that it makes up.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fixtures: BTreeSet<String>,
}

/// The files that may configure the gate of a change to `changed`, to be read for
/// [`Change::configuration`]: the well-known names at the root and in every directory above a
/// changed file, the nearest to the root first.
pub fn configuration_of(changed: &[RepoPath]) -> Vec<RepoPath> {
    /// A change all over a repository is not worth reading all of it.
    const MOST_DIRECTORIES: usize = 40;
    let mut directories: BTreeSet<(usize, RepoPath)> = BTreeSet::new();
    for path in changed {
        let mut parent = path.parent();
        while let Some(directory) = parent {
            parent = directory.parent();
            let depth = directory.as_str().matches('/').count();
            directories.insert((depth, directory));
        }
    }
    let above = directories
        .iter()
        .take(MOST_DIRECTORIES)
        .map(|(_, directory)| format!("{directory}/"));
    let above: Vec<String> = [String::new()].into_iter().chain(above).collect();
    let names = gate::names();
    // What a pattern stands for is not known before the directory is read.
    let whole: Vec<&str> = names
        .into_iter()
        .map(|name| match name {
            "tsconfig*.json" => "tsconfig.json",
            name => name,
        })
        .filter(|name| !name.contains('*'))
        .collect();
    let all = above
        .iter()
        .flat_map(|directory| whole.iter().map(move |name| format!("{directory}{name}")));
    // A directory's name may be an escaped one: the text is a path already.
    all.filter(|path| !path.contains('\\'))
        .map(|path| RepoPath::from(path.as_str()))
        .collect()
}

/// Inspects a change.
pub fn inspect(change: &Change<'_>) -> Inspection {
    let mut findings = weaken::findings(change);
    findings.extend(gate::findings(change));
    findings.extend(artifacts::artifacts(change.added, change.files));
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let is_test = |path: &RepoPath| is_test_file(path, change.test_file_globs);
    let tests = change
        .files
        .iter()
        .filter(|file| is_test(&file.path) && file.after.is_some() && file.after != file.before);
    let before = change.files.iter().filter(|file| is_test(&file.path));
    let before = before.filter_map(|file| file.before.as_deref());
    Inspection {
        fixtures: fixtures::names(change.added, change.test_file_globs, before),
        findings,
        tests: tests.map(|file| file.path.clone()).collect(),
        changes_code: change.files.iter().any(|file| !is_test(&file.path)),
    }
}

#[cfg(test)]
mod tests;
