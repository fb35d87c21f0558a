//! Where tickets and the sprint stand, in the words of the pipeline's state file.

use std::path::Path;

use serde::Serialize;

use crate::domain::agent::Assignment;
use crate::domain::evidence::CommentRef;
use crate::domain::workspace::Workspace;
use crate::id::{CommitId, TicketId, natural_key};
use crate::run::snapshot::Snapshot;
use crate::run::state::{Ending, Phase};
use crate::run::ticket::{MergeState, Stage, StuckReason, TicketRun};

/// A ticket's status in its canonical spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Queued,
    Context,
    Implementing,
    Verifying,
    Complete,
    Stuck,
    Blocked,
    Skipped,
}

/// The status of a ticket. Once an attempt has failed, fixing it is part of verifying.
pub(super) fn status(ticket: &TicketRun) -> Status {
    match &ticket.stage {
        Stage::Queued => Status::Queued,
        Stage::Blocked { .. } => Status::Blocked,
        Stage::Opening { .. }
        | Stage::Installing { .. }
        | Stage::Researching { .. }
        | Stage::Implementing { .. }
        | Stage::AwaitingPermission { .. }
            if ticket.budget.loops > 0 =>
        {
            Status::Verifying
        }
        Stage::Opening { entry }
        | Stage::Installing { entry, .. }
        | Stage::Researching { entry, .. } => match entry {
            Assignment::Continue { .. } => Status::Implementing,
            Assignment::First | Assignment::Fix { .. } | Assignment::FreshAgent { .. } => {
                Status::Context
            }
        },
        Stage::Implementing { .. } | Stage::AwaitingPermission { .. } => Status::Implementing,
        Stage::Refreshing { .. }
        | Stage::Recovering { .. }
        | Stage::Collecting { .. }
        | Stage::Simplifying(_)
        | Stage::Simplified(_)
        | Stage::Restoring(_)
        | Stage::Checking { .. }
        | Stage::ReadingTests(_)
        | Stage::AwaitingReview(_)
        | Stage::Judging { .. }
        | Stage::Posting(_)
        | Stage::Closing { .. } => Status::Verifying,
        Stage::Verified { .. } | Stage::Merged { .. } => Status::Complete,
        Stage::Stuck { .. } => Status::Stuck,
        Stage::Dropped | Stage::DoneOutside => Status::Skipped,
    }
}

/// The phase in the pipeline's spelling. While tickets run it is a barrier: implementation until
/// no ticket is left that still has to be implemented, then verification.
pub(super) fn phase(snapshot: &Snapshot) -> &'static str {
    let implementing = |ticket: &TicketRun| {
        matches!(
            status(ticket),
            Status::Queued | Status::Context | Status::Implementing
        )
    };
    let verifying =
        snapshot.sprint.phase == Phase::Tickets && !snapshot.tickets.values().any(implementing);
    if verifying {
        "3-verification"
    } else {
        snapshot.sprint.phase.name()
    }
}

/// How the sprint is doing as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overall {
    Running,
    Complete,
    Partial,
    Stopped,
}

impl Overall {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Complete => "COMPLETE",
            Self::Partial => "PARTIAL",
            Self::Stopped => "STOPPED",
        }
    }
}

/// Complete only if every ticket is on base.
pub(super) fn overall(snapshot: &Snapshot) -> Overall {
    let merged = |ticket: &TicketRun| matches!(ticket.stage, Stage::Merged { .. });
    match &snapshot.sprint.phase {
        Phase::Complete {
            ending: Ending::SafetyStop { .. } | Ending::Cancelled,
        } => Overall::Stopped,
        Phase::Complete {
            ending: Ending::Finished,
        } if snapshot.tickets.values().all(merged) => Overall::Complete,
        Phase::Complete {
            ending: Ending::Finished,
        } => Overall::Partial,
        Phase::Preflight
        | Phase::Baseline
        | Phase::Tickets
        | Phase::Integrating
        | Phase::Undoing
        | Phase::Parked { .. }
        | Phase::Tidying { .. } => Overall::Running,
    }
}

/// The workspace a ticket is in, or was in last.
pub(super) fn workspace(ticket: &TicketRun) -> Option<&Workspace> {
    ticket.stage.checked().map_or_else(
        || ticket.workspaces.last(),
        |checked| Some(&checked.workspace),
    )
}

/// The directory a ticket's work is in, unless it was given back.
pub(super) fn directory(ticket: &TicketRun) -> Option<&Path> {
    workspace(ticket)
        .filter(|workspace| ticket.workspaces.contains(workspace))
        .map(|workspace| workspace.path.as_path())
}

/// The evidence of a ticket, once it is posted.
pub(super) const fn evidence(ticket: &TicketRun) -> Option<&CommentRef> {
    match &ticket.stage {
        Stage::Closing { comment, .. }
        | Stage::Verified { comment, .. }
        | Stage::Merged { comment, .. } => Some(comment),
        Stage::Queued
        | Stage::Blocked { .. }
        | Stage::Opening { .. }
        | Stage::Installing { .. }
        | Stage::Researching { .. }
        | Stage::Implementing { .. }
        | Stage::AwaitingPermission { .. }
        | Stage::Refreshing { .. }
        | Stage::Recovering { .. }
        | Stage::Collecting { .. }
        | Stage::Simplifying(_)
        | Stage::Simplified(_)
        | Stage::Restoring(_)
        | Stage::Checking { .. }
        | Stage::ReadingTests(_)
        | Stage::AwaitingReview(_)
        | Stage::Judging { .. }
        | Stage::Posting(_)
        | Stage::Stuck { .. }
        | Stage::Dropped
        | Stage::DoneOutside => None,
    }
}

/// Why a ticket is stuck, if it is.
pub(super) fn stuck(ticket: &TicketRun) -> Option<(StuckReason, &str)> {
    if let Stage::Stuck { reason, message } = &ticket.stage {
        Some((*reason, message))
    } else {
        None
    }
}

/// The merge commit of a ticket that is on base.
pub(super) const fn merge_commit(ticket: &TicketRun) -> Option<&CommitId> {
    if let Stage::Merged { at, .. } = &ticket.stage {
        Some(at)
    } else {
        None
    }
}

/// Whether a ticket was verified and then taken out before base moved, or back afterwards.
pub(super) fn is_reverted(ticket: &TicketRun) -> bool {
    ticket.merge == MergeState::Reverted
}

/// Every ticket id of the sprint, `ENG-2` before `ENG-10`.
pub(super) fn in_order<'a, T>(
    tickets: impl IntoIterator<Item = (&'a TicketId, T)>,
) -> Vec<(&'a TicketId, T)> {
    let mut tickets: Vec<_> = tickets.into_iter().collect();
    tickets.sort_by(|(a, _), (b, _)| natural_key(a.as_str()).cmp(&natural_key(b.as_str())));
    tickets
}

/// What a reason for giving up means.
pub(super) const fn meaning(reason: StuckReason) -> &'static str {
    match reason {
        StuckReason::CircuitBreaker => "the same error came again, also with a fresh agent",
        StuckReason::MaxLoops => "the verification loop ran as often as it may",
        StuckReason::ContextExhausted => "agents kept running out of context",
        StuckReason::RateLimited => "the provider limited the rate for too long",
        StuckReason::OverBudget => "its agents cost as much as they may",
        StuckReason::TooManyQuestions => "its agents asked for tools again and again",
        StuckReason::Infrastructure => "something around the ticket kept failing",
        StuckReason::DependencyMergeConflict => {
            "a ticket it depends on does not merge into its workspace"
        }
        StuckReason::TrackerFailure => "the tracker did not take the evidence",
        StuckReason::EvidenceNotVerified => "the evidence was posted and could not be found again",
        StuckReason::TicketNotDone => "the ticket was set to Done and did not show it",
        StuckReason::MergeConflict => "it conflicts with what is merged before it",
        StuckReason::IntegrationFailed => "it does not pass the gate together with the others",
        StuckReason::Breach => "an agent got, or could have got, where it must not be",
        StuckReason::TakenBack => "it was on base, and a person had it taken back",
        StuckReason::ProofLost => "it was complete, and what proved it is gone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{checked, commit, id, permission, workspace};
    use crate::run::ticket::{AfterRefresh, Remedy};

    /// Every stage there is.
    fn stages() -> [Stage; 21] {
        let entry = || Assignment::First;
        let next = || Assignment::Continue {
            feedback: String::new(),
        };
        let checked = || Box::new(checked(1));
        let comment = || CommentRef("c".into());
        let (workspace, claim) = (workspace(1), checked().claim);
        [
            Stage::Queued,
            Stage::Blocked { by: id(2) },
            Stage::Opening { entry: entry() },
            Stage::Installing {
                workspace: workspace.clone(),
                entry: entry(),
            },
            Stage::Researching {
                workspace: workspace.clone(),
                entry: next(),
            },
            Stage::Implementing {
                workspace: workspace.clone(),
                entry: entry(),
            },
            Stage::AwaitingPermission {
                workspace: workspace.clone(),
                entry: entry(),
                request: permission(),
            },
            Stage::Refreshing {
                workspace: workspace.clone(),
                then: AfterRefresh::Mend {
                    feedback: "base has moved".into(),
                },
            },
            Stage::Recovering {
                claim: claim.clone(),
                settled: true,
            },
            Stage::Collecting {
                workspace,
                claim,
                refreshed: true,
            },
            Stage::Checking {
                checked: checked(),
                remedy: Remedy::default(),
            },
            Stage::ReadingTests(checked()),
            Stage::AwaitingReview(checked()),
            Stage::Judging {
                checked: checked(),
                repeated: false,
            },
            Stage::Posting(checked()),
            Stage::Closing {
                checked: checked(),
                comment: comment(),
            },
            Stage::Verified {
                checked: checked(),
                comment: comment(),
            },
            Stage::Merged {
                checked: checked(),
                comment: comment(),
                at: commit('d'),
            },
            Stage::Stuck {
                reason: StuckReason::MaxLoops,
                message: String::new(),
            },
            Stage::Dropped,
            Stage::DoneOutside,
        ]
    }

    #[test]
    fn every_stage_has_its_status_before_and_after_a_failed_attempt() {
        let line = |stage: Stage| {
            let mut ticket = TicketRun {
                stage,
                ..TicketRun::queued()
            };
            let first = status(&ticket);
            ticket.budget.loops = 1;
            format!("{}: {first:?}, {:?}", ticket.stage.name(), status(&ticket))
        };
        let table: Vec<_> = stages().into_iter().map(line).collect();
        insta::assert_snapshot!(table.join("\n"), @r#"
        queued: Queued, Queued
        blocked: Blocked, Blocked
        opening: Context, Verifying
        installing: Context, Verifying
        researching: Implementing, Verifying
        implementing: Implementing, Verifying
        awaiting permission: Implementing, Verifying
        refreshing: Verifying, Verifying
        recovering: Verifying, Verifying
        collecting: Verifying, Verifying
        checking: Verifying, Verifying
        reading tests: Verifying, Verifying
        awaiting review: Verifying, Verifying
        judging: Verifying, Verifying
        posting: Verifying, Verifying
        closing: Verifying, Verifying
        verified: Complete, Complete
        merged: Complete, Complete
        stuck: Stuck, Stuck
        dropped: Skipped, Skipped
        done outside: Skipped, Skipped
        "#);
    }
}
