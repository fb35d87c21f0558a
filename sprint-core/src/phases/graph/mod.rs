//! The phases of a sprint and what each waits for (spec 7).

mod builtin;
mod check;
mod fault;
mod parse;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(in crate::phases) use tests::nodes as sketch;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::PhaseName;

pub use fault::{GraphFault, GraphFaults, GraphWarning};
pub use parse::{Parsed, from_list, from_text};

/// The most phases a graph that people write may have.
pub const MAX_PHASES: usize = 256;

/// The most phases a graph that a program makes may have.
pub const MAX_GENERATED_PHASES: usize = 4096;

/// What may run beside a phase in one working tree (spec 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concurrency {
    /// It reads: other readers.
    Read,
    /// It changes files: nothing.
    Write,
    /// It wants to be alone: nothing.
    Exclusive,
}

impl Concurrency {
    /// Whether two phases of these classes may run at the same time.
    pub const fn admits(self, other: Self) -> bool {
        matches!((self, other), (Self::Read, Self::Read))
    }

    /// The class in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Exclusive => "exclusive",
        }
    }
}

/// Whether a phase has to hand something in when it is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactRule {
    /// It must.
    Required,
    /// It may.
    Optional,
    /// It must not.
    None,
}

/// One phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: PhaseName,
    /// What has to be complete or waived before it may be claimed.
    pub depends_on: Vec<PhaseName>,
    /// What may run beside it.
    pub concurrency: Concurrency,
    /// Whether it hands in an artifact.
    pub artifact: ArtifactRule,
    /// The smaller, the earlier it is handed out; phases of one priority go in declared order.
    #[serde(default)]
    pub priority: u32,
}

/// Phases without duplicates, dangling dependencies and cycles, in declared order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Node>", into = "Vec<Node>")]
pub struct PhaseGraph {
    nodes: Vec<Node>,
    index: BTreeMap<PhaseName, usize>,
    parents: Vec<Vec<usize>>,
    children: Vec<Vec<usize>>,
    by_priority: Vec<usize>,
}

impl PhaseGraph {
    /// The graph of these phases, at most [`MAX_PHASES`].
    ///
    /// # Errors
    ///
    /// Everything that is wrong, one [`GraphFault`] each.
    pub fn new(nodes: Vec<Node>) -> Result<Self, GraphFaults> {
        Self::of_at_most(MAX_PHASES, nodes)
    }

    /// The graph of phases that a program made, at most [`MAX_GENERATED_PHASES`].
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn generated(nodes: Vec<Node>) -> Result<Self, GraphFaults> {
        Self::of_at_most(MAX_GENERATED_PHASES, nodes)
    }

    fn of_at_most(limit: usize, nodes: Vec<Node>) -> Result<Self, GraphFaults> {
        check::check(&nodes, limit)?;
        let index: BTreeMap<_, _> = (nodes.iter().map(|node| node.name.clone()))
            .zip(0..)
            .collect();
        let mut children = vec![Vec::new(); nodes.len()];
        let mut parents = Vec::with_capacity(nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            let found: BTreeSet<usize> = node
                .depends_on
                .iter()
                .filter_map(|name| index.get(name).copied())
                .collect();
            for parent in &found {
                children[*parent].push(at);
            }
            parents.push(found.into_iter().collect());
        }
        let mut by_priority: Vec<usize> = (0..nodes.len()).collect();
        by_priority.sort_by_key(|at| (nodes[*at].priority, *at));
        Ok(Self {
            nodes,
            index,
            parents,
            children,
            by_priority,
        })
    }

    /// The phases in declared order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The phase of this name.
    pub fn get(&self, phase: &PhaseName) -> Option<&Node> {
        self.position(phase).map(|at| &self.nodes[at])
    }

    /// Whether there is a phase of this name.
    pub fn contains(&self, phase: &PhaseName) -> bool {
        self.index.contains_key(phase)
    }

    /// What this phase waits for, transitively, in declared order and without itself.
    pub fn ancestors(&self, phase: &PhaseName) -> Vec<PhaseName> {
        self.reach(phase, &self.parents)
    }

    /// What waits for this phase, transitively, in declared order and without itself.
    pub fn descendants(&self, phase: &PhaseName) -> Vec<PhaseName> {
        self.reach(phase, &self.children)
    }

    /// What is worth telling, though the graph can be used (spec 7.3).
    pub fn warnings(&self) -> Vec<GraphWarning> {
        let Some(ship) = self.nodes.iter().find(|node| node.name.as_str() == SHIP) else {
            return vec![GraphWarning::NoShip];
        };
        let before: BTreeSet<_> = self.ancestors(&ship.name).into_iter().collect();
        let after: BTreeSet<_> = self.descendants(&ship.name).into_iter().collect();
        let apart = |node: &&Node| {
            node.name != ship.name && !before.contains(&node.name) && !after.contains(&node.name)
        };
        let names = self.nodes.iter().filter(apart);
        names
            .map(|node| GraphWarning::ShipDoesNotWait(node.name.clone()))
            .collect()
    }

    /// The phases that ship waits for, transitively, without those that only lead up to the work:
    /// think, plan and build (spec 8.2). Without a phase `ship`, those of review, security and qa
    /// that there are (spec 11.2).
    pub fn required_before_ship(&self) -> Vec<PhaseName> {
        let preparing = ["think", "plan", "build"];
        let fallback = ["review", "security", "qa"];
        match self.nodes.iter().find(|node| node.name.as_str() == SHIP) {
            Some(ship) => {
                let mut before = self.ancestors(&ship.name);
                before.retain(|phase| !preparing.contains(&phase.as_str()));
                before
            }
            None => {
                let names = self.nodes.iter().map(|node| &node.name);
                let signing = names.filter(|name| fallback.contains(&name.as_str()));
                signing.cloned().collect()
            }
        }
    }

    pub(super) fn position(&self, phase: &PhaseName) -> Option<usize> {
        self.index.get(phase).copied()
    }

    pub(super) fn parents(&self, at: usize) -> &[usize] {
        &self.parents[at]
    }

    /// Positions in the order in which phases are handed out.
    pub(super) fn by_priority(&self) -> &[usize] {
        &self.by_priority
    }

    fn reach(&self, phase: &PhaseName, edges: &[Vec<usize>]) -> Vec<PhaseName> {
        let Some(start) = self.position(phase) else {
            return Vec::new();
        };
        let mut found = BTreeSet::new();
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            let new = edges[at].iter().filter(|next| found.insert(**next));
            open.extend(new.copied().collect::<Vec<_>>());
        }
        let names = found.into_iter().map(|at| self.nodes[at].name.clone());
        names.collect()
    }
}

/// The name of the phase that ends a sprint.
pub const SHIP: &str = "ship";

impl TryFrom<Vec<Node>> for PhaseGraph {
    type Error = GraphFaults;

    fn try_from(nodes: Vec<Node>) -> Result<Self, GraphFaults> {
        Self::generated(nodes)
    }
}

impl From<PhaseGraph> for Vec<Node> {
    fn from(graph: PhaseGraph) -> Self {
        graph.nodes
    }
}

impl Default for PhaseGraph {
    /// think → plan → build → {review, qa, security} → ship.
    fn default() -> Self {
        builtin::default_graph()
    }
}
