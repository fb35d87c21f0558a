//! The port, operation by operation.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use sprint_core::domain::audit::{Audit, AuditSpec};
use sprint_core::domain::merge::{
    CombineSpec, Combined, LandSpec, Landed, Resolution, RevertSpec, Reverted,
};
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::probe::{Probe, ProbeSpec};
use sprint_core::domain::stray::{Surroundings, Whereabouts};
use sprint_core::domain::workspace::{
    ChangedPath, Collected, GraftSpec, Grafted, Leftovers, Opened, RefreshSpec, Refreshed,
    RepoStatus, Trace, Workspace, WorkspaceSpec,
};
use sprint_core::id::{BranchName, CommitId, CommitPrefix, SprintId, TagName, TicketId};
use sprint_core::ports::{Result, Vcs};
use sprint_core::preflight::facts::Age;
use sprint_core::run::effect::EffectKey;

use crate::config::GitConfig;
use crate::overview::Overview;
use crate::predict::Tried;
use crate::repo::Repo;
use crate::survey::LocalBranch;

/// A git repository as the [`Vcs`] of sprints.
///
/// Cloning or sharing is not needed to use it from several places: the calls take `&self` and may
/// run at once. Other processes may work on the same repository.
#[derive(Debug)]
pub struct GitVcs {
    repo: Repo,
    tried: Tried,
}

impl GitVcs {
    /// Opens the repository, refusing one that sprints cannot run on: bare, without the base
    /// branch, or in a format that is not supported.
    pub async fn open(config: GitConfig) -> Result<Self> {
        let subject = config.repo.display().to_string();
        let repo = Repo::open(config)
            .await
            .map_err(|error| error.during("open repository", subject))?;
        Ok(Self {
            repo,
            tried: Tried::default(),
        })
    }

    /// Says which local branches there are, base among them, by name. Looks, and changes nothing.
    pub async fn branches(&self) -> Result<Vec<LocalBranch>> {
        let branches = self.repo.branches().await;
        branches.map_err(|error| error.during("list", "branches"))
    }

    /// Shows a branch and what is around it, for a person to confirm. Looks, and changes nothing.
    pub async fn overview(&self, base: &BranchName) -> Result<Overview> {
        let overview = self.repo.overview(base).await;
        overview.map_err(|error| error.during("look at", base.as_str()))
    }

    /// Says where a branch is, seen from a commit that somebody wrote down, perhaps abbreviated.
    pub async fn age(&self, base: &BranchName, from: &CommitPrefix) -> Result<Age> {
        let age = self.repo.age(base, from).await;
        age.map_err(|error| error.during("look up", from.as_str()))
    }

    /// Says what `tip` changes since it left `base`, by path; a rename is a deletion and an
    /// addition. `None` if the two have no common ancestor.
    pub async fn changed(
        &self,
        base: &CommitId,
        tip: &CommitId,
    ) -> Result<Option<Vec<ChangedPath>>> {
        let changed = self.repo.changed(base, tip).await;
        changed.map_err(|error| error.during("compare", tip.as_str()))
    }

    /// Says which paths there are at a commit, files and directories alike.
    pub async fn paths(&self, commit: &CommitId) -> Result<BTreeSet<RepoPath>> {
        let paths = self.repo.paths(commit).await;
        paths.map_err(|error| error.during("list files at", commit.as_str()))
    }
}

#[async_trait]
impl Vcs for GitVcs {
    async fn status(&self) -> Result<RepoStatus> {
        let status = self.repo.status().await;
        status
            .map_err(|error| error.during("read repository", self.repo.main.display().to_string()))
    }

    async fn tag(&self, tag: &TagName, commit: &CommitId) -> Result<()> {
        let tagged = self.repo.make_tag(tag, commit).await;
        tagged.map_err(|error| error.during("set tag", tag.as_str()))
    }

    async fn open(&self, spec: &WorkspaceSpec, _key: &EffectKey) -> Result<Opened> {
        let opened = self.repo.open_workspace(spec).await;
        opened.map_err(|error| error.during("open workspace for", spec.ticket.as_str()))
    }

    async fn collect(&self, workspace: &Workspace, leftovers: &Leftovers) -> Result<Collected> {
        let collected = self.repo.collect(workspace, leftovers).await;
        collected.map_err(|error| error.during("collect", workspace.branch.as_str()))
    }

    async fn refresh(&self, spec: &RefreshSpec) -> Result<Refreshed> {
        let refreshed = self.repo.refresh(spec).await;
        let branch = spec.workspace.branch.as_str();
        refreshed.map_err(|error| error.during("bring up to date", branch))
    }

    async fn read(
        &self,
        commit: &CommitId,
        paths: &[RepoPath],
    ) -> Result<Vec<(RepoPath, Vec<u8>)>> {
        let files = self.repo.read(commit, paths).await;
        files.map_err(|error| error.during("read files at", commit.as_str()))
    }

    async fn graft(&self, spec: &GraftSpec) -> Result<Grafted> {
        let grafted = self.repo.graft(spec).await;
        grafted.map_err(|error| error.during("graft onto", spec.onto.as_str()))
    }

    async fn trace(&self, branch: &BranchName, commit: &CommitId) -> Result<Trace> {
        let trace = self.repo.trace(branch, commit).await;
        trace.map_err(|error| error.during("trace", commit.as_str()))
    }

    async fn audit(&self, spec: &AuditSpec) -> Result<Audit> {
        let audit = self.repo.audit(spec).await;
        audit.map_err(|error| error.during("look at the branches of", spec.sprint.as_str()))
    }

    async fn probe(&self, spec: &ProbeSpec) -> Result<Probe> {
        let probe = self.repo.probe(spec, &self.tried).await;
        probe.map_err(|error| error.during("try branches on", spec.base.as_str()))
    }

    async fn combine(&self, spec: &CombineSpec, key: &EffectKey) -> Result<Combined> {
        let combined = self.repo.combine(spec, &key.sprint).await;
        combined.map_err(|error| error.during("merge tickets onto", spec.base.as_str()))
    }

    async fn remember(&self, resolution: &Resolution) -> Result<()> {
        let remembered = self.repo.remember(resolution).await;
        let subject = resolution.clash.ticket.as_str();
        remembered.map_err(|error| error.during("remember how to merge", subject))
    }

    async fn revert(&self, spec: &RevertSpec, key: &EffectKey) -> Result<Reverted> {
        let reverted = self.repo.revert(spec, &key.sprint).await;
        reverted.map_err(|error| error.during("take back from", spec.base.as_str()))
    }

    async fn checkout(
        &self,
        commit: &CommitId,
        sprint: &SprintId,
        ticket: Option<&TicketId>,
    ) -> Result<PathBuf> {
        let tree = self.repo.check_out(commit, sprint, ticket).await;
        tree.map(|tree| tree.path)
            .map_err(|error| error.during("check out", commit.as_str()))
    }

    async fn leave(&self, sprint: &SprintId, ticket: &TicketId) -> Result<()> {
        let left = self.repo.leave(sprint, ticket).await;
        left.map_err(|error| error.during("remove the worktree of", ticket.as_str()))
    }

    async fn altered(&self, directory: &Path, commit: &CommitId) -> Result<Vec<RepoPath>> {
        let altered = self.repo.altered(directory, commit).await;
        altered.map_err(|error| error.during("look at", commit.as_str()))
    }

    async fn is_pristine(&self, directory: &Path) -> Result<bool> {
        let subject = directory.display().to_string();
        let pristine = self.repo.is_pristine(directory).await;
        pristine.map_err(|error| error.during("look at", subject))
    }

    async fn surroundings(&self, workspace: &Workspace) -> Result<Surroundings> {
        let around = self.repo.look_around(workspace).await;
        around.map_err(|error| error.during("look around", workspace.branch.as_str()))
    }

    async fn whereabouts(&self, workspace: &Workspace) -> Result<Whereabouts> {
        let found = self.repo.whereabouts(workspace);
        found.map_err(|error| error.during("find", workspace.branch.as_str()))
    }

    async fn land(&self, spec: &LandSpec, _key: &EffectKey) -> Result<Landed> {
        let landed = self.repo.land(spec).await;
        landed.map_err(|error| error.during("advance", self.repo.base.as_str()))
    }

    async fn close(&self, workspace: &Workspace) -> Result<()> {
        let closed = self.repo.close_workspace(workspace).await;
        closed.map_err(|error| error.during("close workspace on", workspace.branch.as_str()))
    }

    async fn tidy(&self, sprint: &SprintId) -> Result<()> {
        let tidied = self.repo.tidy_up(sprint).await;
        tidied.map_err(|error| error.during("tidy up after", sprint.as_str()))
    }
}
