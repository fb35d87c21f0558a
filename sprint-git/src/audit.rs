//! What a sprint left in the repository.

use std::collections::BTreeSet;

use sprint_core::domain::audit::{
    Audit, AuditBranch, AuditSpec, BaseCommit, BaseFacts, BranchFacts, MOST_COMMITS,
};
use sprint_core::id::{BranchName, CommitId};

use crate::error::{GitError, Result};
use crate::refs::{RefName, SprintRefs};
use crate::repo::Repo;

impl Repo {
    /// Says where base and branches are. Changes nothing.
    pub(crate) async fn audit(&self, spec: &AuditSpec) -> Result<Audit> {
        let base = self.base_since(&spec.base).await?;
        let mut branches = Vec::with_capacity(spec.branches.len());
        for asked in &spec.branches {
            branches.push(self.branch_facts(asked, &base.head).await?);
        }
        Ok(Audit {
            base,
            branches,
            made: self.made_for(spec).await?,
        })
    }

    async fn base_since(&self, seen: &CommitId) -> Result<BaseFacts> {
        let head = self.base_head().await?;
        let known = self.tree_of_known(seen).await?;
        let holds_seen = known.is_some() && self.contains(&head, seen).await?;
        let mut since = Vec::new();
        if holds_seen && head != *seen {
            let most = format!("--max-count={MOST_COMMITS}");
            let text = self
                .call(["rev-list", "--first-parent", "--parents", &most])
                .args(["--end-of-options", head.as_str()])
                .arg(format!("^{seen}"))
                .text()
                .await?;
            for line in text.lines() {
                since.push(base_commit(line)?);
            }
        }
        Ok(BaseFacts {
            head,
            holds_seen,
            since,
        })
    }

    async fn branch_facts(&self, asked: &AuditBranch, base: &CommitId) -> Result<BranchFacts> {
        let workspace = &asked.workspace;
        let mut known = asked.known.clone();
        if let Some(commit) = &known
            && self.tree_of_known(commit).await?.is_none()
        {
            known = None;
        }
        let mut facts = BranchFacts {
            head: self.resolve(&RefName::branch(&workspace.branch)).await?,
            ..BranchFacts::default()
        };
        if let Some(known) = &known {
            facts.landed = self.contains(base, known).await?;
        }
        if let Some(tree) = self.tree_at(&self.path_of(workspace)?)? {
            facts.worktree = true;
            facts.dirty = !self.untouched_dirt_of(&tree).await?.is_empty();
        }
        let Some(head) = &facts.head else {
            return Ok(facts);
        };
        if let Some(known) = &known {
            facts.holds_known = self.contains(head, known).await?;
        }
        facts.merged = self.contains(base, head).await?;
        if self.tree_of_known(&workspace.work_base).await?.is_some() {
            facts.commits = self.count(&workspace.work_base, head).await?;
        }
        facts.behind = self.count(head, base).await?;
        Ok(facts)
    }

    async fn made_for(&self, spec: &AuditSpec) -> Result<Vec<BranchName>> {
        let opened = format!("{}open/", SprintRefs::new(&spec.sprint)?.all());
        let records = self.records(&opened).await?;
        let names: BTreeSet<_> = records.into_iter().map(|record| record.branch).collect();
        let mut there = Vec::new();
        for name in names {
            if self.resolve(&RefName::branch(&name)).await?.is_some() {
                there.push(name);
            }
        }
        Ok(there)
    }
}

fn base_commit(line: &str) -> Result<BaseCommit> {
    let ids: std::result::Result<Vec<_>, _> = line.split(' ').map(CommitId::new).collect();
    let mut ids = ids.map_err(|_| unreadable())?.into_iter();
    let commit = ids.next().ok_or_else(unreadable)?;
    Ok(BaseCommit {
        commit,
        merged: ids.skip(1).collect(),
    })
}

fn unreadable() -> GitError {
    GitError::Unreadable {
        command: "rev-list".into(),
    }
}
