//! Section 1: the plan beside the tracker (spec 18.3).

use serde::Serialize;

use crate::domain::ticket::TicketStatus;
use crate::id::TicketId;
use crate::readiness::facts::{Facts, TrackedTicket, TrackerFacts};
use crate::readiness::finding::{Code, Finding, one_line};
use crate::readiness::planned::{PlannedTicket, Source};

/// With more than so many percent of its characters different a title is another one.
const DRIFT: usize = 30;

/// The plan beside the tracker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// Every planned ticket.
    pub rows: Vec<Row>,
    /// How many of them the tracker has as they are planned.
    pub matched: usize,
    /// How many there are.
    pub total: usize,
    /// Tickets of the tracker that are not planned.
    pub orphans: Vec<TicketId>,
}

/// A planned ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The ticket.
    pub ticket: TicketId,
    /// Its planned title, or the tracker's where the plan has none.
    pub title: String,
    /// Its title on the tracker, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracker_title: Option<String>,
    /// Where it stands; none if the tracker does not have it.
    pub status: Option<TicketStatus>,
}

/// None if the tracker does not answer: then there is one finding, and nothing else of this is
/// known.
pub(super) fn reconcile(facts: &Facts, found: &mut Vec<Finding>) -> Option<Reconciliation> {
    let (tracked, malformed) = match &facts.tracker {
        TrackerFacts::Down(why) => {
            found.push(Finding::new(Code::TrackerDown, why));
            return None;
        }
        TrackerFacts::Up { tickets, malformed } => (tickets, malformed),
    };
    let mut rows = Vec::new();
    let mut matched = 0;
    for (id, planned) in &facts.planned.tickets {
        let before = found.len();
        let known = tracked.get(id);
        match known {
            Some(known) => look(id, planned, known, found),
            None => {
                let unreadable = malformed.iter().find(|text| text.contains(id.as_str()));
                let what = match unreadable {
                    Some(text) => format!("{id} cannot be read: {text}"),
                    None => format!("{id} is planned, and the tracker does not have it"),
                };
                found.push(Finding::new(Code::TicketMissing, what).tickets([id]));
            }
        }
        matched += usize::from(found.len() == before);
        let theirs = known.and_then(|known| known.title.as_deref());
        let ours = planned.title.as_deref().or(theirs).unwrap_or_default();
        let differs = theirs.filter(|theirs| *theirs != ours);
        rows.push(Row {
            ticket: id.clone(),
            title: one_line(ours),
            tracker_title: differs.map(one_line),
            status: known.map(|known| known.status),
        });
        dependencies(facts, id, planned, known, found);
    }
    let mut orphans = Vec::new();
    for (id, ticket) in tracked {
        if ticket.wanted && !facts.planned.tickets.contains_key(id) {
            let title = ticket.title.as_deref().unwrap_or_default();
            let what = format!("{id} is on the tracker and not in the plan: {title}");
            found.push(Finding::new(Code::Orphan, what).tickets([id]));
            orphans.push(id.clone());
        }
    }
    Some(Reconciliation {
        matched,
        total: rows.len(),
        rows,
        orphans,
    })
}

fn look(id: &TicketId, planned: &PlannedTicket, known: &TrackedTicket, found: &mut Vec<Finding>) {
    if let (Some(ours), Some(theirs)) = (&planned.title, &known.title) {
        let (percent, other) = drift(ours, theirs);
        if other {
            let what = format!("planned as {ours:?}, and called {theirs:?} now");
            let finding = Finding::new(Code::TitleDrift, what).tickets([id]);
            found.push(finding.measuring("drift_percent", percent));
        }
    }
    let code = match known.status {
        TicketStatus::Todo | TicketStatus::InProgress => return,
        TicketStatus::Done => Code::TicketDone,
        TicketStatus::Cancelled => Code::TicketCancelled,
    };
    let what = format!("{id} is {} on the tracker", known.status);
    found.push(Finding::new(code, what).tickets([id]));
}

fn dependencies(
    facts: &Facts,
    id: &TicketId,
    planned: &PlannedTicket,
    known: Option<&TrackedTicket>,
    found: &mut Vec<Finding>,
) {
    let TrackerFacts::Up { tickets, .. } = &facts.tracker else {
        return;
    };
    let from_hints = facts.planned.source == Source::Hints;
    for target in &planned.dependencies {
        let mut note = |code, what: String| {
            found.push(Finding::new(code, what).tickets([id, target]));
        };
        let theirs = tickets.get(target);
        // Without hints the tracker is the plan, and what is over there holds nobody up.
        let over =
            |t: &TrackedTicket| matches!(t.status, TicketStatus::Done | TicketStatus::Cancelled);
        let met = !from_hints && theirs.is_some_and(over);
        if !facts.planned.tickets.contains_key(target) && theirs.is_some() && !met {
            let what = format!("{id} waits for {target}, which is not in the plan");
            note(Code::DepNotInHints, what);
        }
        if theirs.is_none() {
            let what = format!("{id} waits for {target}, which the tracker does not have");
            note(Code::DepNotOnTracker, what);
        }
        let related = known.is_none_or(|known| known.blocked_by.contains(target));
        if from_hints && theirs.is_some() && !related {
            let what = format!("{id} is planned after {target}, and not blocked by it");
            note(Code::DepMismatch, what);
        }
    }
    let theirs = known.map(|known| known.blocked_by.as_slice());
    for target in theirs.unwrap_or_default() {
        if from_hints && !planned.dependencies.contains(target) {
            let what = format!("{id} is blocked by {target}, and not planned after it");
            found.push(Finding::new(Code::DepExtra, what).tickets([id, target]));
        }
    }
}

/// How different two titles are, in percent of the longer one's characters, and whether that makes
/// it another title. Spaces and case do not count.
pub(super) fn drift(a: &str, b: &str) -> (usize, bool) {
    let plain = |text: &str| {
        let words: Vec<_> = text.split_whitespace().collect();
        words.join(" ").to_lowercase()
    };
    let (a, b) = (plain(a), plain(b));
    let longest = a.chars().count().max(b.chars().count()).max(1);
    let distance = strsim::levenshtein(&a, &b);
    (distance * 100 / longest, distance * 100 > DRIFT * longest)
}
