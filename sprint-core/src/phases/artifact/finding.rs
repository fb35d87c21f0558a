//! Findings: one thing that a phase found.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::{FindingId, PhaseName, StanceName, TopicName};

/// One thing that a phase found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What the artifact calls it. Unique within the artifact.
    pub id: FindingId,
    /// How much it matters.
    pub severity: Severity,
    /// What it is.
    pub description: String,
    /// The file it is in, relative to the root of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The first line it is about, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The last line it is about. The first one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// What it is about, from the closed list of topics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicName>,
    /// Which side it takes on its topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stance: Option<StanceName>,
    /// Whether it was repaired already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<bool>,
    /// How sure the agent is, from 1 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// Everything else: category, reproduction, root cause, proof, repair.
    #[serde(flatten)]
    #[schemars(skip)]
    pub rest: Map<String, Value>,
}

impl Finding {
    /// Whether it still asks for something.
    pub fn is_open(&self) -> bool {
        self.fixed != Some(true) && self.severity.rank() < Severity::Positive.rank()
    }
}

/// How much a finding matters.
///
/// Reviews use one scale, qa and security the other. The order is that of the worst first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Damage is certain, or near.
    Critical,
    /// A review does not let it pass.
    Blocking,
    /// Damage is likely.
    High,
    /// A review asks for it.
    ShouldFix,
    /// It should be repaired.
    Medium,
    /// It may be repaired.
    Low,
    /// A matter of taste.
    Nitpick,
    /// Something good.
    Positive,
    /// It lost against a finding that contradicts it, and asks for nothing any more.
    Informational,
}

impl Severity {
    /// All, worst first.
    pub const ALL: [Self; 9] = [
        Self::Critical,
        Self::Blocking,
        Self::High,
        Self::ShouldFix,
        Self::Medium,
        Self::Low,
        Self::Nitpick,
        Self::Positive,
        Self::Informational,
    ];

    /// The name, as artifacts write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Blocking => "blocking",
            Self::High => "high",
            Self::ShouldFix => "should_fix",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Nitpick => "nitpick",
            Self::Positive => "positive",
            Self::Informational => "informational",
        }
    }

    /// 0 for the worst; the same for equal steps of the two scales.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Critical | Self::Blocking => 0,
            Self::High => 1,
            Self::ShouldFix | Self::Medium => 2,
            Self::Low | Self::Nitpick => 3,
            Self::Positive => 4,
            Self::Informational => 5,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A finding among those of all phases. Written `phase/id`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FindingRef {
    /// The phase that found it.
    pub phase: PhaseName,
    /// What its artifact calls it.
    pub id: FindingId,
}

impl fmt::Display for FindingRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.phase, self.id)
    }
}

impl From<FindingRef> for String {
    fn from(finding: FindingRef) -> Self {
        finding.to_string()
    }
}

/// The text is not of the form `phase/finding`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} does not name a finding as phase/id")]
pub struct InvalidFindingRef(String);

impl std::str::FromStr for FindingRef {
    type Err = InvalidFindingRef;

    fn from_str(text: &str) -> Result<Self, InvalidFindingRef> {
        let parsed = text.split_once('/').and_then(|(phase, id)| {
            let (phase, id) = (PhaseName::new(phase).ok()?, FindingId::new(id).ok()?);
            Some(Self { phase, id })
        });
        parsed.ok_or_else(|| InvalidFindingRef(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for FindingRef {
    type Error = InvalidFindingRef;
    fn try_from(text: String) -> Result<Self, InvalidFindingRef> {
        text.parse()
    }
}
