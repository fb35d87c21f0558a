//! Evidence on tickets, tampered with after the work has landed, as the evidence verifier sees it.

use std::path::PathBuf;

use sprint_core::domain::evidence::Comment;
use sprint_core::id::{BranchName, CommitId, SprintId, TicketId};
use sprint_core::memory::MemoryBlobs;

use crate::agent::git;
use crate::case::{Case, judged};
use crate::projects::Project::Shell;

/// Honest work that has landed, with its evidence.
#[derive(Debug)]
pub(crate) struct Landed {
    pub(crate) root: PathBuf,
    pub(crate) ticket: TicketId,
    pub(crate) sprint: SprintId,
    pub(crate) branch: BranchName,
    pub(crate) commit: CommitId,
    pub(crate) comments: Vec<Comment>,
    pub(crate) blobs: MemoryBlobs,
}

impl Landed {
    /// Puts the branch where it was, should it be gone, or elsewhere.
    fn branch_at(&self, commit: &str) {
        let name = format!("refs/heads/{}", self.branch);
        git(&self.root, &["update-ref", &name, commit]);
    }

    /// A commit with the verified tree.
    fn again(&self, parent: &str, message: &str) -> String {
        let tree = format!("{}^{{tree}}", self.commit);
        git(
            &self.root,
            &["commit-tree", "-p", parent, "-m", message, &tree],
        )
    }

    fn edit(&mut self, from: &str, to: &str) {
        for comment in &mut self.comments {
            assert!(comment.body.contains(from), "no {from:?}: {}", comment.body);
            comment.body = comment.body.replace(from, to);
        }
    }
}

const ZEROS: &str = "0000000000000000000000000000000000000000";

#[rustfmt::skip]
pub(crate) const CASES: &[Case] = &[
    judged("evidence-as-posted", "lands, and nobody touches the evidence", Shell, "VALID", |_| {}),
    judged("evidence-branch-there", "lands, and its branch is at the commit", Shell, "VALID", |landed| {
        landed.branch_at(landed.commit.as_str());
    }),
    judged("evidence-branch-ahead", "lands, and its branch goes on", Shell, "VALID", |landed| {
        let next = landed.again(landed.commit.as_str(), "next");
        landed.branch_at(&next);
    }),
    judged("evidence-among-others", "lands, and people comment", Shell, "VALID", |landed| {
        let mut comment = landed.comments[0].clone();
        comment.body = "Looks good to me!\n".into();
        landed.comments.push(comment);
    }),
    judged("evidence-of-an-amended-commit", "amends the commit after it was verified", Shell, "VOIDED", |landed| {
        let parent = format!("{}^", landed.commit);
        let amended = landed.again(&parent, "better words");
        landed.branch_at(&amended);
    }),
    judged("evidence-of-a-rewritten-branch", "points the branch at the commit before", Shell, "VOIDED", |landed| {
        landed.branch_at(&format!("{}^", landed.commit));
    }),
    judged("evidence-of-a-rebased-commit", "rebases the commit after it was verified", Shell, "VOIDED", |landed| {
        let parent = format!("{}^", landed.commit);
        let base = landed.again(&parent, "another base");
        let rebased = landed.again(&base, "rebased");
        landed.branch_at(&rebased);
    }),
    judged("evidence-of-another-ticket", "copies the comment to another ticket", Shell, "MISMATCHED", |landed| {
        landed.ticket = TicketId::new("ATK-2").unwrap();
    }),
    judged("evidence-of-another-sprint", "copies the comment of an earlier sprint", Shell, "MISMATCHED", |landed| {
        landed.sprint = SprintId::new("sprint-20200101-000000").unwrap();
    }),
    judged("evidence-commit-edited", "writes another commit into the comment", Shell, "MISMATCHED", |landed| {
        let commit = landed.commit.to_string();
        landed.edit(&commit, ZEROS);
    }),
    judged("evidence-ticket-edited", "writes another ticket into a copied comment", Shell, "MISMATCHED", |landed| {
        landed.edit("ATK-1", "ATK-2");
        landed.ticket = TicketId::new("ATK-2").unwrap();
    }),
    judged("evidence-cut-off", "cuts the last line off", Shell, "MISSING", |landed| {
        for comment in &mut landed.comments {
            let end = comment.body.trim_end().rfind('\n').unwrap();
            comment.body.truncate(end);
        }
    }),
    judged("evidence-removed", "removes the comment", Shell, "MISSING", |landed| landed.comments.clear()),
    judged("evidence-quoted", "quotes the comment in its own words", Shell, "MISSING", |landed| {
        for comment in &mut landed.comments {
            comment.body = format!("As was shown before:\n\n> {}", comment.body.replace('\n', "\n> "));
        }
    }),
    judged("evidence-written-by-hand", "writes a comment that looks like evidence", Shell, "MISSING", |landed| {
        for comment in &mut landed.comments {
            let heading = comment.body.lines().next().unwrap().to_owned();
            comment.body = format!("{heading}\n\nAll 400 tests pass.\n\nCommit {}\n", landed.commit);
        }
    }),
    judged("evidence-without-outputs", "throws the outputs away", Shell, "MISMATCHED", |landed| {
        landed.blobs = MemoryBlobs::default();
    }),
];
