//! The verification loop of one ticket: what each layer's answer leads to.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::domain::agent::{AgentReport, Answer, Assignment, Claimed, RoleResult, WorkerResult};
use crate::domain::check::CheckReport;
use crate::domain::path::RepoPath;
use crate::domain::verdict::{Finding, FindingKind, LayerId, LayerName, Verdict};
use crate::domain::workspace::{ChangedPath, Collected, Workspace};
use crate::failure::{ErrorKind, Failure};
use crate::id::TreeId;
use crate::inspect::{Inspection, coverage};
use crate::plan::edge_cases::EdgeCase;
use crate::run::control::{self, Control};
use crate::run::cx::Cx;
use crate::run::effect::{Done, Step};
use crate::run::event::Event;
use crate::run::failing::{Attempt, effect_failed, fail_attempt, rate_limited, wrong_form};
use crate::run::input::ReviewDecision;
use crate::run::ticket::{AfterRefresh, Checked, MAX_TIMEOUTS, Remedy, Stage, TicketRun};
use crate::run::{layers, mechanical, permission, simplify, team};

/// Layer 0.7, as far as the answer alone decides it.
pub(super) fn implemented(
    ticket: &mut TicketRun,
    workspace: Workspace,
    entry: Assignment,
    report: AgentReport,
    cx: &mut Cx<'_>,
) {
    ticket.budget.rate_limits = 0;
    ticket.session.clone_from(&report.session);
    team::heard(ticket, &report, cx);
    let claim = match report.answer {
        Answer::Result(Claimed(RoleResult::Worker(claim))) => claim,
        Answer::Asks(request) if permission::is_decided(ticket, &request) => {
            let tool = &request.tool;
            let reason = format!("it asked for {tool} again, which a person has decided about");
            return exhausted(ticket, workspace, &reason, cx);
        }
        Answer::Asks(request) => return permission::ask(ticket, workspace, entry, request, cx),
        answer @ (Answer::Result(_) | Answer::Malformed(_)) => {
            return exhausted(ticket, workspace, &answer.shortfall(), cx);
        }
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
    refreshed: bool,
    found: Collected,
    inspection: Inspection,
    cx: &mut Cx<'_>,
) {
    let fingerprint = fingerprint(&found.tree, &claim.0);
    let breaker = &ticket.breaker;
    let unchanged = breaker.fingerprint.as_ref() == Some(&fingerprint)
        || breaker.set_aside.as_ref() == Some(&found.tree);
    // A commit without a change is none.
    let empty = found.commits == 0 || found.changed.is_empty();
    let no_progress = match (empty, unchanged) {
        (true, _) => Some("the worker says it is done and has changed nothing"),
        (false, true) => Some("the worker changed nothing since the attempt that failed"),
        (false, false) => None,
    };
    let refused = match no_progress {
        Some(why) => Err((
            LayerId::Exhaustion,
            vec![Finding::blocking(FindingKind::NoProgress, why)],
        )),
        None => layers::claims(&claim.0, &cx.plan.config.checks, cx.known_failures()),
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
    let manifest = |change: &ChangedPath| cx.is_manifest(&change.path);
    let remedy = Remedy {
        // What is installed belongs to another state of the manifests.
        install: cx.plan.config.install_cmd.is_some()
            && (refreshed || found.changed.iter().any(manifest)),
        ..Remedy::default()
    };
    let mut checked = Checked {
        workspace,
        head: found.head,
        tree: found.tree,
        inspection,
        changed: found.changed,
        claim,
        verdicts: passed
            .into_iter()
            .map(|layer| (layer, Verdict::pass()))
            .collect(),
        review_summary: String::new(),
        requirements: Vec::new(),
        control: None,
        before_simplifier: None,
    };
    if !cx.plan.config.phases.code_review {
        let skipped = Verdict::skip("code review is switched off (phases.code_review: false)");
        checked.verdicts.insert(LayerId::Review, skipped);
    }
    simplify::enter(ticket, Box::new(checked), remedy, cx);
}

/// What an attempt came to: the tree, and what the worker shows of its runs. Other words about the
/// same state are no progress.
pub(super) fn fingerprint(tree: &TreeId, claim: &WorkerResult) -> String {
    let evidence = claim.evidence.iter();
    let ran = evidence.clone().map(|e| e.preflight_ran.to_string());
    let checks = evidence.flat_map(|e| &e.checks);
    let checks = checks.map(|(kind, check)| {
        let (passed, failed) = (check.passed, check.failed);
        format!("{kind} {} {passed:?} {failed:?}", check.exit_code)
    });
    let first = [format!("{tree} {:?}", claim.status)];
    let shown: Vec<_> = first.into_iter().chain(ran).chain(checks).collect();
    let digest = Sha256::digest(shown.join("\n"));
    digest
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Layer 2, after the remedies of spec 10.10.
fn checked(
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
    let evidence = mechanical::Evidence {
        claim: about_this.then_some(claim),
        inspected: &checked.inspection.findings,
        known: cx.known_failures(),
        tests_on_base: cx.sprint.baseline.as_ref().and_then(|base| base.tests()),
    };
    let verdict = mechanical::decide(report, evidence);
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
        Some(Timeout) if remedy.timeouts < MAX_TIMEOUTS => Some(Remedy {
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
        if !verdict.accepts()
            && let Some(before) = checked.before_simplifier.take()
        {
            let found = verdict.findings.first();
            let why = found.map_or("the gate is red", |finding| finding.kind.name());
            return simplify::take_back(ticket, before, why, cx);
        }
        let config = &cx.plan.config;
        if verdict.accepts()
            && let Err(why) = control::applies(&checked, &cx.ticket.ticket, config)
        {
            checked.control = Some(Control::Skipped(why));
        }
        checked.verdicts.insert(LayerId::Mechanical, verdict);
        joint(ticket, checked, remedy, cx);
    }
}

/// Layer 3.
fn reviewed(
    ticket: &mut TicketRun,
    mut checked: Box<Checked>,
    remedy: Remedy,
    report: &AgentReport,
    cx: &mut Cx<'_>,
) {
    ticket.budget.rate_limits = 0;
    if let Some((verdict, summary)) = layers::review(&report.answer) {
        checked.verdicts.insert(LayerId::Review, verdict);
        checked.review_summary = summary;
        return joint(ticket, checked, remedy, cx);
    }
    ticket.stage = Stage::Checking { checked, remedy };
    let reason = report.answer.shortfall();
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
    let findings = missing.iter().map(finding);
    let verdict = Verdict::of(findings.collect());
    checked.verdicts.insert(LayerId::EdgeCases, verdict);
    decided(ticket, checked, LayerId::EdgeCases, cx);
}

/// Takes in the answer to a step beside which layers 2 and 3 are decided.
pub(super) fn answered(
    ticket: &mut TicketRun,
    checked: Box<Checked>,
    remedy: Remedy,
    step: Step,
    done: Done,
    cx: &mut Cx<'_>,
) {
    match (step, done) {
        (Step::Install, Done::Checked(_)) => {
            // Whether it worked shows in the check that follows.
            let remedy = remedy.installed();
            ticket.stage = Stage::Checking { checked, remedy };
        }
        (Step::Check, Done::Checked(report)) => {
            self::checked(ticket, checked, remedy, report, cx);
        }
        (Step::Control, Done::Checked(report)) => {
            controlled(ticket, checked, remedy, &report, cx);
        }
        (Step::Layers, Done::Layers(verdicts)) => {
            layers_judged(ticket, checked, remedy, verdicts, cx);
        }
        (Step::Review, Done::Agent(report)) => reviewed(ticket, checked, remedy, &report, cx),
        (_, _) => {
            ticket.stage = Stage::Checking { checked, remedy };
            wrong_form(ticket, step, cx);
        }
    }
}

/// The new tests have run without the change.
fn controlled(
    ticket: &mut TicketRun,
    mut checked: Box<Checked>,
    remedy: Remedy,
    report: &CheckReport,
    cx: &mut Cx<'_>,
) {
    let control = control::judge(report, cx.known_failures());
    if !matches!(control, Control::Skipped(_)) {
        cx.events.push(Event::ControlRan {
            ticket: cx.ticket.ticket.id.clone(),
            proves: control != Control::ProvesNothing,
        });
    }
    control::record(&mut checked, control);
    joint(ticket, checked, remedy, cx);
}

/// The layers of the host have decided.
fn layers_judged(
    ticket: &mut TicketRun,
    mut checked: Box<Checked>,
    remedy: Remedy,
    verdicts: BTreeMap<LayerName, Verdict>,
    cx: &mut Cx<'_>,
) {
    let of_host = |(name, verdict)| (LayerId::Host(name), verdict);
    checked.verdicts.extend(verdicts.into_iter().map(of_host));
    joint(ticket, checked, remedy, cx);
}

/// Layers 2 and 3 and those of the host are decided together, so that a worker hears of everything
/// at once.
fn joint(ticket: &mut TicketRun, checked: Box<Checked>, remedy: Remedy, cx: &mut Cx<'_>) {
    if !open_layers(&checked, &cx.plan.layers).is_empty() {
        ticket.stage = Stage::Checking { checked, remedy };
        return;
    }
    let hosts = cx.plan.layers.iter().copied().map(LayerId::Host);
    let mut layers = [LayerId::Mechanical, LayerId::Review]
        .into_iter()
        .chain(hosts);
    let refuses = |layer: &LayerId| checked.verdicts.get(layer).is_some_and(|v| !v.accepts());
    let first = layers.find(refuses).unwrap_or(LayerId::Review);
    decided(ticket, checked, first, cx);
}

/// The steps that are still to be done before layers 2 and 3 are decided.
pub(super) fn open_layers(checked: &Checked, hosts: &BTreeSet<LayerName>) -> Vec<Step> {
    let missing = |layer: LayerId| !checked.verdicts.contains_key(&layer);
    let mut open = Vec::new();
    match checked.verdicts.get(&LayerId::Mechanical) {
        None => open.push(Step::Check),
        // It decides part of layer 2, and costs a gate run: worth it only for what passes the rest.
        Some(verdict) if verdict.accepts() && checked.control.is_none() => {
            open.push(Step::Control);
        }
        Some(_) => {}
    }
    if missing(LayerId::Review) {
        open.push(Step::Review);
    }
    if hosts.iter().any(|name| missing(LayerId::Host(*name))) {
        open.push(Step::Layers);
    }
    open
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
    cited: &BTreeMap<RepoPath, u32>,
    cx: &mut Cx<'_>,
) {
    ticket.budget.rate_limits = 0;
    let verdict = match layers::completion(&report.answer, &cx.ticket.ticket, cited) {
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
