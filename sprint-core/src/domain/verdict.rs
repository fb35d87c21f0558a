//! Verification layers, and what each decided about one exact tree.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::command::CheckRun;
pub use crate::domain::layer::{LayerId, LayerName};
use crate::id::EnvironmentId;

/// What one layer decided. It speaks of exactly one tree: the one of the
/// [`Checked`](crate::run::ticket::Checked) that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Passed, failed or skipped.
    pub outcome: Outcome,
    /// What was found; a passed verdict may carry remarks that do not block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The runs it rests on, for layers that run commands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<CheckRun>,
    /// What those runs ran in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentId>,
    /// Whether they ran beside nothing but the files of the commit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pristine: bool,
}

/// The decision of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The layer is satisfied.
    Passed,
    /// The layer is not satisfied.
    Failed,
    /// The layer did not apply; the reason goes into the evidence.
    Skipped(String),
}

impl Verdict {
    /// A pass with nothing to add.
    pub const fn pass() -> Self {
        Self {
            outcome: Outcome::Passed,
            findings: Vec::new(),
            runs: Vec::new(),
            environment: None,
            pristine: false,
        }
    }

    /// A layer that does not apply, and why.
    pub fn skip(reason: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Skipped(reason.into()),
            findings: Vec::new(),
            runs: Vec::new(),
            environment: None,
            pristine: false,
        }
    }

    /// What these findings come to: failed if one of them blocks.
    pub fn of(findings: Vec<Finding>) -> Self {
        let blocked = findings.iter().any(|finding| finding.severity.blocks());
        let outcome = if blocked {
            Outcome::Failed
        } else {
            Outcome::Passed
        };
        Self {
            outcome,
            findings,
            runs: Vec::new(),
            environment: None,
            pristine: false,
        }
    }

    /// A failure for these reasons.
    pub const fn fail(findings: Vec<Finding>) -> Self {
        Self {
            outcome: Outcome::Failed,
            findings,
            runs: Vec::new(),
            environment: None,
            pristine: false,
        }
    }

    /// The same verdict, resting on `runs`.
    #[must_use]
    pub fn with_runs(mut self, runs: Vec<CheckRun>) -> Self {
        self.runs = runs;
        self
    }

    /// Whether the ticket may go on: passed, or skipped for a stated reason.
    pub fn accepts(&self) -> bool {
        match self.outcome {
            Outcome::Passed | Outcome::Skipped(_) => true,
            Outcome::Failed => false,
        }
    }
}

/// One thing a layer found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What kind of finding, in the vocabulary of failures.
    pub kind: FindingKind,
    /// What was found, in words for the worker and for people.
    pub message: String,
    /// Where, as `path` or `path:line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl Finding {
    /// A finding that does not block.
    pub fn remark(kind: FindingKind, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Medium,
            ..Self::blocking(kind, message)
        }
    }

    /// The same finding, at this `path` or `path:line`.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// A finding that blocks.
    pub fn blocking(kind: FindingKind, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::High,
            kind,
            message: message.into(),
            place: None,
        }
    }
}

/// How much a finding matters, least first. `High` and `Critical` block.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth fixing one day; never blocks.
    Medium,
    /// Blocks.
    High,
    /// Blocks, and is dangerous.
    Critical,
}

impl Severity {
    /// Whether a finding of this severity fails its layer.
    pub fn blocks(self) -> bool {
        self >= Self::High
    }
}

/// Kinds of findings: the error vocabulary of spec 10.10, plus the sub-kinds of `unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// L0.5: the preflight checklist was not run.
    PreflightSkipped,
    /// L0.7: the answer is cut off, unparseable or about something else.
    ContextExhaustion,
    /// L1: no evidence, or evidence of failure, for a configured command.
    MissingEvidence,
    /// L2: the worker's claims differ from what we saw.
    EvidenceMismatch,
    /// L2: a command succeeded without doing anything.
    SilentSuccess,
    /// L2: debugging leftovers in added lines.
    DebugArtifacts,
    /// L3: the review found something serious.
    CodeReview,
    /// L2.5: edge cases without a test.
    MissingEdgeCases,
    /// L4: requirements are not met.
    IncompleteRequirements,
    /// L3.5: a person asked for changes.
    HumanChanges,
    /// The attempt changed nothing since the one before (decision B6).
    NoProgress,
    /// Base has moved, and the branch conflicts with it.
    StaleBaseConflict,
    /// It conflicts with a ticket merged before it.
    MergeConflict,
    /// The gate is red on the combination with other tickets.
    IntegrationFailed,
    /// L2: the new tests pass without the change, so they prove nothing.
    TestProvesNothing,
    /// L2: tests were deleted, skipped, or check less than before.
    TestsWeakened,
    /// L2: the configuration of the gate lets more through than before.
    GateLoosened,
    /// L2: a command cannot fail, or hides that something failed.
    CannotFail,
    /// L2: what ran is not what it seems: a runner that lies in the tree it tests, or a variable
    /// that voids the run.
    UntrustedRun,
    /// L2: the configuration of a tool is more permissive than it should be; never blocks.
    Permissive,
    /// The host's own layer found something.
    HostLayer,
    /// An agent changed something outside what it may change.
    IsolationBreach,
    /// Class 1: the far side limits the rate.
    RateLimit,
    /// Class 2: a module or crate is not installed.
    MissingDependency,
    /// Class 3: a type error.
    TypeError,
    /// Class 4: a file is missing.
    MissingFile,
    /// Class 5: something took too long.
    Timeout,
    /// Class 6, build: the build failed for another reason.
    BuildError,
    /// Class 6, lint.
    LintError,
    /// Class 6, tests.
    TestFailure,
    /// Class 6: anything else.
    Unknown,
}

impl FindingKind {
    /// The name used in state files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreflightSkipped => "preflight_skipped",
            Self::ContextExhaustion => "context_exhaustion",
            Self::MissingEvidence => "missing_evidence",
            Self::EvidenceMismatch => "evidence_mismatch",
            Self::SilentSuccess => "silent_success",
            Self::DebugArtifacts => "debug_artifacts",
            Self::CodeReview => "code_review",
            Self::MissingEdgeCases => "missing_edge_cases",
            Self::IncompleteRequirements => "incomplete_requirements",
            Self::HumanChanges => "human_changes",
            Self::NoProgress => "no_progress",
            Self::StaleBaseConflict => "stale_base_conflict",
            Self::MergeConflict => "merge_conflict",
            Self::IntegrationFailed => "integration_failed",
            Self::TestProvesNothing => "test_proves_nothing",
            Self::TestsWeakened => "tests_weakened",
            Self::GateLoosened => "gate_loosened",
            Self::CannotFail => "cannot_fail",
            Self::UntrustedRun => "untrusted_run",
            Self::Permissive => "permissive",
            Self::HostLayer => "host_layer",
            Self::IsolationBreach => "isolation_breach",
            Self::RateLimit => "rate_limit",
            Self::MissingDependency => "missing_dependency",
            Self::TypeError => "type_error",
            Self::MissingFile => "missing_file",
            Self::Timeout => "timeout",
            Self::BuildError => "build_error",
            Self::LintError => "lint_error",
            Self::TestFailure => "test_failure",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
