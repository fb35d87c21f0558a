//! The evidence comment.
//!
//! | Section | Source | Room |
//! | --- | --- | --- |
//! | heading, branch, commit, tree | what was verified | |
//! | Raw Verification Output | our own runs: command, exit, seconds, count, hash of the whole output, secrets taken out, the run it was reused from, failed tests, then the *end* of the output | 500 characters of output per check |
//! | Verification Layers | every layer of the proof and of the host, the negative control; a skipped one with its reason | a row each |
//! | Code Review Summary | the reviewer's words | 1000 characters |
//! | Questions to the Context Agent | counts, and the exchanges as stored outputs | 20 exchanges |
//! | Remarks | findings of all layers, worst first | 40, and a fair share |
//! | Changed Elsewhere Meanwhile | what differs around the workspace, whoever did it | 40, and a fair share |
//! | Requirements Matched | the completion agent's rows | 60, and a fair share |
//! | Files Changed | version control | 100, and a fair share |
//! | the trailer | [`EvidenceTrailer`] | |
//!
//! The sections are those of spec 10.11. Each check has room of its own and keeps its end (C-69):
//! with one prefix for all of them, a long build log pushes the tests out of sight. The whole is
//! at most 60,000 characters, which trackers take; the lists give way for that, each down to an
//! equal share before another loses more, and say how much is left out.

use std::collections::BTreeMap;

use crate::domain::command::{CheckKind, CheckRun};
use crate::domain::evidence::{CheckMark, EVIDENCE_HEADING, EvidenceTrailer};
use crate::domain::verdict::{Finding, LayerId, Outcome, Severity, Verdict};
use crate::domain::workspace::ChangeKind;
use crate::plan::sprint_plan::SprintPlan;
use crate::report::markdown;
use crate::report::shares::shares;
use crate::run::control::Control;
use crate::run::proof::Proof;
use crate::run::team::Alongside;
use crate::run::ticket::Checked;

/// Characters of the whole comment.
const COMMENT: usize = 60_000;
/// Characters kept for what stands between sections, and for the trailer.
const RESERVE: usize = 3_000;
/// Characters of output shown per command.
const TAIL: usize = 500;
/// Characters of the reviewer's words.
const REVIEW: usize = 1000;
/// Characters of one message in a table or list.
const MESSAGE: usize = 300;
/// Characters of the name of a failed test.
const NAME: usize = 120;
const MAX_FAILED: usize = 10;
const MAX_REMARKS: usize = 40;
const MAX_REQUIREMENTS: usize = 60;
const MAX_FILES: usize = 100;
const MAX_EXCHANGES: usize = 20;
const MAX_STRAYS: usize = 40;

/// The comment that proves a ticket, ending in its trailer.
///
/// What ran, what it printed and which files changed is what we saw ourselves; only the review
/// and the requirement rows are words of agents.
pub fn comment(
    plan: &SprintPlan,
    proof: &Proof,
    checked: &Checked,
    alongside: &Alongside,
) -> String {
    let sections = [
        Section::fixed(facts(proof)),
        Section::fixed(raw_output(plan, proof)),
        Section::fixed(layers(proof, checked)),
        Section::fixed(review(checked)),
        Section::fixed(team(alongside)),
        remarks(proof),
        strays(alongside),
        requirements(checked),
        files(checked),
    ];
    let text = fitted(&sections, COMMENT - RESERVE);
    let checks = runs(proof).iter().rev();
    // Read backwards, so that of two runs of one check the first one stays, as in the text.
    let checks: BTreeMap<_, _> = checks
        .map(|run| (run.check, CheckMark::from(run)))
        .collect();
    let mechanical = proof.verdicts().get(&LayerId::Mechanical);
    let environment = mechanical.and_then(|verdict| verdict.environment.clone());
    EvidenceTrailer::close(&text, proof.marker(), environment, checks)
}

/// A part of the comment: text that stays, and items that give way if there is no room.
struct Section {
    head: String,
    items: Vec<String>,
    /// Items that were too many from the start.
    beyond: usize,
}

impl Section {
    const fn fixed(head: String) -> Self {
        Self {
            head,
            items: Vec::new(),
            beyond: 0,
        }
    }

    fn list(head: String, items: impl ExactSizeIterator<Item = String>, max: usize) -> Self {
        Self {
            head,
            beyond: items.len().saturating_sub(max),
            items: items.take(max).collect(),
        }
    }

    /// Characters of all items, each with its line break.
    fn wanted(&self) -> usize {
        self.items.iter().map(|item| length(item)).sum()
    }

    /// The section with as many items as `room` holds, and a last line for the others.
    fn within(&self, room: usize) -> String {
        let mut text = self.head.clone();
        let mut left = room;
        let mut shown = 0;
        for item in &self.items {
            let Some(rest) = left.checked_sub(length(item)) else {
                break;
            };
            left = rest;
            shown += 1;
            text.extend(["\n", item.as_str()]);
        }
        let missing = self.items.len() - shown + self.beyond;
        if missing > 0 {
            text.extend([format!("\n\n… and {missing} more")]);
        }
        text.truncate(text.trim_end().len());
        text
    }
}

fn length(item: &str) -> usize {
    item.chars().count() + 1
}

/// All sections, at most `room` characters.
fn fitted(sections: &[Section], room: usize) -> String {
    let fixed: usize = sections.iter().map(|section| length(&section.head)).sum();
    let wanted: Vec<_> = sections.iter().map(Section::wanted).collect();
    let shares = shares(&wanted, room.saturating_sub(fixed));
    let filled = sections.iter().zip(shares);
    let texts: Vec<_> = filled
        .filter(|(section, _)| !section.head.is_empty())
        .map(|(section, share)| section.within(share))
        .collect();
    texts.join("\n\n")
}

fn facts(proof: &Proof) -> String {
    let marker = proof.marker();
    format!(
        "{EVIDENCE_HEADING} ✓\n\n**Branch:** {}\n**Commit:** `{}`\n**Tree:** `{}`",
        markdown::code(marker.branch.as_str(), 200),
        marker.commit,
        marker.tree
    )
}

/// Our own runs of the gate.
fn runs(proof: &Proof) -> &[CheckRun] {
    let mechanical = proof.verdicts().get(&LayerId::Mechanical);
    mechanical.map_or(&[], |verdict| &verdict.runs)
}

fn raw_output(plan: &SprintPlan, proof: &Proof) -> String {
    let section = |kind: CheckKind| {
        let run = runs(proof).iter().find(|run| run.check == kind);
        match (run, plan.config.checks.get(&kind)) {
            (Some(run), _) => Some(observed(run)),
            (None, Some(line)) => {
                let line = markdown::code(line.as_str(), 200);
                Some(format!("**{kind}** {line}: no run recorded"))
            }
            (None, None) => None,
        }
    };
    let mut parts = vec!["### Raw Verification Output (Terminal)".to_owned()];
    parts.extend(CheckKind::ALL.into_iter().filter_map(section));
    parts.join("\n\n")
}

fn observed(run: &CheckRun) -> String {
    let redacted = match run.redacted {
        0 => String::new(),
        1 => ", 1 secret redacted".to_owned(),
        n => format!(", {n} secrets redacted"),
    };
    let mut notes = vec![format!("- whole output: `{}`{redacted}", run.output)];
    if let Some(effect) = &run.reused {
        let effect = markdown::code(effect, NAME);
        notes.push(format!(
            "- reused from {effect}: same tree, command and environment"
        ));
    }
    if !run.failing.is_empty() {
        let names = run.failing.iter().take(MAX_FAILED);
        let names = names.map(|name| markdown::code(name, NAME));
        let names: Vec<_> = names.chain(more(run.failing.len(), MAX_FAILED)).collect();
        notes.push(format!("- failed: {}", names.join(", ")));
    }
    format!(
        "**{}** {}: {}, {}.{} s, {}\n\n{}\n\n{}",
        run.check,
        markdown::code(run.command.as_str(), 200),
        run.exit,
        run.duration_ms / 1000,
        run.duration_ms / 100 % 10,
        run.count,
        notes.join("\n"),
        markdown::fence(&run.tail, TAIL)
    )
}

/// Every layer of the proof, then what was decided besides, then the negative control.
fn layers(proof: &Proof, checked: &Checked) -> String {
    let verdicts = proof.verdicts();
    let row = |layer: LayerId| {
        let undecided = || ("not decided", String::new());
        let (result, note) = verdicts.get(&layer).map_or_else(undecided, decision);
        [
            layer.number().to_owned(),
            layer.name().to_owned(),
            result.to_owned(),
            note,
        ]
    };
    let besides = verdicts.keys().copied();
    let besides = besides.filter(|layer| !LayerId::ALL.contains(layer));
    let mut rows: Vec<_> = LayerId::ALL.into_iter().chain(besides).map(row).collect();
    rows.extend(checked.control.as_ref().map(|control| {
        let (result, note) = controlled(control);
        ["2", "negative control", result, &note].map(str::to_owned)
    }));
    let table = markdown::table(["Layer", "Name", "Result", "Note"], &rows);
    format!("### Verification Layers\n\n{table}")
}

/// What the new tests say without the change.
fn controlled(control: &Control) -> (&'static str, String) {
    match control {
        Control::Skipped(reason) => ("skipped", markdown::inline(reason, MESSAGE)),
        Control::Proves(failing) if failing.is_empty() => {
            ("passed", "the new tests fail without the change".into())
        }
        Control::Proves(failing) => {
            let names = failing.iter().take(MAX_FAILED);
            let names = names.map(|name| markdown::inline(name, NAME));
            let names: Vec<_> = names.chain(more(failing.len(), MAX_FAILED)).collect();
            let names = names.join(", ");
            ("passed", format!("without the change these fail: {names}"))
        }
        Control::ProvesNothing => ("failed", String::new()),
    }
}

fn decision(verdict: &Verdict) -> (&'static str, String) {
    match (&verdict.outcome, verdict.findings.len()) {
        (Outcome::Passed, 0) => ("passed", String::new()),
        (Outcome::Passed, 1) => ("passed", "1 remark that does not block".into()),
        (Outcome::Passed, n) => ("passed", format!("{n} remarks that do not block")),
        (Outcome::Skipped(reason), _) => ("skipped", markdown::inline(reason, MESSAGE)),
        (Outcome::Failed, _) => ("failed", String::new()),
    }
}

fn review(checked: &Checked) -> String {
    let words = if checked.review_summary.trim().is_empty() {
        "The reviewer left no summary.".into()
    } else {
        markdown::quote(&checked.review_summary, REVIEW)
    };
    format!("### Code Review Summary\n\n{words}")
}

/// What the workers and their context agents had to say to each other.
fn team(alongside: &Alongside) -> String {
    let Alongside {
        questions,
        answered,
        degraded,
        exchanges,
        ..
    } = alongside;
    if *questions == 0 && exchanges.is_empty() {
        return String::new();
    }
    let exchanges = exchanges.iter().take(MAX_EXCHANGES);
    let exchanges: String = exchanges
        .map(|id| format!("\n- exchange: `{id}`"))
        .collect();
    format!(
        "### Questions to the Context Agent\n\n- asked: {questions}, answered in time: {answered}, \
         with a sign of degradation: {degraded}{exchanges}"
    )
}

/// What changed elsewhere while agents ran, and may have been anybody.
fn strays(alongside: &Alongside) -> Section {
    if alongside.strays.is_empty() {
        return Section::fixed(String::new());
    }
    let items = alongside.strays.iter().map(|stray| {
        let what = markdown::code(&stray.what, 200);
        format!(
            "- {what} in {}",
            markdown::inline(&stray.place.to_string(), 120)
        )
    });
    let head = "### Changed Elsewhere Meanwhile\n\nSeen while its agents ran; nothing says that they \
                did it.\n";
    Section::list(head.into(), items, MAX_STRAYS)
}

/// What layers found and let pass, the worst first.
fn remarks(proof: &Proof) -> Section {
    let all = proof.verdicts().iter();
    let all = all.flat_map(|(layer, verdict)| verdict.findings.iter().map(move |f| (*layer, f)));
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
    if all.is_empty() {
        return Section::fixed(String::new());
    }
    let items = all
        .into_iter()
        .map(|(layer, finding)| remark(layer, finding));
    Section::list("### Remarks\n".into(), items, MAX_REMARKS)
}

fn remark(layer: LayerId, finding: &Finding) -> String {
    let place = finding.place.as_deref().map_or_else(String::new, |place| {
        format!(" {}", markdown::code(place, 120))
    });
    format!(
        "- **{}** {layer}{place}: {}",
        word(finding.severity),
        markdown::inline(&finding.message, MESSAGE)
    )
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

fn requirements(checked: &Checked) -> Section {
    let head = markdown::table(["Requirement", "Met", "Where"], &[]);
    let rows = checked.requirements.iter().map(|row| {
        markdown::row(&[
            markdown::inline(&row.requirement, MESSAGE),
            if row.met { "yes" } else { "no" }.to_owned(),
            markdown::inline(row.place.as_deref().unwrap_or("—"), 120),
        ])
    });
    let head = format!("### Requirements Matched\n\n{head}");
    Section::list(head, rows, MAX_REQUIREMENTS)
}

fn files(checked: &Checked) -> Section {
    let items = checked.changed.iter().map(|change| {
        let what = match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::Modified => "modified",
            ChangeKind::Deleted => "deleted",
        };
        format!("- {} {what}", markdown::code(change.path.as_str(), 200))
    });
    Section::list("### Files Changed\n".into(), items, MAX_FILES)
}

/// A last entry for those of `all` that are beyond the first `max`.
fn more(all: usize, max: usize) -> Option<String> {
    (all > max).then(|| format!("… and {} more", all - max))
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
