//! Dependency graphs of plain integers: levels and cycles in linear time, without recursion.
//!
//! Ids are interned before they come here, so this file is all there is to the speed of planning.

/// A dependency graph: for each node, the nodes it depends on, in compressed sparse rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Csr {
    /// Where each node's row begins; one longer than there are nodes, or empty for no nodes.
    offsets: Vec<u32>,
    targets: Vec<u32>,
}

/// The rows do not describe a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCsr {
    /// Offsets must begin at 0, never fall, and end at the number of edges.
    #[error("the offsets are not a partition of the edges")]
    Offsets,
    /// An edge names a node that does not exist.
    #[error("edge to node {0}, which does not exist")]
    Target(u32),
    /// Nodes and edges are counted in 32 bits, with two values to spare.
    #[error("too many nodes or edges for 32-bit indices")]
    TooLarge,
}

/// The graph has a cycle, so its nodes have no levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the graph has a cycle")]
pub struct Cyclic;

const UNSEEN: u32 = 0;
const OPEN: u32 = u32::MAX;
const MAX_NODES: usize = u32::MAX as usize - 2;

impl Csr {
    /// The graph with these rows: node `v` depends on `targets[offsets[v]..offsets[v + 1]]`.
    pub fn new(offsets: Vec<u32>, targets: Vec<u32>) -> Result<Self, InvalidCsr> {
        if offsets.len() > MAX_NODES || targets.len() > MAX_NODES {
            return Err(InvalidCsr::TooLarge);
        }
        let begins = offsets.first().copied().unwrap_or(0) == 0;
        let ends = offsets.last().copied().unwrap_or(0) as usize == targets.len();
        if !begins || !ends || !offsets.is_sorted() {
            return Err(InvalidCsr::Offsets);
        }
        let nodes = offsets.len().saturating_sub(1);
        match targets.iter().find(|target| **target as usize >= nodes) {
            Some(target) => Err(InvalidCsr::Target(*target)),
            None => Ok(Self { offsets, targets }),
        }
    }

    /// The graph with `nodes` nodes and these edges `(node, dependency)`. Rows keep the order of
    /// the edges.
    pub fn from_edges(nodes: u32, edges: &[(u32, u32)]) -> Result<Self, InvalidCsr> {
        if nodes as usize > MAX_NODES || edges.len() > MAX_NODES {
            return Err(InvalidCsr::TooLarge);
        }
        let mut offsets = vec![0u32; nodes as usize + 1];
        for &(node, target) in edges {
            if node.max(target) >= nodes {
                return Err(InvalidCsr::Target(node.max(target)));
            }
            offsets[node as usize + 1] += 1;
        }
        for v in 1..offsets.len() {
            offsets[v] += offsets[v - 1];
        }
        let mut next = offsets.clone();
        let mut targets = vec![0; edges.len()];
        for &(node, target) in edges {
            let slot = &mut next[node as usize];
            targets[*slot as usize] = target;
            *slot += 1;
        }
        Ok(Self { offsets, targets })
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> u32 {
        self.offsets.len().saturating_sub(1) as u32
    }

    /// What `node` depends on; nothing for a node that does not exist.
    pub fn row(&self, node: u32) -> &[u32] {
        let v = node as usize;
        match self.offsets.get(v..v.saturating_add(2)) {
            Some(&[start, end]) => &self.targets[start as usize..end as usize],
            _ => &[],
        }
    }

    /// The same graph with every edge turned round. Rows come out sorted.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut offsets = vec![0u32; self.offsets.len()];
        for &target in &self.targets {
            offsets[target as usize + 1] += 1;
        }
        for v in 1..offsets.len() {
            offsets[v] += offsets[v - 1];
        }
        let mut next = offsets.clone();
        let mut targets = vec![0; self.targets.len()];
        for node in 0..self.nodes() {
            for &target in self.row(node) {
                let slot = &mut next[target as usize];
                targets[*slot as usize] = node;
                *slot += 1;
            }
        }
        Self { offsets, targets }
    }

    /// The level of every node, from 1: one more than the highest level among its dependencies.
    ///
    /// One forward pass, which is all it takes where dependencies have smaller numbers, as ids
    /// made in order have. A dependency that has no level yet is visited depth first.
    pub fn levels(&self) -> Result<Vec<u32>, Cyclic> {
        let mut levels = vec![UNSEEN; self.nodes() as usize];
        let mut stack = Vec::new();
        for (v, bounds) in self.offsets.windows(2).enumerate() {
            if levels[v] != UNSEEN {
                continue;
            }
            let mut highest = 0;
            let mut complete = true;
            for &d in &self.targets[bounds[0] as usize..bounds[1] as usize] {
                let level = levels[d as usize];
                complete &= level != UNSEEN;
                highest = highest.max(level);
            }
            if complete {
                levels[v] = highest + 1;
            } else {
                self.visit(v as u32, &mut levels, &mut stack)?;
            }
        }
        Ok(levels)
    }

    /// Gives `root` and everything below it a level. The stack holds each open node, how far its
    /// row has been read, and the highest level seen in it.
    fn visit(
        &self,
        root: u32,
        levels: &mut [u32],
        stack: &mut Vec<(u32, u32, u32)>,
    ) -> Result<(), Cyclic> {
        levels[root as usize] = OPEN;
        stack.push((root, self.offsets[root as usize], 0));
        while let Some((node, at, highest)) = stack.last_mut() {
            if *at == self.offsets[*node as usize + 1] {
                let level = *highest + 1;
                levels[*node as usize] = level;
                stack.pop();
                if let Some((_, _, highest)) = stack.last_mut() {
                    *highest = level.max(*highest);
                }
                continue;
            }
            let next = self.targets[*at as usize];
            *at += 1;
            match levels[next as usize] {
                OPEN => return Err(Cyclic),
                UNSEEN => {
                    levels[next as usize] = OPEN;
                    stack.push((next, self.offsets[next as usize], 0));
                }
                level => *highest = level.max(*highest),
            }
        }
        Ok(())
    }

    /// One shortest cycle through the smallest node of every strongly connected component that
    /// has one, without the return to its first node; sorted by that node.
    pub fn cycles(&self) -> Vec<Vec<u32>> {
        let component = self.components();
        let mut smallest: Vec<Option<u32>> = vec![None; self.nodes() as usize];
        let mut previous = vec![OPEN; self.nodes() as usize];
        let mut cycles = Vec::new();
        for node in 0..self.nodes() {
            let of = component[node as usize] as usize;
            if smallest[of].is_none() {
                smallest[of] = Some(node);
                cycles.extend(self.cycle_through(node, &component, &mut previous));
            }
        }
        cycles
    }

    /// Breadth first inside the component of `start`, until an edge leads back to it. Each
    /// component is searched once, so `previous` needs no clearing in between.
    fn cycle_through(
        &self,
        start: u32,
        component: &[u32],
        previous: &mut [u32],
    ) -> Option<Vec<u32>> {
        let mut queue = vec![start];
        let mut head = 0;
        while let Some(&node) = queue.get(head) {
            head += 1;
            for &next in self.row(node) {
                if next == start {
                    let mut cycle = vec![node];
                    while let Some(&last) = cycle.last()
                        && last != start
                    {
                        cycle.push(previous[last as usize]);
                    }
                    cycle.reverse();
                    return Some(cycle);
                }
                let inside = component[next as usize] == component[start as usize];
                if inside && previous[next as usize] == OPEN {
                    previous[next as usize] = node;
                    queue.push(next);
                }
            }
        }
        None
    }

    /// The strongly connected component of every node (Tarjan, with an explicit stack).
    fn components(&self) -> Vec<u32> {
        let n = self.nodes() as usize;
        let mut component = vec![OPEN; n];
        // Order of discovery from 1, then the smallest order reachable.
        let (mut order, mut low) = (vec![UNSEEN; n], vec![UNSEEN; n]);
        let (mut discovered, mut found) = (0u32, 0u32);
        let (mut open, mut stack) = (Vec::new(), Vec::<(u32, u32)>::new());
        for root in 0..self.nodes() {
            if order[root as usize] != UNSEEN {
                continue;
            }
            stack.push((root, self.offsets[root as usize]));
            while let Some((node, at)) = stack.last_mut() {
                let v = *node as usize;
                if order[v] == UNSEEN {
                    discovered += 1;
                    (order[v], low[v]) = (discovered, discovered);
                    open.push(*node);
                }
                if *at < self.offsets[v + 1] {
                    let next = self.targets[*at as usize];
                    let w = next as usize;
                    *at += 1;
                    if order[w] == UNSEEN {
                        stack.push((next, self.offsets[w]));
                    } else if component[w] == OPEN {
                        low[v] = low[v].min(order[w]);
                    }
                    continue;
                }
                stack.pop();
                if let Some((parent, _)) = stack.last() {
                    let p = *parent as usize;
                    low[p] = low[p].min(low[v]);
                }
                if low[v] == order[v] {
                    while let Some(w) = open.pop() {
                        component[w as usize] = found;
                        if w as usize == v {
                            break;
                        }
                    }
                    found += 1;
                }
            }
        }
        component
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Peels off nodes whose dependencies all have a level; quadratic and obvious.
    fn naive_levels(n: u32, edges: &[(u32, u32)]) -> Option<Vec<u32>> {
        let mut levels = vec![0u32; n as usize];
        for wave in 1..=n {
            let ready: Vec<u32> = (0..n)
                .filter(|v| levels[*v as usize] == 0)
                .filter(|v| {
                    edges
                        .iter()
                        .all(|(a, b)| a != v || levels[*b as usize] != 0)
                })
                .collect();
            for v in ready {
                levels[v as usize] = wave;
            }
        }
        levels.iter().all(|level| *level > 0).then_some(levels)
    }

    fn reaches(n: u32, edges: &[(u32, u32)], from: u32) -> Vec<bool> {
        let mut seen = vec![false; n as usize];
        for _ in 0..=n {
            for (a, b) in edges {
                if *a == from || seen[*a as usize] {
                    seen[*b as usize] = true;
                }
            }
        }
        seen
    }

    fn graphs() -> impl Strategy<Value = (u32, Vec<(u32, u32)>)> {
        (1u32..24).prop_flat_map(|n| (Just(n), prop::collection::vec((0..n, 0..n), 0..40)))
    }

    proptest! {
        #[test]
        fn levels_equal_the_naive_ones((n, edges) in graphs()) {
            let csr = Csr::from_edges(n, &edges).unwrap();
            prop_assert_eq!(csr.levels().ok(), naive_levels(n, &edges));
        }

        #[test]
        fn acyclic_graphs_in_any_numbering_have_levels(
            (n, edges) in graphs(), order in Just((0u32..24).collect::<Vec<_>>()).prop_shuffle()
        ) {
            let place = |v: u32| order.iter().filter(|o| **o < n).position(|o| *o == v).unwrap();
            let down: Vec<_> = edges.into_iter().filter(|(a, b)| place(*a) > place(*b)).collect();
            let levels = Csr::from_edges(n, &down).unwrap().levels().unwrap();
            prop_assert_eq!(Some(levels.clone()), naive_levels(n, &down));
            prop_assert!(down.iter().all(|(a, b)| levels[*a as usize] > levels[*b as usize]));
        }

        #[test]
        fn cycles_are_real_and_one_per_component((n, edges) in graphs()) {
            let cycles = Csr::from_edges(n, &edges).unwrap().cycles();
            for cycle in &cycles {
                let turned = cycle.iter().skip(1).chain(&cycle[..1]);
                for pair in cycle.iter().zip(turned) {
                    prop_assert!(edges.contains(&(*pair.0, *pair.1)), "{cycle:?}");
                }
            }
            let reach: Vec<_> = (0..n).map(|v| reaches(n, &edges, v)).collect();
            let firsts: Vec<u32> = (0..n)
                .filter(|v| reach[*v as usize][*v as usize])
                .filter(|v| (0..*v).all(|w| {
                    !(reach[*v as usize][w as usize] && reach[w as usize][*v as usize])
                }))
                .collect();
            prop_assert_eq!(cycles.iter().map(|c| c[0]).collect::<Vec<_>>(), firsts);
        }

        #[test]
        fn turning_round_twice_is_the_same_graph((n, edges) in graphs()) {
            let mut sorted = edges;
            sorted.sort_unstable();
            let csr = Csr::from_edges(n, &sorted).unwrap();
            prop_assert_eq!(csr.transposed().transposed(), csr);
        }

        #[test]
        fn rows_from_outside_are_checked(offsets: Vec<u32>, targets: Vec<u32>) {
            if let Ok(csr) = Csr::new(offsets, targets) {
                let acyclic = csr.levels().is_ok();
                prop_assert_eq!(acyclic, csr.cycles().is_empty());
            }
        }
    }

    #[test]
    fn a_long_chain_in_the_worst_order_needs_no_recursion() {
        let n = 300_000u32;
        let edges: Vec<_> = (0..n - 1).map(|v| (v, v + 1)).collect();
        let csr = Csr::from_edges(n, &edges).unwrap();
        assert_eq!(csr.levels().unwrap()[0], n);
        assert!(csr.cycles().is_empty());
    }

    #[test]
    fn malformed_rows_are_refused() {
        assert_eq!(Csr::new(vec![0, 2, 1], vec![0]), Err(InvalidCsr::Offsets));
        assert_eq!(Csr::new(vec![1, 1], vec![0]), Err(InvalidCsr::Offsets));
        assert_eq!(Csr::new(vec![0, 1], vec![1]), Err(InvalidCsr::Target(1)));
        assert_eq!(Csr::from_edges(1, &[(0, 1)]), Err(InvalidCsr::Target(1)));
        assert_eq!(Csr::new(vec![], vec![]).unwrap().levels(), Ok(vec![]));
    }
}
