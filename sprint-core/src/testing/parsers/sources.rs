//! What is read of a project: its sources, manifests, tests and commands.

use std::collections::BTreeSet;

use super::text;
use crate::domain::command::{CheckKind, CommandLine};
use crate::domain::path::RepoPath;
use crate::domain::workspace::AddedLine;
use crate::inspect::{Change, FileChange, inspect, shell};
use crate::plan::imports::{Importers, Names};
use crate::readiness::needs;
use crate::testing::fixture;

/// One of each language whose imports are read.
const SOURCES: [&str; 6] = ["a/b.ts", "a/b.py", "a/b.rs", "a/b.go", "a/b.java", "a/b.sh"];

const MANIFESTS: [&str; 5] = [
    "tsconfig.json",
    "a/jsconfig.json",
    "package.json",
    "a/Cargo.toml",
    "go.mod",
];

/// A test of each language, and what configures a gate.
const CHANGED: [&str; 14] = [
    "a.test.ts",
    "tests/a.rs",
    "test_a.py",
    "a_test.go",
    "a.bats",
    "ATest.java",
    "a_spec.rb",
    "ATest.php",
    "package.json",
    "Cargo.toml",
    "pytest.ini",
    ".eslintrc.yml",
    "Makefile",
    "tsconfig.json",
];

pub(super) fn source(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let paths: BTreeSet<_> = SOURCES.map(RepoPath::from).into_iter().collect();
    let names = Names::new(&paths, []);
    let importers = Importers::new(paths.clone(), paths.clone(), names);
    for path in &paths {
        let found = importers.of(path, text);
        assert!(found.is_subset(&paths) && !found.contains(path), "{path}");
    }
}

/// The first line is a source, the rest a manifest.
pub(super) fn manifest(bytes: &[u8]) {
    let Some((source, said)) = text(bytes).and_then(|text| text.split_once('\n')) else {
        return;
    };
    let paths = SOURCES.iter().chain(&MANIFESTS).copied();
    let paths: BTreeSet<_> = paths.map(RepoPath::from).collect();
    let manifests = MANIFESTS.map(RepoPath::from);
    let names = Names::new(&paths, manifests.iter().map(|path| (path, said)));
    let importers = Importers::new(paths.clone(), paths.clone(), names);
    for path in &paths {
        assert!(importers.of(path, source).is_subset(&paths), "{path}");
    }
}

/// What a file was and what it became, a line `====` between them.
pub(super) fn change(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (before, after) = text.split_once("\n====\n").unwrap_or(("", text));
    let file = |path: &str| FileChange {
        path: path.into(),
        before: Some(before.into()),
        after: Some(after.into()),
    };
    let files = CHANGED.map(file);
    let added = files.iter().flat_map(|file| {
        (1..).zip(after.lines()).map(|(line, text)| AddedLine {
            path: file.path.clone(),
            line,
            text: text.into(),
        })
    });
    let Some(ticket) = fixture::tickets("T").pop() else {
        return;
    };
    let configuration = files
        .iter()
        .map(|file| (file.path.clone(), after.to_owned()));
    let inspection = inspect(&Change {
        ticket: &ticket,
        checks: &CommandLine::new("npm test")
            .map(|line| [(CheckKind::Test, line)].into())
            .unwrap_or_default(),
        test_file_globs: &["*.test.*".to_owned()],
        files: &files,
        added: &added.collect::<Vec<_>>(),
        configuration: &configuration.collect::<Vec<_>>(),
    });
    for finding in &inspection.findings {
        assert!(!finding.message.is_empty(), "a finding says something");
    }
}

pub(super) fn command_line(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    drop(shell::weakness(text));
    drop(needs(text));
    if let Some(line) = CommandLine::new(text) {
        drop(shell::command_findings(&[(CheckKind::Test, line)].into()));
    }
}
