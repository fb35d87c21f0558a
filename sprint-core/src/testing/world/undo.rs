//! Taking back what is on base: the other way round, change by change.

use std::collections::BTreeSet;

use crate::domain::merge::{Merged, RevertSpec, Reverted};
use crate::domain::path::RepoPath;
use crate::id::CommitId;
use crate::testing::world::State;
use crate::testing::world::repo::{Repo, Tree};

impl State {
    pub(crate) fn revert(&mut self, spec: &RevertSpec) -> Reverted {
        let mut tip = spec.base.clone();
        let (mut merged, mut conflict) = (Vec::new(), None);
        for input in &spec.commits {
            self.expect_seen(self.repo.contains(&spec.base, &input.commit), || {
                format!("revert({spec:?}): {input:?} is not on base")
            });
            match self.repo.without(&tip, &input.commit) {
                Ok(tree) if tree == self.repo.commits[&tip].tree => {}
                Ok(tree) => {
                    tip = self.repo.commit(vec![tip], tree, &input.subject);
                    let made = (input.ticket.clone(), tip.clone());
                    self.log.reverts.insert(made);
                }
                Err(names) => {
                    let paths = names.iter().map(|name| self.repo.path_of(name));
                    let paths: BTreeSet<RepoPath> = paths.collect();
                    conflict = Some((input.ticket.clone(), paths.into_iter().collect()));
                    break;
                }
            }
            merged.push(Merged {
                ticket: input.ticket.clone(),
                commit: tip.clone(),
                tree: self.repo.commits[&tip].tree_id.clone(),
                resolved: Vec::new(),
            });
        }
        Reverted {
            tree: self.repo.commits[&tip].tree_id.clone(),
            tip,
            merged,
            conflict,
        }
    }
}

impl Repo {
    /// The tree of `head` without what `commit` did to its first parent, or the names of the
    /// changes that are in the way.
    fn without(&self, head: &CommitId, commit: &CommitId) -> Result<Tree, BTreeSet<String>> {
        let [first, ..] = &self.commits[commit].parents[..] else {
            panic!("impossible call: {commit} is the first commit");
        };
        let [done, undone, now] = [commit, first, head].map(|id| &self.commits[id].tree);
        let mut tree = now.clone();
        let mut clashing = BTreeSet::new();
        let names: BTreeSet<_> = done.keys().chain(undone.keys()).collect();
        for name in names {
            let sides = [done, undone, now].map(|tree| tree.get(name));
            let [was, becomes, is] = sides;
            if was == becomes || is == becomes {
                continue;
            }
            // What came later and touches the same lines is in the way.
            let later = now.keys().find(|other| {
                *other != name
                    && now.get(*other) != done.get(*other)
                    && !undone.contains_key(*other)
                    && self.touch(name, other)
            });
            if is != was || later.is_some() {
                clashing.insert(name.clone());
                clashing.extend(later.cloned());
                continue;
            }
            match becomes {
                Some(change) => tree.insert(name.clone(), change.clone()),
                None => tree.remove(name),
            };
        }
        if clashing.is_empty() {
            Ok(tree)
        } else {
            Err(clashing)
        }
    }

    /// Whether two changes touch the same lines.
    pub(super) fn touch(&self, a: &str, b: &str) -> bool {
        let listed = |a: &str, b: &str| self.conflicts.contains(&(a.to_owned(), b.to_owned()));
        listed(a, b) || listed(b, a)
    }
}
