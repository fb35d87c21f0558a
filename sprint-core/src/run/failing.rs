//! What a ticket does when something fails: an attempt, or the machinery around it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::agent::{Assignment, Role};
use crate::domain::verdict::{Finding, FindingKind, LayerId};
use crate::domain::workspace::Workspace;
use crate::failure::{ErrorKind, Failure};
use crate::run::advance::enter;
use crate::run::breaker::{self, Route};
use crate::run::classify;
use crate::run::cx::Cx;
use crate::run::effect::{EffectId, Lane, Step};
use crate::run::event::Event;
use crate::run::simplify;
use crate::run::ticket::{AfterRefresh, FailureRecord, Stage, StuckReason, TicketRun};

/// Agents spawned because one ran out of context, per ticket (spec 20).
const MAX_EXHAUSTIONS: u32 = 2;
/// Waits for a rate limit in a row (spec 10.10).
const MAX_RATE_LIMITS: u32 = 5;
/// The longest wait that is believed. It may come from the words of an agent.
const MAX_TOLD_MS: u64 = 3_600_000;
/// The shortest wait that counts: nothing is tried again and again without end.
const MIN_TOLD_MS: u64 = 1_000;
/// The longest time in which one step waits for the tracker's budget, told again and again how
/// long: a day.
const MAX_BUDGET_WAIT_MS: u64 = 24 * 3_600_000;
/// Retries of one step after failures of the machinery around it.
const MAX_RETRIES: u32 = 3;
/// Attempts per write to the tracker (spec 20).
const MAX_TRACKER_RETRIES: u32 = 1;

/// A failed attempt: which layer said no, and why.
pub(super) struct Attempt {
    pub(super) workspace: Workspace,
    pub(super) layer: LayerId,
    pub(super) findings: Vec<Finding>,
    /// Everything all layers found, for the worker.
    pub(super) feedback: String,
    /// What the attempt looked like, if it got that far.
    pub(super) fingerprint: Option<String>,
}

/// Routes a ticket whose attempt failed: spec 10.10.
pub(super) fn fail_attempt(ticket: &mut TicketRun, attempt: Attempt, cx: &mut Cx<'_>) {
    let Attempt {
        workspace,
        layer,
        findings,
        feedback,
        fingerprint,
    } = attempt;
    let kind = findings
        .first()
        .map_or(FindingKind::Unknown, |finding| finding.kind);
    let message = findings
        .first()
        .map_or_else(String::new, |finding| finding.message.clone());
    cx.events.push(Event::AttemptFailed {
        ticket: cx.ticket.ticket.id.clone(),
        kind,
        message: message.clone(),
    });
    let caught = cx.counters().caught.entry(layer).or_default();
    *caught.entry(kind).or_default() += 1;
    if fingerprint.is_some() {
        ticket.breaker.fingerprint = fingerprint;
    }
    if kind == FindingKind::ContextExhaustion {
        return continue_elsewhere(ticket, workspace, feedback, message, cx);
    }
    let record = FailureRecord {
        kind,
        layer,
        signature: signature(&findings, &workspace),
        message,
    };
    let (policy, max) = (
        cx.plan.config.same_error_policy,
        cx.plan.config.max_loop_iterations,
    );
    let route = breaker::record(
        &mut ticket.breaker,
        &mut ticket.budget,
        record.clone(),
        policy,
        max,
    );
    match route {
        Route::Resume => {
            ticket.attempt += 1;
            if kind == FindingKind::MissingFile && cx.plan.roles.contains(&Role::Context) {
                ticket.research = None;
            }
            if kind == FindingKind::WorkspaceLost {
                // A session without its directory is none. What was committed is on the branch.
                ticket.session = None;
                let entry = Assignment::Fix { feedback };
                ticket.stage = Stage::Opening { entry };
                return;
            }
            ticket.stage = if layer == LayerId::Integration {
                // What it does not fit together with may be on base by then.
                let then = AfterRefresh::Mend { feedback };
                Stage::Refreshing { workspace, then }
            } else {
                enter(ticket, workspace, Assignment::Fix { feedback }, cx)
            };
        }
        Route::Fresh => {
            ticket.attempt += 1;
            ticket.generation += 1;
            ticket.session = None;
            ticket.breaker.fingerprint = None;
            cx.counters().breaker_trips += 1;
            cx.events.push(Event::BreakerTripped {
                ticket: cx.ticket.ticket.id.clone(),
            });
            ticket.stage = Stage::Opening {
                entry: Assignment::FreshAgent { feedback },
            };
        }
        Route::Stuck(reason) => stuck(ticket, reason, record.message, cx),
    }
}

/// A worker that ran out of context is followed by another on the same branch.
fn continue_elsewhere(
    ticket: &mut TicketRun,
    workspace: Workspace,
    feedback: String,
    message: String,
    cx: &mut Cx<'_>,
) {
    ticket.budget.exhaustions += 1;
    if ticket.budget.exhaustions > MAX_EXHAUSTIONS {
        return stuck(ticket, StuckReason::ContextExhausted, message, cx);
    }
    ticket.attempt += 1;
    ticket.session = None;
    ticket.stage = enter(ticket, workspace, Assignment::Continue { feedback }, cx);
}

/// What makes two failures the same: one normalised line, or the set of list items.
fn signature(findings: &[Finding], workspace: &Workspace) -> BTreeSet<String> {
    let root = workspace.path.to_string_lossy();
    let first = findings.first().map(|finding| finding.kind);
    findings
        .iter()
        .filter(|finding| Some(finding.kind) == first && finding.severity.blocks())
        .map(|finding| classify::signature(&finding.message, &root))
        .collect()
}

/// Gives a ticket up: a person has to look.
pub(super) fn stuck(ticket: &mut TicketRun, reason: StuckReason, message: String, cx: &mut Cx<'_>) {
    cx.events.push(Event::Stuck {
        ticket: cx.ticket.ticket.id.clone(),
        reason,
        message: message.clone(),
    });
    ticket.stage = Stage::Stuck { reason, message };
    ticket.completed_at = Some(cx.now);
    let chores = &ticket.chores;
    ticket.holds.retain(|step, _| chores.contains(step));
    ticket.chores.insert(Step::Note);
}

/// Deals with an effect that failed rather than an agent or a check that said no.
pub(super) fn effect_failed(ticket: &mut TicketRun, step: Step, failure: Failure, cx: &mut Cx<'_>) {
    match failure.kind {
        ErrorKind::RateLimited { retry_after_ms } => {
            rate_limited(ticket, step, retry_after_ms, failure.message, cx);
        }
        ErrorKind::Timeout if step == Step::Implement => agent_timed_out(ticket, failure, cx),
        // A simplification is worth no second try.
        ErrorKind::Transient
        | ErrorKind::Timeout
        | ErrorKind::Conflict
        | ErrorKind::NotFound
        | ErrorKind::Invalid
        | ErrorKind::Unsupported
            if step == Step::Simplify =>
        {
            not_simplified(ticket, &failure.message, cx);
        }
        ErrorKind::Transient | ErrorKind::Timeout | ErrorKind::Conflict => {
            retry(ticket, step, failure.message, cx);
        }
        ErrorKind::NotFound if step == Step::Refresh => {
            find_again(ticket, failure.message, cx);
        }
        ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Unsupported => {
            give_up(ticket, step, failure.message, cx);
        }
        ErrorKind::Breach => stuck(ticket, StuckReason::Breach, failure.message, cx),
        ErrorKind::Fatal => cx.stop = Some(failure.message),
    }
}

/// A workspace whose directory is gone is made anew from its branch, a bounded number of times.
fn find_again(ticket: &mut TicketRun, message: String, cx: &mut Cx<'_>) {
    let spent = ticket.retries.entry(Step::Refresh).or_default();
    *spent += 1;
    if *spent > MAX_RETRIES {
        return give_up(ticket, Step::Refresh, message, cx);
    }
    if let Stage::Refreshing { then, .. } = ticket.stage.clone() {
        // A session without its directory is none.
        ticket.session = None;
        ticket.stage = match then {
            AfterRefresh::Mend { feedback } => Stage::Opening {
                entry: Assignment::Fix { feedback },
            },
            AfterRefresh::Collect { claim } => Stage::Recovering {
                claim,
                settled: false,
            },
        };
    }
}

/// An answer that does not belong to the question; the ticket is in its stage still.
pub(super) fn wrong_form(ticket: &mut TicketRun, step: Step, cx: &mut Cx<'_>) {
    let message = format!("the answer to {step} has the wrong form");
    effect_failed(ticket, step, Failure::new(ErrorKind::Invalid, message), cx);
}

/// A worker that ran into its time limit leaves a branch that another can continue.
fn agent_timed_out(ticket: &mut TicketRun, failure: Failure, cx: &mut Cx<'_>) {
    let Stage::Implementing { workspace, .. } = &ticket.stage else {
        return;
    };
    let attempt = Attempt {
        workspace: workspace.clone(),
        layer: LayerId::Exhaustion,
        feedback: format!("the worker before you did not finish: {}", failure.message),
        findings: vec![Finding::blocking(
            FindingKind::ContextExhaustion,
            failure.message,
        )],
        fingerprint: None,
    };
    fail_attempt(ticket, attempt, cx);
}

/// Waits as long as told, or 60, 120, 240, 480, 600 seconds. A tracker that tells how long is
/// waited for up to a day; else five waits in a row are the most. An agent's rate limit closes the lane
/// for everybody, for it is the provider's and not the ticket's.
pub(super) fn rate_limited(
    ticket: &mut TicketRun,
    step: Step,
    told: Option<u64>,
    message: String,
    cx: &mut Cx<'_>,
) {
    // A chore is counted by itself: what happens beside the main line must not end it.
    let chore = ticket.chores.contains(&step);
    if let Some(told) = told.filter(|_| step.lane() == Lane::Tracker) {
        return await_budget(ticket, step, told, message, cx);
    }
    let waits = if chore {
        ticket.retries.entry(step).or_default()
    } else {
        &mut ticket.budget.rate_limits
    };
    *waits += 1;
    let waits = *waits;
    if waits > MAX_RATE_LIMITS && chore {
        return give_up(ticket, step, message, cx);
    }
    if waits > MAX_RATE_LIMITS {
        return stuck(ticket, StuckReason::RateLimited, message, cx);
    }
    let wait = rate_limit(waits, told);
    let until = cx.now.after(wait);
    if step.lane() == Lane::Agent {
        cx.pause_agents(until);
    } else {
        ticket.holds.insert(step, until);
    }
    cx.retrying(ticket.attempt, step, message, wait);
}

/// The tracker's budget is shared by everybody who uses it, so to wait for it is no failure of this
/// ticket, and no agent waits with it. Bounded by time, not by how often.
fn await_budget(ticket: &mut TicketRun, step: Step, told: u64, message: String, cx: &mut Cx<'_>) {
    let wait = told.clamp(MIN_TOLD_MS, MAX_TOLD_MS);
    let waited = ticket.budget_waits.entry(step).or_default();
    *waited = waited.saturating_add(wait);
    if *waited > MAX_BUDGET_WAIT_MS && ticket.chores.contains(&step) {
        return give_up(ticket, step, message, cx);
    }
    if *waited > MAX_BUDGET_WAIT_MS {
        return stuck(ticket, StuckReason::RateLimited, message, cx);
    }
    let wait = Duration::from_millis(wait);
    ticket.holds.insert(step, cx.now.after(wait));
    cx.retrying(ticket.attempt, step, message, wait);
}

/// How long to wait for a rate limit, the `waits`-th time in a row.
pub(super) fn rate_limit(waits: u32, told: Option<u64>) -> Duration {
    let doubled = 60_000u64 << (waits.clamp(1, 8) - 1);
    let wait = told.map_or_else(|| doubled.min(600_000), |told| told.min(MAX_TOLD_MS));
    Duration::from_millis(wait)
}

/// Tries a step again later, a bounded number of times.
fn retry(ticket: &mut TicketRun, step: Step, message: String, cx: &mut Cx<'_>) {
    let tracker = step.lane() == Lane::Tracker;
    let spent = ticket.retries.entry(step).or_default();
    *spent += 1;
    let spent = *spent;
    if spent
        > if tracker {
            MAX_TRACKER_RETRIES
        } else {
            MAX_RETRIES
        }
    {
        return give_up(ticket, step, message, cx);
    }
    let wait = if tracker {
        Duration::from_secs(5)
    } else {
        backoff(&cx.effect(ticket.attempt, step), spent)
    };
    ticket.holds.insert(step, cx.now.after(wait));
    cx.retrying(ticket.attempt, step, message, wait);
}

/// 2, 8, 32 … seconds, plus up to a quarter, derived from the name of the effect so that many
/// tickets do not come back in the same moment and a replay waits as long as the original.
pub(super) fn backoff(effect: &EffectId, retry: u32) -> Duration {
    let base = 2_000u64 << (2 * retry.saturating_sub(1).min(8));
    let hash = crc32fast::hash(effect.to_string().as_bytes());
    Duration::from_millis(base + base / 4 * u64::from(hash % 1000) / 1000)
}

/// A step that cannot be done. Chores are let go with a warning; research is done without; for
/// anything else the ticket is stuck.
fn give_up(ticket: &mut TicketRun, step: Step, message: String, cx: &mut Cx<'_>) {
    ticket.holds.remove(&step);
    ticket.forget_retries(step);
    if ticket.chores.remove(&step) {
        if step == Step::Reopen {
            ticket.still_done = true;
            ticket.doubt = None;
        }
        let message = format!("{}: could not {step}: {message}", cx.ticket.ticket.id);
        cx.events.push(Event::Warning { message });
        return;
    }
    if step == Step::Research {
        return without_research(ticket, &message, cx);
    }
    let reason = if step.lane() == Lane::Tracker {
        StuckReason::TrackerFailure
    } else {
        StuckReason::Infrastructure
    };
    stuck(ticket, reason, format!("could not {step}: {message}"), cx);
}

fn not_simplified(ticket: &mut TicketRun, message: &str, cx: &mut Cx<'_>) {
    if let Stage::Simplifying(checked) = &ticket.stage {
        let checked = checked.clone();
        simplify::take_back(ticket, checked, message, cx);
    }
}

/// The context agent is a help, not a layer: without its report the worker reads the files itself.
fn without_research(ticket: &mut TicketRun, message: &str, cx: &mut Cx<'_>) {
    let Stage::Researching { workspace, entry } = &ticket.stage else {
        return;
    };
    let warning = format!(
        "{}: going on without research: {message}",
        cx.ticket.ticket.id
    );
    cx.events.push(Event::Warning { message: warning });
    ticket.stage = Stage::Implementing {
        workspace: workspace.clone(),
        entry: entry.clone(),
    };
}

#[cfg(test)]
#[path = "failing_tests.rs"]
mod tests;
