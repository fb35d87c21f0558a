//! What a sprint left in the repository of the world.

use crate::domain::audit::{
    Audit, AuditBranch, AuditSpec, BaseCommit, BaseFacts, BranchFacts, MOST_COMMITS,
};
use crate::id::CommitId;
use crate::testing::world::State;

impl State {
    pub(crate) fn audit(&self, spec: &AuditSpec) -> Audit {
        let repo = &self.repo;
        let made = repo.branches.keys();
        let made = made.filter(|name| name.as_str().starts_with("sprint/"));
        Audit {
            base: self.base_since(&spec.base),
            branches: spec
                .branches
                .iter()
                .map(|asked| self.branch(asked))
                .collect(),
            made: made.cloned().collect(),
        }
    }

    fn base_since(&self, seen: &CommitId) -> BaseFacts {
        let repo = &self.repo;
        let head = repo.base_head();
        let holds_seen = repo.commits.contains_key(seen) && repo.contains(&head, seen);
        let mut since = Vec::new();
        let mut at = Some(head.clone()).filter(|_| holds_seen);
        while let Some(commit) = at.filter(|commit| !repo.contains(seen, commit)) {
            if since.len() == MOST_COMMITS {
                break;
            }
            let (first, merged) = match repo.commits[&commit].parents.split_first() {
                Some((first, merged)) => (Some(first.clone()), merged.to_vec()),
                None => (None, Vec::new()),
            };
            since.push(BaseCommit { commit, merged });
            at = first;
        }
        BaseFacts {
            head,
            holds_seen,
            since,
        }
    }

    fn branch(&self, asked: &AuditBranch) -> BranchFacts {
        let repo = &self.repo;
        let workspace = &asked.workspace;
        let head = repo.branches.get(&workspace.branch).cloned();
        let base = repo.base_head();
        let known = asked.known.as_ref();
        let known = known.filter(|known| repo.commits.contains_key(known));
        let holds = |tip: &CommitId| known.is_some_and(|known| repo.contains(tip, known));
        let count = |since: &CommitId, tip: &CommitId| repo.commits_since(since, tip).len() as u64;
        let place = repo.workspaces.get(&workspace.path);
        BranchFacts {
            worktree: place.is_some(),
            dirty: place.is_some_and(|place| place.uncommitted.is_some()),
            commits: head
                .as_ref()
                .map_or(0, |head| count(&workspace.work_base, head)),
            behind: head.as_ref().map_or(0, |head| count(head, &base)),
            holds_known: head.as_ref().is_some_and(holds),
            landed: holds(&base),
            merged: head.as_ref().is_some_and(|head| repo.contains(&base, head)),
            head,
        }
    }
}
