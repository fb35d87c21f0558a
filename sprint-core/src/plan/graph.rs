//! Tickets and what they wait for, without cycles.

use std::fmt;

use crate::id::{TicketId, natural_key};
use crate::plan::csr::Csr;

/// The dependency graph of a set of tickets. It has no cycles.
///
/// Tickets are numbered in natural order of their ids. Trackers number in order of creation and
/// dependencies are mostly created first, so that order is also the fast one for [`Csr`].
#[derive(Clone, Debug)]
pub struct TicketGraph {
    ids: Vec<TicketId>,
    dependencies: Csr,
    dependents: Csr,
    levels: Vec<u32>,
    external: Vec<(TicketId, TicketId)>,
}

/// Why tickets do not form a graph that can be worked off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Two tickets have the same id.
    #[error("ticket {0} is there twice")]
    Duplicate(TicketId),
    /// Tickets wait for each other.
    #[error("circular dependency: {}", join(.0, "; "))]
    Cycles(Vec<CycleChain>),
    /// More tickets or dependencies than the numbering holds.
    #[error("too many tickets or dependencies")]
    TooLarge,
}

/// Tickets that wait for each other: each for the next, the last for the first.
///
/// Begins with the smallest id and displays with the first ticket repeated at the end,
/// `ENG-1 → ENG-2 → ENG-1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleChain(Vec<TicketId>);

impl CycleChain {
    /// The tickets, with the first repeated at the end.
    pub fn tickets(&self) -> &[TicketId] {
        &self.0
    }
}

impl fmt::Display for CycleChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&join(&self.0, " → "))
    }
}

impl TicketGraph {
    /// Builds the graph from tickets and what each is blocked by.
    ///
    /// A dependency that occurs twice counts once. A dependency on a ticket that is not among
    /// `tickets` is [external](Self::external), not an error.
    pub fn new<'a>(
        tickets: impl IntoIterator<Item = (&'a TicketId, &'a [TicketId])>,
    ) -> Result<Self, GraphError> {
        let mut tickets: Vec<_> = tickets.into_iter().collect();
        tickets.sort_by(|a, b| order(a.0).cmp(&order(b.0)));
        if let Some(pair) = tickets.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(GraphError::Duplicate(pair[0].0.clone()));
        }
        let keys: Vec<_> = tickets.iter().map(|(id, _)| order(id)).collect();
        let nodes = u32::try_from(tickets.len()).map_err(|_| GraphError::TooLarge)?;
        let mut edges = Vec::new();
        let mut external = Vec::new();
        for (node, (id, blocked_by)) in (0..nodes).zip(&tickets) {
            for dependency in *blocked_by {
                match keys.binary_search(&order(dependency)) {
                    Ok(at) => edges.push((node, at as u32)),
                    Err(_) => external.push(((*id).clone(), dependency.clone())),
                }
            }
        }
        edges.sort_unstable();
        edges.dedup();
        external.sort_by(|a, b| order_pair(a).cmp(&order_pair(b)));
        external.dedup();
        let ids: Vec<_> = tickets.iter().map(|(id, _)| (*id).clone()).collect();
        let dependencies = Csr::from_edges(nodes, &edges).map_err(|_| GraphError::TooLarge)?;
        let Ok(levels) = dependencies.levels() else {
            let chain = |nodes: Vec<u32>| {
                let back = nodes.iter().chain(&nodes[..1]);
                CycleChain(back.map(|v| ids[*v as usize].clone()).collect())
            };
            let cycles = dependencies.cycles();
            return Err(GraphError::Cycles(cycles.into_iter().map(chain).collect()));
        };
        Ok(Self {
            dependents: dependencies.transposed(),
            ids,
            dependencies,
            levels,
            external,
        })
    }

    /// The tickets in natural order; their places are the numbers used elsewhere here.
    pub fn ids(&self) -> &[TicketId] {
        &self.ids
    }

    /// The number of a ticket.
    pub fn number(&self, id: &TicketId) -> Option<u32> {
        let found = self.ids.binary_search_by(|at| order(at).cmp(&order(id)));
        found.ok().map(|at| at as u32)
    }

    /// What each ticket waits for, by number.
    pub fn dependencies(&self) -> &Csr {
        &self.dependencies
    }

    /// What waits for each ticket, by number.
    pub fn dependents(&self) -> &Csr {
        &self.dependents
    }

    /// The wave of each ticket, from 1: one more than the latest of its dependencies.
    pub fn levels(&self) -> &[u32] {
        &self.levels
    }

    /// Dependencies on tickets that are not in the graph: (ticket, what it waits for).
    pub fn external(&self) -> &[(TicketId, TicketId)] {
        &self.external
    }
}

/// Natural order, made total: `A-1` and `A-01` are different tickets.
fn order(id: &TicketId) -> ((&str, u64), &str) {
    (natural_key(id.as_str()), id.as_str())
}

fn order_pair<'a>((a, b): &'a (TicketId, TicketId)) -> impl Ord + use<'a> {
    (order(a), order(b))
}

fn join<T: fmt::Display>(parts: &[T], separator: &str) -> String {
    let parts: Vec<String> = parts.iter().map(T::to_string).collect();
    parts.join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(text: &str) -> Result<TicketGraph, GraphError> {
        let id = |text: &str| TicketId::new(text).unwrap();
        let rows: Vec<(TicketId, Vec<TicketId>)> = text
            .split(';')
            .map(|row| {
                let (head, tail) = row.split_once(':').unwrap_or((row, ""));
                (id(head.trim()), tail.split_whitespace().map(id).collect())
            })
            .collect();
        TicketGraph::new(rows.iter().map(|(id, by)| (id, by.as_slice())))
    }

    fn error(text: &str) -> String {
        build(text).unwrap_err().to_string()
    }

    #[test]
    fn cycles_are_named_ticket_by_ticket() {
        insta::assert_snapshot!(error("ENG-1: ENG-2; ENG-2: ENG-1"), @"circular dependency: ENG-1 → ENG-2 → ENG-1");
        insta::assert_snapshot!(error("ENG-1: ENG-1"), @"circular dependency: ENG-1 → ENG-1");
        insta::assert_snapshot!(
            error("ENG-10: ENG-9; ENG-9: ENG-2; ENG-2: ENG-10 ENG-3; ENG-3; B-1: A-1; A-1: B-1 ENG-2"),
            @"circular dependency: A-1 → B-1 → A-1; ENG-2 → ENG-10 → ENG-9 → ENG-2"
        );
    }

    #[test]
    fn the_same_id_twice_is_refused() {
        insta::assert_snapshot!(error("A-2; A-1; A-2"), @"ticket A-2 is there twice");
    }

    #[test]
    fn unknown_dependencies_are_set_aside_and_repeated_ones_count_once() {
        let graph = build("A-10: A-2 A-2 X-1 X-1; A-2: X-3").unwrap();
        let names: Vec<_> = graph.ids().iter().map(TicketId::as_str).collect();
        assert_eq!(names, ["A-2", "A-10"]);
        assert_eq!(graph.dependencies().row(1), [0]);
        assert_eq!(graph.dependents().row(0), [1]);
        assert_eq!(graph.levels(), [1, 2]);
        let external = graph.external().iter().map(|(a, b)| format!("{a}>{b}"));
        assert_eq!(external.collect::<Vec<_>>(), ["A-2>X-3", "A-10>X-1"]);
    }

    #[test]
    fn ids_that_differ_only_in_zeros_are_different_tickets() {
        let graph = build("A-01: A-1; A-1").unwrap();
        assert_eq!(graph.number(&TicketId::new("A-1").unwrap()), Some(1));
        assert_eq!(graph.number(&TicketId::new("A-2").unwrap()), None);
        assert_eq!(graph.levels(), [2, 1]);
    }
}
