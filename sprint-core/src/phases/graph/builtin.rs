//! The phases that are known without being declared (spec 7.1, 7.4).

use crate::id::PhaseName;
use crate::phases::graph::{ArtifactRule, Concurrency, Node, PhaseGraph};

/// A phase that everybody knows.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) concurrency: Concurrency,
    pub(super) artifact: ArtifactRule,
    pub(super) depends_on: &'static [&'static str],
}

const fn known(
    name: &'static str,
    concurrency: Concurrency,
    artifact: ArtifactRule,
    depends_on: &'static [&'static str],
) -> Known {
    Known {
        name,
        concurrency,
        artifact,
        depends_on,
    }
}

/// In declared order, which is also the order in which they are handed out: review, qa, security.
const KNOWN: [Known; 7] = {
    use ArtifactRule::{Optional, Required};
    use Concurrency::{Exclusive, Read, Write};
    [
        known("think", Read, Required, &[]),
        known("plan", Read, Required, &["think"]),
        known("build", Write, Optional, &["plan"]),
        known("review", Read, Required, &["build"]),
        known("qa", Read, Required, &["build"]),
        known("security", Read, Required, &["build"]),
        known("ship", Exclusive, Required, &["review", "qa", "security"]),
    ]
};

/// The known phase of this name.
pub(super) fn find(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

/// The names of all known phases, for messages.
pub(super) fn names() -> String {
    KNOWN.map(|known| known.name).join(", ")
}

/// The known phases among `keep`, each waiting for the nearest kept ones before it.
pub(super) fn restricted(keep: impl Fn(&str) -> bool) -> Vec<Node> {
    let kept = KNOWN.iter().filter(|known| keep(known.name));
    let node = |known: &Known| {
        let mut depends_on = Vec::new();
        nearest(known, &keep, &mut depends_on);
        Some(Node {
            name: PhaseName::new(known.name).ok()?,
            depends_on,
            concurrency: known.concurrency,
            artifact: known.artifact,
            priority: 0,
        })
    };
    kept.filter_map(node).collect()
}

fn nearest(known: &Known, keep: &impl Fn(&str) -> bool, found: &mut Vec<PhaseName>) {
    for parent in known.depends_on {
        if let (true, Ok(name)) = (keep(parent), PhaseName::new(parent)) {
            if !found.contains(&name) {
                found.push(name);
            }
        } else if let Some(parent) = find(parent) {
            nearest(parent, keep, found);
        }
    }
}

#[expect(clippy::expect_used, reason = "a constant, and a test makes it")]
pub(super) fn default_graph() -> PhaseGraph {
    PhaseGraph::new(restricted(|_| true)).expect("the default graph is valid")
}
