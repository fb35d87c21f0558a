//! What is known of a ticket by the stage it was saved in.

use crate::domain::agent::{Assignment, Claimed, WorkerResult};
use crate::domain::ticket::TicketStatus;
use crate::domain::workspace::Workspace;
use crate::resume::{BranchState, Progress, Saved, Seen, SeenBranch, Shown, TicketFacts};
use crate::run::effect::Step;
use crate::run::ticket::{AfterRefresh, Stage, TicketRun};

/// Everything that is decided by.
pub(super) fn facts(ticket: &TicketRun, seen: &Seen) -> TicketFacts {
    let there = workspace(&ticket.stage);
    let known = ticket.stage.checked().map(|checked| &checked.head);
    // A decision may have come in since somebody looked.
    let looked_at = |branch: &&SeenBranch| {
        let same = there.is_some_and(|there| there.branch == branch.name);
        same && branch.known.as_ref() == known
    };
    let branch = seen.branch.as_ref().filter(looked_at);
    TicketFacts {
        saved: saved(&ticket.stage),
        reopening: ticket.chores.contains(&Step::Reopen) || ticket.still_done,
        shown: seen.shown.clone(),
        branch: branch.map_or(BranchState::Unknown, |branch| {
            BranchState::of(&branch.facts, known)
        }),
        worktree: branch.is_some_and(|branch| branch.facts.worktree),
        dirty: branch.is_some_and(|branch| branch.facts.dirty),
        on_base: branch.is_some_and(|branch| branch.facts.landed),
    }
}

pub(super) const fn status(shown: &Shown) -> Option<TicketStatus> {
    match shown {
        Shown::Gone => None,
        Shown::There { status, .. } => Some(*status),
    }
}

/// What a stage comes to.
const fn saved(stage: &Stage) -> Saved {
    match stage {
        Stage::Queued | Stage::Blocked { .. } => Saved::Other(Progress::Waiting),
        Stage::Opening { .. }
        | Stage::Installing { .. }
        | Stage::Researching { .. }
        | Stage::Implementing { .. }
        | Stage::AwaitingPermission { .. }
        | Stage::Refreshing {
            then: AfterRefresh::Mend { .. },
            ..
        } => Saved::Other(Progress::Begun),
        Stage::Refreshing {
            then: AfterRefresh::Collect { .. },
            ..
        }
        | Stage::Recovering { .. }
        | Stage::Collecting { .. }
        | Stage::Checking { .. }
        | Stage::Simplifying(_)
        | Stage::Simplified(_)
        | Stage::Restoring(_)
        | Stage::ReadingTests(_)
        | Stage::AwaitingReview(_)
        | Stage::Judging { .. } => Saved::Other(Progress::Answered),
        Stage::Posting(_) | Stage::Closing { .. } => Saved::Other(Progress::Proven),
        Stage::Verified { .. } => Saved::Complete { landed: false },
        Stage::Merged { .. } => Saved::Complete { landed: true },
        Stage::Stuck { .. } => Saved::Stuck,
        Stage::Dropped | Stage::DoneOutside => Saved::Out,
    }
}

/// The workspace a ticket is in, in stages that have one.
pub(super) fn workspace(stage: &Stage) -> Option<&Workspace> {
    match stage {
        Stage::Installing { workspace, .. }
        | Stage::Researching { workspace, .. }
        | Stage::Implementing { workspace, .. }
        | Stage::AwaitingPermission { workspace, .. }
        | Stage::Refreshing { workspace, .. }
        | Stage::Collecting { workspace, .. } => Some(workspace),
        Stage::Queued
        | Stage::Blocked { .. }
        | Stage::Opening { .. }
        | Stage::Recovering { .. }
        | Stage::Checking { .. }
        | Stage::Simplifying(_)
        | Stage::Simplified(_)
        | Stage::Restoring(_)
        | Stage::ReadingTests(_)
        | Stage::AwaitingReview(_)
        | Stage::Judging { .. }
        | Stage::Posting(_)
        | Stage::Closing { .. }
        | Stage::Verified { .. }
        | Stage::Merged { .. }
        | Stage::Stuck { .. }
        | Stage::Dropped
        | Stage::DoneOutside => stage.checked().map(|checked| &checked.workspace),
    }
}

/// What the worker is to be told, in stages in which it has not answered.
pub(super) fn entry(stage: &Stage) -> Option<Assignment> {
    match stage {
        Stage::Opening { entry }
        | Stage::Installing { entry, .. }
        | Stage::Researching { entry, .. }
        | Stage::Implementing { entry, .. }
        | Stage::AwaitingPermission { entry, .. } => Some(entry.clone()),
        Stage::Refreshing {
            then: AfterRefresh::Mend { feedback },
            ..
        } => Some(Assignment::Fix {
            feedback: feedback.clone(),
        }),
        Stage::Refreshing { .. }
        | Stage::Queued
        | Stage::Blocked { .. }
        | Stage::Recovering { .. }
        | Stage::Collecting { .. }
        | Stage::Checking { .. }
        | Stage::Simplifying(_)
        | Stage::Simplified(_)
        | Stage::Restoring(_)
        | Stage::ReadingTests(_)
        | Stage::AwaitingReview(_)
        | Stage::Judging { .. }
        | Stage::Posting(_)
        | Stage::Closing { .. }
        | Stage::Verified { .. }
        | Stage::Merged { .. }
        | Stage::Stuck { .. }
        | Stage::Dropped
        | Stage::DoneOutside => None,
    }
}

/// What the worker said, in stages in which it has.
pub(super) fn claim(stage: &Stage) -> Option<Box<Claimed<WorkerResult>>> {
    match stage {
        Stage::Refreshing {
            then: AfterRefresh::Collect { claim },
            ..
        }
        | Stage::Recovering { claim, .. }
        | Stage::Collecting { claim, .. } => Some(claim.clone()),
        Stage::Refreshing { .. }
        | Stage::Queued
        | Stage::Blocked { .. }
        | Stage::Opening { .. }
        | Stage::Installing { .. }
        | Stage::Researching { .. }
        | Stage::Implementing { .. }
        | Stage::AwaitingPermission { .. }
        | Stage::Checking { .. }
        | Stage::Simplifying(_)
        | Stage::Simplified(_)
        | Stage::Restoring(_)
        | Stage::ReadingTests(_)
        | Stage::AwaitingReview(_)
        | Stage::Judging { .. }
        | Stage::Posting(_)
        | Stage::Closing { .. }
        | Stage::Verified { .. }
        | Stage::Merged { .. }
        | Stage::Stuck { .. }
        | Stage::Dropped
        | Stage::DoneOutside => stage.checked().map(|checked| checked.claim.clone()),
    }
}
