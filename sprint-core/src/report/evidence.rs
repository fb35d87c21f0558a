//! The evidence comment.

use crate::domain::command::{CheckKind, CheckRun};
use crate::domain::evidence::EVIDENCE_HEADING;
use crate::domain::verdict::{LayerId, Outcome, Severity, Verdict};
use crate::domain::workspace::ChangeKind;
use crate::plan::sprint_plan::SprintPlan;
use crate::report::markdown;
use crate::run::proof::Proof;
use crate::run::ticket::Checked;

/// Characters of output shown per command: each has its own share, so that a long build log
/// cannot push the tests out of sight.
const TAIL: usize = 500;
/// Characters of the reviewer's words.
const REVIEW: usize = 1000;
/// Characters of one message in a table or list.
const MESSAGE: usize = 300;
const MAX_REMARKS: usize = 20;
const MAX_REQUIREMENTS: usize = 60;
const MAX_FILES: usize = 100;

/// The comment that proves a ticket, ending in its marker.
///
/// What ran, what it printed and which files changed is what we saw ourselves; only the review
/// and the requirement rows are words of agents.
pub fn comment(plan: &SprintPlan, proof: &Proof, checked: &Checked) -> String {
    let sections = [
        facts(proof),
        raw_output(plan, proof),
        layers(proof),
        review(proof, checked),
        requirements(checked),
        files(checked),
        proof.marker().to_string(),
    ];
    let mut comment = sections.join("\n\n");
    comment.push('\n');
    comment
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

fn raw_output(plan: &SprintPlan, proof: &Proof) -> String {
    let runs = proof
        .verdicts()
        .get(&LayerId::Mechanical)
        .map_or(&[][..], |verdict| &verdict.runs);
    let section = |kind: CheckKind| {
        let run = runs.iter().find(|run| run.check == kind);
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
    format!(
        "**{}** {}: {}, {}.{} s, {}\n\n{}",
        run.check,
        markdown::code(run.command.as_str(), 200),
        run.exit,
        run.duration_ms / 1000,
        run.duration_ms / 100 % 10,
        run.count,
        markdown::fence(&run.tail, TAIL)
    )
}

fn layers(proof: &Proof) -> String {
    let row = |layer: LayerId| {
        let (result, note) = proof
            .verdicts()
            .get(&layer)
            .map_or_else(|| ("not decided", String::new()), decision);
        [
            layer.number().to_owned(),
            layer.name().to_owned(),
            result.to_owned(),
            note,
        ]
    };
    let rows = LayerId::ALL.map(row);
    let table = markdown::table(["Layer", "Name", "Result", "Note"], &rows);
    format!("### Verification Layers\n\n{table}")
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

fn review(proof: &Proof, checked: &Checked) -> String {
    let mut parts = vec!["### Code Review Summary".to_owned()];
    if checked.review_summary.trim().is_empty() {
        parts.push("The reviewer left no summary.".into());
    } else {
        parts.push(markdown::quote(&checked.review_summary, REVIEW));
    }
    let remarks = proof
        .verdicts()
        .get(&LayerId::Review)
        .map_or(&[][..], |verdict| &verdict.findings);
    let items = remarks.iter().map(|remark| {
        let place = remark.place.as_deref().map_or_else(String::new, |place| {
            format!(" {}", markdown::code(place, 120))
        });
        let severity = word(remark.severity);
        format!(
            "- **{severity}**{place} {}",
            markdown::inline(&remark.message, MESSAGE)
        )
    });
    if !remarks.is_empty() {
        parts.push(capped(items, MAX_REMARKS).join("\n"));
    }
    parts.join("\n\n")
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

fn requirements(checked: &Checked) -> String {
    let shown = checked.requirements.iter().take(MAX_REQUIREMENTS);
    let rows: Vec<_> = shown
        .map(|row| {
            let place = row.place.as_deref().unwrap_or("—");
            [
                markdown::inline(&row.requirement, MESSAGE),
                if row.met { "yes" } else { "no" }.to_owned(),
                markdown::inline(place, 120),
            ]
        })
        .collect();
    let table = markdown::table(["Requirement", "Met", "Where"], &rows);
    let rest = checked.requirements.len() - rows.len();
    let more = more(rest).map_or_else(String::new, |more| format!("\n\n{more}"));
    format!("### Requirements Matched\n\n{table}{more}")
}

fn files(checked: &Checked) -> String {
    let items = checked.changed.iter().map(|change| {
        let what = match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::Modified => "modified",
            ChangeKind::Deleted => "deleted",
        };
        format!("- {} {what}", markdown::code(change.path.as_str(), 200))
    });
    let list = capped(items, MAX_FILES).join("\n");
    format!("### Files Changed\n\n{list}")
}

/// The first `max` items, and a last line for the others.
fn capped(items: impl ExactSizeIterator<Item = String>, max: usize) -> Vec<String> {
    let rest = items.len().saturating_sub(max);
    items.take(max).chain(more(rest)).collect()
}

fn more(rest: usize) -> Option<String> {
    (rest > 0).then(|| format!("… and {rest} more"))
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
