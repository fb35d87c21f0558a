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
    /// The ones that conflict with what came before; they are not in.
    pub conflicts: Vec<Clash>,
}

/// A merge of a trial that did not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clash {
    /// The ticket.
    pub ticket: TicketId,
    /// The files in which the two sides clash, sorted.
    pub paths: Vec<RepoPath>,
    /// What it was to be merged into: the tip at that moment.
    pub ours: CommitId,
    /// The ticket's commit.
    pub theirs: CommitId,
    /// Where the two sides parted.
    pub ancestor: CommitId,
    /// A merge commit of both sides with conflict markers in the files that clash: where somebody
    /// who resolves the conflict can begin. No branch holds it.
    pub marked: CommitId,
}

/// How a conflict was resolved, to be remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The conflict.
    pub clash: Clash,
    /// A descendant of [`Clash::marked`] in which it is resolved.
    pub resolved: CommitId,
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
    /// Files that clashed and were merged as a remembered [`Resolution`] says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolved: Vec<RepoPath>,
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
