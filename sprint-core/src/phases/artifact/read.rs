//! A JSON object as an artifact, with everything that is wrong with it at once.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::id::PhaseName;
use crate::phases::artifact::Artifact;
use crate::phases::artifact::counters::{self, Counts};
use crate::phases::artifact::finding::{Finding, Severity};
use crate::phases::artifact::kind::Kind;
use crate::phases::artifact::problem::Problem;
use crate::phases::artifact::required;
use crate::phases::artifact::shorten::Hidden;
use crate::phases::artifact::summary::Summary;

/// The artifact of `phase` that the document is.
pub(super) fn artifact(
    mut document: Map<String, Value>,
    phase: &PhaseName,
) -> Result<Artifact, Vec<Problem>> {
    let kind = Kind::of(phase);
    let report_only = document.get("run_mode").and_then(Value::as_str) == Some("report_only");
    let mut problems: Vec<_> = other_phase(&document, phase).into_iter().collect();
    problems.extend(required::missing(&document, kind, report_only));

    let mut parts = Parts {
        document: &mut document,
        // What is missing was told already; telling it again in other words helps nobody.
        told: problems
            .iter()
            .map(|problem| problem.path.clone())
            .collect(),
        problems: Vec::new(),
    };
    let _phase = parts.document.remove("phase");
    let (mode, run_mode) = (parts.one("mode"), parts.one("run_mode"));
    let (sprint, tree) = (parts.one("sprint"), parts.one("tree"));
    let mut summary = parts.summary(kind, report_only);
    let scope_drift = parts.one("scope_drift");
    let findings: Option<Vec<Finding>> = parts.list("findings");
    let conflicts = parts.list("conflicts").unwrap_or_default();
    let context_checkpoint = parts.one("context_checkpoint");
    let truncated: Option<Hidden> = parts.one("truncated");
    problems.append(&mut parts.problems);

    let listed = findings.as_deref().unwrap_or_default();
    problems.extend(wrong_findings(listed, kind));
    problems.extend(
        truncated
            .as_ref()
            .and_then(|hidden| wrong_hidden(hidden, kind)),
    );
    let counts = Counts::of(listed, truncated.as_ref());
    if let Some(summary) = &mut summary
        && problems.is_empty()
    {
        counters::settle(summary, &counts, &mut problems);
    }
    match summary {
        Some(summary) if problems.is_empty() => Ok(Artifact {
            phase: phase.clone(),
            mode,
            run_mode,
            sprint,
            tree,
            summary,
            scope_drift,
            findings,
            conflicts,
            context_checkpoint,
            truncated,
            rest: document,
        }),
        Some(_) | None => Err(problems),
    }
}

fn other_phase(document: &Map<String, Value>, phase: &PhaseName) -> Option<Problem> {
    let told = document.get("phase")?.as_str()?;
    let wrong = || {
        Problem::new(
            "phase",
            format_args!("says {told:?}, but {phase} is claimed"),
        )
    };
    (told != phase.as_str()).then(wrong)
}

/// Takes known members out of a document, one after the other.
struct Parts<'a> {
    document: &'a mut Map<String, Value>,
    told: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Parts<'_> {
    /// The member, if it is there.
    fn one<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.document.remove(name)?;
        self.typed(value, name.to_owned())
    }

    /// The items of a list, each read for itself.
    fn list<T: DeserializeOwned>(&mut self, name: &str) -> Option<Vec<T>> {
        let value = self.document.remove(name)?;
        let Value::Array(items) = value else {
            let unfit = !value.is_null() && !self.told.contains(name);
            self.problems
                .extend(unfit.then(|| Problem::new(name, "must be a list")));
            return None;
        };
        let items = items.into_iter().enumerate();
        let items = items.map(|(n, item)| self.typed(item, format!("{name}[{n}]")));
        Some(items.collect::<Vec<_>>().into_iter().flatten().collect())
    }

    fn typed<T: DeserializeOwned>(&mut self, value: Value, path: String) -> Option<T> {
        if value.is_null() {
            return None;
        }
        let inside = format!("{path}.");
        let told = |known: &String| *known == path || known.starts_with(&inside);
        match serde_json::from_value(value) {
            Ok(part) => Some(part),
            Err(_) if self.told.iter().any(told) => None,
            Err(error) => {
                self.problems.push(Problem::new(path, error));
                None
            }
        }
    }

    fn summary(&mut self, kind: Kind, report_only: bool) -> Option<Summary> {
        let name = "summary";
        match kind {
            Kind::Plan => self.one(name).map(Summary::Plan),
            Kind::Review => self.one(name).map(Summary::Review),
            Kind::Qa => self.one(name).map(Summary::Qa),
            Kind::Security => self.one(name).map(Summary::Security),
            Kind::Ship if !report_only => self.one(name).map(Summary::Ship),
            Kind::Think | Kind::Build | Kind::Ship | Kind::Custom => {
                self.one(name).map(Summary::Other)
            }
        }
    }
}

/// What is wrong with findings that can be read each for itself.
fn wrong_findings(findings: &[Finding], kind: Kind) -> Vec<Problem> {
    let (mut seen, mut problems) = (BTreeSet::new(), Vec::new());
    for (n, finding) in findings.iter().enumerate() {
        let mut wrong = |member: &str, reason: String| {
            problems.push(Problem::new(format!("findings[{n}].{member}"), reason));
        };
        if !seen.insert(&finding.id) {
            wrong("id", format!("{} is the id of another finding", finding.id));
        }
        if !scale(kind).contains(&finding.severity) {
            let names: Vec<_> = scale(kind).iter().map(|s| s.as_str()).collect();
            wrong("severity", format!("must be one of {}", names.join(", ")));
        }
        if finding.line == Some(0) {
            wrong("line", "lines count from 1".into());
        }
        match (finding.line, finding.end_line) {
            (Some(first), Some(last)) if last < first => {
                wrong("end_line", format!("{last} is before line {first}"));
            }
            (None, Some(_)) => wrong("end_line", "needs a line".into()),
            (_, None) | (Some(_), Some(_)) => {}
        }
        if finding
            .confidence
            .is_some_and(|sure| !(1..=10).contains(&sure))
        {
            wrong("confidence", "must be 1 to 10".into());
        }
    }
    problems
}

/// A severity that is counted, and that a phase of this kind does not give.
fn wrong_hidden(hidden: &Hidden, kind: Kind) -> Option<Problem> {
    let mut severities = hidden.by_severity.keys();
    let wrong = severities.find(|severity| !scale(kind).contains(severity))?;
    let reason = format!("{wrong} is no severity of this phase");
    Some(Problem::new("truncated.by_severity", reason))
}

/// The severities that a phase of this kind may give.
pub(super) fn scale(kind: Kind) -> &'static [Severity] {
    use Severity::{
        Blocking, Critical, High, Informational, Low, Medium, Nitpick, Positive, ShouldFix,
    };
    match kind {
        Kind::Review => &[Blocking, ShouldFix, Nitpick, Positive, Informational],
        Kind::Qa | Kind::Security => &[Critical, High, Medium, Low, Informational],
        Kind::Think | Kind::Plan | Kind::Build | Kind::Ship | Kind::Custom => &Severity::ALL,
    }
}
