//! Parsers of what agents and people write about phases.

use crate::id::{AgentName, PhaseName, ProblemId, SprintId};
use crate::phases::artifact::integrity::Strictness;
use crate::phases::artifact::load::{Evidence, Expected, load};
use crate::phases::artifact::prepare::{MOST_FINDINGS, Rules, Stamp, prepare};
use crate::phases::conflict::rulebook::Rulebook;
use crate::phases::graph::from_text;
use crate::time::Timestamp;

pub(super) fn phase_graph(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(parsed) = from_text(text) {
        for node in parsed.graph.nodes() {
            let known = |phase: &PhaseName| parsed.graph.contains(phase);
            assert!(node.depends_on.iter().all(known), "nothing dangles");
            let above = parsed.graph.ancestors(&node.name);
            assert!(!above.contains(&node.name), "nothing waits for itself");
        }
    }
}

pub(super) fn artifact(bytes: &[u8]) {
    let rulebook = Rulebook::default();
    let rules = Rules {
        redact: &str::to_owned,
        vocabulary: &rulebook.vocabulary,
        most_findings: MOST_FINDINGS,
    };
    let stamp = Stamp {
        sprint: SprintId::new("s").expect("an id"),
        project: ProblemId::default(),
        agent: AgentName::new("a").expect("a name"),
        epoch: 1,
        at: Timestamp::from_millis(0),
        branch: None,
        tree: None,
    };
    for phase in ["plan", "review", "qa", "security", "ship", "own"] {
        let phase = PhaseName::new(phase).expect("a name");
        let Ok(prepared) = prepare(bytes, &phase, &stamp, &rules) else {
            continue;
        };
        let expected = Expected {
            phase: &phase,
            sprint: Some(&stamp.sprint),
            sha256: Some(&prepared.sha256),
        };
        let read = load(Some(&prepared.bytes), &expected, Strictness::Require);
        assert!(matches!(read, Evidence::Read(_)), "what is stored is read");
    }
}

pub(super) fn precedents(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Err(error) = Rulebook::with_project(text) {
        assert!(!error.0.is_empty(), "a refusal has a reason");
    }
}
