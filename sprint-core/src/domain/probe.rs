//! Trying out which branches clash, before anybody merges them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::path::RepoPath;
use crate::id::{CommitId, TicketId};

/// Branches to be tried against each other on a base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeSpec {
    /// What they are merged onto.
    pub base: CommitId,
    /// The branches, by the ticket each belongs to, at these commits.
    pub branches: BTreeMap<TicketId, CommitId>,
}

/// Which branches clash. Trees and commits made on the way are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Branches that do not merge onto base, and the files in which they clash with it. They are
    /// tried against no other branch.
    pub against_base: BTreeMap<TicketId, Vec<RepoPath>>,
    /// Pairs that touch a file in common or clash; every other pair merges.
    pub pairs: Vec<PairProbe>,
    /// How many merges were made to find out; answers known from earlier cost none.
    pub merges: u32,
}

/// What two branches have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairProbe {
    /// The branch with the smaller ticket id.
    pub a: TicketId,
    /// The other one.
    pub b: TicketId,
    /// Files that both change, sorted.
    pub shared: Vec<RepoPath>,
    /// Those of them in which the changed lines overlap or touch.
    pub overlapping: Vec<RepoPath>,
    /// Files in which a merge of both onto base clashes, sorted; empty if it does not.
    pub clashes: Vec<RepoPath>,
}
