//! Advancing base: the only place where the user's branch and checkout change.

use sprint_core::domain::merge::{LandKind, LandSpec, Landed};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{CommitId, TagName};

use crate::error::{GitError, Result, would_overwrite};
use crate::refs::RefName;
use crate::repo::{Repo, operation_in_progress};
use crate::worktree::Tree;

impl Repo {
    /// Makes a tag, or sees that it is there already.
    pub(crate) async fn make_tag(&self, tag: &TagName, commit: &CommitId) -> Result<()> {
        let name = RefName::tag(tag);
        let _held = self.lock.hold().await?;
        match self.resolve(&name).await? {
            None => {
                self.made.tag(&name, commit);
                self.move_ref(&name, commit, None).await
            }
            Some(found) if found == *commit => Ok(()),
            Some(found) => {
                let message = format!("the tag is already at {found}");
                Err(GitError::refused(ErrorKind::Conflict, message))
            }
        }
    }

    pub(crate) async fn land(&self, spec: &LandSpec) -> Result<Landed> {
        let _held = self.lock.hold().await?;
        self.watch.check()?;
        let head = self.base_head().await?;
        if head == spec.tip {
            self.set_checkpoints(spec).await?;
            return Ok(Landed::Yes);
        }
        if head != spec.expected {
            return Ok(Landed::BaseMoved(head));
        }
        if !self.contains(&spec.tip, &spec.expected).await? {
            let message = format!("{} does not contain {}", spec.tip, spec.expected);
            return Err(GitError::refused(ErrorKind::Invalid, message));
        }
        if let Some(obstacle) = self.base_checkout_in_the_way().await? {
            return Ok(Landed::CheckoutInTheWay(obstacle));
        }
        self.set_checkpoints(spec).await?;
        self.landings.note(&spec.expected, &spec.tip);
        let advanced = match self.trees_on(&self.base)?.first() {
            Some(tree) => self.fast_forward(tree, spec).await,
            None => {
                let base = RefName::branch(&self.base);
                let moved = self.move_ref(&base, &spec.tip, Some(&spec.expected)).await;
                moved.map(|()| Landed::Yes)
            }
        };
        // Whatever git said, where base is now decides.
        let head = self.base_head().await?;
        if head == spec.tip {
            self.landings.arrived();
            Ok(Landed::Yes)
        } else if head != spec.expected {
            Ok(Landed::BaseMoved(head))
        } else {
            match advanced? {
                Landed::Yes => {
                    let message = format!("{} did not move to {}", self.base, spec.tip);
                    Err(GitError::refused(ErrorKind::Transient, message))
                }
                refused @ (Landed::CheckoutInTheWay(_) | Landed::BaseMoved(_)) => Ok(refused),
            }
        }
    }

    /// Why the checkout of base could not follow it, for people.
    pub(crate) async fn base_checkout_in_the_way(&self) -> Result<Option<String>> {
        let base = &self.base;
        let trees = self.trees_on(base)?;
        if let [first, second, ..] = trees.as_slice() {
            return Ok(Some(format!(
                "{base} is checked out both in {} and in {}; switch one of them to another branch",
                first.path.display(),
                second.path.display()
            )));
        }
        let Some(tree) = trees.first() else {
            return Ok(None);
        };
        let place = tree.path.display();
        if let Some(operation) = operation_in_progress(&tree.git_dir) {
            return Ok(Some(format!(
                "{place} is in the middle of a {operation} on {base}; finish or abort it"
            )));
        }
        let changed = self.tracked_dirt_of(tree).await?.tracked;
        if changed.is_empty() {
            return Ok(None);
        }
        let more = changed.len().saturating_sub(3);
        let mut names: Vec<_> = changed
            .iter()
            .take(3)
            .map(|path| format!("{:?}", path.as_str()))
            .collect();
        if more > 0 {
            names.push(format!("{more} more"));
        }
        Ok(Some(format!(
            "{place} is on {base} and has uncommitted changes ({}); commit or stash them",
            names.join(", ")
        )))
    }

    /// Moves base together with the index and the files of its checkout.
    async fn fast_forward(&self, tree: &Tree, spec: &LandSpec) -> Result<Landed> {
        let options = ["merge", "--ff-only", "--quiet", "--no-stat"];
        let output = self
            .call_in(tree, options)
            // Ignored files, too, exist nowhere else.
            .args([
                "--no-autostash",
                "--no-overwrite-ignore",
                "--no-verify-signatures",
            ])
            .arg(spec.tip.as_str())
            .durable()
            .let_finish()
            .finish()
            .await?;
        match output.code {
            Some(0) => Ok(Landed::Yes),
            Some(_) if would_overwrite(&output.stderr) => Ok(Landed::CheckoutInTheWay(format!(
                "{} is on {} and has files in the way; move them and try again: {}",
                tree.path.display(),
                self.base,
                output.stderr.trim()
            ))),
            Some(_) | None => {
                self.step_back(tree, spec).await?;
                Err(output.failed("merge --ff-only".into()))
            }
        }
    }

    /// Takes the index and the files of a checkout back. Git moves them before the branch, and
    /// leaves them where they are when somebody holds a lock on the branch.
    async fn step_back(&self, tree: &Tree, spec: &LandSpec) -> Result<()> {
        let index_is_at_tip = self
            .call_in(tree, ["diff-index", "--cached", "--quiet"])
            .args([spec.tip.as_str(), "--"])
            .yes()
            .await?;
        if index_is_at_tip && self.base_head().await? == spec.expected {
            self.call_in(tree, ["read-tree", "-m", "-u"])
                .args([spec.tip.as_str(), spec.expected.as_str()])
                .let_finish()
                .run()
                .await?;
        }
        Ok(())
    }

    /// Tags the state before each merge, if merges land. The names are the sprint's own, so one left by an attempt
    /// that did not land is moved.
    async fn set_checkpoints(&self, spec: &LandSpec) -> Result<()> {
        if spec.kind == LandKind::Reverts {
            return Ok(());
        }
        let mut before = spec.expected.clone();
        for merge in &spec.merges {
            // A ticket that was contained already made no commit.
            if merge.commit != before {
                before = self.first_parent(&merge.commit).await?;
            }
            let tag = RefName::pre_merge(&spec.sprint, &merge.ticket);
            self.made.tag(&tag, &before);
            self.set_ref(&tag, &before).await?;
            before = merge.commit.clone();
        }
        Ok(())
    }

    async fn first_parent(&self, commit: &CommitId) -> Result<CommitId> {
        self.peel(&format!("{commit}^1")).await?.ok_or_else(|| {
            let message = format!("{commit} is not a merge");
            GitError::refused(ErrorKind::Invalid, message)
        })
    }
}
