use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn ids(names: &str) -> Vec<TicketId> {
    let names = names.split_whitespace();
    names.map(|name| TicketId::new(name).unwrap()).collect()
}

/// `A: B C` is read as: B and C depend on A.
fn graph(lines: &str) -> BTreeMap<TicketId, Vec<TicketId>> {
    let rows = lines.split(", ").filter_map(|row| row.split_once(':'));
    rows.map(|(on, dependents)| (TicketId::new(on).unwrap(), ids(dependents)))
        .collect()
}

fn check(ticket: &str, dependents: &str, merged: &str, expected: &str) {
    let (ticket, graph) = (TicketId::new(ticket).unwrap(), graph(dependents));
    let dependents = |id: &TicketId| graph.get(id).map_or(&[][..], Vec::as_slice);
    let found = closure(&ticket, dependents, &ids(merged));
    assert_eq!(found, ids(expected), "{ticket} of {merged}");
}

#[test]
fn what_depends_on_it_goes_first() {
    check("A", "", "A", "A");
    check("A", "A: B", "A B C", "B A");
    check("B", "A: B", "A B C", "B");
    check("A", "A: B C, B: D, C: D", "A C B D E", "D B C A");
}

#[test]
fn only_what_is_merged_goes() {
    check("A", "A: B C", "A C", "C A");
    // Whatever became of the one in between, the last one builds on the first.
    check("A", "A: B, B: C", "A C", "C A");
    check("A", "A: B", "B", "B");
    check("A", "", "B", "");
}

proptest! {
    /// The answer is closed under dependence, has nothing else in it, and nothing in it is taken
    /// back before what was merged on top of it.
    #[test]
    fn nothing_is_left_that_builds_on_what_goes(
        edges in proptest::collection::vec((0usize..12, 0usize..12), 0..30),
        count in 1usize..12,
        first in 0usize..12,
    ) {
        let all: Vec<_> = (0..12).map(|n| TicketId::new(format!("T-{n}")).unwrap()).collect();
        let mut graph = BTreeMap::<TicketId, Vec<TicketId>>::new();
        // Cycles, too: a plan has none, and this must end nevertheless.
        for (on, dependent) in edges {
            graph.entry(all[on].clone()).or_default().push(all[dependent].clone());
        }
        let merged = &all[..count];
        let dependents = |id: &TicketId| graph.get(id).map_or(&[][..], Vec::as_slice);
        let gone = closure(&all[first], dependents, merged);
        prop_assert_eq!(gone.contains(&all[first]), first < count);
        for id in &gone {
            for dependent in dependents(id) {
                prop_assert_eq!(gone.contains(dependent), merged.contains(dependent));
            }
        }
        let at = |id: &TicketId| merged.iter().position(|merged| merged == id);
        prop_assert!(gone.windows(2).all(|pair| at(&pair[0]) > at(&pair[1])));
        // Nothing goes without a reason.
        let reason = |id: &TicketId| {
            let mut reached = vec![&all[first]];
            for _ in 0..all.len() {
                let more: Vec<_> = reached.iter().flat_map(|id| dependents(id)).collect();
                reached.extend(more);
                reached.sort();
                reached.dedup();
            }
            reached.contains(&id)
        };
        prop_assert!(gone.iter().all(reason));
    }
}
