//! The port to version control.

use std::fmt;
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
use crate::ports::Result;
use crate::run::effect::EffectKey;

/// Version control.
///
/// # Contract
///
/// - The user's checkout, index, stash and branches are never touched, with one exception:
///   [`land`](Self::land) advances base, and fast-forwards a clean checkout of it.
/// - Everything that writes is safe to repeat: the same arguments find what an earlier, maybe
///   interrupted, call left and finish it.
/// - Nothing that exists nowhere else is removed. Uncommitted work and commits that no other ref
///   holds are kept under a ref before a directory or branch goes.
/// - Where somebody changed what decides how files of a commit look when they are checked out, or
///   moved base to work that did not land here, a look or a landing may refuse to go on with
///   `Fatal`.
/// - Branch and path names given by others are passed as data, never as options or shell text.
#[async_trait]
pub trait Vcs: fmt::Debug + Send + Sync + 'static {
    /// The repository as it is, after checking that a sprint can run on it.
    async fn status(&self) -> Result<RepoStatus>;

    /// Makes `tag` point at `commit`. The same tag at another commit is `Conflict`.
    async fn tag(&self, tag: &TagName, commit: &CommitId) -> Result<()>;

    /// Opens a workspace, or finds the one an earlier call made for the same spec. Where its
    /// directory is gone meanwhile it is made anew, with everything that was committed in it.
    async fn open(&self, spec: &WorkspaceSpec, key: &EffectKey) -> Result<Opened>;

    /// Brings a workspace up to a base that has moved, so that its branch contains it. A branch
    /// with merges in it, or whose commits others may know, gets another merge; otherwise its
    /// commits are made again on base, with their authors and messages. The commits depend on the
    /// arguments only. Uncommitted changes are `Conflict`; nothing is moved then, nor where the
    /// two sides clash.
    async fn refresh(&self, spec: &RefreshSpec) -> Result<Refreshed>;

    /// Says what a workspace holds, after dealing with uncommitted changes.
    async fn collect(&self, workspace: &Workspace, leftovers: &Leftovers) -> Result<Collected>;

    /// Reads files at a commit; a path that is not there, not a file, or larger than 1 MiB is left
    /// out.
    async fn read(&self, commit: &CommitId, paths: &[RepoPath])
    -> Result<Vec<(RepoPath, Vec<u8>)>>;

    /// Makes a commit that is one commit with some files of another, without touching any branch
    /// or checkout.
    async fn graft(&self, spec: &GraftSpec) -> Result<Grafted>;

    /// What has become of a commit that was verified on a branch. Looks, and changes nothing.
    async fn trace(&self, branch: &BranchName, commit: &CommitId) -> Result<Trace>;

    /// What a sprint left: where base went, what has become of its branches and workspaces, and
    /// which branches were made for it. Looks, and changes nothing.
    async fn audit(&self, spec: &AuditSpec) -> Result<Audit>;

    /// Tries every pair of branches on a base without touching any branch or checkout. A pair is
    /// tried again only when one side or base has moved.
    async fn probe(&self, spec: &ProbeSpec) -> Result<Probe>;

    /// Merges tickets onto a base without touching any branch or checkout. Where files clash as
    /// they did in a conflict whose resolution is remembered, the merge takes that resolution.
    async fn combine(&self, spec: &CombineSpec, key: &EffectKey) -> Result<Combined>;

    /// Remembers how a conflict was resolved, by the content of both sides and of their common
    /// ancestor: the next [`combine`](Self::combine) that meets the same content merges it so.
    /// `Invalid` if a file that clashed still has conflict markers.
    async fn remember(&self, resolution: &Resolution) -> Result<()>;

    /// Takes changes back from a base without touching any branch or checkout; the history stays,
    /// and commits that undo it follow. Stops at the first that clashes with what came after it.
    async fn revert(&self, spec: &RevertSpec, key: &EffectKey) -> Result<Reverted>;

    /// Checks `commit` out in a private worktree of the sprint, or of one of its tickets, and
    /// returns its directory.
    async fn checkout(
        &self,
        commit: &CommitId,
        sprint: &SprintId,
        ticket: Option<&TicketId>,
    ) -> Result<PathBuf>;

    /// Removes the private worktree of a ticket that [`checkout`](Self::checkout) made, if it is
    /// there.
    async fn leave(&self, sprint: &SprintId, ticket: &TicketId) -> Result<()>;

    /// The tracked files in a directory handed out by this port that are not as in `commit`, and
    /// whether its head is elsewhere (then the first entry is `HEAD`). Looks, and changes nothing.
    async fn altered(&self, directory: &Path, commit: &CommitId) -> Result<Vec<RepoPath>>;

    /// Whether a directory handed out by this port holds nothing but what its commit holds: no
    /// changed, no untracked and no ignored file. Looks, and changes nothing.
    async fn is_pristine(&self, directory: &Path) -> Result<bool>;

    /// What the places around a workspace look like now: the user's checkout, branches and tags
    /// that are not this sprint's, and the workspaces of the sprint's other tickets. Looks, and
    /// changes nothing; takes no lock that another program could trip over.
    ///
    /// What the sprint does itself is no difference: landings, tags, and the files that the engine
    /// keeps. What an agent does in its own workspace is one to the others, so only a ticket that
    /// was at rest the whole time tells of strays.
    async fn surroundings(&self, workspace: &Workspace) -> Result<Surroundings>;

    /// Where a workspace is: whether its directory is one, and what is checked out in it. Looks, and
    /// changes nothing.
    async fn whereabouts(&self, workspace: &Workspace) -> Result<Whereabouts>;

    /// Sets checkpoint tags if merges land, then advances base by compare-and-swap.
    async fn land(&self, spec: &LandSpec, key: &EffectKey) -> Result<Landed>;

    /// Gives a ticket's workspace back. The branch goes only if base contains it.
    async fn close(&self, workspace: &Workspace) -> Result<()>;

    /// Removes the sprint's private worktrees and leftovers of interrupted calls.
    async fn tidy(&self, sprint: &SprintId) -> Result<()>;
}
