//! One ticket in the published state file.

use serde::Serialize;

use crate::domain::agent::{PermissionRequest, WorkerEvidence};
use crate::domain::evidence::CommentRef;
use crate::domain::ticket::{Priority, Size};
use crate::domain::verdict::{LayerId, Outcome, Verdict};
use crate::id::{BranchName, CommitId, SessionId, TicketId};
use crate::plan::edge_cases::EdgeCase;
use crate::plan::sprint_plan::TicketPlan;
use crate::report::standing::{self, Status};
use crate::run::sweep::Back;
use crate::run::ticket::{MergeState, Stage, TicketRun};
use crate::time::Timestamp;

/// A ticket, in the field names of the pipeline.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TicketView<'a> {
    identifier: &'a TicketId,
    title: &'a str,
    status: Status,
    stage: &'static str,
    wave: u32,
    dependencies: &'a [TicketId],
    priority: Priority,
    labels: &'a [String],
    complexity: Size,
    linear_status: &'static str,
    worktree_branch: Option<&'a BranchName>,
    agent_id: Option<&'a SessionId>,
    loop_count: u32,
    last_error: Option<LastError<'a>>,
    consecutive_same_error: u32,
    fresh_worker_used: bool,
    exhaustion_respawns: u32,
    rate_limit_waits: u32,
    evidence: Option<&'a WorkerEvidence>,
    preflight_ran: bool,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    merge_sha: Option<&'a CommitId>,
    merge_state: MergeState,
    edge_case_count: usize,
    #[serde(flatten)]
    known: Known<'a>,
}

/// What is there only from some point on.
#[derive(Clone, Debug, Default, Serialize)]
struct Known<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    worktree_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_sha: Option<&'a CommitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work_base_sha: Option<&'a CommitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head_sha: Option<&'a CommitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_by: Option<&'a TicketId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permission_request: Option<&'a PermissionRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stuck_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stuck_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edge_cases: Option<EdgeCases>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence_posted_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence_comment_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence_comment_id: Option<&'a CommentRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence_commit: Option<&'a CommitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_back: Option<&'a Back>,
}

/// The last failure of an attempt.
#[derive(Clone, Debug, Serialize)]
pub(super) struct LastError<'a> {
    r#type: &'static str,
    message: &'a str,
}

#[derive(Clone, Debug, Serialize)]
struct EdgeCases {
    total: usize,
    covered: usize,
    missing: Vec<String>,
}

/// The view of one ticket.
pub(super) fn ticket<'a>(plan: &'a TicketPlan, run: &'a TicketRun) -> TicketView<'a> {
    let ticket = &plan.ticket;
    let evidence = claimed(run);
    TicketView {
        identifier: &ticket.id,
        title: &ticket.title,
        status: standing::status(run),
        stage: run.stage.name(),
        wave: plan.wave,
        dependencies: &plan.dependencies,
        priority: ticket.priority,
        labels: &ticket.labels,
        complexity: ticket.size,
        linear_status: ticket.status.label(),
        worktree_branch: standing::workspace(run).map(|workspace| &workspace.branch),
        agent_id: run.session.as_ref(),
        loop_count: run.budget.loops,
        last_error: last_error(run),
        consecutive_same_error: run.breaker.streak,
        fresh_worker_used: run.budget.fresh_agent,
        exhaustion_respawns: run.budget.exhaustions,
        rate_limit_waits: run.budget.rate_limits,
        evidence,
        preflight_ran: evidence.is_some_and(|evidence| evidence.preflight_ran),
        started_at: run.started_at,
        completed_at: run.completed_at,
        merge_sha: standing::merge_commit(run),
        merge_state: run.merge,
        edge_case_count: EdgeCase::of(ticket).len(),
        known: known(plan, run),
    }
}

/// The last failure of a ticket's attempts.
pub(super) fn last_error(run: &TicketRun) -> Option<LastError<'_>> {
    run.breaker.last.as_ref().map(|failure| LastError {
        r#type: failure.kind.name(),
        message: &failure.message,
    })
}

/// What the worker says it ran.
fn claimed(run: &TicketRun) -> Option<&WorkerEvidence> {
    let claim = if let Stage::Collecting { claim, .. } = &run.stage {
        claim
    } else {
        &run.stage.checked()?.claim
    };
    claim.0.evidence.as_ref()
}

fn known<'a>(plan: &TicketPlan, run: &'a TicketRun) -> Known<'a> {
    let workspace = standing::workspace(run);
    let checked = run.stage.checked();
    let stuck = standing::stuck(run);
    let blocked_by = if let Stage::Blocked { by } = &run.stage {
        Some(by)
    } else {
        None
    };
    let permission_request = if let Stage::AwaitingPermission { request, .. } = &run.stage {
        Some(request)
    } else {
        None
    };
    let comment = standing::evidence(run);
    let complete = run.is_complete();
    Known {
        worktree_path: standing::directory(run).map(|path| path.to_string_lossy().into_owned()),
        base_sha: workspace.map(|workspace| &workspace.base),
        work_base_sha: workspace.map(|workspace| &workspace.work_base),
        head_sha: checked.map(|checked| &checked.head),
        blocked_by,
        permission_request,
        stuck_reason: stuck.map(|(reason, _)| reason.name()),
        stuck_message: stuck.map(|(_, message)| message),
        edge_cases: checked
            .and_then(|checked| covered(plan, checked.verdicts.get(&LayerId::EdgeCases)?)),
        evidence_posted_by: complete.then_some("orchestrator"),
        evidence_comment_verified: complete.then_some(true),
        evidence_comment_id: comment,
        evidence_commit: comment.and(checked).map(|checked| &checked.head),
        moved_back: run.aftermath.back(),
    }
}

/// How many edge cases of a ticket have a test, once layer 2.5 has looked.
fn covered(plan: &TicketPlan, verdict: &Verdict) -> Option<EdgeCases> {
    if matches!(verdict.outcome, Outcome::Skipped(_)) {
        return None;
    }
    let total = EdgeCase::of(&plan.ticket).len();
    let missing: Vec<_> = verdict
        .findings
        .iter()
        .map(|finding| finding.message.clone())
        .collect();
    Some(EdgeCases {
        total,
        covered: total.saturating_sub(missing.len()),
        missing,
    })
}
