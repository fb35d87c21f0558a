//! Opening workspaces.
//!
//! The order makes every interruption harmless: what a workspace is built on is recorded first,
//! then comes the branch, then the worktree, then the files. Each step looks whether it was done.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sprint_core::domain::path::RepoPath;
use sprint_core::domain::workspace::{Opened, Workspace, WorkspaceSpec};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, CommitId, TicketId};

use crate::error::{GitError, Result};
use crate::files::remove_file;
use crate::ignore;
use crate::merge::Merge;
use crate::pool::is_noted;
use crate::refs::{Record, RefName, SprintRefs};
use crate::repo::Repo;
use crate::worktree::{AddTarget, Tree};

const PREFIX: &str = "worktree-";
const MOST_NAMES: u32 = 50;

/// Where a workspace's changes will begin, or the dependency that cannot be merged.
type Start = std::result::Result<CommitId, (TicketId, Vec<RepoPath>)>;

impl Repo {
    pub(crate) async fn open_workspace(&self, spec: &WorkspaceSpec) -> Result<Opened> {
        self.watch.check()?;
        let opened = SprintRefs::new(&spec.sprint)?.opened(&spec.ticket, spec.generation);
        let mut record = match self.records(&opened).await?.into_iter().next() {
            Some(record) => record,
            None => match self.merge_dependencies(spec).await? {
                Ok(work_base) => self.reserve(spec, &opened, work_base).await?,
                Err((dependency, paths)) => return Ok(Opened::Conflict { dependency, paths }),
            },
        };
        let tree = self.ensure_tree(&record).await?;
        self.made.opened(&record.branch);
        self.fill(&tree, &record.branch).await?;
        if self.finish_refresh(&tree, &record.branch).await? {
            record = self.record_of(&record.branch).await?.unwrap_or(record);
        }
        self.seed_tree(&tree).await?;
        Ok(Opened::Ready(Workspace {
            path: tree.path,
            branch: record.branch,
            base: record.base,
            work_base: record.work_base,
        }))
    }

    async fn merge_dependencies(&self, spec: &WorkspaceSpec) -> Result<Start> {
        let mut tip = spec.base.clone();
        for (ticket, commit) in &spec.dependencies {
            let subject = format!("pre-merge dep {ticket}");
            match self.merge(&tip, commit, &subject, spec.at).await? {
                Merge::Contained => {}
                Merge::Commit(merged) => tip = merged,
                Merge::Conflict(paths) => return Ok(Err((ticket.clone(), paths))),
            }
        }
        Ok(Ok(tip))
    }

    /// Picks a name nobody uses and writes down that it is ours.
    async fn reserve(
        &self,
        spec: &WorkspaceSpec,
        opened: &str,
        work_base: CommitId,
    ) -> Result<Record> {
        let _held = self.lock.hold().await?;
        // A call that was cut off may have got here before us.
        if let Some(record) = self.records(opened).await?.into_iter().next() {
            return Ok(record);
        }
        let taken = self.records("refs/sprint/").await?;
        for attempt in 0..MOST_NAMES {
            let branch = branch_name(spec, attempt)?;
            let free = !taken.iter().any(|record| record.branch == branch)
                && !self.branch_taken(&branch).await?
                && self.directory_of(&branch).symlink_metadata().is_err();
            if free {
                let record = Record::new(opened, branch, spec.base.clone(), work_base);
                let [base, work] = record.refs();
                self.set_ref(&base, &record.base).await?;
                self.set_ref(&work, &record.work_base).await?;
                return Ok(record);
            }
        }
        let message = format!("all names for a branch of {} are taken", spec.ticket);
        Err(GitError::refused(ErrorKind::Invalid, message))
    }

    /// The directory of the workspace on a branch.
    pub(crate) fn directory_of(&self, branch: &BranchName) -> PathBuf {
        let name = branch.as_str();
        self.worktree_path(name.strip_prefix(PREFIX).unwrap_or(name))
    }

    async fn ensure_tree(&self, record: &Record) -> Result<Tree> {
        let held = self.lock.hold().await?;
        ignore::ensure(&self.common)?;
        let name = RefName::branch(&record.branch);
        if self.resolve(&name).await?.is_none() {
            self.move_ref(&name, &record.work_base, None).await?;
        }
        self.mend_pool(&held)?;
        let path = self.directory_of(&record.branch);
        if let Some(tree) = self.tree_at(&path)? {
            return Ok(tree);
        }
        make_room(&path)?;
        if let Some(tree) = self.take_tree(&path, &record.branch, &held).await? {
            return Ok(tree);
        }
        self.add_tree(&path, AddTarget::Branch(&record.branch), &held)
            .await
    }

    /// Checks files out into a worktree that has none yet, or those of another ticket. Git writes
    /// the index last, so without one no call ever got to the end, and nobody has worked there.
    async fn fill(&self, tree: &Tree, branch: &BranchName) -> Result<()> {
        let reused = is_noted(&tree.git_dir);
        if tree.has_files() && !reused {
            return Ok(());
        }
        let lock = tree.git_dir.join("index.lock");
        remove_file(&lock)?;
        if reused {
            return self.refill(tree, branch).await;
        }
        self.call_in(tree, ["reset", "--hard", "--quiet"])
            .run()
            .await?;
        Ok(())
    }
}

/// `worktree-ENG-1`, `worktree-ENG-1-r2`; where that is taken, with the sprint and a number added.
fn branch_name(spec: &WorkspaceSpec, attempt: u32) -> Result<BranchName> {
    let mut name = format!("{PREFIX}{}", spec.ticket);
    if spec.generation > 1 {
        name = format!("{name}-r{}", spec.generation);
    }
    if attempt > 0 {
        let sprint = spec.sprint.as_str();
        name = format!(
            "{name}-{}",
            sprint.strip_prefix("sprint-").unwrap_or(sprint)
        );
    }
    if attempt > 1 {
        name = format!("{name}-{attempt}");
    }
    BranchName::new(name).map_err(|error| GitError::refused(ErrorKind::Invalid, error.to_string()))
}

/// Clears the way for a worktree whose registration is gone. Whatever is in the directory may be
/// an agent's work, so it is moved aside and not removed.
pub(crate) fn make_room(path: &Path) -> Result<()> {
    let kind = match path.symlink_metadata() {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(GitError::io("read", path)(error)),
    };
    if kind.is_dir() {
        let link = path.join(".git");
        let entries = fs::read_dir(path).map_err(GitError::io("read", path))?;
        let mut others = entries.filter(|entry| {
            entry
                .as_ref()
                .map_or(true, |entry| entry.file_name() != ".git")
        });
        if others.next().is_none() && !link.is_dir() {
            // Only what an interrupted `worktree add` writes.
            remove_file(&link)?;
            return fs::remove_dir(path).map_err(GitError::io("remove", path));
        }
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = (1_u32..)
        .map(|number| path.with_file_name(format!("{name}.kept-{number}")))
        .find(|aside| aside.symlink_metadata().is_err());
    match aside {
        Some(aside) => fs::rename(path, &aside).map_err(GitError::io("move", path)),
        None => Ok(()),
    }
}
