//! The verdict, by counting (spec 18.9).

use serde::Serialize;

use crate::id::ProblemId;
use crate::readiness::finding::{Code, Finding, Severity};

/// More than so many findings of weight HIGH are too many.
const TOO_MANY_HIGH: usize = 3;

/// What to make of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Nothing stands in the way.
    Ready,
    /// One or two things should be known.
    ReadyWithWarnings,
    /// It would not go well.
    NotReady,
}

impl Verdict {
    /// Counts.
    pub fn of(findings: &[Finding]) -> Self {
        let count = |severity| {
            let found = findings
                .iter()
                .filter(|finding| finding.severity == severity);
            found.count()
        };
        let worst = count(Severity::Fatal) + count(Severity::Critical);
        match (worst, count(Severity::High)) {
            (0, 0) => Self::Ready,
            (0, 1..TOO_MANY_HIGH) => Self::ReadyWithWarnings,
            _ => Self::NotReady,
        }
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::ReadyWithWarnings => "READY_WITH_WARNINGS",
            Self::NotReady => "NOT_READY",
        }
    }

    /// The exit code of a program that was asked; 3 is for having nothing to report on.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::ReadyWithWarnings => 1,
            Self::NotReady => 2,
        }
    }
}

pub(super) fn next_steps(
    verdict: Verdict,
    findings: &[Finding],
    problem: &ProblemId,
) -> Vec<String> {
    let mut steps = Vec::new();
    let has = |code| findings.iter().any(|finding| finding.code == code);
    if has(Code::StateInterrupted) {
        steps.push(format!(
            "go on with the sprint: sprint resume --problem-id {problem}"
        ));
    }
    if has(Code::Stale) || has(Code::PlanUnknown) {
        steps.push("plan again: the plan is not of this code".into());
    }
    match verdict {
        Verdict::Ready if steps.is_empty() => {
            steps.push(format!("sprint run --problem-id {problem}"));
        }
        Verdict::Ready => {}
        Verdict::ReadyWithWarnings => {
            let high = findings.iter().filter(|f| f.severity == Severity::High);
            steps.extend(high.map(step));
            steps.push(format!(
                "or go on knowingly: sprint run --problem-id {problem}"
            ));
        }
        Verdict::NotReady => {
            let worst = |f: &&Finding| f.severity <= Severity::Critical;
            let critical: Vec<_> = findings.iter().filter(worst).map(step).collect();
            match critical.is_empty() {
                true => {
                    let high = findings.iter().filter(|f| f.severity == Severity::High);
                    steps.extend(high.map(step));
                }
                false => steps.extend(critical),
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    steps.retain(|step| seen.insert(step.clone()));
    steps
}

fn step(finding: &Finding) -> String {
    let about = finding.tickets.iter().map(|id| id.as_str());
    let about = about.chain(finding.files.iter().map(|file| file.as_str()));
    let about: Vec<_> = about.collect();
    match about.as_slice() {
        [] => format!("{}: {}", finding.code, finding.action),
        about => format!(
            "{} ({}): {}",
            finding.code,
            about.join(", "),
            finding.action
        ),
    }
}
