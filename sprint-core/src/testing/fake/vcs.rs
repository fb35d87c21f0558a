//! Version control in memory.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::domain::audit::{Audit, AuditSpec};
use crate::domain::merge::{
    CombineSpec, Combined, LandSpec, Landed, Resolution, RevertSpec, Reverted,
};
use crate::domain::path::RepoPath;
use crate::domain::probe::{Probe, ProbeSpec};
use crate::domain::stray::{Surroundings, Whereabouts};
use crate::domain::workspace::{
    Collected, GraftSpec, Grafted, Leftovers, Opened, RefreshSpec, Refreshed, RepoStatus, Trace,
    Workspace, WorkspaceSpec,
};
use crate::id::{BranchName, CommitId, SprintId, TagName, TicketId};
use crate::ports::{Result, Vcs};
use crate::run::effect::EffectKey;
use crate::testing::world::World;

/// The version control of a world.
#[derive(Clone, Debug)]
pub struct FakeVcs(World);

impl FakeVcs {
    /// The version control of `world`.
    pub fn new(world: &World) -> Self {
        Self(world.clone())
    }
}

#[async_trait]
impl Vcs for FakeVcs {
    async fn status(&self) -> Result<RepoStatus> {
        self.0
            .call("read", "the repository", |state| Ok(state.repo_status()))
            .await
    }

    async fn tag(&self, tag: &TagName, commit: &CommitId) -> Result<()> {
        self.0
            .call("tag", tag.as_str(), |state| state.tag(tag, commit))
            .await
    }

    async fn open(&self, spec: &WorkspaceSpec, _: &EffectKey) -> Result<Opened> {
        let id = spec.ticket.as_str();
        self.0
            .call("open workspace of", id, |state| state.open_workspace(spec))
            .await
    }

    async fn refresh(&self, spec: &RefreshSpec) -> Result<Refreshed> {
        let branch = spec.workspace.branch.as_str();
        self.0
            .call("bring base into", branch, |state| state.refresh(spec))
            .await
    }

    async fn collect(&self, workspace: &Workspace, leftovers: &Leftovers) -> Result<Collected> {
        let branch = workspace.branch.as_str();
        self.0
            .call("look at", branch, |state| {
                state.collect(workspace, leftovers)
            })
            .await
    }

    async fn read(
        &self,
        commit: &CommitId,
        paths: &[RepoPath],
    ) -> Result<Vec<(RepoPath, Vec<u8>)>> {
        self.0
            .call("read", commit.as_str(), |state| {
                Ok(state.read(commit, paths))
            })
            .await
    }

    async fn graft(&self, spec: &GraftSpec) -> Result<Grafted> {
        let onto = spec.onto.as_str();
        self.0
            .call("graft onto", onto, |state| Ok(state.graft(spec)))
            .await
    }

    async fn audit(&self, spec: &AuditSpec) -> Result<Audit> {
        self.0
            .call("audit", spec.sprint.as_str(), |state| Ok(state.audit(spec)))
            .await
    }

    async fn trace(&self, branch: &BranchName, commit: &CommitId) -> Result<Trace> {
        let id = commit.as_str();
        self.0
            .call("trace", id, |state| Ok(state.trace(branch, commit)))
            .await
    }

    async fn probe(&self, spec: &ProbeSpec) -> Result<Probe> {
        self.0
            .call("try", "pairs of branches", |state| Ok(state.probe(spec)))
            .await
    }

    async fn remember(&self, resolution: &Resolution) -> Result<()> {
        let ticket = resolution.clash.ticket.as_str();
        self.0
            .call("remember the resolution of", ticket, |state| {
                state.remember(resolution)
            })
            .await
    }

    async fn combine(&self, spec: &CombineSpec, _: &EffectKey) -> Result<Combined> {
        self.0
            .call("combine", "", |state| Ok(state.combine(spec)))
            .await
    }

    async fn revert(&self, spec: &RevertSpec, _: &EffectKey) -> Result<Reverted> {
        self.0
            .call("take back", "", |state| Ok(state.revert(spec)))
            .await
    }

    async fn checkout(
        &self,
        commit: &CommitId,
        _: &SprintId,
        ticket: Option<&TicketId>,
    ) -> Result<PathBuf> {
        self.0
            .call("check out", commit.as_str(), |state| {
                Ok(state.check_out(commit, ticket))
            })
            .await
    }

    async fn leave(&self, _: &SprintId, ticket: &TicketId) -> Result<()> {
        let act = self.0.call("leave", ticket.as_str(), |state| {
            state.repo.controls.remove(ticket);
            Ok(())
        });
        act.await
    }

    async fn altered(&self, directory: &Path, commit: &CommitId) -> Result<Vec<RepoPath>> {
        self.0
            .call("look at", commit.as_str(), |state| {
                Ok(state.altered(directory, commit))
            })
            .await
    }

    async fn is_pristine(&self, directory: &Path) -> Result<bool> {
        let name = directory.to_string_lossy();
        self.0
            .call("look at", &name, |state| Ok(state.is_pristine(directory)))
            .await
    }

    async fn surroundings(&self, workspace: &Workspace) -> Result<Surroundings> {
        let branch = workspace.branch.as_str();
        self.0.look("look around", branch, |state| {
            Ok(state.surroundings(workspace))
        })
    }

    async fn whereabouts(&self, workspace: &Workspace) -> Result<Whereabouts> {
        let branch = workspace.branch.as_str();
        self.0
            .look("find", branch, |state| Ok(state.whereabouts(workspace)))
    }

    async fn land(&self, spec: &LandSpec, _: &EffectKey) -> Result<Landed> {
        self.0
            .call("land", spec.tip.as_str(), |state| Ok(state.land(spec)))
            .await
    }

    async fn close(&self, workspace: &Workspace) -> Result<()> {
        let branch = workspace.branch.as_str();
        let act = self.0.call("give back", branch, |state| {
            state.close_workspace(workspace);
            Ok(())
        });
        act.await
    }

    async fn tidy(&self, _: &SprintId) -> Result<()> {
        let act = self.0.call("tidy", "", |state| {
            state.repo.integration = None;
            state.repo.controls.clear();
            Ok(())
        });
        act.await
    }
}
