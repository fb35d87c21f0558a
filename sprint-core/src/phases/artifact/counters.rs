//! Numbers of a summary, counted again from the findings (spec 9.2).

use std::collections::BTreeMap;

use crate::phases::artifact::finding::{Finding, Severity};
use crate::phases::artifact::problem::Problem;
use crate::phases::artifact::shorten::Hidden;
use crate::phases::artifact::summary::{QaStatus, QaSummary, Summary};

/// How many findings there are, those of a full list that is elsewhere too.
#[derive(Default)]
pub(super) struct Counts {
    by_severity: BTreeMap<Severity, u64>,
    fixed: u64,
}

impl Counts {
    pub(super) fn of(findings: &[Finding], hidden: Option<&Hidden>) -> Self {
        let mut counts = hidden.map_or_else(Self::default, |hidden| Self {
            by_severity: hidden.by_severity.clone(),
            fixed: hidden.fixed,
        });
        for finding in findings {
            let n = counts.by_severity.entry(finding.severity).or_default();
            *n = n.saturating_add(1);
            let fixed = u64::from(finding.fixed == Some(true));
            counts.fixed = counts.fixed.saturating_add(fixed);
        }
        counts
    }

    fn get(&self, severity: Severity) -> u64 {
        self.by_severity.get(&severity).copied().unwrap_or(0)
    }

    fn all(&self) -> u64 {
        use Severity::{Critical, High, Low, Medium};
        [Critical, High, Medium, Low]
            .map(|severity| self.get(severity))
            .into_iter()
            .fold(0, u64::saturating_add)
    }
}

/// Fills in the counters that are absent. Those that are present must agree.
pub(super) fn settle(summary: &mut Summary, counts: &Counts, problems: &mut Vec<Problem>) {
    use Severity::{Blocking, Critical, High, Low, Medium, Nitpick, Positive, ShouldFix};
    let mut agree = |name: &str, told: &mut Option<u64>, counted: u64| match *told {
        Some(told) if told != counted => problems.push(Problem::new(
            format!("summary.{name}"),
            format_args!("says {told}, the findings say {counted}"),
        )),
        Some(_) => {}
        None => *told = Some(counted),
    };
    match summary {
        Summary::Review(review) => {
            agree("blocking", &mut review.blocking, counts.get(Blocking));
            agree("should_fix", &mut review.should_fix, counts.get(ShouldFix));
            agree("nitpicks", &mut review.nitpicks, counts.get(Nitpick));
            agree("positive", &mut review.positive, counts.get(Positive));
        }
        Summary::Security(security) => {
            agree("critical", &mut security.critical, counts.get(Critical));
            agree("high", &mut security.high, counts.get(High));
            agree("medium", &mut security.medium, counts.get(Medium));
            agree("low", &mut security.low, counts.get(Low));
            agree("total_findings", &mut security.total_findings, counts.all());
        }
        Summary::Qa(qa) => {
            agree("bugs_found", &mut qa.bugs_found, counts.all());
            agree("bugs_fixed", &mut qa.bugs_fixed, counts.fixed);
            problems.extend(tests(qa));
        }
        Summary::Plan(_) | Summary::Ship(_) | Summary::Other(_) => {}
    }
}

/// What the numbers of tests contradict.
fn tests(qa: &QaSummary) -> Vec<Problem> {
    let number = |told: Option<u64>| told.unwrap_or(0);
    let (passed, failed) = (number(qa.tests_passed), number(qa.tests_failed));
    let mut problems = Vec::new();
    if let Some(run) = qa.tests_run
        && passed.saturating_add(failed) > run
    {
        problems.push(Problem::new(
            "summary.tests_run",
            format_args!("says {run}, but {passed} passed and {failed} failed"),
        ));
    }
    if qa.status == Some(QaStatus::Pass) && failed > 0 {
        problems.push(Problem::new(
            "summary.status",
            format_args!("says pass, but {failed} tests failed"),
        ));
    }
    problems
}
