//! Which phases have to sign off, and which of them nobody has settled yet.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::id::PhaseName;
use crate::phases::artifact::kind::Kind;
use crate::phases::ship::PhaseFacts;
use crate::phases::standing::Standing;

/// Phases that sign off where no graph says it.
const FALLBACK: [Kind; 3] = [Kind::Review, Kind::Qa, Kind::Security];

/// The phases that `target` depends on, directly or not, without think, plan and build; in declared
/// order. Review, qa and security if there is no such phase (spec 11.2 step 1).
pub fn required(phases: &[PhaseFacts], target: &PhaseName) -> Vec<PhaseName> {
    let depends: BTreeMap<&PhaseName, &[PhaseName]> = phases
        .iter()
        .map(|facts| (&facts.phase, facts.depends_on.as_slice()))
        .collect();
    let Some(direct) = depends.get(target) else {
        let names = FALLBACK.into_iter().filter_map(Kind::name);
        return names.filter_map(|name| PhaseName::new(name).ok()).collect();
    };
    let mut open: Vec<&PhaseName> = direct.iter().collect();
    let mut found = BTreeSet::new();
    while let Some(phase) = open.pop() {
        if found.insert(phase) {
            open.extend(depends.get(phase).into_iter().copied().flatten());
        }
    }
    let signs = |phase: &&PhaseName| {
        *phase != target && !matches!(Kind::of(phase), Kind::Think | Kind::Plan | Kind::Build)
    };
    let declared = phases.iter().map(|facts| &facts.phase);
    let declared = declared.filter(|phase| found.contains(phase));
    // What is not declared is missing, and must not be forgotten.
    let unknown = found
        .iter()
        .copied()
        .filter(|phase| !depends.contains_key(phase));
    declared.chain(unknown).filter(signs).cloned().collect()
}

/// A phase that nobody has settled yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// Which.
    pub phase: PhaseName,
    /// How it stands. None if the sprint has no such phase.
    pub standing: Option<Standing>,
}

/// Those of the required phases for which ship has to wait: neither complete nor failed nor waived.
pub fn pending(phases: &[PhaseFacts], required: &[PhaseName]) -> Vec<Pending> {
    let standing = |phase: &PhaseName| {
        let facts = phases.iter().find(|facts| facts.phase == *phase);
        facts.map(|facts| facts.standing)
    };
    let waits = required.iter().map(|phase| Pending {
        phase: phase.clone(),
        standing: standing(phase),
    });
    waits
        .filter(|pending| !pending.standing.is_some_and(Standing::is_settled))
        .collect()
}
