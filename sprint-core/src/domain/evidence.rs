//! Evidence as it is written to a tracker, and how it is recognised again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{BranchName, CommitId, SprintId, TicketId, TreeId};

/// The heading by which people and tools find an evidence comment.
pub const EVIDENCE_HEADING: &str = "## Implementation Complete";

/// The machine-readable trailer of an evidence comment.
///
/// One line of an HTML comment, invisible where Markdown is rendered. It ties the comment to one
/// sprint, ticket and commit, so that a later reader can tell this evidence from any other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

const OPEN: &str = "<!-- sprint-evidence ";
const CLOSE: &str = " -->";

impl fmt::Display for EvidenceMarker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sprint,
            ticket,
            branch,
            commit,
            tree,
        } = self;
        // None of these alphabets contains `-->`: a branch name may hold `-` and `>`, so `>` is
        // written as an entity.
        let branch = branch.as_str().replace('>', "%3E");
        write!(
            f,
            "{OPEN}sprint={sprint} ticket={ticket} branch={branch} commit={commit} tree={tree}{CLOSE}"
        )
    }
}

/// The text is not a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an evidence marker")]
pub struct NotAMarker;

impl FromStr for EvidenceMarker {
    type Err = NotAMarker;

    fn from_str(line: &str) -> Result<Self, NotAMarker> {
        let inner = line
            .trim()
            .strip_prefix(OPEN)
            .and_then(|rest| rest.strip_suffix(CLOSE));
        let mut fields = inner.ok_or(NotAMarker)?.split(' ');
        let mut field = |name: &str| -> Result<String, NotAMarker> {
            let (key, value) = fields
                .next()
                .and_then(|f| f.split_once('='))
                .ok_or(NotAMarker)?;
            if key == name {
                Ok(value.replace("%3E", ">"))
            } else {
                Err(NotAMarker)
            }
        };
        Ok(Self {
            sprint: SprintId::new(field("sprint")?).map_err(|_| NotAMarker)?,
            ticket: TicketId::new(field("ticket")?).map_err(|_| NotAMarker)?,
            branch: BranchName::new(field("branch")?).map_err(|_| NotAMarker)?,
            commit: CommitId::new(field("commit")?).map_err(|_| NotAMarker)?,
            tree: TreeId::new(field("tree")?).map_err(|_| NotAMarker)?,
        })
    }
}

impl EvidenceMarker {
    /// The marker of an evidence comment: the heading at its start, the marker as its last line.
    ///
    /// Raw output inside the comment cannot forge one: only the last line counts.
    pub fn find(comment: &str) -> Option<Self> {
        if !comment.trim_start().starts_with(EVIDENCE_HEADING) {
            return None;
        }
        comment.trim_end().lines().next_back()?.parse().ok()
    }
}

/// A reference to a comment, in the tracker's own terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommentRef(pub String);

/// A comment that is not evidence: why a ticket is stuck, or was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The whole comment in Markdown.
    pub body: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker() -> EvidenceMarker {
        EvidenceMarker {
            sprint: SprintId::new("sprint-20260101-000000").unwrap(),
            ticket: TicketId::new("ENG-1").unwrap(),
            branch: BranchName::new("worktree-ENG-1->x").unwrap(),
            commit: CommitId::new("a".repeat(40)).unwrap(),
            tree: TreeId::new("b".repeat(40)).unwrap(),
        }
    }

    #[test]
    fn a_marker_is_found_only_as_the_last_line_under_the_heading() {
        let good = format!("{EVIDENCE_HEADING} ✓\ntext\n{}\n", marker());
        assert_eq!(EvidenceMarker::find(&good), Some(marker()));
        let forged = format!("{EVIDENCE_HEADING}\n{}\nmore\n", marker());
        assert_eq!(EvidenceMarker::find(&forged), None);
        assert_eq!(EvidenceMarker::find(&format!("hi\n{}", marker())), None);
    }
}
