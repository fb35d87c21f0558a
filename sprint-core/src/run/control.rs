//! The negative control of layer 2: new tests are run without the change that they belong to.
//!
//! A test that passes without the change proves nothing about it. So the test files of a ticket are
//! put onto the commit it started from, and the test command runs there: at least one of them has to
//! fail, or not even build.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::check::CheckReport;
use crate::domain::command::{CheckKind, CheckRun, Exit};
use crate::domain::config::SprintConfig;
use crate::domain::path::{RepoPath, listed};
use crate::domain::ticket::Ticket;
use crate::domain::verdict::{Finding, FindingKind, LayerId, Outcome};
use crate::plan::edge_cases::is_test_file;
use crate::run::mechanical::known_only;
use crate::run::ticket::Checked;

/// What the new tests say without the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// It was not run, for this reason.
    Skipped(String),
    /// At least one fails there, as it should; the names, where the runner prints them.
    Proves(BTreeSet<String>),
    /// All of them pass there.
    ProvesNothing,
}

/// Kinds of work whose tests may well pass before it, as the beginning of a title or a label.
const EXEMPT: [&str; 8] = [
    "refactor", "chore", "docs", "test", "tests", "style", "perf", "ci",
];

/// Whether the control has to run; `Err` says why not.
pub(super) fn applies(
    checked: &Checked,
    ticket: &Ticket,
    config: &SprintConfig,
) -> Result<(), String> {
    if !config.negative_control {
        return Err("switched off (negative_control: false)".into());
    }
    if !config.checks.contains_key(&CheckKind::Test) {
        return Err("no test command is configured".into());
    }
    if checked.inspection.tests.is_empty() {
        return Err("the change adds no test in a file of its own".into());
    }
    if !checked.inspection.changes_code {
        return Err("the change is nothing but tests".into());
    }
    let exempt = |word: &str| EXEMPT.contains(&word.to_lowercase().as_str());
    let kind = ticket.title.split([':', '(', '!']).next();
    let titled = ticket.title.contains(':') && kind.is_some_and(|kind| exempt(kind.trim()));
    if titled || ticket.labels.iter().any(|label| exempt(label)) {
        return Err("work of this kind may be tested by what passes already".into());
    }
    Ok(())
}

/// The files to put onto the commit that the work started from: its tests, and what lies beside
/// them for their use.
pub(super) fn files(checked: &Checked, globs: &[String]) -> Vec<RepoPath> {
    const HOMES: [&str; 8] = [
        "test",
        "tests",
        "__tests__",
        "__mocks__",
        "spec",
        "specs",
        "testdata",
        "fixtures",
    ];
    let belongs = |path: &RepoPath| {
        let mut folders = path.as_str().split('/').rev().skip(1);
        is_test_file(path, globs) || folders.any(|folder| HOMES.contains(&folder))
    };
    let found = checked.changed.iter().map(|change| &change.path);
    found.filter(|path| belongs(path)).cloned().collect()
}

/// What a run of the tests without the change shows. `known` are the tests that fail on base anyway.
pub(super) fn judge(report: &CheckReport, known: Option<&BTreeSet<String>>) -> Control {
    if let Some(why) = &report.install_failure {
        let line = why.lines().next().unwrap_or_default();
        return Control::Skipped(format!(
            "dependencies cannot be installed without the change: {line}"
        ));
    }
    let late = |run: &CheckRun| matches!(run.exit, Exit::TimedOut | Exit::Silent);
    if report.runs.iter().any(late) {
        let why = "without the change the tests came to no end, which proves nothing either way";
        return Control::Skipped(why.into());
    }
    let failed = |run: &&CheckRun| !run.exit.success() && known_only(run, known).is_none();
    match report.runs.iter().find(failed) {
        Some(run) => {
            let new = |name: &&String| known.is_none_or(|known| !known.contains(*name));
            Control::Proves(run.failing.iter().filter(new).cloned().collect())
        }
        None => Control::ProvesNothing,
    }
}

/// Writes down what the control showed; tests that prove nothing fail layer 2.
pub(super) fn record(checked: &mut Checked, control: Control) {
    if control == Control::ProvesNothing
        && let Some(verdict) = checked.verdicts.get_mut(&LayerId::Mechanical)
    {
        let message = format!(
            "the tests in {} pass without the change, so they prove nothing about it: write at \
             least one that fails without it",
            listed(&checked.inspection.tests)
        );
        verdict.outcome = Outcome::Failed;
        let finding = Finding::blocking(FindingKind::TestProvesNothing, message);
        verdict.findings.insert(0, finding);
    }
    checked.control = Some(control);
}
