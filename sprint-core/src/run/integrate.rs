//! Integration: which tickets land together, and who is to blame when they do not fit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::merge::Merged;
use crate::domain::path::RepoPath;
use crate::domain::verdict::Verdict;
use crate::id::{CommitId, TicketId, TreeId};
use crate::run::bisect::Bisection;
use crate::time::Timestamp;

/// One round of integration. Placeholder until the machine is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationRun {
    /// Which round; base moving away starts a new one.
    pub round: u32,
    /// Time written into the merge commits.
    pub at: Timestamp,
    /// Where base is.
    pub base: CommitId,
    /// Candidates still in, in merge order.
    pub order: Vec<TicketId>,
    /// Gate verdicts by tree.
    pub gates: BTreeMap<TreeId, Verdict>,
    /// The chain.
    pub chain: Vec<Merged>,
    /// Tickets that conflicted.
    pub conflicts: BTreeMap<TicketId, Vec<RepoPath>>,
    /// Bisection.
    pub bisection: Option<Bisection>,
}
