//! Which tickets are likely to conflict, by the files they changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::path::RepoPath;
use crate::domain::workspace::{ChangeKind, ChangedPath};
use crate::id::TicketId;

/// A file that more tickets than this change is reported once, not once per pair.
const HOT: usize = 64;

/// How likely two tickets are to conflict, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// They touch different files, and at least one changes existing ones.
    None,
    /// Both only create files, and different ones.
    Low,
    /// Both touch the same file.
    High,
}

/// The conflicts to expect among some tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// Pairs with a high risk, each with the smaller id first, and the files they share.
    pub pairs: BTreeMap<(TicketId, TicketId), Vec<RepoPath>>,
    /// Files so popular that their pairs are not listed, and the tickets that change them.
    pub hot: BTreeMap<RepoPath, BTreeSet<TicketId>>,
    /// Tickets that only create files.
    pub creators: BTreeSet<TicketId>,
}

impl Conflicts {
    /// Compares what tickets changed. Two tickets that delete the same file agree about it.
    ///
    /// Goes by file rather than by pair, so it takes time for what is found, not for all pairs.
    pub fn predict<'a>(
        branches: impl IntoIterator<Item = (&'a TicketId, &'a [ChangedPath])>,
    ) -> Self {
        let mut conflicts = Self::default();
        let mut touched = Vec::new();
        for (ticket, changed) in branches {
            if only_creates(changed) {
                conflicts.creators.insert(ticket.clone());
            }
            let deletes = |kind| kind == ChangeKind::Deleted;
            touched.extend(changed.iter().map(|c| (&c.path, ticket, deletes(c.kind))));
        }
        touched.sort_unstable();
        touched.dedup_by_key(|(path, ticket, _)| (*path, *ticket));
        for of_file in touched.chunk_by(|a, b| a.0 == b.0) {
            if of_file.len() > HOT {
                let tickets = of_file.iter().map(|(_, ticket, _)| (*ticket).clone());
                let path = of_file[0].0.clone();
                conflicts.hot.insert(path, tickets.collect());
                continue;
            }
            for (at, (path, a, a_deletes)) in of_file.iter().enumerate() {
                for (_, b, b_deletes) in &of_file[at + 1..] {
                    if !(*a_deletes && *b_deletes) {
                        let pair = ((*a).clone(), (*b).clone());
                        let shared = conflicts.pairs.entry(pair).or_default();
                        shared.push((*path).clone());
                    }
                }
            }
        }
        conflicts
    }

    /// The risk between two tickets.
    pub fn risk(&self, a: &TicketId, b: &TicketId) -> Risk {
        let pair = (a.min(b).clone(), a.max(b).clone());
        let both_in = |tickets: &BTreeSet<TicketId>| tickets.contains(a) && tickets.contains(b);
        if self.pairs.contains_key(&pair) || self.hot.values().any(both_in) {
            Risk::High
        } else if both_in(&self.creators) {
            Risk::Low
        } else {
            Risk::None
        }
    }

    /// The tickets that are in a pair with a high risk.
    pub fn high_risk(&self) -> BTreeSet<&TicketId> {
        let paired = self.pairs.keys().flat_map(|(a, b)| [a, b]);
        paired.chain(self.hot.values().flatten()).collect()
    }
}

/// Whether a change creates files and does nothing else.
pub(crate) fn only_creates(changed: &[ChangedPath]) -> bool {
    !changed.is_empty() && changed.iter().all(|c| c.kind == ChangeKind::Added)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use ChangeKind::{Added, Deleted, Modified};

    type Branch = (TicketId, Vec<ChangedPath>);

    fn branch(id: &str, changed: &[(ChangeKind, &str)]) -> Branch {
        let changed = changed.iter().map(|(kind, path)| ChangedPath {
            path: RepoPath::from(*path),
            kind: *kind,
        });
        (TicketId::new(id).unwrap(), changed.collect())
    }

    fn predict(branches: &[Branch]) -> Conflicts {
        Conflicts::predict(
            branches
                .iter()
                .map(|(id, changed)| (id, changed.as_slice())),
        )
    }

    #[test]
    fn the_table_of_risks() {
        let table = [
            (Risk::High, vec![(Modified, "a")], vec![(Modified, "a")]),
            (Risk::High, vec![(Added, "a")], vec![(Added, "a")]),
            (Risk::High, vec![(Deleted, "a")], vec![(Modified, "a")]),
            (Risk::None, vec![(Deleted, "a")], vec![(Deleted, "a")]),
            (Risk::Low, vec![(Added, "a")], vec![(Added, "b")]),
            (Risk::None, vec![(Added, "a")], vec![(Modified, "b")]),
            (Risk::None, vec![], vec![(Added, "b")]),
        ];
        for (risk, a, b) in table {
            let branches = [branch("A-1", &a), branch("A-2", &b)];
            let conflicts = predict(&branches);
            assert_eq!(
                conflicts.risk(&branches[0].0, &branches[1].0),
                risk,
                "{a:?} {b:?}"
            );
        }
    }

    #[test]
    fn a_file_that_everybody_changes_is_reported_once() {
        let names: Vec<String> = (0..70).map(|n| format!("A-{n}")).collect();
        let all = |names: &[String]| -> Vec<_> {
            let change = [(Modified, "lock")];
            names.iter().map(|name| branch(name, &change)).collect()
        };
        let branches = all(&names);
        let conflicts = predict(&branches);
        assert_eq!(conflicts.pairs.len(), 0);
        assert_eq!(conflicts.hot[&RepoPath::from("lock")].len(), 70);
        assert_eq!(conflicts.high_risk().len(), 70);
        assert_eq!(conflicts.risk(&branches[0].0, &branches[69].0), Risk::High);
        assert_eq!(predict(&all(&names[..64])).pairs.len(), 64 * 63 / 2);
    }

    proptest! {
        #[test]
        fn equal_to_comparing_all_pairs(
            branches in prop::collection::vec(prop::collection::btree_map("[a-e]", 0usize..3, 0..4), 0..8)
        ) {
            let branches: Vec<Branch> = branches
                .iter()
                .enumerate()
                .map(|(n, files)| {
                    let kinds = [Added, Modified, Deleted];
                    let files: Vec<_> = files.iter().map(|(f, k)| (kinds[*k], f.as_str())).collect();
                    branch(&format!("A-{n}"), &files)
                })
                .collect();
            let conflicts = predict(&branches);
            for (a, of_a) in &branches {
                for (b, of_b) in branches.iter().filter(|(b, _)| b != a) {
                    let shared = of_a.iter().any(|x| of_b.iter().any(|y| {
                        x.path == y.path && !(x.kind == Deleted && y.kind == Deleted)
                    }));
                    prop_assert_eq!(conflicts.risk(a, b) == Risk::High, shared);
                    prop_assert_eq!(conflicts.risk(a, b), conflicts.risk(b, a));
                }
            }
        }
    }
}
