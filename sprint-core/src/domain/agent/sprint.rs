//! Answers of the roles that look at merged work or at a whole sprint (spec 5.13).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::path::RepoPath;
use crate::domain::verdict::Severity;
use crate::id::{BranchName, TicketId};

/// What an end-to-end agent saw of the merged application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct E2eResult {
    /// Every step that was tried, in order.
    pub checks: Vec<E2eCheck>,
    /// End-to-end tests of the project that passed; 0 if none were run.
    #[serde(default)]
    pub tests_passed: u64,
    /// End-to-end tests of the project that failed.
    #[serde(default)]
    pub tests_failed: u64,
    /// What does not work, one entry per defect.
    #[serde(default)]
    pub failures: Vec<E2eFailure>,
}

impl E2eResult {
    /// Whether something was looked at, and all of it works.
    pub fn passed(&self) -> bool {
        let looked = !self.checks.is_empty() || self.tests_passed > 0;
        let checked = self.checks.iter().all(|check| check.passed);
        looked && checked && self.tests_failed == 0 && self.failures.is_empty()
    }
}

/// One step of using the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct E2eCheck {
    /// How it was looked at.
    pub kind: E2eKind,
    /// What was done, for example `press Save with an empty name`.
    pub step: String,
    /// Whether the application did what it should.
    pub passed: bool,
    /// What was seen: the part of the page, the status and body, the output.
    pub evidence: String,
}

/// A way to look at an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum E2eKind {
    /// In a browser.
    Browser,
    /// By a request to an endpoint.
    Api,
    /// By its data, its logs or its other effects.
    Behaviour,
}

/// A defect of the merged application, as a ticket of its own needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct E2eFailure {
    /// What does not work, in one line.
    pub what: String,
    /// What should happen.
    pub expected: String,
    /// What happens.
    pub actual: String,
    /// How much it matters.
    pub severity: Severity,
    /// Files that seem to be to blame.
    #[serde(default)]
    pub files: Vec<RepoPath>,
    /// Commands or steps that show it again.
    #[serde(default)]
    pub reproduce: Vec<String>,
    /// How it could be repaired.
    #[serde(default)]
    pub suggestion: String,
}

/// What a sprint teaches. Counts are not in it: those are computed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetrospectiveResult {
    /// The report, in Markdown.
    pub report: String,
    /// How far the problem statement is met, one row per journey step, criterion and feature.
    #[serde(default)]
    pub alignment: Vec<AlignmentRow>,
    /// Facts about the code base that any later sprint can use.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// Facts that only later sprints on this problem can use.
    #[serde(default)]
    pub progress: Vec<String>,
    /// Lines that the project's standards document could gain.
    #[serde(default)]
    pub standards: Vec<String>,
    /// What whoever plans the next tickets should do differently.
    #[serde(default)]
    pub tickets_feedback: Vec<String>,
}

/// One line of the problem statement, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlignmentRow {
    /// What kind of line it is.
    pub aspect: Aspect,
    /// The line, as the statement words it.
    pub text: String,
    /// How far it is met.
    pub standing: Standing,
    /// The tickets or files that show it.
    #[serde(default)]
    pub evidence: String,
}

/// Parts of a problem statement that can be met or missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// A step of the user journey.
    Journey,
    /// A success criterion.
    Criterion,
    /// An implied feature.
    Feature,
}

/// How far something is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Wholly.
    Full,
    /// In part.
    Partial,
    /// Not at all.
    Missing,
}

/// Which branches will clash, and in which order to merge them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchedulerResult {
    /// Pairs of branches that share files.
    pub predictions: Vec<Prediction>,
    /// Every ticket to be merged, first to last.
    pub merge_order: Vec<MergeSlot>,
    /// What the tickets mean to do to the files they share.
    #[serde(default)]
    pub conflict_context: Vec<FileIntents>,
}

/// Two branches that may clash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Prediction {
    /// One branch.
    pub branch_a: BranchName,
    /// The other.
    pub branch_b: BranchName,
    /// Files both change.
    pub shared_files: Vec<RepoPath>,
    /// How likely and how bad a clash is.
    pub risk: Severity,
}

/// One place in the order of merges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MergeSlot {
    /// The ticket.
    pub ticket: TicketId,
    /// Why it stands here.
    pub reason: String,
}

/// What several tickets mean to do to one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileIntents {
    /// The file.
    pub path: RepoPath,
    /// What each ticket is after there.
    pub intents: Vec<SideIntent>,
}

/// What one ticket is after in a shared file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SideIntent {
    /// The ticket.
    pub ticket: TicketId,
    /// What it changes there, and why.
    pub intent: String,
    /// Edge cases that have to survive a merge.
    #[serde(default)]
    pub edge_cases: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_nobody_looked_at_has_not_passed() {
        let check = |passed| E2eCheck {
            kind: E2eKind::Browser,
            step: "open the page".into(),
            passed,
            evidence: "Welcome".into(),
        };
        let seen = |checks: &[bool], tests_passed, tests_failed| E2eResult {
            checks: checks.iter().copied().map(check).collect(),
            tests_passed,
            tests_failed,
            failures: Vec::new(),
        };
        for (result, passed) in [
            (seen(&[], 0, 0), false),
            (seen(&[true], 0, 0), true),
            (seen(&[], 3, 0), true),
            (seen(&[true, false], 0, 0), false),
            (seen(&[true], 3, 1), false),
        ] {
            assert_eq!(result.passed(), passed, "{result:?}");
        }
    }
}
