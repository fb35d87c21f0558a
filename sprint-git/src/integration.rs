//! The integration worktree, where a sprint's combinations are built and tested.

use std::path::{Path, PathBuf};

use sprint_core::domain::path::RepoPath;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{CommitId, SprintId, TicketId};

use crate::error::{GitError, Result};
use crate::ignore;
use crate::open::make_room;
use crate::refs::SprintRefs;
use crate::repo::Repo;
use crate::worktree::{AddTarget, Tree};

impl Repo {
    /// Checks a commit out in the sprint's integration worktree, or in the one in which the tests
    /// of a ticket run without its change. Ignored files stay: they are the build cache.
    pub(crate) async fn check_out(
        &self,
        commit: &CommitId,
        sprint: &SprintId,
        ticket: Option<&TicketId>,
    ) -> Result<Tree> {
        let tree = self.private_tree(commit, sprint, ticket).await?;
        self.watch.check_with(&tree)?;
        self.clear_old_locks(&tree)?;
        self.call_in(&tree, ["checkout", "--force", "--detach", "--quiet"])
            .arg(commit.as_str())
            .arg("--")
            .run()
            .await?;
        self.call_in(&tree, ["clean", "-ffdq"]).run().await?;
        let head = self.head_of(&tree).await?;
        if head != *commit {
            let message = format!("{} is at {head}, not at {commit}", tree.path.display());
            return Err(GitError::refused(ErrorKind::Transient, message));
        }
        Ok(tree)
    }

    /// What is tracked in a worktree of ours and not as in a commit. Changes nothing.
    pub(crate) async fn altered(
        &self,
        directory: &Path,
        commit: &CommitId,
    ) -> Result<Vec<RepoPath>> {
        let tree = self.tree_of_ours(directory)?;
        self.watch.check_with(&tree)?;
        let mut altered = Vec::new();
        let dirt = self.tracked_dirt_of(&tree).await?;
        if dirt.head.as_ref() != Some(commit) {
            altered.push(RepoPath::from("HEAD"));
        }
        altered.extend(dirt.tracked);
        let overlooked = self.overlooked(&tree).await?;
        altered.extend(overlooked.iter().map(|path| RepoPath::from_bytes(path)));
        Ok(altered)
    }

    /// Whether there is nothing in a worktree of ours but what its commit holds. Changes nothing.
    pub(crate) async fn is_pristine(&self, directory: &Path) -> Result<bool> {
        let tree = self.tree_of_ours(directory)?;
        self.watch.check_with(&tree)?;
        Ok(!self.is_marked(&tree).await? && self.is_clean(&tree).await?)
    }

    fn tree_of_ours(&self, directory: &Path) -> Result<Tree> {
        self.tree_at(directory)?.ok_or_else(|| {
            let message = format!("{} is not a worktree", directory.display());
            GitError::refused(ErrorKind::NotFound, message)
        })
    }

    /// Removes the private worktree of a ticket, if it is there.
    pub(crate) async fn leave(&self, sprint: &SprintId, ticket: &TicketId) -> Result<()> {
        let ours = SprintRefs::new(sprint)?.control(ticket);
        let held = self.lock.hold().await?;
        if let Some(commit) = self.resolve(&ours).await? {
            self.remove_tree(&self.control_path(sprint, ticket), &held)
                .await?;
            self.delete_ref(&ours, &commit).await?;
        }
        Ok(())
    }

    async fn private_tree(
        &self,
        commit: &CommitId,
        sprint: &SprintId,
        ticket: Option<&TicketId>,
    ) -> Result<Tree> {
        let refs = SprintRefs::new(sprint)?;
        let (ours, path) = match ticket {
            None => (refs.integration(), self.integration_path(sprint)),
            Some(ticket) => (refs.control(ticket), self.control_path(sprint, ticket)),
        };
        let held = self.lock.hold().await?;
        ignore::ensure(&self.common)?;
        if self.resolve(&ours).await?.is_none() {
            if path.symlink_metadata().is_ok() {
                let message = format!("{} exists and is not ours", path.display());
                return Err(GitError::refused(ErrorKind::Invalid, message));
            }
            self.set_ref(&ours, commit).await?;
        }
        match self.tree_at(&path)? {
            Some(tree) => Ok(tree),
            None => {
                make_room(&path)?;
                self.add_tree(&path, AddTarget::Detached(commit), &held)
                    .await
            }
        }
    }

    /// The directory in which the tests of a ticket run without its change.
    pub(crate) fn control_path(&self, sprint: &SprintId, ticket: &TicketId) -> PathBuf {
        self.worktree_path(&format!("control-{sprint}-{ticket}"))
    }

    /// The directory of the sprint's integration worktree.
    pub(crate) fn integration_path(&self, sprint: &SprintId) -> PathBuf {
        self.worktree_path(&format!("integration-{sprint}"))
    }
}
