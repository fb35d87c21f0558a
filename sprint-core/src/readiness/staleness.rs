//! How old the plan is (spec 18.2).

use serde::Serialize;

use crate::readiness::facts::{Facts, PlanCommit};
use crate::readiness::finding::{Code, Finding};
use crate::readiness::planned::PlannedTicket;

/// Up to so many commits a plan is only slightly stale.
const SLIGHTLY: usize = 5;

/// How many commits are named.
const NAMED: usize = 10;

/// How old a plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Freshness {
    /// Nothing happened since.
    Fresh,
    /// 1 to 5 commits.
    SlightlyStale,
    /// More.
    Stale,
    /// Nobody knows when it was made.
    Unknown,
}

impl Freshness {
    /// The class of a plan.
    pub const fn of(plan: &PlanCommit) -> Self {
        match plan {
            PlanCommit::Current => Self::Fresh,
            PlanCommit::Unknown(_) => Self::Unknown,
            PlanCommit::Known { counted, .. } => match counted.len() {
                0 => Self::Fresh,
                1..=SLIGHTLY => Self::SlightlyStale,
                _ => Self::Stale,
            },
        }
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "FRESH",
            Self::SlightlyStale => "SLIGHTLY_STALE",
            Self::Stale => "STALE",
            Self::Unknown => "UNKNOWN",
        }
    }
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let base = &facts.repository.base;
    let (commit, part_of_base, counted, passed_over, changed) = match &facts.repository.plan {
        PlanCommit::Current => return Vec::new(),
        PlanCommit::Unknown(text) => {
            let what = format!("the plan was made at {text}, which is no commit here");
            return vec![Finding::new(Code::PlanUnknown, what).measuring("plan_commit", text)];
        }
        PlanCommit::Known {
            commit,
            part_of_base,
            counted,
            passed_over,
            changed,
        } => (commit, *part_of_base, counted, *passed_over, changed),
    };
    let mut found = Vec::new();
    let code = match Freshness::of(&facts.repository.plan) {
        Freshness::SlightlyStale => Some(Code::StaleSlight),
        Freshness::Stale => Some(Code::Stale),
        Freshness::Fresh | Freshness::Unknown => None,
    };
    if let Some(code) = code {
        let named: Vec<_> = counted
            .iter()
            .take(NAMED)
            .map(|c| &c.as_str()[..12])
            .collect();
        let more = match counted.len() {
            n if n > NAMED => format!(" and {} more", n - NAMED),
            _ => String::new(),
        };
        let commits = match counted.len() {
            1 => "1 commit".to_owned(),
            n => format!("{n} commits"),
        };
        let named = named.join(", ");
        let what = format!("{commits} on {base} since the plan: {named}{more}");
        let finding = Finding::new(code, what).measuring("commits", counted.len());
        found.push(finding.measuring("passed_over", passed_over));
    }
    if !part_of_base {
        let what = format!("{base} does not contain the commit of the plan, {commit}");
        found.push(Finding::new(Code::PlanDiverged, what));
    }
    for (id, ticket) in &facts.planned.tickets {
        let planned = PlannedTicket::files(ticket);
        for file in planned.filter(|file| changed.contains(*file)) {
            let what = format!("{file} changed since the plan");
            let finding = Finding::new(Code::FileChanged, what);
            found.push(finding.tickets([id]).files([file]));
        }
    }
    found
}
