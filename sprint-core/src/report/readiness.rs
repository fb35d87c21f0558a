//! The readiness report as text: five sections, findings, verdict, next steps (spec 18.8).

use std::fmt::Write as _;

use crate::readiness::{
    Conflicts, Coverage, Finding, Level, Readiness, Reconciliation, Severity, Source, Waves,
};
use crate::report::summary_text::counted;

/// The report for people.
pub fn readiness(report: &Readiness) -> String {
    let mut text = String::new();
    head(&mut text, report);
    section(
        &mut text,
        1,
        "Tracker",
        &tracker(report.reconciliation.as_ref()),
    );
    section(&mut text, 2, "Waves", &waves(&report.waves));
    section(&mut text, 3, "Files", &files(&report.conflicts));
    let rows = report.infrastructure.rows.iter();
    let rows = rows.map(|(name, seen)| vec![(*name).to_owned(), seen.clone()]);
    section(&mut text, 4, "Infrastructure", &table(rows.collect()));
    section(
        &mut text,
        5,
        "Coverage",
        &coverage(report.coverage.as_ref()),
    );
    findings(&mut text, &report.findings);
    let _infallible = write!(text, "\nVerdict: {}\n", report.verdict.name());
    for step in &report.next_steps {
        let _infallible = writeln!(text, "  → {step}");
    }
    text
}

/// One finding for people, where there is nothing else to report.
pub fn finding(finding: &Finding) -> String {
    let Finding { code, what, .. } = finding;
    format!("{code}  {what}{}\n    → {}", about(finding), finding.action)
}

/// The tickets of a finding that its text does not name.
fn about(finding: &Finding) -> String {
    const NAMED: usize = 10;
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let named = |id: &&str| {
        let mut words = finding.what.split(|c| !in_name(c));
        words.any(|word| word == *id)
    };
    let ids = finding.tickets.iter().map(|id| id.as_str());
    let ids: Vec<_> = ids.filter(|id| !named(id)).collect();
    let more = match ids.len() {
        0 => return String::new(),
        n if n > NAMED => format!(" and {} more", n - NAMED),
        _ => String::new(),
    };
    format!(" ({}{more})", ids[..ids.len().min(NAMED)].join(", "))
}

fn head(text: &mut String, report: &Readiness) {
    let plan = match (report.source, &report.plan_commit) {
        (Source::Tickets, _) => "made of the tickets as they are now".to_owned(),
        (Source::Hints, None) => "hints without a commit".to_owned(),
        (Source::Hints, Some(commit)) => format!("hints at {}", commit.get(..12).unwrap_or(commit)),
    };
    let since = match report.commits_since {
        Some(commits) => format!(", {} since", counted(commits as u64, "commit")),
        None => String::new(),
    };
    let _infallible = write!(
        text,
        "Readiness of {}, {}\nPlan: {plan}, {}{since}\n",
        report.problem,
        report.generated_at,
        report.freshness.name()
    );
}

fn section(text: &mut String, number: u8, title: &str, body: &str) {
    let _infallible = write!(text, "\n{number}. {title}\n");
    for line in body.lines() {
        let _infallible = writeln!(text, "  {line}");
    }
}

fn tracker(section: Option<&Reconciliation>) -> String {
    let Some(section) = section else {
        return "not evaluated: the tracker does not answer".into();
    };
    let rows = section.rows.iter().map(|row| {
        let title = match &row.tracker_title {
            Some(theirs) => format!("{} [now: {theirs}]", row.title),
            None => row.title.clone(),
        };
        let status = row.status.map_or("missing", |status| status.label());
        vec![
            row.ticket.to_string(),
            title,
            "planned".into(),
            status.into(),
        ]
    });
    let heads = ["TICKET", "TITLE", "PLAN", "TRACKER"].map(str::to_owned);
    let mut text = table([heads.to_vec()].into_iter().chain(rows).collect());
    let differing = section.total - section.matched;
    let _infallible = write!(
        text,
        "\n{}/{} match, {differing} differ, {} not in the plan",
        section.matched,
        section.total,
        section.orphans.len()
    );
    text
}

fn waves(section: &Waves) -> String {
    let rows = (1..)
        .zip(&section.waves)
        .map(|(number, tickets): (u32, _)| {
            let names: Vec<_> = tickets.iter().map(|id| id.as_str()).collect();
            vec![
                number.to_string(),
                tickets.len().to_string(),
                names.join(" "),
            ]
        });
    let heads = ["WAVE", "COUNT", "TICKETS"].map(str::to_owned);
    let mut text = table([heads.to_vec()].into_iter().chain(rows).collect());
    let _infallible = write!(
        text,
        "\n{} in {}, at most {} side by side; {} to {} agent windows",
        counted(section.tickets as u64, "ticket"),
        counted(section.waves.len() as u64, "wave"),
        section.parallel,
        section.windows.0,
        section.windows.1
    );
    text
}

fn files(section: &Conflicts) -> String {
    let mut text = String::new();
    if !section.rows.is_empty() {
        let rows = section.rows.iter().map(|row| {
            let parts = row
                .tickets
                .iter()
                .map(|part| format!("{} {} ({})", part.ticket, part.role.name(), part.wave));
            let parts: Vec<_> = parts.collect();
            vec![
                row.level.name().into(),
                row.file.to_string(),
                parts.join(", "),
            ]
        });
        let heads = ["LEVEL", "FILE", "TICKETS (WAVE)"].map(str::to_owned);
        text = table([heads.to_vec()].into_iter().chain(rows).collect());
        text.push('\n');
    }
    let _infallible = write!(
        text,
        "{} in several tickets: {} CRITICAL, {} HIGH; {} imported by files in no ticket",
        counted(section.rows.len() as u64, "file"),
        section.count(Level::Critical),
        section.count(Level::High),
        counted(section.ghosts as u64, "file")
    );
    text
}

fn coverage(section: Option<&Coverage>) -> String {
    let Some(section) = section else {
        return "no problem statement".into();
    };
    let rows = section.rows.iter().map(|row| {
        let tickets: Vec<_> = row.tickets.iter().map(|id| id.as_str()).collect();
        let tickets = match tickets.as_slice() {
            [] => "UNCOVERED".into(),
            tickets => tickets.join(" "),
        };
        vec![row.criterion.clone(), tickets]
    });
    let mut text = table(rows.collect());
    if !text.is_empty() {
        text.push('\n');
    }
    let _infallible = write!(text, "{}/{} covered", section.covered, section.rows.len());
    text
}

fn findings(text: &mut String, all: &[Finding]) {
    for severity in Severity::ALL {
        let found: Vec<_> = all.iter().filter(|f| f.severity == severity).collect();
        if found.is_empty() {
            continue;
        }
        let _infallible = write!(text, "\n{severity} ({})\n", found.len());
        for one in found {
            for line in finding(one).lines() {
                let _infallible = writeln!(text, "  {line}");
            }
        }
    }
}

/// Rows as columns, two spaces apart; the last column is not padded.
fn table(rows: Vec<Vec<String>>) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<_> = (0..columns).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}
