//! What evidence is about.

use serde::{Deserialize, Serialize};

use crate::domain::evidence::EvidenceTrailer;
use crate::id::{BranchName, CommitId, SprintId, TicketId, TreeId};

/// The identity of evidence: one sprint, ticket and commit.
///
/// Two comments with equal markers are about the same work, whatever else they say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EvidenceMarker {
    /// The sprint that posted it.
    pub sprint: SprintId,
    /// The ticket it speaks of.
    pub ticket: TicketId,
    /// The branch of the work.
    pub branch: BranchName,
    /// The verified commit.
    pub commit: CommitId,
    /// The verified tree.
    pub tree: TreeId,
}

impl EvidenceMarker {
    /// The marker of an evidence comment: the heading at its start, the trailer as its last line.
    ///
    /// Raw output inside the comment cannot forge one: only the last line counts.
    pub fn find(comment: &str) -> Option<Self> {
        let trailer = EvidenceTrailer::read(comment).ok()?;
        Some(trailer.marker)
    }
}
