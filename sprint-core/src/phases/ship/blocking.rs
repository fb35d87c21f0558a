//! Findings that stop a sprint, and whether they still are there (spec 11.2 step 6).

use serde::Serialize;

use crate::domain::path::RepoPath;
use crate::phases::artifact::Artifact;
use crate::phases::artifact::finding::{Finding, FindingRef, Severity};
use crate::phases::artifact::kind::Kind;
use crate::phases::conflict::normal;
use crate::phases::ship::content::{reference, stops};
use crate::phases::ship::{Inputs, Repository};

/// A finding that stops the sprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlockingFinding {
    /// Which.
    pub finding: FindingRef,
    /// How much it matters.
    pub severity: Severity,
    /// What it is, as the agent wrote it.
    pub description: String,
    /// Where, as the agent wrote it.
    pub file: Option<String>,
    /// From which line on.
    pub line: Option<u32>,
    /// Whether it still is there.
    pub still_present: StillPresent,
}

/// Whether a finding still is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StillPresent {
    /// Certainly: its file is the same as when it was found.
    Unchanged,
    /// Somebody looked.
    SeenBy(String),
    /// Nobody knows: its file was changed, or there is no file to compare.
    ToCheck,
    /// Somebody looked, and it is not. It stops nothing any more.
    GoneSaid(String),
}

/// All findings of an artifact that would stop the sprint, also those that are gone. `lost` are those
/// that lost a conflict.
pub(super) fn blocking(
    artifact: &Artifact,
    inputs: &Inputs<'_>,
    lost: &dyn Fn(&FindingRef) -> bool,
) -> Vec<BlockingFinding> {
    let kind = Kind::of(&artifact.phase);
    let stopping = artifact
        .findings()
        .iter()
        .filter(|finding| stops(kind, finding.severity) && !lost(&reference(artifact, finding)));
    let one = |finding: &Finding| BlockingFinding {
        finding: reference(artifact, finding),
        severity: finding.severity,
        description: finding.description.clone(),
        file: finding.file.clone(),
        line: finding.line,
        still_present: still_present(artifact, finding, inputs),
    };
    stopping.map(one).collect()
}

fn still_present(artifact: &Artifact, finding: &Finding, inputs: &Inputs<'_>) -> StillPresent {
    match inputs.checks.get(&reference(artifact, finding)) {
        Some(check) if check.present => StillPresent::SeenBy(check.by.clone()),
        Some(check) => StillPresent::GoneSaid(check.by.clone()),
        None if unchanged(artifact, finding, inputs.repository) => StillPresent::Unchanged,
        None => StillPresent::ToCheck,
    }
}

/// Whether the file is certainly the same as when the finding was made.
fn unchanged(artifact: &Artifact, finding: &Finding, repository: &Repository) -> bool {
    let Some(tree) = &artifact.tree else {
        return false;
    };
    if repository.tree.as_ref() == Some(tree) {
        return true;
    }
    let file = finding.file.as_deref().and_then(normal);
    let file = file.map(|file| RepoPath::from(file.as_str()));
    match (file, repository.changed_since.get(tree)) {
        (Some(file), Some(changed)) => !changed.contains(&file),
        (None, _) | (_, None) => false,
    }
}
