//! The verification loop of one ticket: what each layer's answer leads to.

use sha2::{Digest, Sha256};

use crate::domain::agent::{AgentReport, Answer, Claimed, RoleResult, WorkerResult};
use crate::domain::check::CheckReport;
use crate::domain::path::RepoPath;
use crate::domain::verdict::{Finding, FindingKind, LayerId, Verdict};
use crate::domain::workspace::{Collected, Workspace};
use crate::failure::{ErrorKind, Failure};
use crate::id::TreeId;
use crate::inspect::coverage;
use crate::plan::edge_cases::EdgeCase;
use crate::plan::fixtures;
use crate::run::cx::Cx;
use crate::run::effect::Step;
use crate::run::event::Event;
use crate::run::failing::{Attempt, effect_failed, fail_attempt, rate_limited};
use crate::run::input::ReviewDecision;
use crate::run::layers;
use crate::run::ticket::{AfterRefresh, Checked, Remedy, Stage, TicketRun};

pub(super) fn settle_cost(ticket: &mut TicketRun, report: &AgentReport, cx: &mut Cx<'_>) {
    ticket.budget.rate_limits = 0;
    ticket.budget.cost_micro_usd += report.usage.cost_micro_usd;
    cx.counters().cost_micro_usd += report.usage.cost_micro_usd;
}

/// Layer 0.7, as far as the answer alone decides it.
pub(super) fn implemented(
    ticket: &mut TicketRun,
    workspace: Workspace,
    report: AgentReport,
    cx: &mut Cx<'_>,
) {
    settle_cost(ticket, &report, cx);
    ticket.session.clone_from(&report.session);
    let claim = match report.answer {
        Answer::Result(Claimed(RoleResult::Worker(claim))) => claim,
        Answer::Result(_) => {
            return exhausted(ticket, workspace, "the worker answered in another role", cx);
        }
        Answer::Malformed(reason) => return exhausted(ticket, workspace, &reason, cx),
    };
    if claim.ticket_id != cx.ticket.ticket.id || claim.branch != workspace.branch {
        let reason = format!(
            "the worker speaks of {} on {} instead of {} on {}",
            claim.ticket_id, claim.branch, cx.ticket.ticket.id, workspace.branch
        );
        return exhausted(ticket, workspace, &reason, cx);
    }
    ticket.stage = Stage::Collecting {
        workspace,
        claim: Box::new(Claimed(claim)),
        refreshed: false,
    };
}

fn exhausted(ticket: &mut TicketRun, workspace: Workspace, reason: &str, cx: &mut Cx<'_>) {
    let attempt = Attempt {
        workspace,
        layer: LayerId::Exhaustion,
        findings: vec![Finding::blocking(FindingKind::ContextExhaustion, reason)],
        feedback: format!("the worker before you did not answer properly: {reason}"),
        fingerprint: None,
    };
    fail_attempt(ticket, attempt, cx);
}

/// Base has moved since the branch was made (spec 10.1).
pub(super) fn refresh(
    ticket: &mut TicketRun,
    workspace: Workspace,
    mut claim: Box<Claimed<WorkerResult>>,
    found: Collected,
) {
    // What the worker says is about the commit before.
    claim.0.commit_hash = Some(found.head);
    let then = AfterRefresh::Collect { claim };
    ticket.stage = Stage::Refreshing { workspace, then };
}

/// Progress (decision B6), then layers 0.5 and 1.
pub(super) fn collected(
    ticket: &mut TicketRun,
    workspace: Workspace,
    claim: Box<Claimed<WorkerResult>>,
    found: Collected,
    cx: &mut Cx<'_>,
) {
    let fingerprint = fingerprint(&found.tree, &claim.0);
    let breaker = &ticket.breaker;
    let unchanged = breaker.fingerprint.as_ref() == Some(&fingerprint)
        || breaker.set_aside.as_ref() == Some(&found.tree);
    let no_progress = match (found.commits, unchanged) {
        (0, _) => Some("the worker says it is done and has changed nothing"),
        (_, true) => Some("the worker changed nothing since the attempt that failed"),
        (_, false) => None,
    };
    let refused = match no_progress {
        Some(why) => Err((
            LayerId::Exhaustion,
            vec![Finding::blocking(FindingKind::NoProgress, why)],
        )),
        None => layers::claims(&claim.0, &cx.plan.config.checks),
    };
    if let Err((layer, findings)) = refused {
        let feedback = layers::feedback(&[(layer, Verdict::fail(findings.clone()))].into());
        let fingerprint = Some(fingerprint);
        return fail_attempt(
            ticket,
            Attempt {
                workspace,
                layer,
                findings,
                feedback,
                fingerprint,
            },
            cx,
        );
    }
    let passed = [LayerId::Exhaustion, LayerId::Preflight, LayerId::Evidence];
    let mut checked = Checked {
        workspace,
        head: found.head,
        tree: found.tree,
        artifacts: layers::artifacts(&found.added),
        fixtures: fixtures::names(&found.added, &cx.plan.config.test_file_globs),
        changed: found.changed,
        claim,
        verdicts: passed
            .into_iter()
            .map(|layer| (layer, Verdict::pass()))
            .collect(),
        review_summary: String::new(),
        requirements: Vec::new(),
    };
    if !cx.plan.config.phases.code_review {
        let skipped = Verdict::skip("code review is switched off (phases.code_review: false)");
        checked.verdicts.insert(LayerId::Review, skipped);
    }
    ticket.stage = Stage::Checking {
        checked: Box::new(checked),
        remedy: Remedy::default(),
    };
}

pub(super) fn fingerprint(tree: &TreeId, claim: &WorkerResult) -> String {
    let claim = serde_json::to_string(claim).unwrap_or_default();
    let digest = Sha256::new()
        .chain_update(tree.as_str())
        .chain_update(claim)
        .finalize();
    digest
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Layer 2, after the remedies of spec 10.10.
pub(super) fn checked(
    ticket: &mut TicketRun,
    mut checked: Box<Checked>,
    remedy: Remedy,
    report: CheckReport,
    cx: &mut Cx<'_>,
) {
    use FindingKind::{MissingDependency, RateLimit, Timeout};
    let claim = &checked.claim.0;
    let about_this = claim
        .commit_hash
        .as_ref()
        .is_none_or(|commit| *commit == checked.head);
    let verdict = layers::mechanical(report, about_this.then_some(claim), &checked.artifacts);
    // An environment that fails proves nothing, not even that a claim was false.
    let environment = |kind: &FindingKind| matches!(kind, MissingDependency | RateLimit | Timeout);
    let kind = verdict
        .findings
        .iter()
        .map(|finding| finding.kind)
        .find(environment);
    let can_install = cx.plan.config.install_cmd.is_some() && !remedy.installed;
    let remedied = match kind {
        Some(MissingDependency) if can_install => Some(Remedy {
            install: true,
            ..remedy
        }),
        Some(Timeout) if remedy.timeouts < 2 => Some(Remedy {
            timeouts: remedy.timeouts + 1,
            ..remedy
        }),
        _ => None,
    };
    if let Some(remedy) = remedied {
        ticket.stage = Stage::Checking { checked, remedy };
    } else if kind == Some(RateLimit) {
        let message = verdict
            .findings
            .into_iter()
            .map(|finding| finding.message)
            .collect();
        ticket.stage = Stage::Checking { checked, remedy };
        rate_limited(ticket, Step::Check, None, message, cx);
    } else {
        ticket.budget.rate_limits = 0;
        checked.verdicts.insert(LayerId::Mechanical, verdict);
        joint(ticket, checked, remedy, cx);
    }
}

/// Layer 3.
pub(super) fn reviewed(
    ticket: &mut TicketRun,
    mut checked: Box<Checked>,
    remedy: Remedy,
    report: &AgentReport,
    cx: &mut Cx<'_>,
) {
    settle_cost(ticket, report, cx);
    if let Some((verdict, summary)) = layers::review(&report.answer) {
        checked.verdicts.insert(LayerId::Review, verdict);
        checked.review_summary = summary;
        return joint(ticket, checked, remedy, cx);
    }
    ticket.stage = Stage::Checking { checked, remedy };
    let reason = match &report.answer {
        Answer::Malformed(reason) => reason.clone(),
        Answer::Result(_) => "the reviewer answered in another role".into(),
    };
    effect_failed(
        ticket,
        Step::Review,
        Failure::new(ErrorKind::Transient, reason),
        cx,
    );
}

/// Layer 2.5.
pub(super) fn tests_read(
    ticket: &mut TicketRun,
    mut checked: Box<Checked>,
    sources: &[(RepoPath, String)],
    cx: &mut Cx<'_>,
) {
    let cases = EdgeCase::of(&cx.ticket.ticket);
    let missing = coverage::uncovered(&cases, sources);
    let finding = |case: &EdgeCase| {
        let message = format!("no test for: {}", case.text);
        Finding::blocking(FindingKind::MissingEdgeCases, message)
    };
    let findings: Vec<_> = missing.iter().map(finding).collect();
    let verdict = if findings.is_empty() {
        Verdict::pass()
    } else {
        Verdict::fail(findings)
    };
    checked.verdicts.insert(LayerId::EdgeCases, verdict);
    decided(ticket, checked, LayerId::EdgeCases, cx);
}

/// Layers 2 and 3 are decided together, so that a worker hears of everything at once.
fn joint(ticket: &mut TicketRun, checked: Box<Checked>, remedy: Remedy, cx: &mut Cx<'_>) {
    let verdict = |layer| checked.verdicts.get(&layer);
    match (verdict(LayerId::Mechanical), verdict(LayerId::Review)) {
        (Some(mechanical), Some(_)) => {
            let layer = if mechanical.accepts() {
                LayerId::Review
            } else {
                LayerId::Mechanical
            };
            decided(ticket, checked, layer, cx);
        }
        _ => ticket.stage = Stage::Checking { checked, remedy },
    }
}

/// Goes on if `layer` accepts, else round again.
pub(super) fn decided(
    ticket: &mut TicketRun,
    checked: Box<Checked>,
    layer: LayerId,
    cx: &mut Cx<'_>,
) {
    match checked.verdicts.get(&layer) {
        Some(verdict) if !verdict.accepts() => {
            let findings = verdict
                .findings
                .iter()
                .filter(|f| f.severity.blocks())
                .cloned()
                .collect();
            let attempt = Attempt {
                layer,
                findings,
                feedback: layers::feedback(&checked.verdicts),
                fingerprint: Some(fingerprint(&checked.tree, &checked.claim.0)),
                workspace: checked.workspace,
            };
            fail_attempt(ticket, attempt, cx);
        }
        _ => ticket.stage = next_layer(ticket, checked, cx),
    }
}

/// The first layer after 2 and 3 that has not decided yet.
fn next_layer(ticket: &mut TicketRun, mut checked: Box<Checked>, cx: &mut Cx<'_>) -> Stage {
    let missing = |checked: &Checked, layer| !checked.verdicts.contains_key(&layer);
    if missing(&checked, LayerId::EdgeCases) {
        if !EdgeCase::of(&cx.ticket.ticket).is_empty() {
            return Stage::ReadingTests(checked);
        }
        checked.verdicts.insert(
            LayerId::EdgeCases,
            Verdict::skip("the ticket names no edge cases"),
        );
    }
    if missing(&checked, LayerId::Human) {
        if cx.plan.config.human_in_loop {
            let (ticket, commit) = (cx.ticket.ticket.id.clone(), checked.head.clone());
            cx.events.push(Event::ReviewRequested { ticket, commit });
            return Stage::AwaitingReview(checked);
        }
        checked.verdicts.insert(
            LayerId::Human,
            Verdict::skip("human review is not configured"),
        );
    }
    if missing(&checked, LayerId::Completion) {
        return Stage::Judging {
            checked,
            repeated: false,
        };
    }
    // Saying "begun" late must not undo "done".
    ticket.chores.remove(&Step::Start);
    ticket.holds.remove(&Step::Start);
    Stage::Posting(checked)
}

/// Layer 3.5: a person has answered.
pub(super) fn human(ticket: &mut TicketRun, decision: ReviewDecision, cx: &mut Cx<'_>) {
    let Stage::AwaitingReview(checked) = &ticket.stage else {
        return;
    };
    let mut checked = checked.clone();
    let verdict = match decision {
        ReviewDecision::Approve => Verdict::pass(),
        ReviewDecision::Skip => Verdict::skip("approved by a person without a detailed review"),
        ReviewDecision::RequestChanges(text) => {
            Verdict::fail(vec![Finding::blocking(FindingKind::HumanChanges, text)])
        }
    };
    checked.verdicts.insert(LayerId::Human, verdict);
    decided(ticket, checked, LayerId::Human, cx);
}

/// Layer 4.
pub(super) fn judged(
    ticket: &mut TicketRun,
    mut checked: Box<Checked>,
    repeated: bool,
    report: &AgentReport,
    cx: &mut Cx<'_>,
) {
    settle_cost(ticket, report, cx);
    let verdict = match layers::completion(&report.answer, &cx.ticket.ticket, &checked.paths()) {
        Ok((verdict, result)) => {
            checked.requirements = result.requirements;
            verdict
        }
        Err(_) if !repeated => {
            ticket.stage = Stage::Judging {
                checked,
                repeated: true,
            };
            return;
        }
        Err(why) => Verdict::fail(vec![Finding::blocking(
            FindingKind::IncompleteRequirements,
            why,
        )]),
    };
    checked.verdicts.insert(LayerId::Completion, verdict);
    decided(ticket, checked, LayerId::Completion, cx);
}
