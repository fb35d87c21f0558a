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

/// Changes to be taken back from a base, one commit each, in this order.
///
/// Taking back what a revert did lands the change again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevertSpec {
    /// Where to start.
    pub base: CommitId,
    /// What to take back.
    pub commits: Vec<RevertInput>,
    /// Time to write into the commits, so that doing it again makes the same commits.
    pub at: Timestamp,
}

/// One commit whose change is to be taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevertInput {
    /// The ticket it belongs to.
    pub ticket: TicketId,
    /// A merge, of which everything goes that its first parent does not have, or an earlier revert.
    pub commit: CommitId,
    /// The subject of the commit that takes it back.
    pub subject: String,
}

/// The result of taking changes back. Commits exist in the object store; no branch was touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reverted {
    /// The last commit, or the base if nothing could be taken back.
    pub tip: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// What is taken back, in order. Where that changes nothing there is no commit, and the entry
    /// has the one before it.
    pub merged: Vec<Merged>,
    /// The first that clashes with what came after it, and the files, sorted. It and the ones that
    /// would follow are not taken back.
    pub conflict: Option<(TicketId, Vec<RepoPath>)>,
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
    /// The first-parent chain.
    pub merges: Vec<Merged>,
    /// What the chain is made of.
    #[serde(default)]
    pub kind: LandKind,
}

/// What is landed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LandKind {
    /// Merges: a tag `pre-merge-{sprint}-{ticket}` is set before each.
    #[default]
    Merges,
    /// Reverts: no tags, so the ones from the merges stay where they are.
    Reverts,
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
