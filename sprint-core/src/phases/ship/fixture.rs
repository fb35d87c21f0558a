//! Artifacts and phases built by hand, for testing what is decided about them.

use serde_json::{Value, json};

use super::PhaseFacts;
use crate::id::{AgentName, PhaseName, TreeId};
use crate::phases::artifact::Artifact;
use crate::phases::artifact::integrity::Strictness;
use crate::phases::artifact::load::{Evidence, Expected, load};
use crate::phases::standing::Standing;
use crate::time::Timestamp;

pub(crate) fn phase(name: &str) -> PhaseName {
    PhaseName::new(name).unwrap()
}

pub(crate) fn tree(c: char) -> TreeId {
    TreeId::new(c.to_string().repeat(40)).unwrap()
}

pub(crate) fn finding(id: &str, severity: &str, rest: Value) -> Value {
    let mut finding =
        json!({"id": id, "severity": severity, "description": format!("what {id} is")});
    if let (Some(finding), Value::Object(rest)) = (finding.as_object_mut(), rest) {
        finding.extend(rest);
    }
    finding
}

/// What a phase that found this, and is otherwise content, hands in. It looked at the tree `a…`.
pub(crate) fn document(name: &str, findings: Value) -> Value {
    let summary = match name {
        "plan" => json!({"planned_files": ["src/login.rs"], "plan_approval": "auto"}),
        "qa" => json!({"status": "pass", "tests_run": 3, "tests_passed": 3, "tests_failed": 0}),
        "review" | "security" => json!({}),
        _ => json!({"status": "OK"}),
    };
    json!({
        "phase": name, "summary": summary, "findings": findings,
        "scope_drift": {"status": "clean"}, "context_checkpoint": {"summary": "done"},
        "tree": tree('a').as_str(),
    })
}

pub(crate) fn artifact(name: &str, document: &Value) -> Artifact {
    let phase = phase(name);
    let expected = Expected {
        phase: &phase,
        sprint: None,
        sha256: None,
    };
    let found = load(
        Some(document.to_string().as_bytes()),
        &expected,
        Strictness::Lenient,
    );
    let Evidence::Read(artifact) = found else {
        panic!("{found:?}");
    };
    *artifact
}

/// A phase that is complete with this document. It took from one minute of the hour to another.
pub(crate) fn complete(
    name: &str,
    after: &[&str],
    minutes: (u64, u64),
    document: &Value,
) -> PhaseFacts {
    let at = |minute: u64| Timestamp::from_millis(1_769_850_000_000 + minute * 60_000);
    PhaseFacts {
        phase: phase(name),
        depends_on: after.iter().map(|name| phase(name)).collect(),
        standing: Standing::Complete,
        evidence: Evidence::Read(Box::new(artifact(name, document))),
        agent: Some(AgentName::new(format!("agent-{name}")).unwrap()),
        claimed_at: Some(at(minutes.0)),
        settled_at: Some(at(minutes.1)),
        failure: None,
        waiver: None,
    }
}

/// A sprint whose phases all are complete and content.
pub(crate) fn sprint() -> Vec<PhaseFacts> {
    let none = json!([]);
    let mut build = complete(
        "build",
        &["plan"],
        (10, 40),
        &document("build", none.clone()),
    );
    build.evidence = Evidence::NotApplicable;
    let mut ship = build.clone();
    ship.phase = phase("ship");
    ship.depends_on = ["review", "qa", "security"].map(phase).to_vec();
    ship.standing = Standing::Ready;
    ship.evidence = Evidence::Missing;
    (ship.claimed_at, ship.settled_at) = (None, None);
    let reader = |name, end| complete(name, &["build"], (40, end), &document(name, none.clone()));
    vec![
        complete("plan", &[], (0, 10), &document("plan", none.clone())),
        build,
        reader("review", 60),
        reader("qa", 70),
        reader("security", 50),
        ship,
    ]
}

/// Puts another document in the place of a phase's.
pub(crate) fn says(phases: &mut [PhaseFacts], document: &Value) {
    let name = document["phase"].as_str().unwrap();
    let facts = phases.iter_mut().find(|facts| facts.phase.as_str() == name);
    facts.unwrap().evidence = Evidence::Read(Box::new(artifact(name, document)));
}
