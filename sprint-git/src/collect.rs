//! Seeing what a workspace holds, after dealing with what nobody committed.

use std::fs;

use sprint_core::domain::stray::Whereabouts;
use sprint_core::domain::workspace::{Collected, Leftovers, Workspace};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, CommitId, TreeId};
use sprint_core::time::Timestamp;

use crate::diff::compare;
use crate::error::{GitError, Result};
use crate::files::remove_dir;
use crate::git_cli::{EMAIL, NAME};
use crate::merge::{commit, object_id, one_line, time_of, tree_object_id, tree_of};
use crate::refs::{RefName, parse_commit};
use crate::repo::{Repo, held_branch};
use crate::worktree::{Dirt, Tree};

impl Repo {
    pub(crate) async fn collect(
        &self,
        workspace: &Workspace,
        leftovers: &Leftovers,
    ) -> Result<Collected> {
        let tree = self.tree_at(&self.path_of(workspace)?)?.ok_or_else(|| {
            let message = format!("there is no worktree at {}", workspace.path.display());
            GitError::refused(ErrorKind::NotFound, message)
        })?;
        self.watch.check_with(&tree)?;
        self.clear_old_locks(&tree)?;
        self.finish_refresh(&tree, &workspace.branch).await?;
        self.look_everywhere(&tree).await?;
        let head = match leftovers {
            Leftovers::Commit { subject, at } => {
                check_branch(&tree, &workspace.branch)?;
                self.commit_leftovers(&tree, subject, *at).await?
            }
            Leftovers::RestoreTo(commit) => {
                self.restore(&tree, &workspace.branch, commit).await?;
                commit.clone()
            }
        };
        let collected = self.describe(head, &workspace.work_base).await?;
        if collected.commits > 0 {
            self.refuse_moved_base(&collected.head).await?;
        }
        Ok(collected)
    }

    /// Where a workspace is, and what is checked out in it.
    pub(crate) fn whereabouts(&self, workspace: &Workspace) -> Result<Whereabouts> {
        let Some(tree) = self.tree_at(&self.path_of(workspace)?)? else {
            return Ok(Whereabouts::Gone);
        };
        let branch = tree.branch();
        if branch.as_deref() == Some(workspace.branch.as_str()) {
            return Ok(Whereabouts::There);
        }
        let branch = branch.and_then(|name| BranchName::new(name).ok());
        Ok(Whereabouts::Elsewhere { branch })
    }

    /// Says what a head holds beyond the commit where the work began.
    async fn describe(&self, head: CommitId, work_base: &CommitId) -> Result<Collected> {
        let commits = self
            .call(["rev-list", "--count", "--end-of-options"])
            .arg(head.as_str())
            .arg(format!("^{work_base}"))
            .text();
        let (old, new) = (work_base.clone(), head.clone());
        let difference = self.with_objects(move |objects| {
            Ok((tree_of(objects, &new)?, compare(objects, &old, &new)?))
        });
        let (commits, (tree, difference)) = tokio::try_join!(commits, difference)?;
        Ok(Collected {
            head,
            tree,
            commits: commits.parse().map_err(|_| GitError::Unreadable {
                command: "rev-list".into(),
            })?,
            changed: difference.changed,
            added: difference.added,
        })
    }

    /// Commits what is uncommitted, and returns the head then.
    async fn commit_leftovers(
        &self,
        tree: &Tree,
        subject: &str,
        at: Timestamp,
    ) -> Result<CommitId> {
        let dirt = self.dirt_of(tree).await?;
        match dirt.head {
            Some(head) if dirt.is_empty() => return Ok(head),
            Some(_) | None => {}
        }
        refuse_nested(tree, &dirt)?;
        self.stage_all(tree).await?;
        let unchanged = self
            .call_in(tree, ["diff-index", "--cached", "--quiet", "HEAD", "--"])
            .yes()
            .await?;
        // An agent that ran out of time may have left a merge that only needs the commit.
        if unchanged && !tree.git_dir.join("MERGE_HEAD").exists() {
            return self.head_of(tree).await;
        }
        let options = ["commit", "--quiet", "--no-verify", "--allow-empty-message"];
        self.call_in(tree, options)
            .arg("--cleanup=verbatim")
            .arg(format!("--author={NAME} <{EMAIL}>"))
            .arg(format!("--message={}", one_line(subject)))
            .dated(at)
            .run()
            .await?;
        self.head_of(tree).await
    }

    /// Puts a workspace back to a commit, and fails if there was anything to put back.
    async fn restore(&self, tree: &Tree, branch: &BranchName, commit: &CommitId) -> Result<()> {
        let dirt = self.dirt_of(tree).await?;
        let attached = check_branch(tree, branch).is_ok();
        if attached && dirt.head.as_ref() == Some(commit) && dirt.is_empty() {
            return Ok(());
        }
        let tip = self.resolve(&RefName::branch(branch)).await?;
        let mut kept = Vec::new();
        kept.extend(self.rescue_dirt(tree, branch).await?);
        for moved in [dirt.head, tip].into_iter().flatten() {
            if moved != *commit {
                kept.push(self.rescue(branch, &moved).await?);
            }
        }
        kept.extend(self.end_rebase(tree, branch).await?);
        self.call_in(tree, ["checkout", "--force", "--quiet", "-B"])
            .arg(branch.as_str())
            .arg(commit.as_str())
            .arg("--")
            .run()
            .await?;
        self.call_in(tree, ["clean", "-fdq"]).run().await?;
        kept.sort();
        kept.dedup();
        let kept: Vec<_> = kept.iter().map(RefName::as_str).collect();
        let message = format!(
            "the workspace was not at {commit}; it is now, and what was there is kept in {}",
            kept.join(" and ")
        );
        Err(GitError::refused(ErrorKind::Conflict, message))
    }

    /// Forgets a rebase that was left in the middle. `git rebase --quit` would put what it set
    /// aside on the stash, which is the user's.
    async fn end_rebase(&self, tree: &Tree, branch: &BranchName) -> Result<Option<RefName>> {
        let mut kept = None;
        for name in ["rebase-merge", "rebase-apply"] {
            let state = tree.git_dir.join(name);
            if let Ok(aside) = fs::read(state.join("autostash")) {
                kept = Some(self.rescue(branch, &parse_commit(&aside)?).await?);
            }
            remove_dir(&state)?;
        }
        Ok(kept)
    }

    /// Keeps uncommitted work as a commit under a rescue ref; the files stay as they are.
    pub(crate) async fn rescue_dirt(
        &self,
        tree: &Tree,
        branch: &BranchName,
    ) -> Result<Option<RefName>> {
        let dirt = self.dirt_of(tree).await?;
        if dirt.is_empty() {
            return Ok(None);
        }
        refuse_nested(tree, &dirt)?;
        self.stage_all(tree).await?;
        let written = self.call_in(tree, ["write-tree"]).text().await?;
        let written = TreeId::new(written).map_err(|_| GitError::Unreadable {
            command: "write-tree".into(),
        })?;
        let head = dirt.head;
        let subject = format!("rescue: uncommitted work of {branch}");
        let save = move |objects: &gix::Repository| {
            let parent = head.as_ref().map(object_id).transpose()?;
            // The time of its parent, so that saving the same work twice makes one commit.
            let at = match parent {
                Some(parent) => time_of(objects, parent)?,
                None => Timestamp::default(),
            };
            let tree = tree_object_id(&written)?;
            commit(objects, &subject, at, tree, parent.as_slice())
        };
        let saved = self.with_objects(save).await?;
        self.rescue(branch, &saved).await.map(Some)
    }

    async fn stage_all(&self, tree: &Tree) -> Result<()> {
        self.call_in(tree, ["add", "--all", "--", "."])
            .run()
            .await?;
        Ok(())
    }
}

/// An agent that switched its workspace to another branch, or to none, may have done what it did
/// next to somebody else's. Nobody but a person can tell whose that work is.
pub(crate) fn check_branch(tree: &Tree, branch: &BranchName) -> Result<()> {
    let found = tree.branch();
    if found.as_deref() == Some(branch.as_str()) {
        return Ok(());
    }
    let found = found.map_or_else(|| "no branch".into(), |name| format!("branch {name:?}"));
    let place = tree.path.display();
    if held_branch(&tree.git_dir).as_deref() == Some(branch.as_str()) {
        let message = format!("{place} is in the middle of a rebase of {branch}");
        return Err(GitError::refused(ErrorKind::Conflict, message));
    }
    let message = format!(
        "{place} is on {found} instead of {branch}: an agent switched it; `git switch {branch}` \
         there brings it back"
    );
    Err(GitError::refused(ErrorKind::Breach, message))
}

/// Git would note that another repository is there, and not keep what is in it.
fn refuse_nested(tree: &Tree, dirt: &Dirt) -> Result<()> {
    let Some(nested) = dirt
        .untracked
        .iter()
        .find(|path| path.as_str().ends_with('/'))
    else {
        return Ok(());
    };
    let message = format!(
        "{} holds another repository, {:?}, which cannot be kept; move it away",
        tree.path.display(),
        nested.as_str()
    );
    Err(GitError::refused(ErrorKind::Invalid, message))
}
