//! Waves as they follow from dependencies, cycles or not.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::TicketId;
use crate::plan::graph::{CycleChain, GraphError, TicketGraph};
use crate::readiness::planned::Planned;

/// The waves of the planned tickets.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    /// The wave of each ticket, from 1.
    pub(super) waves: BTreeMap<TicketId, u32>,
    /// Tickets that wait for each other. Their waves are what they would be without each other.
    pub(super) cycles: Vec<CycleChain>,
}

impl Schedule {
    /// Orders the tickets by their dependencies; one on a ticket that is not planned is passed over.
    pub(super) fn new(planned: &Planned) -> Self {
        let edges = planned.tickets.iter().map(|(id, ticket)| {
            let dependencies = ticket.dependencies.iter().cloned().collect();
            (id.clone(), dependencies)
        });
        let mut edges: BTreeMap<TicketId, Vec<TicketId>> = edges.collect();
        let mut cycles = Vec::new();
        loop {
            match TicketGraph::new(edges.iter().map(|(id, by)| (id, by.as_slice()))) {
                Ok(graph) => {
                    let levels = graph
                        .ids()
                        .iter()
                        .cloned()
                        .zip(graph.levels().iter().copied());
                    let waves = levels.collect();
                    return Self { waves, cycles };
                }
                Err(GraphError::Cycles(found)) if !found.is_empty() => {
                    for chain in &found {
                        let inside: BTreeSet<_> = chain.tickets().iter().collect();
                        for id in chain.tickets() {
                            let by = edges.entry(id.clone()).or_default();
                            by.retain(|other| !inside.contains(other));
                        }
                    }
                    cycles.extend(found);
                }
                Err(_) => {
                    return Self {
                        waves: BTreeMap::new(),
                        cycles,
                    };
                }
            }
        }
    }

    /// The wave of a ticket, from 1; 0 for one that is not planned.
    pub(super) fn wave(&self, id: &TicketId) -> u32 {
        self.waves.get(id).copied().unwrap_or_default()
    }
}
