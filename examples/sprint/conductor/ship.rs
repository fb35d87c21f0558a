//! `sprint conductor ship`: wait, weigh, decide, keep what was decided.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;
use sprint_core::id::PhaseName;
use sprint_core::local::conductor::{Conductor, Files, Judgement, MAX_ARTIFACT};
use sprint_core::local::layout::Layout;
use sprint_core::phases::artifact::finding::FindingRef;
use sprint_core::phases::artifact::prepare::{MOST_FINDINGS, Rules};
use sprint_core::phases::conflict::resolve::Confirmation;
use sprint_core::phases::conflict::rulebook::Rulebook;
use sprint_core::phases::decide::{ClaimRequest, Credential};
use sprint_core::phases::event::Note;
use sprint_core::phases::graph::SHIP;
use sprint_core::phases::reason::Reason;
use sprint_core::phases::ship::required::{pending, required};
use sprint_core::phases::ship::summary::{Question, Summary, decide};
use sprint_core::phases::ship::verdict::Verdict;
use sprint_core::phases::ship::{Check, Inputs, PhaseFacts};
use sprint_core::phases::standing::Standing;
use sprint_core::ports::{Clock as _, SystemClock};
use sprint_core::report::ship::markdown;

use super::args::{self, ShipArgs};
use super::{Desk, files};
use crate::cli::Usage;

/// Exit codes of spec 2.3.
const WAITS: u8 = 4;
const REFUSED: u8 = 9;

/// How often the phases are looked at while they are waited for.
const LOOK: Duration = Duration::from_millis(250);

/// Waits for the phases, decides, and completes the phase `ship` if the sprint can be shipped.
pub(super) fn ship(desk: &Desk, args: &ShipArgs) -> Result<u8> {
    let rules = rulebook(&desk.layout, args.precedents.as_deref())?;
    let target = PhaseName::new(SHIP)?;
    loop {
        let facts = match wait(desk, args, &target)? {
            Ok(facts) => facts,
            Err(missing) => return Ok(missing),
        };
        let summary = judge(desk, args, &facts, &rules, &target)?;
        if summary.verdict == Verdict::NeedsDecision
            && !args.report_only
            && ask_all(desk, &summary.questions)?
        {
            continue;
        }
        return end(desk, args, &summary, &rules, &target);
    }
}

/// The rules for conflicts: the built-in ones, and those of the project.
pub(super) fn rulebook(layout: &Layout, given: Option<&Path>) -> Result<Rulebook> {
    let usual = layout.claude().join("precedents.toml");
    let path = match given {
        Some(path) => path,
        None if usual.exists() => &usual,
        None => return Ok(Rulebook::default()),
    };
    let size = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if size.len() > MAX_ARTIFACT {
        return Err(Usage(format!("{} is too large for rules", path.display())).into());
    }
    let text = fs::read_to_string(path);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    let rules = Rulebook::with_project(&text);
    Ok(rules.map_err(|error| Usage(format!("{}: {error}", path.display())))?)
}

/// Waits until nothing is pending. The other way out is an exit code.
fn wait(desk: &Desk, args: &ShipArgs, target: &PhaseName) -> Result<Result<Vec<PhaseFacts>, u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let clock = SystemClock;
    let began = clock.now();
    let mut told = String::new();
    loop {
        let facts = desk.conductor.phase_facts()?;
        let missing = pending(&facts, &required(&facts, target));
        if missing.is_empty() {
            return Ok(Ok(facts));
        }
        let how = |phase: &PhaseName, standing: Option<Standing>| match standing {
            Some(Standing::Stale) => {
                format!(
                    "{phase} is stale: free it with `sprint conductor unstuck {phase}`, or claim it"
                )
            }
            Some(standing) => format!("{phase} is {}", standing.name()),
            None => format!("{phase} is not a phase of this sprint"),
        };
        let lines: Vec<_> = missing
            .iter()
            .map(|pending| how(&pending.phase, pending.standing))
            .collect();
        let text = lines.join("; ");
        let late = args
            .timeout
            .is_some_and(|seconds| clock.now().since(began) >= Duration::from_secs(seconds));
        if args.no_wait || late || args.report_only {
            let document = serde_json::to_value(&missing)?;
            let text = format!("Waiting for: {text}");
            desk.say.either(&text, || json!({ "pending": document }));
            return Ok(Err(WAITS));
        }
        if text != told {
            eprintln!("waiting: {text}");
            told = text;
        }
        runtime.block_on(clock.sleep_until(clock.now().after(LOOK)));
    }
}

fn judge(
    desk: &Desk,
    args: &ShipArgs,
    facts: &[PhaseFacts],
    rules: &Rulebook,
    target: &PhaseName,
) -> Result<Summary> {
    let board = desk.conductor.board()?;
    let repository = files::to_ship(&desk.layout, board.start().base.as_ref())?;
    let by = args
        .who
        .agent
        .clone()
        .map_or_else(args::person, Ok)?
        .to_string();
    let reason = args
        .reason
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let confirmed: BTreeMap<_, _> = args
        .confirm
        .iter()
        .map(|(id, outcome)| {
            let confirmation = Confirmation {
                by: by.clone(),
                outcome: *outcome,
                reason: reason.clone(),
            };
            (id.clone(), confirmation)
        })
        .collect();
    let gone = |finding: &FindingRef| {
        let by = by.clone();
        (finding.clone(), Check { present: false, by })
    };
    Ok(decide(&Inputs {
        sprint: &board.start().sprint,
        target,
        phases: facts,
        repository: &repository,
        rules,
        mode: args.mode.into(),
        opinions: &BTreeMap::new(),
        confirmed: &confirmed,
        checks: &args.gone.iter().map(gone).collect(),
        at: desk.conductor.now(),
    }))
}

/// Asks about each phase that failed. Whether there is something to look at again; where nobody can
/// be asked, there is not.
fn ask_all(desk: &Desk, questions: &[Question]) -> Result<bool> {
    if desk.say.json || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Ok(false);
    }
    for question in questions {
        let phase = &question.phase;
        let why = question.failure.as_ref();
        let why = why.map_or("it gave no reason", |failure| failure.reason.as_str());
        let shown = sprint_core::report::plain::line(why, 300);
        crate::say(&format!(
            "{phase} failed: {shown}\n[r]etry, [w]aive, or stop?"
        ));
        match line()?.trim() {
            "r" | "retry" => desk.conductor.retry(phase, None)?,
            "w" | "waive" => {
                crate::say("Why is it right to ship without it?");
                let Ok(reason) = Reason::new(line()?.trim()) else {
                    return Ok(false);
                };
                desk.conductor.waive(phase, &args::person()?, reason)?;
            }
            _ => return Ok(false),
        }
    }
    Ok(true)
}

fn line() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().lock().read_line(&mut text)?;
    Ok(text)
}

fn end(
    desk: &Desk,
    args: &ShipArgs,
    summary: &Summary,
    rules: &Rulebook,
    target: &PhaseName,
) -> Result<u8> {
    let text = markdown(summary);
    let document = serde_json::to_value(summary)?;
    if !args.report_only {
        let json = serde_json::to_vec_pretty(summary)?;
        desk.conductor.keep_judgement(Judgement {
            verdict: &Reason::new(summary.verdict.to_string())?,
            json: &json,
            markdown: &text,
        })?;
        if summary.verdict.may_ship() {
            hand_over(&desk.conductor, args, summary, rules, target)?;
        }
    }
    desk.say.either(&text, || json!({ "ship": document }));
    Ok(if summary.verdict.may_ship() {
        0
    } else {
        REFUSED
    })
}

/// Records each conflict's end, and completes the phase `ship` with the summary.
fn hand_over(
    conductor: &Conductor,
    args: &ShipArgs,
    summary: &Summary,
    rules: &Rulebook,
    target: &PhaseName,
) -> Result<()> {
    let facts = conductor.phase_facts()?;
    let open = facts.iter().find(|facts| facts.phase == *target);
    if open.is_none_or(|facts| facts.standing == Standing::Complete) {
        return Ok(());
    }
    let (owner, named) = args.who.owner(conductor)?;
    let request = ClaimRequest {
        owner,
        named,
        force: None,
    };
    let claim = conductor.claim(target, &request)?.claim;
    for resolution in &summary.conflicts {
        conductor.record(Note::ConflictResolved {
            conflict: Reason::new(resolution.conflict.id().to_string())?,
            rule: Reason::new(resolution.rule.to_string())?,
            outcome: Reason::new(resolution.outcome.name())?,
        })?;
    }
    let artifact = json!({
        "phase": target,
        "summary": {
            "verdict": summary.verdict,
            "conflicts": summary.conflicts.len(),
            "waivers": summary.waivers.len(),
        },
        "findings": [],
        "context_checkpoint": { "summary": format!("{}: {}", summary.sprint, summary.verdict) },
        "tree": summary.tree,
    });
    let credential = Credential::Token(claim.grant().token.clone());
    let rules = Rules {
        redact: &str::to_owned,
        vocabulary: &rules.vocabulary,
        most_findings: MOST_FINDINGS,
    };
    let files = Files {
        branch: None,
        tree: summary.tree.clone(),
    };
    conductor.hand_in(
        target,
        &credential,
        serde_json::to_vec(&artifact)?,
        &files,
        &rules,
    )?;
    // It is complete; there is nothing to give back.
    drop(claim.keep());
    Ok(())
}
