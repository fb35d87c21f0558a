//! How long phases took, and what was won by doing them side by side.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::id::PhaseName;
use crate::phases::ship::PhaseFacts;

/// How long a sprint took. All times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// From the first claim to the last end.
    pub total_ms: u64,
    /// What all phases took together.
    pub work_ms: u64,
    /// The chain of phases, each depending on the one before, that took longest.
    pub critical_path: Vec<PhaseName>,
    /// What those took.
    pub critical_path_ms: u64,
    /// Work per time, in hundredths: 250 if two and a half phases ran at once on average. None if
    /// no time passed.
    pub speed_up_percent: Option<u64>,
}

/// How long a phase took. None if it has not ended, or its times go backwards.
pub fn duration_ms(facts: &PhaseFacts) -> Option<u64> {
    let (start, end) = (facts.claimed_at?, facts.settled_at?);
    end.as_millis().checked_sub(start.as_millis())
}

/// How long the phases took together.
pub fn timing(phases: &[PhaseFacts]) -> Timing {
    let ended = || phases.iter().filter(|facts| duration_ms(facts).is_some());
    let start = ended().filter_map(|facts| facts.claimed_at).min();
    let end = ended().filter_map(|facts| facts.settled_at).max();
    let total_ms = match (start, end) {
        (Some(start), Some(end)) => end.as_millis().saturating_sub(start.as_millis()),
        (None, _) | (_, None) => 0,
    };
    let work_ms = ended().filter_map(duration_ms).fold(0, u64::saturating_add);
    let (critical_path_ms, critical_path) = critical_path(phases);
    Timing {
        total_ms,
        work_ms,
        critical_path,
        critical_path_ms,
        speed_up_percent: work_ms.saturating_mul(100).checked_div(total_ms),
    }
}

/// The chain that took longest, the first declared of equal ones. Circles are cut where they close.
fn critical_path(phases: &[PhaseFacts]) -> (u64, Vec<PhaseName>) {
    let mut chains = Chains {
        facts: phases.iter().map(|facts| (&facts.phase, facts)).collect(),
        known: BTreeMap::new(),
        open: BTreeSet::new(),
    };
    let mut best = (0, None);
    for facts in phases {
        let length = chains.up_to(&facts.phase);
        if length > best.0 {
            best = (length, Some(&facts.phase));
        }
    }
    let mut path = Vec::new();
    let mut at = best.1;
    while let Some(phase) = at {
        path.push(phase.clone());
        at = chains.known.get(phase).and_then(|(_, before)| *before);
    }
    path.reverse();
    (best.0, path)
}

struct Chains<'a> {
    facts: BTreeMap<&'a PhaseName, &'a PhaseFacts>,
    /// By phase: the longest chain that ends with it, and the phase before it in that chain.
    known: BTreeMap<&'a PhaseName, (u64, Option<&'a PhaseName>)>,
    open: BTreeSet<&'a PhaseName>,
}

impl<'a> Chains<'a> {
    fn up_to(&mut self, phase: &'a PhaseName) -> u64 {
        if let Some((length, _)) = self.known.get(phase) {
            return *length;
        }
        let Some(facts) = self.facts.get(phase).copied() else {
            return 0;
        };
        if !self.open.insert(phase) {
            return 0;
        }
        let mut before = (0, None);
        for needed in &facts.depends_on {
            let length = self.up_to(needed);
            if length > before.0 && !self.open.contains(needed) {
                before = (length, Some(needed));
            }
        }
        self.open.remove(phase);
        let length = before.0.saturating_add(duration_ms(facts).unwrap_or(0));
        self.known.insert(phase, (length, before.1));
        length
    }
}
