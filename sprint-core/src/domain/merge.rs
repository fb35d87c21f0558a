//! Merging tickets: trial combinations, and the one that lands.

use serde::{Deserialize, Serialize};

use crate::domain::path::RepoPath;
use crate::id::{CommitId, SprintId, TicketId, TreeId};
use crate::time::Timestamp;

/// One merge of a trial: a ticket's verified commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeInput {
    /// The ticket.
    pub ticket: TicketId,
    /// Its verified commit.
    pub commit: CommitId,
    /// The subject of its merge commit.
    pub subject: String,
}

/// Tickets to be merged onto a base, one merge commit each, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CombineSpec {
    /// Where to start.
    pub base: CommitId,
    /// What to merge.
    pub merges: Vec<MergeInput>,
    /// Time to write into the commits, so that doing it again makes the same commits.
    pub at: Timestamp,
}

/// The result of a trial merge. Commits exist in the object store; no branch was touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Combined {
    /// The last commit, or the base if nothing could be merged.
    pub tip: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// The merges that are in, in order.
    pub merged: Vec<Merged>,
    /// The ones that conflict with what came before, and where; they are not in.
    pub conflicts: Vec<(TicketId, Vec<RepoPath>)>,
}

/// One merge of a trial that worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The ticket.
    pub ticket: TicketId,
    /// Its merge commit.
    pub commit: CommitId,
    /// The tree after it.
    pub tree: TreeId,
}

/// Advancing base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandSpec {
    /// The sprint, for the names of tags.
    pub sprint: SprintId,
    /// Where base must still be.
    pub expected: CommitId,
    /// Where it goes: a commit that has `expected` among its first-parent ancestors.
    pub tip: CommitId,
    /// The first-parent chain: a tag `pre-merge-{sprint}-{ticket}` is set before each merge.
    pub merges: Vec<Merged>,
}

/// Whether base was advanced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Landed {
    /// Base is at the tip, and so is the user's checkout if it stood on base.
    Yes,
    /// Base is somewhere else; nothing was moved.
    BaseMoved(CommitId),
    /// The user's checkout stands on base and has changes in the way; nothing was moved.
    CheckoutInTheWay(String),
}
