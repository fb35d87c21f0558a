//! Whether a sprint can be shipped: what all phases say, put together (spec 11.2).
//!
//! [`decide`] takes values and gives a [`Summary`](summary::Summary). Waiting, reading and asking are
//! done elsewhere; [`required`](required::required) and [`pending`](required::pending) say for what.

mod blocking;
mod content;
pub mod grade;
pub mod required;
pub mod scope;
pub mod status;
pub mod summary;
pub mod timing;
pub mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::path::RepoPath;
use crate::id::{AgentName, PhaseName, SprintId, TreeId};
use crate::phases::artifact::finding::FindingRef;
use crate::phases::artifact::load::Evidence;
use crate::phases::artifact::{Artifact, Mode};
use crate::phases::conflict::ConflictId;
use crate::phases::conflict::opinion::Opinion;
use crate::phases::conflict::resolve::Confirmation;
use crate::phases::conflict::rulebook::Rulebook;
use crate::phases::standing::Standing;
use crate::time::Timestamp;

pub use blocking::{BlockingFinding, StillPresent};
pub use summary::decide;

/// Everything that is looked at to decide whether a sprint can be shipped.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The sprint.
    pub sprint: &'a SprintId,
    /// The phase that ships.
    pub target: &'a PhaseName,
    /// All phases of the sprint, in declared order.
    pub phases: &'a [PhaseFacts],
    /// The files.
    pub repository: &'a Repository,
    /// How conflicts are resolved.
    pub rules: &'a Rulebook,
    /// How thoroughly.
    pub mode: Mode,
    /// What an agent or a person said about findings that may contradict each other.
    pub opinions: &'a BTreeMap<ConflictId, Opinion>,
    /// What people decided about conflicts.
    pub confirmed: &'a BTreeMap<ConflictId, Confirmation>,
    /// What somebody saw of blocking findings.
    pub checks: &'a BTreeMap<FindingRef, Check>,
    /// When.
    pub at: Timestamp,
}

/// What is known of one phase.
#[derive(Clone, Debug)]
pub struct PhaseFacts {
    /// Its name.
    pub phase: PhaseName,
    /// What has to be complete before it.
    pub depends_on: Vec<PhaseName>,
    /// How it stands.
    pub standing: Standing,
    /// What was saved. Loaded with [`Strictness::Require`](crate::phases::artifact::integrity::Strictness::Require).
    pub evidence: Evidence,
    /// Who has or had claimed it last.
    pub agent: Option<AgentName>,
    /// Since when.
    pub claimed_at: Option<Timestamp>,
    /// When it was completed, failed or waived.
    pub settled_at: Option<Timestamp>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// Who decided to go on without it.
    pub waiver: Option<Waiver>,
}

impl PhaseFacts {
    /// Its artifact, if it is complete and has one that can be read and trusted.
    fn artifact(&self) -> Option<&Artifact> {
        match &self.evidence {
            Evidence::Read(artifact) if self.standing == Standing::Complete => Some(artifact),
            Evidence::Read(_)
            | Evidence::NotApplicable
            | Evidence::Missing
            | Evidence::Tampered(_)
            | Evidence::Invalid(_) => None,
        }
    }
}

/// Why a phase failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// In words.
    pub reason: String,
    /// In one word, the same for the same cause.
    pub tag: Option<String>,
}

/// The decision to ship without the sign-off of a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Who decided.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// The files of a project, as far as they matter here.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// The tree of what would be shipped. None if there is none: then nothing is called stale.
    pub tree: Option<TreeId>,
    /// What was changed between the base of the sprint and now, files that git does not know
    /// included.
    pub changed: BTreeSet<RepoPath>,
    /// By a tree that an artifact looked at: what is different now.
    pub changed_since: BTreeMap<TreeId, BTreeSet<RepoPath>>,
}

/// What somebody saw when looking for a blocking finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Whether it still is there.
    pub present: bool,
    /// Who looked.
    pub by: String,
}

#[cfg(test)]
mod case;
#[cfg(test)]
mod conflict_tests;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
