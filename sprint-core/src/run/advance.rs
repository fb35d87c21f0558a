//! One ticket's way through its stages: what each answer leads to.

use std::mem;
use std::time::Duration;

use crate::domain::agent::{Answer, Assignment, Claimed, RoleResult, WorkerResult};
use crate::domain::check::CheckReport;
use crate::domain::evidence::EvidenceMarker;
use crate::domain::path::{RepoPath, listed};
use crate::domain::verdict::{Finding, FindingKind, LayerId};
use crate::domain::workspace::{Opened, Refreshed, Workspace};
use crate::failure::{ErrorKind, Failure};
use crate::id::TicketId;
use crate::plan::sprint_plan::{SprintPlan, TicketPlan};
use crate::run::cx::Cx;
use crate::run::effect::{Done, Step};
use crate::run::event::Event;
use crate::run::failing::{Attempt, effect_failed, fail_attempt, stuck, wrong_form};
use crate::run::proof::Proof;
use crate::run::team::{self, Company};
use crate::run::ticket::{AfterRefresh, Checked, Stage, StuckReason, TicketRun};
use crate::run::{simplify, verifying};

/// Takes in how one effect of the ticket ended.
pub(super) fn finished(
    ticket: &mut TicketRun,
    step: Step,
    outcome: Result<Done, Failure>,
    cx: &mut Cx<'_>,
) {
    let done = match outcome {
        Ok(done) => done,
        Err(failure) => return effect_failed(ticket, step, failure, cx),
    };
    // Beside the main line, also for a ticket that is marked Done again.
    if ticket.chores.contains(&step) {
        ticket.forget_retries(step);
        ticket.chores.remove(&step);
        chore_done(ticket, step, done, cx);
        return;
    }
    answered(ticket, step, done, cx);
    // An answer that is no answer leads to a retry, which must not forget the ones before it.
    if !ticket.holds.contains_key(&step) {
        ticket.forget_retries(step);
    }
}

/// Something beside the main line is done.
fn chore_done(ticket: &mut TicketRun, step: Step, done: Done, cx: &mut Cx<'_>) {
    if step == Step::Release {
        ticket.workspaces.clear();
    } else if step == Step::Reopen {
        ticket.doubt = None;
    } else if step == Step::PostAgain {
        match (&mut ticket.stage, done) {
            (
                Stage::Verified { comment, .. } | Stage::Merged { comment, .. },
                Done::Posted(posted),
            ) => *comment = posted,
            _ => {
                let id = &cx.ticket.ticket.id;
                let message = format!("{id}: its evidence was posted again and cannot be found");
                cx.events.push(Event::Warning { message });
            }
        }
    }
}

/// Takes in the answer to a step of the main line.
#[expect(
    clippy::too_many_lines,
    reason = "one arm per stage and answer, and nothing else"
)]
fn answered(ticket: &mut TicketRun, step: Step, done: Done, cx: &mut Cx<'_>) {
    match (mem::replace(&mut ticket.stage, Stage::Queued), step, done) {
        (Stage::Opening { entry }, Step::Open, Done::Opened(opened)) => {
            self::opened(ticket, opened, entry, cx);
        }
        (Stage::Recovering { claim, settled }, Step::Open, Done::Opened(opened)) => {
            recovered(ticket, opened, claim, settled, cx);
        }
        (Stage::Installing { workspace, entry }, Step::Install, Done::Checked(report)) => {
            installed(ticket, workspace, entry, report, cx);
        }
        (Stage::Researching { workspace, entry }, Step::Research, Done::Agent(report)) => {
            ticket.budget.rate_limits = 0;
            ticket.research = match report.answer {
                Answer::Result(Claimed(RoleResult::Context(result))) => Some(result.report),
                Answer::Result(_) | Answer::Malformed(_) | Answer::Asks(_) => None,
            };
            ticket.stage = Stage::Implementing { workspace, entry };
        }
        (Stage::Implementing { workspace, entry }, Step::Implement, Done::Agent(report)) => {
            verifying::implemented(ticket, workspace, entry, *report, cx);
        }
        (Stage::Refreshing { workspace, then }, Step::Refresh, Done::Refreshed(refreshed)) => {
            self::refreshed(ticket, workspace, then, refreshed, cx);
        }
        (
            Stage::Collecting {
                workspace,
                claim,
                refreshed,
            },
            Step::Collect,
            Done::Collected { found, inspection },
        ) => {
            let stale = !refreshed && workspace.base != cx.sprint.base_head;
            if stale && found.commits > 0 {
                verifying::refresh(ticket, workspace, claim, *found);
            } else {
                let (found, seen) = (*found, *inspection);
                verifying::collected(ticket, workspace, claim, refreshed, found, seen, cx);
            }
        }
        (Stage::Checking { checked, remedy }, step, done) => {
            verifying::answered(ticket, checked, remedy, step, done, cx);
        }
        (
            stage @ (Stage::Simplifying(_) | Stage::Simplified(_) | Stage::Restoring(_)),
            step,
            done,
        ) => simplify::answered(ticket, stage, step, done, cx),
        (Stage::ReadingTests(checked), Step::ReadTests, Done::Sources(sources)) => {
            verifying::tests_read(ticket, checked, &sources, cx);
        }
        (Stage::Judging { checked, repeated }, Step::Judge, Done::Judged { report, cited }) => {
            verifying::judged(ticket, checked, repeated, &report, &cited, cx);
        }
        (Stage::Posting(checked), Step::Post, Done::Posted(comment)) => {
            ticket.budget.rewrites = 0;
            ticket.stage = Stage::Closing { checked, comment };
        }
        (Stage::Posting(checked), Step::Post, Done::NotFoundAgain) => {
            ticket.stage = Stage::Posting(checked);
            let why = "the evidence was posted and cannot be found on the ticket";
            write_again(ticket, step, StuckReason::EvidenceNotVerified, why, cx);
        }
        (Stage::Closing { checked, comment }, Step::Close, Done::Closed(true)) => {
            ticket
                .learnings
                .clone_from(&checked.claim.0.learnings_added);
            ticket.completed_at = Some(cx.now);
            (ticket.doubt, ticket.still_done) = (None, false);
            ticket.stage = Stage::Verified { checked, comment };
        }
        (Stage::Closing { checked, comment }, Step::Close, Done::Closed(false)) => {
            ticket.stage = Stage::Closing { checked, comment };
            let why = "the ticket was set to Done and does not show it";
            write_again(ticket, step, StuckReason::TicketNotDone, why, cx);
        }
        (stage, _, _) => {
            ticket.stage = stage;
            wrong_form(ticket, step, cx);
        }
    }
}

/// The workspace of work that was answered before is there again.
fn recovered(
    ticket: &mut TicketRun,
    opened: Opened,
    claim: Box<Claimed<WorkerResult>>,
    settled: bool,
    cx: &mut Cx<'_>,
) {
    match opened {
        Opened::Ready(workspace) => {
            note_workspace(ticket, &workspace);
            ticket.stage = Stage::Collecting {
                workspace,
                claim,
                refreshed: settled,
            };
        }
        Opened::Conflict { dependency, paths } => does_not_open(ticket, &dependency, &paths, cx),
    }
}

fn note_workspace(ticket: &mut TicketRun, workspace: &Workspace) {
    if !ticket.workspaces.contains(workspace) {
        ticket.workspaces.push(workspace.clone());
    }
}

fn does_not_open(
    ticket: &mut TicketRun,
    dependency: &TicketId,
    paths: &[RepoPath],
    cx: &mut Cx<'_>,
) {
    let message = format!(
        "{dependency} does not merge into its workspace: {}",
        listed(paths)
    );
    stuck(ticket, StuckReason::DependencyMergeConflict, message, cx);
}

fn opened(ticket: &mut TicketRun, opened: Opened, entry: Assignment, cx: &mut Cx<'_>) {
    match opened {
        Opened::Ready(workspace) => {
            note_workspace(ticket, &workspace);
            ticket.stage = if cx.plan.config.install_cmd.is_some() {
                Stage::Installing { workspace, entry }
            } else {
                enter(ticket, workspace, entry, cx)
            };
        }
        Opened::Conflict { dependency, paths } => does_not_open(ticket, &dependency, &paths, cx),
    }
}

fn installed(
    ticket: &mut TicketRun,
    workspace: Workspace,
    entry: Assignment,
    report: CheckReport,
    cx: &mut Cx<'_>,
) {
    match report.install_failure {
        None => ticket.stage = enter(ticket, workspace, entry, cx),
        Some(text) => {
            ticket.stage = Stage::Installing { workspace, entry };
            effect_failed(
                ticket,
                Step::Install,
                Failure::new(ErrorKind::Transient, text),
                cx,
            );
        }
    }
}

/// Base is in the branch, or does not go in.
fn refreshed(
    ticket: &mut TicketRun,
    workspace: Workspace,
    then: AfterRefresh,
    refreshed: Refreshed,
    cx: &mut Cx<'_>,
) {
    let base = &cx.sprint.base_head;
    let moved = match refreshed {
        Refreshed::Moved(moved) => moved,
        Refreshed::Current => workspace,
        Refreshed::Conflict { paths } => {
            let told = format!(
                "your branch conflicts with today's base in {}: merge {base} into your branch and \
                 keep what both sides intend",
                listed(&paths)
            );
            return match then {
                AfterRefresh::Mend { feedback } => {
                    let feedback = format!("{feedback}\n{told}");
                    let entry = Assignment::Fix { feedback };
                    ticket.stage = enter(ticket, workspace, entry, cx);
                }
                AfterRefresh::Collect { .. } => {
                    let kind = FindingKind::StaleBaseConflict;
                    let attempt = Attempt {
                        workspace,
                        layer: LayerId::StaleBase,
                        findings: vec![Finding::blocking(kind, told.clone())],
                        feedback: told,
                        fingerprint: None,
                    };
                    fail_attempt(ticket, attempt, cx);
                }
            };
        }
    };
    for known in &mut ticket.workspaces {
        if known.path == moved.path {
            known.clone_from(&moved);
        }
    }
    ticket.stage = match then {
        AfterRefresh::Mend { feedback } => {
            let entry = Assignment::Fix { feedback };
            if cx.plan.config.install_cmd.is_some() {
                let workspace = moved;
                Stage::Installing { workspace, entry }
            } else {
                enter(ticket, moved, entry, cx)
            }
        }
        AfterRefresh::Collect { claim } => Stage::Collecting {
            workspace: moved,
            claim,
            refreshed: true,
        },
    };
}

/// Where a workspace that is ready leads: to research, if that is wanted and not done, else to
/// the worker.
pub(super) fn enter(
    ticket: &TicketRun,
    workspace: Workspace,
    entry: Assignment,
    cx: &Cx<'_>,
) -> Stage {
    match team::company(cx.plan, ticket) {
        Company::Report => Stage::Researching { workspace, entry },
        Company::Alone | Company::Live => Stage::Implementing { workspace, entry },
    }
}

/// A write to the tracker that did not show is made once more after a pause, then given up.
fn write_again(
    ticket: &mut TicketRun,
    step: Step,
    reason: StuckReason,
    why: &str,
    cx: &mut Cx<'_>,
) {
    ticket.budget.rewrites += 1;
    if ticket.budget.rewrites > 1 {
        return stuck(ticket, reason, why.into(), cx);
    }
    let wait = Duration::from_secs(3);
    ticket.holds.insert(step, cx.now.after(wait));
    cx.retrying(ticket.attempt, step, why.into(), wait);
}

/// Proof that every layer accepted what was checked, if that is so.
pub(super) fn proof(plan: &SprintPlan, ticket: &TicketPlan, checked: &Checked) -> Option<Proof> {
    let marker = EvidenceMarker {
        sprint: plan.sprint.clone(),
        ticket: ticket.ticket.id.clone(),
        branch: checked.workspace.branch.clone(),
        commit: checked.head.clone(),
        tree: checked.tree.clone(),
    };
    Proof::new(marker, &checked.verdicts, &plan.layers)
}
