//! Artifacts built by hand, for testing how they are taken and read back.

use serde_json::{Value, json};

use super::integrity::Strictness;
use super::load::{Evidence, Expected, load};
use super::prepare::{MOST_FINDINGS, Prepared, Rules, Stamp, prepare};
use super::{Artifact, Rejected};
use crate::id::{AgentName, BlobId, BranchName, PhaseName, ProblemId, SprintId, TreeId};
use crate::phases::conflict::rulebook::Rulebook;
use crate::time::Timestamp;

pub(super) fn phase(name: &str) -> PhaseName {
    PhaseName::new(name).unwrap()
}

pub(super) fn stamp() -> Stamp {
    Stamp {
        sprint: SprintId::new("sprint-20260131-090500").unwrap(),
        project: ProblemId::new("login").unwrap(),
        agent: AgentName::new("agent-7").unwrap(),
        epoch: 2,
        at: "2026-01-31T09:05:00Z".parse::<Timestamp>().unwrap(),
        branch: Some(BranchName::new("feat/login").unwrap()),
        tree: Some(TreeId::new("a".repeat(40)).unwrap()),
    }
}

pub(super) fn as_it_is(text: &str) -> String {
    text.to_owned()
}

pub(super) fn taken(name: &str, bytes: &[u8]) -> Result<Prepared, Rejected> {
    let rules = Rulebook::default();
    let rules = Rules {
        redact: &as_it_is,
        vocabulary: &rules.vocabulary,
        most_findings: MOST_FINDINGS,
    };
    prepare(bytes, &phase(name), &stamp(), &rules)
}

pub(super) fn take(name: &str, document: &Value) -> Result<Prepared, Rejected> {
    taken(name, document.to_string().as_bytes())
}

pub(super) fn stored(prepared: &Prepared) -> Value {
    serde_json::from_slice(&prepared.bytes).unwrap()
}

pub(super) fn read_back(name: &str, bytes: &[u8]) -> Artifact {
    let expected = Expected {
        phase: &phase(name),
        sprint: Some(&stamp().sprint),
        sha256: Some(&BlobId::of(bytes)),
    };
    let found = load(Some(bytes), &expected, Strictness::Require);
    let Evidence::Read(artifact) = found else {
        panic!("{found:?}");
    };
    *artifact
}

/// A document of each phase with the least that it must have.
pub(super) fn least(name: &str) -> Value {
    let checkpoint = json!({"summary": "done"});
    match name {
        "think" | "build" => json!({"phase": name, "summary": {}}),
        "plan" => json!({
            "phase": name, "context_checkpoint": checkpoint,
            "summary": {"planned_files": ["src/login.rs"], "plan_approval": "manual"}
        }),
        "review" => json!({
            "phase": name, "summary": {}, "findings": [], "context_checkpoint": checkpoint,
            "scope_drift": {"status": "clean"}
        }),
        "qa" | "security" => json!({
            "phase": name, "summary": {}, "findings": [], "context_checkpoint": checkpoint
        }),
        "ship" => json!({"phase": name, "summary": {}, "context_checkpoint": checkpoint}),
        _ => json!({"phase": name, "summary": "all licences are known"}),
    }
}

pub(super) const PHASES: [&str; 8] = [
    "think", "plan", "build", "review", "qa", "security", "ship", "licences",
];

pub(super) fn finding(id: &str, severity: &str) -> Value {
    json!({"id": id, "severity": severity, "description": "x"})
}
