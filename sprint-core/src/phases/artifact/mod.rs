//! Artifacts: what an agent hands in when its phase is complete (spec 9).
//!
//! An artifact comes in as bytes that an agent wrote. [`prepare`](prepare::prepare) checks, redacts,
//! shortens and seals it; [`load`](load::load) reads back what was stored and says how far it can be
//! trusted. Both give the same [`Artifact`].

mod canonical;
mod counters;
mod document;
pub mod finding;
pub mod form;
pub mod integrity;
pub mod kind;
pub mod load;
pub mod prepare;
mod problem;
mod read;
mod redact;
mod required;
pub mod shorten;
pub mod summary;
pub mod vocabulary;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::path::RepoPath;
use crate::id::{FindingId, PhaseName, PrecedentId, SprintId, TreeId};
use finding::Finding;
pub use problem::{Problem, Rejected};
use shorten::Hidden;
use summary::{ScopeDrift, Summary};

/// No artifact has more bytes than this (spec 11.2).
pub const MAX_BYTES: usize = 10 * 1024 * 1024;

/// What a phase found, in the form that its kind asks for.
///
/// Members that are not known here are kept in `rest`, here and in every part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Artifact {
    /// The phase it is of.
    pub phase: PhaseName,
    /// How thoroughly the phase was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Whether anything outside the store was allowed to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_mode: Option<RunMode>,
    /// The sprint it was saved in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sprint: Option<SprintId>,
    /// The tree of files that was looked at. What is said holds for this tree only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<TreeId>,
    /// The outcome, in numbers or words.
    pub summary: Summary,
    /// What was changed beside the plan. Only a review tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_drift: Option<ScopeDrift>,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<Vec<Finding>>,
    /// Findings of others that the agent itself saw to contradict its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<ConflictEntry>,
    /// Enough to go on from here without having read everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_checkpoint: Option<Checkpoint>,
    /// Findings that are only in the full list. None if this is the full list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<Hidden>,
    /// Everything else that the document says.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Artifact {
    /// The findings, none if the artifact has no list of them.
    pub fn findings(&self) -> &[Finding] {
        self.findings.as_deref().unwrap_or_default()
    }
}

/// How thoroughly a phase is done, or conflicts are resolved.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The least that is useful.
    Quick,
    /// What is usual.
    #[default]
    Standard,
    /// Everything, and a person confirms it.
    Thorough,
}

/// Whether a phase may change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunMode {
    /// It may.
    Normal,
    /// It only says what it would do.
    ReportOnly,
}

/// Where a phase stopped, for whoever goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checkpoint {
    /// The state of things, in a few sentences.
    pub summary: String,
    /// Files to read first.
    #[serde(default)]
    pub key_files: Vec<RepoPath>,
    /// What was decided, and need not be decided again.
    #[serde(default)]
    pub decisions_made: Vec<String>,
    /// What is still open.
    #[serde(default)]
    pub open_questions: Vec<String>,
    /// Everything else.
    #[serde(flatten)]
    #[schemars(skip)]
    pub rest: Map<String, Value>,
}

/// Two findings that contradict each other, as an agent saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConflictEntry {
    /// The finding of this artifact.
    pub finding_id: FindingId,
    /// The finding of another phase: its id, or `phase/id` where the id alone is not enough.
    pub conflicts_with: String,
    /// How the two relate.
    pub tension: Tension,
    /// What the agent proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// The precedent that the agent thinks applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precedence: Option<PrecedentId>,
    /// Everything else.
    #[serde(flatten)]
    #[schemars(skip)]
    pub rest: Map<String, Value>,
}

/// How two findings that contradict each other relate.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Tension {
    /// Both can be had at once.
    Complementary,
    /// More of one is less of the other.
    #[serde(alias = "trade-off")]
    Tradeoff,
    /// They are right in different places.
    Scope,
    /// They are right at different times.
    Temporal,
}

#[cfg(test)]
mod any_bytes_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod form_tests;
#[cfg(test)]
mod load_tests;
#[cfg(test)]
mod prepare_tests;
