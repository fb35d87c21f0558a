//! The end of a sprint of claimed phases as Markdown (spec 11.2 step 9).

use crate::phases::conflict::Outcome;
use crate::phases::conflict::resolve::Resolution;
use crate::phases::ship::summary::{PhaseLine, Summary};
use crate::phases::ship::verdict::Verdict;
use crate::phases::ship::{BlockingFinding, StillPresent};
use crate::report::markdown::{code, inline, table};
use crate::report::plain;

/// The longest text of an agent in a cell or an item.
const TEXT: usize = 300;
/// The longest name: a file, a person.
const NAME: usize = 120;
/// The most items of one list. The JSON form has all.
const ITEMS: usize = 50;

/// The summary as Markdown. What agents and people wrote can be read, and does nothing else.
pub fn markdown(summary: &Summary) -> String {
    let sections = [
        Some(head(summary)),
        phases(summary),
        list("Decide", summary.questions.iter().map(question)),
        list(
            "Waiting for",
            summary
                .pending
                .iter()
                .map(|pending| pending.phase.to_string()),
        ),
        list("Blocking findings", summary.blocking.iter().map(blocking)),
        list("Conflicts", summary.conflicts.iter().map(conflict)),
        list("May contradict each other", candidates(summary)),
        list("Conflicts that make no sense", unresolved(summary)),
        list(
            "Not taken",
            summary.refused.iter().map(|why| inline(why, TEXT)),
        ),
        list("To verify or file", obligations(summary)),
        list("Not signed off", waivers(summary)),
        Some(numbers(summary)),
    ];
    let sections: Vec<_> = sections.into_iter().flatten().collect();
    sections.join("\n\n") + "\n"
}

fn head(summary: &Summary) -> String {
    let means = match summary.verdict {
        Verdict::Ready => "It can be shipped.",
        Verdict::ReadyWithWarnings => "It can be shipped; read the warnings first.",
        Verdict::NeedsDecision => "A phase failed. Do it again, waive it with a reason, or stop.",
        Verdict::Blocked => "It must not be shipped.",
    };
    let tree = summary.tree.as_ref();
    let tree = tree.map_or_else(String::new, |tree| format!(" Tree `{tree}`."));
    format!(
        "# {}: {}\n\n{means} Decided {}.{tree}",
        summary.sprint, summary.verdict, summary.at
    )
}

fn phases(summary: &Summary) -> Option<String> {
    let row = |line: &PhaseLine| {
        let agent = line.agent.as_ref();
        [
            line.phase.to_string(),
            line.status.to_string(),
            agent.map_or_else(|| "-".into(), |agent| code(agent.as_str(), NAME)),
            line.duration_ms.map_or_else(|| "-".into(), time),
            inline(&line.why.join("; "), TEXT),
        ]
    };
    let rows: Vec<_> = summary.phases.iter().map(row).collect();
    let head = ["Phase", "Status", "Agent", "Time", "Why"];
    (!rows.is_empty()).then(|| table(head, &rows))
}

/// A section, if there is anything in it.
fn list(title: &str, items: impl Iterator<Item = String>) -> Option<String> {
    let items: Vec<_> = items.collect();
    let more = items.len().saturating_sub(ITEMS);
    let mut lines: Vec<_> = items
        .iter()
        .take(ITEMS)
        .map(|item| format!("- {item}"))
        .collect();
    if more > 0 {
        lines.push(format!("- and {more} more"));
    }
    (!lines.is_empty()).then(|| format!("## {title}\n\n{}", lines.join("\n")))
}

fn question(question: &crate::phases::ship::summary::Question) -> String {
    let failure = question.failure.as_ref();
    let reason = failure.map_or("no reason was given", |failure| failure.reason.as_str());
    format!(
        "{} failed: {}. Retry, waive or stop?",
        question.phase,
        inline(reason, TEXT)
    )
}

fn blocking(found: &BlockingFinding) -> String {
    let place = match (&found.file, found.line) {
        (Some(file), Some(line)) => format!(" in {} line {line}", code(file, NAME)),
        (Some(file), None) => format!(" in {}", code(file, NAME)),
        (None, _) => String::new(),
    };
    let present = match &found.still_present {
        StillPresent::Unchanged => "still there: nothing was changed since".to_owned(),
        StillPresent::SeenBy(who) => format!("still there: {} looked", inline(who, NAME)),
        StillPresent::ToCheck => "look whether it still is there".to_owned(),
        StillPresent::GoneSaid(who) => format!("gone: {} looked", inline(who, NAME)),
    };
    let (finding, severity) = (&found.finding, found.severity);
    let what = inline(&found.description, TEXT);
    format!("{finding} ({severity}){place}: {what} ({present})")
}

fn conflict(resolution: &Resolution) -> String {
    let (a, b) = (&resolution.conflict.a, &resolution.conflict.b);
    let topic = resolution.conflict.topic.as_ref();
    let topic = topic.map_or_else(String::new, |topic| {
        format!(" about {}", code(topic.as_str(), NAME))
    });
    let outcome = match resolution.outcome {
        Outcome::A => format!("{} holds", a.finding),
        Outcome::B => format!("{} holds", b.finding),
        Outcome::Both => "both hold".to_owned(),
        Outcome::Deferred => "not decided".to_owned(),
    };
    let rule = &resolution.rule;
    let lost = resolution.downgraded.as_ref();
    let lost = lost.map_or_else(String::new, |lost| format!(" {lost} is informational now."));
    let who = match (&resolution.confirmed_by, resolution.needs_confirmation) {
        (Some(who), _) => format!(" Confirmed by {}.", inline(who, NAME)),
        (None, true) => " A person has to confirm it.".to_owned(),
        (None, false) if resolution.auto => " Decided automatically.".to_owned(),
        (None, false) => String::new(),
    };
    let action = inline(&resolution.action, TEXT);
    format!(
        "{} and {}{topic}: {outcome}, by {rule}. {action}{lost}{who}",
        a.finding, b.finding
    )
}

fn candidates(summary: &Summary) -> impl Iterator<Item = String> {
    let line = |candidate: &crate::phases::conflict::detect::Candidate| {
        format!(
            "{} and {} in {}",
            candidate.a,
            candidate.b,
            code(&candidate.file, NAME)
        )
    };
    summary.candidates.iter().map(line)
}

fn unresolved(summary: &Summary) -> impl Iterator<Item = String> {
    let line = |wrong: &crate::phases::conflict::detect::Unresolved| {
        format!(
            "{}: {}",
            wrong.phase,
            inline(&wrong.problem.to_string(), TEXT)
        )
    };
    summary.unresolved.iter().map(line)
}

fn obligations(summary: &Summary) -> impl Iterator<Item = String> {
    let line = |duty: &crate::phases::ship::summary::Obligation| {
        format!("{} ({})", inline(&duty.text, TEXT), duty.conflict)
    };
    summary.obligations.iter().map(line)
}

fn waivers(summary: &Summary) -> impl Iterator<Item = String> {
    let line = |waived: &crate::phases::ship::summary::Waived| {
        let waiver = waived.waiver.as_ref();
        let by = waiver.map_or_else(
            || "nobody recorded why".to_owned(),
            |waiver| {
                format!(
                    "{}, {}: {}",
                    inline(&waiver.by, NAME),
                    waiver.at,
                    inline(&waiver.reason, TEXT)
                )
            },
        );
        format!("{}: {by}", waived.phase)
    };
    summary.waivers.iter().map(line)
}

fn numbers(summary: &Summary) -> String {
    let counts = summary.findings.iter().filter(|(_, n)| **n > 0);
    let counts: Vec<_> = counts
        .map(|(severity, n)| format!("{n} {severity}"))
        .collect();
    let counts = if counts.is_empty() {
        "none".to_owned()
    } else {
        counts.join(", ")
    };
    let grade = summary.security_grade;
    let grade = grade.map_or_else(|| "none".to_owned(), |grade| grade.to_string());
    let timing = &summary.timing;
    let path: Vec<_> = timing
        .critical_path
        .iter()
        .map(ToString::to_string)
        .collect();
    let speed = timing.speed_up_percent.map_or_else(
        || "-".to_owned(),
        |percent| format!("{}.{:02}", percent / 100, percent % 100),
    );
    [
        "## Numbers\n".to_owned(),
        format!("- Findings: {counts}"),
        format!("- Security grade: {grade}"),
        format!("- Scope: {}", scope(summary)),
        format!(
            "- Total time: {}, work: {}",
            time(timing.total_ms),
            time(timing.work_ms)
        ),
        format!(
            "- Critical path: {} ({})",
            path.join(" → "),
            time(timing.critical_path_ms)
        ),
        format!("- Speed-up by working side by side: {speed}"),
    ]
    .join("\n")
}

fn scope(summary: &Summary) -> String {
    let Some(scope) = &summary.scope else {
        return "there is no plan to compare with".to_owned();
    };
    let names = |names: &mut dyn Iterator<Item = &str>| {
        let names: Vec<_> = names.map(|name| code(name, NAME)).collect();
        let shown = names
            .iter()
            .take(ITEMS)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        match names.len().saturating_sub(ITEMS) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    };
    let mut parts = Vec::new();
    if !scope.out_of_scope.is_empty() {
        let names = names(&mut scope.out_of_scope.iter().map(|path| path.as_str()));
        parts.push(format!("changed beside the plan: {names}"));
    }
    if !scope.missing.is_empty() {
        let names = names(&mut scope.missing.iter().map(String::as_str));
        parts.push(format!("planned and not changed: {names}"));
    }
    if parts.is_empty() {
        parts.push("what was planned, and nothing else".into());
    }
    parts.join("; ")
}

fn time(millis: u64) -> String {
    plain::clock(std::time::Duration::from_millis(millis))
}

#[cfg(test)]
mod tests;
