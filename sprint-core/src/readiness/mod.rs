//! Whether a sprint would get off the ground, and what would get in its way (spec 18).
//!
//! [`assess`] is a function of [`Facts`] that were gathered by reading only. It gives five sections,
//! findings of a fixed [catalogue](Code), and a verdict by counting them.

mod commands;
mod conflicts;
mod coverage;
mod facts;
mod finding;
mod infrastructure;
mod planned;
mod reconciliation;
mod schedule;
mod staleness;
#[cfg(test)]
mod tests;
mod verdict;
mod waves;

use serde::Serialize;

use crate::id::ProblemId;
use crate::time::Timestamp;

pub use commands::{Need, needs};
pub use conflicts::{ConflictRow, Conflicts, Level, Part, Role};
pub use coverage::{Coverage, CoverageRow};
pub use facts::{
    CommandFacts, ConfigFacts, Facts, PlanCommit, RepositoryFacts, SprintFacts, StatementFacts,
    TrackedTicket, TrackerFacts,
};
pub use finding::{Code, Finding, Severity};
pub use infrastructure::Infrastructure;
pub use planned::{Planned, PlannedTicket, Source};
pub use reconciliation::{Reconciliation, Row};
pub use staleness::Freshness;
pub use verdict::Verdict;
pub use waves::Waves;

/// The report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// The problem.
    pub problem: ProblemId,
    /// When it was made.
    pub generated_at: Timestamp,
    /// Where the plan comes from.
    pub source: Source,
    /// The commit of the plan, if it names one.
    pub plan_commit: Option<String>,
    /// How old the plan is.
    pub freshness: Freshness,
    /// Commits since the plan, if they can be counted.
    pub commits_since: Option<usize>,
    /// What to make of the findings.
    pub verdict: Verdict,
    /// Section 1; none if the tracker did not answer.
    pub reconciliation: Option<Reconciliation>,
    /// Section 2.
    pub waves: Waves,
    /// Section 3.
    pub conflicts: Conflicts,
    /// Section 4.
    pub infrastructure: Infrastructure,
    /// Section 5; none without a problem statement.
    pub coverage: Option<Coverage>,
    /// What was found: the worst first, then by code and ticket.
    pub findings: Vec<Finding>,
    /// What to do next.
    pub next_steps: Vec<String>,
}

/// Makes the report.
pub fn assess(facts: &Facts) -> Readiness {
    let schedule = schedule::Schedule::new(&facts.planned);
    let mut found = facts.planned.findings();
    found.extend(staleness::findings(facts));
    let reconciliation = reconciliation::reconcile(facts, &mut found);
    let waves = waves::waves(facts, &schedule, &mut found);
    let conflicts = conflicts::conflicts(facts, &schedule, &mut found);
    let infrastructure = infrastructure::infrastructure(facts, &mut found);
    let coverage = coverage::coverage(facts, &mut found);
    found.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.severity, finding.code);
        let rest = |finding: &Finding| (finding.tickets.clone(), finding.files.clone());
        key(a).cmp(&key(b)).then_with(|| rest(a).cmp(&rest(b)))
    });
    let verdict = Verdict::of(&found);
    Readiness {
        problem: facts.problem.clone(),
        generated_at: facts.at,
        source: facts.planned.source,
        plan_commit: facts.planned.commit.clone(),
        freshness: Freshness::of(&facts.repository.plan),
        commits_since: match &facts.repository.plan {
            PlanCommit::Known { counted, .. } => Some(counted.len()),
            PlanCommit::Current | PlanCommit::Unknown(_) => None,
        },
        next_steps: verdict::next_steps(verdict, &found, &facts.problem),
        verdict,
        reconciliation,
        waves,
        conflicts,
        infrastructure,
        coverage,
        findings: found,
    }
}
