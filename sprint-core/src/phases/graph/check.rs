//! Everything that is wrong with a graph, one fault each.

use std::collections::BTreeMap;

use crate::id::PhaseName;
use crate::phases::graph::{GraphFault, GraphFaults, Node, builtin};

/// Finds all faults of these phases.
pub(super) fn check(nodes: &[Node], limit: usize) -> Result<(), GraphFaults> {
    if nodes.is_empty() {
        return Err(GraphFault::Empty.into());
    }
    if nodes.len() > limit {
        let count = nodes.len();
        return Err(GraphFault::TooMany { count, limit }.into());
    }
    let mut counts: BTreeMap<&PhaseName, usize> = BTreeMap::new();
    for node in nodes {
        *counts.entry(&node.name).or_default() += 1;
    }
    let twice = counts.iter().filter(|(_, count)| **count > 1);
    let mut faults: Vec<GraphFault> = twice
        .map(|(name, _)| GraphFault::Duplicate((*name).clone()))
        .collect();
    for node in nodes {
        let missing = node
            .depends_on
            .iter()
            .filter(|name| !counts.contains_key(name));
        faults.extend(missing.map(|dependency| GraphFault::Dangling {
            phase: node.name.clone(),
            dependency: dependency.clone(),
        }));
        if let Some(known) = builtin::find(node.name.as_str())
            && known.concurrency != node.concurrency
        {
            faults.push(GraphFault::Redefined {
                phase: node.name.clone(),
                known: known.concurrency.name(),
                declared: node.concurrency.name(),
            });
        }
    }
    faults.extend(cycles(nodes).into_iter().map(GraphFault::Cycle));
    GraphFaults::of(faults)
}

/// Chains of phases that wait for each other, none of which shares a phase with another.
fn cycles(nodes: &[Node]) -> Vec<Vec<PhaseName>> {
    let mut left: BTreeMap<&PhaseName, Vec<&PhaseName>> = BTreeMap::new();
    for node in nodes {
        left.entry(&node.name).or_default().extend(&node.depends_on);
    }
    let mut found = Vec::new();
    loop {
        // What waits for nothing that is left is on no cycle.
        loop {
            let before = left.len();
            let names: Vec<_> = left.keys().copied().collect();
            for name in names {
                let waits = left[name].iter().any(|parent| left.contains_key(parent));
                if !waits {
                    left.remove(name);
                }
            }
            if left.len() == before {
                break;
            }
        }
        // In what is left, everything waits for something that is left: walking on must come back.
        let Some(start) = nodes.iter().find(|node| left.contains_key(&node.name)) else {
            return found;
        };
        let mut chain = vec![&start.name];
        let chain = loop {
            let last = chain[chain.len() - 1];
            let next = left[last].iter().find(|parent| left.contains_key(*parent));
            let Some(next) = next.copied() else {
                return found;
            };
            if let Some(at) = chain.iter().position(|name| *name == next) {
                let mut cycle: Vec<PhaseName> = chain[at..].iter().copied().cloned().collect();
                cycle.push(next.clone());
                break cycle;
            }
            chain.push(next);
        };
        left.retain(|name, _| !chain.contains(name));
        found.push(chain);
    }
}
