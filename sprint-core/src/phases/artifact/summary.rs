//! The outcome of a phase, in the form of its kind (spec 9.2).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// The outcome of a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Summary {
    /// Of a plan.
    Plan(PlanSummary),
    /// Of a review.
    Review(ReviewSummary),
    /// Of qa.
    Qa(QaSummary),
    /// Of security.
    Security(SecuritySummary),
    /// Of a ship that did something.
    Ship(ShipSummary),
    /// Of think, of a report-only ship, and of phases of the project's own.
    Other(Value),
}

/// What will be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanSummary {
    /// Files that will be changed; a directory ends in `/`.
    pub planned_files: Vec<String>,
    /// Who said yes to the plan.
    pub plan_approval: Approval,
    /// Everything else: goal, scope, steps, risks, what is out of scope.
    #[serde(flatten)]
    #[schemars(skip)]
    pub rest: Map<String, Value>,
}

/// Who says yes to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// A person.
    Manual,
    /// Nobody has to, it was said beforehand.
    Auto,
    /// Nothing will be changed.
    NotRequired,
}

/// How many findings of each severity a review has. Filled in if absent, checked if present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewSummary {
    /// Findings that stop the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocking: Option<u64>,
    /// Findings that should be repaired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub should_fix: Option<u64>,
    /// Matters of taste.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nitpicks: Option<u64>,
    /// Good things.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<u64>,
    /// Everything else.
    #[serde(flatten)]
    #[schemars(skip)]
    pub rest: Map<String, Value>,
}

/// Whether the change does what it should.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QaSummary {
    /// As a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<QaStatus>,
    /// Tests that were run, those that were skipped in the end too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests_run: Option<u64>,
    /// Tests that passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests_passed: Option<u64>,
    /// Tests that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests_failed: Option<u64>,
    /// Findings. Filled in if absent, checked if present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bugs_found: Option<u64>,
    /// Findings that were repaired. Filled in if absent, checked if present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bugs_fixed: Option<u64>,
    /// How likely a user is to be surprised: a number or a word, both are in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub wtf_likelihood: Option<Likelihood>,
    /// Everything else.
    #[serde(flatten)]
    #[schemars(skip)]
    pub rest: Map<String, Value>,
}

/// The outcome of qa as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QaStatus {
    /// It works.
    Pass,
    /// It does not.
    Fail,
    /// Not everything was looked at.
    Partial,
}

/// A likelihood as a number or a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Likelihood {
    /// A number.
    Number(Number),
    /// Such as `low`.
    Word(String),
}

/// How many findings of each severity security has. Filled in if absent, checked if present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecuritySummary {
    /// Damage is certain, or near.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical: Option<u64>,
    /// Damage is likely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<u64>,
    /// It should be repaired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<u64>,
    /// It may be repaired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<u64>,
    /// All of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_findings: Option<u64>,
    /// Everything else.
    #[serde(flatten)]
    #[schemars(skip)]
    pub rest: Map<String, Value>,
}

/// What was handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipSummary {
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ShipStatus>,
    /// Whether the project's own checks passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci_passed: Option<bool>,
    /// Everything else: number, address and title of the pull request.
    #[serde(flatten)]
    #[schemars(skip)]
    pub rest: Map<String, Value>,
}

/// What became of what was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShipStatus {
    /// It waits for its merge.
    Created,
    /// It is merged.
    Merged,
    /// It was merged, and taken back.
    Reverted,
}

/// What was changed beside the plan, as a review saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeDrift {
    /// As a whole.
    pub status: DriftStatus,
    /// Everything else: the files that were planned, changed, or missed.
    #[serde(flatten)]
    #[schemars(skip)]
    pub rest: Map<String, Value>,
}

/// How what was changed relates to what was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriftStatus {
    /// What was planned was changed, and nothing else.
    Clean,
    /// More was changed.
    DriftDetected,
    /// Something that was planned was not changed.
    RequirementsMissing,
}
