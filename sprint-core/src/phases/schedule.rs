//! In which batches the rest of a sprint could be done (spec 7.5).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::id::{AgentName, PhaseName};
use crate::phases::board::{Board, State};
use crate::phases::graph::Concurrency;

/// Phases that can be done side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Batch {
    /// Its place, from 1.
    pub batch: usize,
    /// What may run beside its phases.
    #[serde(rename = "type")]
    pub class: Concurrency,
    /// The phases, in declared order.
    pub phases: Vec<PhaseName>,
    /// Who works on some of them already.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub claimed: BTreeMap<PhaseName, AgentName>,
}

/// The batches of what is left to do: what is complete or waived is not in it, nor is what failed and
/// what waits for that. What is claimed comes first, marked.
pub fn schedule(board: &Board) -> Vec<Batch> {
    let nodes = board.graph().nodes();
    let mut done: BTreeSet<usize> = BTreeSet::new();
    let mut open: Vec<usize> = Vec::new();
    for at in 0..nodes.len() {
        match board.at(at).state() {
            State::Complete(_) | State::Waived(_) => {
                done.insert(at);
            }
            State::Pending | State::Claimed(_) => open.push(at),
            State::Failed(_) => {}
        }
    }
    let mut batches = Vec::new();
    let mut running = true;
    loop {
        let ready = open.iter().copied().filter(|at| {
            let mut parents = board.graph().parents(*at).iter();
            parents.all(|parent| done.contains(parent))
        });
        let ready: Vec<usize> = ready.collect();
        let is_claimed = |at: &usize| board.claim_of(*at).is_some();
        let class = |at: usize| nodes[at].concurrency;
        let mut first: Vec<usize> = ready.iter().copied().filter(is_claimed).collect();
        let reads = || {
            ready
                .iter()
                .copied()
                .filter(|at| class(*at) == Concurrency::Read)
        };
        if !running || first.is_empty() {
            first = reads().collect();
        } else if first.iter().all(|at| class(*at) == Concurrency::Read) {
            // Others that read may run beside them.
            first = reads().collect();
        }
        running = false;
        if first.is_empty() {
            first.extend(ready.first());
        }
        let Some(head) = first.first() else {
            return batches;
        };
        let claimed = first.iter().filter_map(|at| {
            let claim = board.claim_of(*at)?;
            Some((nodes[*at].name.clone(), claim.grant.owner.agent.clone()))
        });
        batches.push(Batch {
            batch: batches.len() + 1,
            class: class(*head),
            phases: first.iter().map(|at| nodes[*at].name.clone()).collect(),
            claimed: claimed.collect(),
        });
        open.retain(|at| !first.contains(at));
        done.extend(first);
    }
}
