//! Giving workspaces back, and removing what a sprint no longer needs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sprint_core::domain::workspace::Workspace;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, SprintId, TicketId};

use crate::error::{GitError, Result};
use crate::open::make_room;
use crate::refs::{Record, RefName, SprintRefs};
use crate::repo::Repo;
use crate::worktree::Tree;

impl Repo {
    /// Removes a workspace, or puts its worktree into the pool. What exists only there is kept
    /// first.
    pub(crate) async fn close_workspace(&self, workspace: &Workspace) -> Result<()> {
        let branch = &workspace.branch;
        let path = self.path_of(workspace)?;
        let record = self.record_of(branch).await?;
        if record.is_none() && path.symlink_metadata().is_ok() {
            return Err(not_ours(&path));
        }
        let Some(record) = record else {
            return Ok(());
        };
        self.made.closing(branch);
        if let Some(tree) = self.tree_at(&path)? {
            self.keep(&tree, branch).await?;
        }
        let held = self.lock.hold().await?;
        self.mend_pool(&held)?;
        let kept = match self.tree_at(&path)? {
            Some(tree) => self.give_tree(&tree, &held).await.unwrap_or_else(|error| {
                tracing::warn!(%error, path = %path.display(), "not kept for reuse");
                false
            }),
            None => {
                // Nothing says what these files belong to, so nothing can say they are worthless.
                make_room(&path)?;
                false
            }
        };
        if !kept {
            self.remove_tree(&path, &held).await?;
        }
        self.drop_branch(&record).await
    }

    /// The directory of a workspace; one that we would not have chosen is refused.
    pub(crate) fn path_of(&self, workspace: &Workspace) -> Result<PathBuf> {
        let path = self.directory_of(&workspace.branch);
        if path == workspace.path {
            Ok(path)
        } else {
            Err(not_ours(&workspace.path))
        }
    }

    /// Keeps uncommitted work, and a head that the branch does not lead to.
    async fn keep(&self, tree: &Tree, branch: &BranchName) -> Result<()> {
        if !tree.has_files() {
            return Ok(());
        }
        self.clear_old_locks(tree)?;
        self.look_everywhere(tree).await?;
        self.rescue_dirt(tree, branch).await?;
        let Some(head) = self.head_if_any(tree).await? else {
            return Ok(());
        };
        let holders = [
            self.resolve(&RefName::branch(branch)).await?,
            Some(self.base_head().await?),
        ];
        for holder in holders.iter().flatten() {
            if self.contains(holder, &head).await? {
                return Ok(());
            }
        }
        self.rescue(branch, &head).await?;
        Ok(())
    }

    /// Removes a branch that base contains, and with it what is recorded about the workspace.
    async fn drop_branch(&self, record: &Record) -> Result<()> {
        let name = RefName::branch(&record.branch);
        if let Some(head) = self.resolve(&name).await? {
            let merged = self.contains(&self.base_head().await?, &head).await?;
            if !merged || !self.trees_on(&record.branch)?.is_empty() {
                return Ok(());
            }
            self.delete_ref(&name, &head).await?;
        }
        for name in record.refs() {
            if let Some(old) = self.resolve(&name).await? {
                self.delete_ref(&name, &old).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn record_of(&self, branch: &BranchName) -> Result<Option<Record>> {
        let records = self.records("refs/sprint/").await?;
        Ok(records.into_iter().find(|record| record.branch == *branch))
    }

    /// Removes the integration worktree, the sprint's refs, and what the pool has too many. The
    /// rest of the pool is for the next sprint. Records of workspaces that are still there stay,
    /// or nobody could tell later whose they are.
    pub(crate) async fn tidy_up(&self, sprint: &SprintId) -> Result<()> {
        let refs = SprintRefs::new(sprint)?;
        let held = self.lock.hold().await?;
        if self.resolve(&refs.integration()).await?.is_some() {
            self.remove_tree(&self.integration_path(sprint), &held)
                .await?;
        }
        let controls = refs.controls();
        for (name, _) in self.list(&controls).await? {
            let ticket = name.as_str().strip_prefix(&controls);
            if let Some(ticket) = ticket.and_then(|id| TicketId::new(id).ok()) {
                let path = self.control_path(sprint, &ticket);
                self.remove_tree(&path, &held).await?;
            }
        }
        self.trim_pool(&held).await?;
        let records = self.records(&refs.all()).await?;
        let in_use: BTreeSet<_> = records
            .iter()
            .filter(|record| self.directory_of(&record.branch).exists())
            .flat_map(Record::refs)
            .collect();
        for (name, commit) in self.list(&refs.all()).await? {
            if !in_use.contains(&name) {
                self.delete_ref(&name, &commit).await?;
            }
        }
        Ok(())
    }
}

fn not_ours(path: &Path) -> GitError {
    let message = format!("{} is not a workspace of ours", path.display());
    GitError::refused(ErrorKind::Invalid, message)
}
