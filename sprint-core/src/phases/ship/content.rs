//! What an artifact says about shipping (spec 11.2 step 4).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::phases::artifact::Artifact;
use crate::phases::artifact::finding::{Finding, FindingRef, Severity};
use crate::phases::artifact::kind::Kind;
use crate::phases::artifact::summary::{QaStatus, QaSummary, Summary};
use crate::phases::ship::status::Content;

/// How many findings of an artifact still count, of each severity, hidden ones too.
pub(super) struct Counts(pub(super) BTreeMap<Severity, u64>);

impl Counts {
    /// `counts` says whether a finding does; one that does not is informational.
    pub(super) fn of(artifact: &Artifact, counts: &dyn Fn(&FindingRef) -> bool) -> Self {
        let mut all = artifact
            .truncated
            .as_ref()
            .map_or_else(BTreeMap::new, |hidden| hidden.by_severity.clone());
        for finding in artifact.findings() {
            let severity = if counts(&reference(artifact, finding)) {
                finding.severity
            } else {
                Severity::Informational
            };
            let n = all.entry(severity).or_default();
            *n = n.saturating_add(1);
        }
        Self(all)
    }

    pub(super) fn get(&self, severity: Severity) -> u64 {
        self.0.get(&severity).copied().unwrap_or(0)
    }

    fn any(&self, severities: &[Severity]) -> u64 {
        let numbers = severities.iter().map(|severity| self.get(*severity));
        numbers.fold(0, u64::saturating_add)
    }
}

pub(super) fn reference(artifact: &Artifact, finding: &Finding) -> FindingRef {
    FindingRef {
        phase: artifact.phase.clone(),
        id: finding.id.clone(),
    }
}

/// Severities that stop a phase of this kind.
pub(super) const fn stops(kind: Kind, severity: Severity) -> bool {
    match kind {
        Kind::Review => matches!(severity, Severity::Blocking),
        Kind::Security => matches!(severity, Severity::Critical | Severity::High),
        Kind::Think | Kind::Plan | Kind::Build | Kind::Qa | Kind::Ship | Kind::Custom => false,
    }
}

/// What the artifact says, and why. `counts` says whether a finding does.
pub(super) fn content(
    artifact: &Artifact,
    counts: &dyn Fn(&FindingRef) -> bool,
) -> (Content, Vec<String>) {
    use Severity::{Blocking, Critical, High, Medium, ShouldFix};
    let kind = Kind::of(&artifact.phase);
    let numbers = Counts::of(artifact, counts);
    let mut said: Vec<(Content, String)> = Vec::new();
    match (kind, &artifact.summary) {
        (Kind::Review, _) => {
            said.extend(some(Content::Blocked, numbers.get(Blocking), "blocking"));
            said.extend(some(Content::Warn, numbers.get(ShouldFix), "should fix"));
        }
        (Kind::Security, _) => {
            said.extend(some(Content::Blocked, numbers.get(Critical), "critical"));
            said.extend(some(Content::Blocked, numbers.get(High), "high"));
            said.extend(some(Content::Warn, numbers.get(Medium), "medium"));
        }
        (_, Summary::Qa(qa)) => {
            said.extend(tests(qa));
            let open = open(artifact, counts);
            said.extend(some(Content::Warn, open, "open bugs, medium or worse"));
        }
        (_, Summary::Other(summary)) => {
            said.extend(told(summary));
            let severe = numbers.any(&[Critical, Blocking, High, ShouldFix, Medium]);
            said.extend(some(Content::Warn, severe, "findings, medium or worse"));
        }
        (_, Summary::Plan(_) | Summary::Review(_) | Summary::Security(_) | Summary::Ship(_)) => {}
    }
    let worst = said.iter().map(|(content, _)| *content).max();
    let why = said.into_iter().map(|(_, why)| why).collect();
    (worst.unwrap_or(Content::Ok), why)
}

fn some(content: Content, number: u64, what: &str) -> Option<(Content, String)> {
    (number > 0).then(|| (content, format!("{number} {what}")))
}

/// Bugs that qa left, medium or worse. Hidden ones count, except the repaired.
fn open(artifact: &Artifact, counts: &dyn Fn(&FindingRef) -> bool) -> u64 {
    use Severity::{Critical, High, Medium};
    let severe = |severity| matches!(severity, Critical | High | Medium);
    let listed = artifact.findings().iter().filter(|finding| {
        severe(finding.severity)
            && finding.fixed != Some(true)
            && counts(&reference(artifact, finding))
    });
    let hidden = artifact.truncated.as_ref().map_or(0, |hidden| {
        let all = [Critical, High, Medium].map(|severity| hidden.of(severity));
        let all = all.into_iter().fold(0, u64::saturating_add);
        all.saturating_sub(hidden.fixed)
    });
    hidden.saturating_add(listed.count() as u64)
}

fn tests(qa: &QaSummary) -> Vec<(Content, String)> {
    let failed = qa.tests_failed.unwrap_or(0);
    let mut said = Vec::from_iter(some(Content::Blocked, failed, "tests failed"));
    match qa.status {
        Some(QaStatus::Fail) => said.push((Content::Blocked, "qa says fail".into())),
        Some(QaStatus::Partial) => said.push((Content::Warn, "qa looked at a part".into())),
        Some(QaStatus::Pass) => {}
        None => said.push((Content::Warn, "qa gives no status".into())),
    }
    if qa.tests_run.unwrap_or(0) == 0 {
        said.push((Content::Warn, "no test was run".into()));
    }
    said
}

/// The status that a phase of the project's own gives. One that is not known is a warning.
fn told(summary: &Value) -> Option<(Content, String)> {
    let status = summary.get("status").and_then(Value::as_str);
    let Some(status) = status else {
        return Some((Content::Warn, "it gives no status".into()));
    };
    match status.to_ascii_lowercase().as_str() {
        "ok" | "pass" => None,
        "blocked" | "fail" => Some((Content::Blocked, format!("it says {status}"))),
        "warn" | "partial" => Some((Content::Warn, format!("it says {status}"))),
        _ => Some((Content::Warn, "it gives an unknown status".into())),
    }
}
