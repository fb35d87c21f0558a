//! Section 5: which success criteria tickets speak of (spec 17, 18.8).

use serde::Serialize;

use crate::id::TicketId;
use crate::plan::keywords::{covers, keywords};
use crate::readiness::facts::{Facts, TrackerFacts};
use crate::readiness::finding::{Code, Finding, one_line};

/// Which criteria are covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Every criterion.
    pub rows: Vec<CoverageRow>,
    /// How many are covered.
    pub covered: usize,
}

/// One criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoverageRow {
    /// Its text.
    pub criterion: String,
    /// What was looked for.
    pub keywords: Vec<String>,
    /// The tickets that speak of it; none if it is not covered.
    pub tickets: Vec<TicketId>,
}

/// None without a problem statement.
pub(super) fn coverage(facts: &Facts, found: &mut Vec<Finding>) -> Option<Coverage> {
    let known = facts.statement.as_ref()?;
    staleness(facts, found);
    let texts = facts.planned.tickets.iter().map(|(id, planned)| {
        let tracked = match &facts.tracker {
            TrackerFacts::Up { tickets, .. } => tickets.get(id),
            TrackerFacts::Down(_) => None,
        };
        let title = planned.title.as_deref().unwrap_or_default();
        let theirs = tracked.and_then(|t| t.title.as_deref()).unwrap_or_default();
        let body = tracked.map(|t| t.body.as_str()).unwrap_or_default();
        (id, format!("{title}\n{theirs}\n{body}"))
    });
    let texts: Vec<_> = texts.collect();
    let rows = known.statement.criteria.iter().map(|criterion| {
        let keywords = keywords(&criterion.text);
        let speaking = texts.iter().filter(|(_, text)| covers(&keywords, text));
        CoverageRow {
            criterion: one_line(&criterion.text),
            tickets: speaking.map(|(id, _)| (*id).clone()).collect(),
            keywords,
        }
    });
    let rows: Vec<_> = rows.collect();
    // Without the tracker only titles are known, and silence says nothing.
    let known = matches!(facts.tracker, TrackerFacts::Up { .. });
    let silent = rows.iter().filter(|row| known && row.tickets.is_empty());
    for row in silent {
        let what = format!("no ticket speaks of: {}", row.criterion);
        let finding = Finding::new(Code::Uncovered, what);
        found.push(finding.measuring("keywords", row.keywords.join(", ")));
    }
    let covered = rows.iter().filter(|row| !row.tickets.is_empty()).count();
    Some(Coverage { rows, covered })
}

fn staleness(facts: &Facts, found: &mut Vec<Finding>) {
    let Some(known) = &facts.statement else {
        return;
    };
    for warning in &known.warnings {
        found.push(Finding::new(Code::StatementStale, warning.to_string()));
    }
    let written = known.statement.generated_commit.as_ref();
    let what = match (written, known.commits_since) {
        (None, _) | (Some(_), Some(0)) => return,
        (Some(commit), Some(count)) => {
            format!("written at {commit}, {count} commits ago")
        }
        (Some(commit), None) => format!("written at {commit}, which is no commit here"),
    };
    let finding = Finding::new(Code::StatementStale, what);
    let commits = known.commits_since.map(|count| count.to_string());
    found.push(finding.measuring("commits", commits.as_deref().unwrap_or("unknown")));
}
