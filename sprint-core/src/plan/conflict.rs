//! Which tickets are likely to conflict, by the files they changed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::path::RepoPath;
use crate::domain::workspace::{ChangeKind, ChangedPath};
use crate::id::TicketId;

/// A file that more tickets than this change is reported once, not once per pair.
const HOT: usize = 64;

/// How likely two tickets are to conflict, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// They touch different files that do not import each other, and at least one changes
    /// existing ones.
    None,
    /// Both only create files, and different ones.
    Low,
    /// Files of one import files of the other.
    Medium,
    /// Both touch the same file.
    High,
}

/// A ticket, as far as conflicts go.
#[derive(Clone, Copy, Debug)]
pub struct Branch<'a> {
    /// The ticket.
    pub ticket: &'a TicketId,
    /// What it changed.
    pub changed: &'a [ChangedPath],
    /// What the changed files import. A directory stands for the files directly in it, as a
    /// package does in Go.
    pub imports: &'a BTreeSet<RepoPath>,
}

/// The tickets that change a file, and the ones that import it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hub {
    /// Who changes it.
    pub changers: BTreeSet<TicketId>,
    /// Whose changed files import it.
    pub importers: BTreeSet<TicketId>,
}

/// The conflicts to expect among some tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// Pairs with a high risk, each with the smaller id first, and the files they share.
    pub pairs: BTreeMap<(TicketId, TicketId), Vec<RepoPath>>,
    /// Files so popular that their pairs are not listed, and the tickets that change them.
    pub hot: BTreeMap<RepoPath, BTreeSet<TicketId>>,
    /// Pairs in which one changes a file that the other imports, each with the smaller id first,
    /// and those files. A pair may be in `pairs` too.
    pub neighbours: BTreeMap<(TicketId, TicketId), Vec<RepoPath>>,
    /// Files so popular that their neighbours are not listed.
    pub hubs: BTreeMap<RepoPath, Hub>,
    /// Tickets that only create files.
    pub creators: BTreeSet<TicketId>,
}

impl Conflicts {
    /// Compares what tickets changed. Two tickets that delete the same file agree about it.
    ///
    /// Goes by file rather than by pair, so it takes time for what is found, not for all pairs.
    pub fn predict<'a>(branches: impl IntoIterator<Item = Branch<'a>>) -> Self {
        let mut conflicts = Self::default();
        let mut touched = Vec::new();
        let mut importers: BTreeMap<&RepoPath, BTreeSet<&TicketId>> = BTreeMap::new();
        for branch in branches {
            let Branch {
                ticket, changed, ..
            } = branch;
            if only_creates(changed) {
                conflicts.creators.insert(ticket.clone());
            }
            let deletes = |kind| kind == ChangeKind::Deleted;
            touched.extend(changed.iter().map(|c| (&c.path, ticket, deletes(c.kind))));
            for path in branch.imports {
                importers.entry(path).or_default().insert(ticket);
            }
        }
        touched.sort_unstable();
        touched.dedup_by_key(|(path, ticket, _)| (*path, *ticket));
        for of_file in touched.chunk_by(|a, b| a.0 == b.0) {
            conflicts.add_shared(of_file);
            let path = of_file[0].0;
            let package = path.parent().and_then(|package| importers.get(&package));
            let importers = importers.get(path).into_iter().chain(package);
            let importers: BTreeSet<_> = importers.flatten().copied().collect();
            if !importers.is_empty() {
                let changers = of_file.iter().map(|(_, ticket, _)| *ticket).collect();
                conflicts.add_neighbours(path, &changers, &importers);
            }
        }
        conflicts
    }

    /// Takes in one file and the tickets that touch it, sorted; true for one that deletes it.
    fn add_shared(&mut self, of_file: &[(&RepoPath, &TicketId, bool)]) {
        if of_file.len() > HOT {
            let tickets = of_file.iter().map(|(_, ticket, _)| (*ticket).clone());
            let path = of_file[0].0.clone();
            self.hot.insert(path, tickets.collect());
            return;
        }
        for (at, (path, a, a_deletes)) in of_file.iter().enumerate() {
            for (_, b, b_deletes) in &of_file[at + 1..] {
                if !(*a_deletes && *b_deletes) {
                    let pair = ((*a).clone(), (*b).clone());
                    self.pairs.entry(pair).or_default().push((*path).clone());
                }
            }
        }
    }

    fn add_neighbours(
        &mut self,
        path: &RepoPath,
        changers: &BTreeSet<&TicketId>,
        importers: &BTreeSet<&TicketId>,
    ) {
        if changers.union(importers).count() > HOT {
            let owned = |tickets: &BTreeSet<&TicketId>| tickets.iter().copied().cloned().collect();
            let hub = Hub {
                changers: owned(changers),
                importers: owned(importers),
            };
            self.hubs.insert(path.clone(), hub);
            return;
        }
        let pairs = changers
            .iter()
            .flat_map(|a| importers.iter().map(move |b| (*a, *b)))
            .filter(|(a, b)| a != b);
        // Two that both change and import it are one pair.
        let pairs: BTreeSet<_> = pairs.map(|(a, b)| (a.min(b), a.max(b))).collect();
        for (a, b) in pairs {
            let files = self.neighbours.entry((a.clone(), b.clone())).or_default();
            files.push(path.clone());
        }
    }

    /// The risk between two tickets.
    pub fn risk(&self, a: &TicketId, b: &TicketId) -> Risk {
        let pair = (a.min(b).clone(), a.max(b).clone());
        let both_in = |tickets: &BTreeSet<TicketId>| tickets.contains(a) && tickets.contains(b);
        if self.pairs.contains_key(&pair) || self.hot.values().any(both_in) {
            Risk::High
        } else if self.neighbours.contains_key(&pair) || self.hubs.values().any(|h| h.joins(a, b)) {
            Risk::Medium
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

impl Hub {
    /// Whether one changes the file and the other imports it.
    fn joins(&self, a: &TicketId, b: &TicketId) -> bool {
        let way = |a, b| self.changers.contains(a) && self.importers.contains(b);
        a != b && (way(a, b) || way(b, a))
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

    /// A ticket, what it changed, and what that imports.
    type Owned = (TicketId, Vec<ChangedPath>, BTreeSet<RepoPath>);

    fn branch(id: &str, changed: &[(ChangeKind, &str)]) -> Owned {
        importing(id, changed, &[])
    }

    fn importing(id: &str, changed: &[(ChangeKind, &str)], imports: &[&str]) -> Owned {
        let changed = changed.iter().map(|(kind, path)| ChangedPath {
            path: RepoPath::from(*path),
            kind: *kind,
        });
        let imports = imports.iter().map(|path| RepoPath::from(*path));
        (
            TicketId::new(id).unwrap(),
            changed.collect(),
            imports.collect(),
        )
    }

    fn predict(branches: &[Owned]) -> Conflicts {
        Conflicts::predict(branches.iter().map(|(ticket, changed, imports)| Branch {
            ticket,
            changed,
            imports,
        }))
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
    fn a_file_that_the_other_imports_is_a_medium_risk() {
        let risk = |a: Owned, b: Owned| {
            let conflicts = predict(&[a.clone(), b.clone()]);
            assert_eq!(conflicts.risk(&a.0, &b.0), conflicts.risk(&b.0, &a.0));
            conflicts.risk(&a.0, &b.0)
        };
        let changes = |kind, path| branch("A-1", &[(kind, path)]);
        let imports = |kind, path| importing("A-2", &[(kind, "b")], &[path, "c"]);
        let table = [
            (Risk::Medium, changes(Modified, "a"), imports(Modified, "a")),
            (Risk::Medium, changes(Deleted, "a"), imports(Added, "a")),
            (Risk::Medium, changes(Added, "a"), imports(Added, "a")),
            (Risk::High, changes(Modified, "b"), imports(Modified, "b")),
            (
                Risk::Medium,
                changes(Modified, "p/x.go"),
                imports(Modified, "p"),
            ),
            (
                Risk::None,
                changes(Modified, "p/q/x.go"),
                imports(Modified, "p"),
            ),
            (Risk::None, changes(Modified, "d"), imports(Modified, "a")),
        ];
        for (expected, a, b) in table {
            assert_eq!(risk(a.clone(), b.clone()), expected, "{a:?} {b:?}");
        }
        // What a ticket imports of its own joins it with nobody.
        let own = importing("A-2", &[(Modified, "b"), (Modified, "c")], &["c"]);
        assert!(predict(&[own]).neighbours.is_empty());
    }

    #[test]
    fn a_file_that_everybody_imports_is_reported_once() {
        let name = |n: usize| format!("A-{n}");
        let all = |n: usize| -> Vec<_> {
            let others = (1..n).map(|n| importing(&name(n), &[(Added, &name(n))], &["lib"]));
            others
                .chain([branch("A-0", &[(Modified, "lib")])])
                .collect()
        };
        let branches = all(70);
        let (last, some, other) = (&branches[69].0, &branches[3].0, &branches[4].0);
        let conflicts = predict(&branches);
        assert!(conflicts.neighbours.is_empty());
        assert_eq!(conflicts.hubs[&RepoPath::from("lib")].importers.len(), 69);
        assert_eq!(conflicts.risk(last, some), Risk::Medium);
        assert_eq!(conflicts.risk(some, other), Risk::Low);
        assert!(conflicts.high_risk().is_empty());
        assert_eq!(predict(&all(64)).neighbours.len(), 63);
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
            branches in prop::collection::vec((
                prop::collection::btree_map("[a-e]", 0usize..3, 0..4),
                prop::collection::vec("[a-e]", 0..3),
            ), 0..8)
        ) {
            let branches: Vec<Owned> = branches
                .iter()
                .enumerate()
                .map(|(n, (files, imports))| {
                    let kinds = [Added, Modified, Deleted];
                    let files: Vec<_> = files.iter().map(|(f, k)| (kinds[*k], f.as_str())).collect();
                    let imports: Vec<_> = imports.iter().map(String::as_str).collect();
                    importing(&format!("A-{n}"), &files, &imports)
                })
                .collect();
            let conflicts = predict(&branches);
            for (a, of_a, by_a) in &branches {
                for (b, of_b, by_b) in branches.iter().filter(|(b, _, _)| b != a) {
                    let shared = of_a.iter().any(|x| of_b.iter().any(|y| {
                        x.path == y.path && !(x.kind == Deleted && y.kind == Deleted)
                    }));
                    prop_assert_eq!(conflicts.risk(a, b) == Risk::High, shared);
                    let joins = |of: &[ChangedPath], by: &BTreeSet<_>| {
                        of.iter().any(|c| by.contains(&c.path))
                    };
                    let joined = joins(of_a, by_b) || joins(of_b, by_a);
                    prop_assert_eq!(conflicts.risk(a, b) == Risk::Medium, joined && !shared);
                    prop_assert_eq!(conflicts.risk(a, b), conflicts.risk(b, a));
                }
            }
        }
    }
}
