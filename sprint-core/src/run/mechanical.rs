//! Layer 2 as a decision: what running the gate ourselves says about one tree.

use std::collections::BTreeSet;

use crate::domain::agent::WorkerResult;
use crate::domain::check::CheckReport;
use crate::domain::command::{CheckKind, CheckRun, Count, Exit};
use crate::domain::path::listed;
use crate::domain::verdict::{Finding, FindingKind, Verdict};
use crate::run::classify;
use crate::run::layers::last_lines;

/// Names shown of a list of tests.
const SHOWN: usize = 10;

/// What layer 2 decides by, beside what ran.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence<'a> {
    /// What the worker says, if it speaks of exactly the checked commit.
    pub(super) claim: Option<&'a WorkerResult>,
    /// What was found in the change itself.
    pub(super) inspected: &'a [Finding],
    /// The names of tests that fail on base.
    pub(super) known: Option<&'a BTreeSet<String>>,
    /// How many tests passed on base when the sprint began.
    pub(super) tests_on_base: Option<u64>,
}

/// The verdict on a tree. The first finding is the one that routes the ticket: a false claim, then
/// the first failing command in gate order, then what is wrong with how they ran, then a silent
/// success, then what was found in the change itself.
///
/// Tests that fail on base as well are nobody's blame; they are named and do not block, provided
/// that every failure has a name.
pub(super) fn decide(report: CheckReport, evidence: Evidence<'_>) -> Verdict {
    let mut findings: Vec<Finding> = Vec::new();
    let known = evidence.known;
    findings.extend(
        report
            .runs
            .iter()
            .find_map(|run| mismatch(run, evidence.claim)),
    );
    let failed = |run: &CheckRun| {
        (!run.exit.success()).then(|| match known_only(run, known) {
            Some(names) => Finding::remark(
                FindingKind::TestFailure,
                format!("fails on base, too: {}", some_of(names)),
            ),
            None => failed_command(run),
        })
    };
    findings.extend(report.runs.iter().filter_map(failed));
    if let Some(text) = &report.install_failure {
        let message = format!("installing dependencies failed: {}", last_lines(text, 15));
        findings.push(Finding::blocking(classify::classify(None, text), message));
    }
    if !report.altered.is_empty() {
        let paths = listed(&report.altered);
        let message = format!("running the gate changed tracked files: {paths}");
        findings.push(Finding::blocking(FindingKind::IsolationBreach, message));
    }
    findings.extend(report.findings);
    findings.extend(report.runs.iter().filter_map(silent_success));
    findings.extend(evidence.inspected.iter().cloned());
    findings.extend(report.runs.iter().filter_map(|run| masked(run, known)));
    findings.extend(report.runs.iter().filter_map(|run| fewer(run, evidence)));
    // What blocks comes first, in this order; `sort_by_key` keeps it.
    findings.sort_by_key(|finding| !finding.severity.blocks());
    Verdict {
        environment: report.environment,
        pristine: report.pristine,
        ..Verdict::of(findings).with_runs(report.runs)
    }
}

/// The names of the failed tests of a run, if all of them fail on base as well.
pub(super) fn known_only<'a>(
    run: &'a CheckRun,
    known: Option<&BTreeSet<String>>,
) -> Option<&'a BTreeSet<String>> {
    let known = known.filter(|known| run.failing.is_subset(known))?;
    let counts = run.check == CheckKind::Test
        && matches!(run.exit, Exit::Code(_))
        && run.names_every_failure()
        && !known.is_empty();
    counts.then_some(&run.failing)
}

/// The first names of a list, in words.
pub(super) fn some_of(names: &BTreeSet<String>) -> String {
    let mut shown: Vec<_> = names.iter().take(SHOWN).map(String::as_str).collect();
    let more = names.len().saturating_sub(SHOWN);
    let rest = format!("{more} more");
    if more > 0 {
        shown.push(&rest);
    }
    shown.join(", ")
}

fn failed_command(run: &CheckRun) -> Finding {
    let kind = match run.exit {
        Exit::TimedOut | Exit::Silent => FindingKind::Timeout,
        Exit::Code(_) | Exit::Signal(_) => classify::classify(Some(run.check), &run.tail),
    };
    let message = format!(
        "{} failed ({}): {}",
        run.check,
        run.exit,
        last_lines(&run.tail, 20)
    );
    Finding::blocking(kind, message)
}

/// A success in whose output we count failures that base does not have.
fn masked(run: &CheckRun, known: Option<&BTreeSet<String>>) -> Option<Finding> {
    let Count::Known { failed, .. } = run.count else {
        return None;
    };
    let masks = run.check == CheckKind::Test && run.exit.success() && failed > 0;
    (masks && known_only(run, known).is_none()).then(|| {
        let names = if run.failing.is_empty() {
            String::new()
        } else {
            format!(": {}", some_of(&run.failing))
        };
        let message = format!("the test command succeeded although {failed} tests failed{names}");
        Finding::blocking(FindingKind::CannotFail, message)
    })
}

/// Fewer tests than base has, although the ticket says nothing of tests that go.
fn fewer(run: &CheckRun, evidence: Evidence<'_>) -> Option<Finding> {
    let (passed, before) = (run.count.passed()?, evidence.tests_on_base?);
    if run.check != CheckKind::Test || !run.exit.success() || passed >= before {
        return None;
    }
    let message =
        format!("{passed} tests passed, and {before} on base: some went, or do not run any more");
    // What the ticket permits is noted as a remark of the lowest severity.
    let permitted = |finding: &Finding| {
        finding.kind == FindingKind::TestsWeakened && !finding.severity.blocks()
    };
    Some(if evidence.inspected.iter().any(permitted) {
        Finding::remark(FindingKind::TestsWeakened, message)
    } else {
        Finding::blocking(FindingKind::TestsWeakened, message)
    })
}

fn silent_success(run: &CheckRun) -> Option<Finding> {
    let (what, nothing) = match run.check {
        CheckKind::Test => ("running a single test", true),
        CheckKind::Lint | CheckKind::Typecheck => ("looking at a single file", true),
        CheckKind::Build => ("", false),
    };
    let silent = nothing && run.exit.success() && run.count.is_known_zero();
    silent.then(|| {
        let message = format!("{} succeeded without {what}", run.check);
        Finding::blocking(FindingKind::SilentSuccess, message)
    })
}

/// A worker that claims another number of passed tests than we counted, for the same commit.
fn mismatch(run: &CheckRun, claim: Option<&WorkerResult>) -> Option<Finding> {
    let claimed = claim?.evidence.as_ref()?.checks.get(&run.check)?;
    let differs = match (claimed.passed, run.count.passed()) {
        (Some(said), Some(seen)) => run.check == CheckKind::Test && said != seen,
        _ => false,
    };
    let lied = claimed.exit_code == 0 && !run.exit.success();
    if !differs && !lied {
        return None;
    }
    let said = claimed
        .passed
        .map_or_else(String::new, |n| format!(", {n} passed"));
    let message = format!(
        "the worker claims exit {}{said} for {}; we saw {}, {}",
        claimed.exit_code, run.check, run.exit, run.count
    );
    Some(Finding::blocking(FindingKind::EvidenceMismatch, message))
}

#[cfg(test)]
#[path = "mechanical_tests.rs"]
mod tests;
