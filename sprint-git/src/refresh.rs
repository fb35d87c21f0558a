//! Bringing a ticket's branch up to a base that has moved.
//!
//! The new commits are made in memory. Then a note in the worktree's git directory says where the
//! branch goes, and only then do branch, files and record move. Whoever finds the note moves them
//! again, which changes nothing that has been moved.

use std::fs;

use gix::ObjectId;
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::workspace::{RefreshSpec, Refreshed, Workspace};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, CommitId};
use sprint_core::time::Timestamp;

use crate::collect::check_branch;
use crate::error::{GitError, Result};
use crate::files::{remove_file, replace};
use crate::merge::{Merge, ancestor, commit_id, object_id, root_of, signature};
use crate::opinion::Opinion;
use crate::refs::{Record, RefName};
use crate::repo::{Repo, operation_in_progress};
use crate::revert::first_parent;
use crate::touched::both_touch;
use crate::worktree::Tree;

const NOTE: &str = "sprint-refresh";

/// New commits, or the files in which there cannot be any.
type Made<T> = std::result::Result<T, Vec<RepoPath>>;

/// Where a branch goes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Move {
    old: CommitId,
    new: CommitId,
    base: CommitId,
    work_base: CommitId,
}

impl Move {
    fn noted(tree: &Tree) -> Option<Self> {
        let text = fs::read_to_string(tree.git_dir.join(NOTE)).ok()?;
        let mut ids = text.lines().map(CommitId::new);
        let mut next = || ids.next()?.ok();
        Some(Self {
            old: next()?,
            new: next()?,
            base: next()?,
            work_base: next()?,
        })
    }

    fn note(&self, tree: &Tree) -> Result<()> {
        let Self {
            old,
            new,
            base,
            work_base,
        } = self;
        let text = format!("{old}\n{new}\n{base}\n{work_base}\n");
        replace(&tree.git_dir.join(NOTE), text.as_bytes())
    }
}

/// What a branch is made of.
#[derive(Clone, Debug)]
struct Line {
    work_base: CommitId,
    /// Whether base has everything the work began on, so that the new work begins on base itself.
    is_on_base: bool,
    head: CommitId,
    /// The commits to be made again, oldest first; `None` to merge instead.
    replay: Option<Vec<CommitId>>,
}

impl Repo {
    pub(crate) async fn refresh(&self, spec: &RefreshSpec) -> Result<Refreshed> {
        let RefreshSpec {
            workspace,
            base,
            published,
            at,
        } = spec;
        let at = *at;
        let (branch, path) = (&workspace.branch, self.path_of(workspace)?);
        let Some(tree) = self.tree_at(&path)? else {
            let message = format!("there is no worktree at {}", path.display());
            return Err(GitError::refused(ErrorKind::NotFound, message));
        };
        self.watch.check_with(&tree)?;
        self.clear_old_locks(&tree)?;
        self.finish_refresh(&tree, branch).await?;
        check_branch(&tree, branch)?;
        let record = self.record_of(branch).await?.ok_or_else(|| {
            let message = format!("nothing is recorded about {branch}");
            GitError::refused(ErrorKind::NotFound, message)
        })?;
        let head = self.head_of(&tree).await?;
        let is_stale = !self.contains(&head, base).await?;
        if !is_stale && self.contains(&record.work_base, base).await? {
            let now = Workspace {
                path,
                branch: record.branch,
                base: record.base,
                work_base: record.work_base,
            };
            // An earlier call may have got this far without anybody hearing of it.
            return Ok(if now == *workspace {
                Refreshed::Current
            } else {
                Refreshed::Moved(now)
            });
        }
        self.look_everywhere(&tree).await?;
        self.refuse_unfinished(&tree).await?;
        let replays = is_stale && !published;
        let line = self.line(&record, &head, base, replays).await?;
        let (new, work_base) = match self.bring(&line, base, branch, at).await? {
            Ok(made) if is_stale => made,
            // Somebody brought base in by hand, and settled what conflicts.
            Ok((_, work_base)) => (head.clone(), work_base),
            Err(_) if !is_stale => (head.clone(), base.clone()),
            Err(paths) => return Ok(Refreshed::Conflict { paths }),
        };
        let step = Move {
            old: head,
            new,
            base: base.clone(),
            work_base: work_base.clone(),
        };
        step.note(&tree)?;
        self.make_move(&tree, branch, &step).await?;
        Ok(Refreshed::Moved(Workspace {
            path,
            branch: branch.clone(),
            base: base.clone(),
            work_base,
        }))
    }

    /// Ends a move that was cut off; whether there was one.
    pub(crate) async fn finish_refresh(&self, tree: &Tree, branch: &BranchName) -> Result<bool> {
        let Some(step) = Move::noted(tree) else {
            return Ok(false);
        };
        let head = self.resolve(&RefName::branch(branch)).await?;
        let is_ours = head.is_some_and(|head| head == step.old || head == step.new);
        if !is_ours || check_branch(tree, branch).is_err() {
            // Somebody went on from there; the note says nothing about that.
            remove_file(&tree.git_dir.join(NOTE))?;
            return Ok(false);
        }
        // Most likely only half of our own move.
        self.rescue_dirt(tree, branch).await?;
        self.make_move(tree, branch, &step).await?;
        Ok(true)
    }

    async fn make_move(&self, tree: &Tree, branch: &BranchName, step: &Move) -> Result<()> {
        let record = self.record_of(branch).await?;
        let _held = self.lock.hold().await?;
        if !self.contains(&step.new, &step.old).await? {
            self.rescue(branch, &step.old).await?;
        }
        self.call_in(tree, ["reset", "--hard", "--quiet"])
            .arg(step.new.as_str())
            .arg("--")
            .let_finish()
            .run()
            .await?;
        if let Some([base, work]) = record.as_ref().map(Record::refs) {
            self.set_ref(&base, &step.base).await?;
            self.set_ref(&work, &step.work_base).await?;
        }
        remove_file(&tree.git_dir.join(NOTE))
    }

    async fn refuse_unfinished(&self, tree: &Tree) -> Result<()> {
        let place = tree.path.display();
        if let Some(operation) = operation_in_progress(&tree.git_dir) {
            let message = format!("{place} is in the middle of a {operation}");
            return Err(GitError::refused(ErrorKind::Conflict, message));
        }
        let dirt = self.dirt_of(tree).await?;
        match dirt.tracked.iter().chain(&dirt.untracked).next() {
            None => Ok(()),
            Some(first) => {
                let message = format!(
                    "{place} has uncommitted changes, such as {:?}",
                    first.as_str()
                );
                Err(GitError::refused(ErrorKind::Conflict, message))
            }
        }
    }

    async fn line(
        &self,
        record: &Record,
        head: &CommitId,
        base: &CommitId,
        replays: bool,
    ) -> Result<Line> {
        let own = |options: &'static [&'static str]| {
            self.call(["rev-list"])
                .args(options)
                .arg(head.as_str())
                .arg(format!("^{}", record.base))
                .arg(format!("^{base}"))
                .arg("--")
                .text()
        };
        let replay = if replays && own(&["--merges", "--max-count=1"]).await?.is_empty() {
            let commits = own(&["--reverse", "--topo-order"]).await?;
            let commits = commits.lines().map(CommitId::new);
            let commits = commits.collect::<std::result::Result<_, _>>();
            Some(commits.map_err(|_| GitError::Unreadable {
                command: "rev-list".into(),
            })?)
        } else {
            None
        };
        let is_on_base =
            record.work_base == record.base || self.contains(base, &record.work_base).await?;
        Ok(Line {
            work_base: record.work_base.clone(),
            is_on_base,
            head: head.clone(),
            replay,
        })
    }

    /// Makes the commits of a branch that is up to date: its head, and where its own work begins.
    async fn bring(
        &self,
        line: &Line,
        base: &CommitId,
        branch: &BranchName,
        at: Timestamp,
    ) -> Result<Made<(CommitId, CommitId)>> {
        let sides = [object_id(&line.head)?, object_id(base)?];
        self.with_objects(move |objects| ancestor(objects, sides))
            .await?;
        let merge = async |onto: &CommitId, commit: &CommitId, subject: &str| {
            Ok::<_, GitError>(match self.merge(onto, commit, subject, at).await? {
                Merge::Contained => Ok(onto.clone()),
                Merge::Commit(merged) => Ok(merged),
                Merge::Conflict(paths) => Err(paths),
            })
        };
        let work_base = if line.is_on_base {
            Ok(base.clone())
        } else {
            merge(&line.work_base, base, "pre-merge base").await?
        };
        let work_base = match work_base {
            Ok(work_base) => work_base,
            Err(paths) => return Ok(Err(paths)),
        };
        let head = match &line.replay {
            Some(commits) => self.replay(commits, &work_base, at).await?,
            None => {
                let subject = format!("merge: base into {branch}");
                merge(&line.head, &work_base, &subject).await?
            }
        };
        Ok(head.map(|head| (head, work_base)))
    }

    /// Makes commits again on another one. Authors and messages stay; what the new base has already
    /// is left out.
    async fn replay(
        &self,
        commits: &[CommitId],
        onto: &CommitId,
        at: Timestamp,
    ) -> Result<Made<CommitId>> {
        let mut tip = object_id(onto)?;
        for id in commits {
            let done = object_id(id)?;
            let parent = self
                .with_objects(move |objects| first_parent(objects, done))
                .await?;
            let tree = match self.applied_by_git(tip, parent, done).await? {
                Opinion::Clean(tree) => tree,
                Opinion::Clash(_, paths) => return Ok(Err(paths)),
                Opinion::Unknown => {
                    let both = move |objects: &gix::Repository| both_touch(objects, [tip, done]);
                    return self.with_objects(both).await.map(Err);
                }
            };
            tip = self
                .with_objects(move |objects| make_again(objects, [parent, done], tip, tree, at))
                .await?;
        }
        commit_id(tip).map(Ok)
    }
}

/// Makes a commit again on `tip`, where it leads to `tree`; if it changes nothing there, it is left
/// out.
fn make_again(
    objects: &gix::Repository,
    [parent, done]: [ObjectId; 2],
    tip: ObjectId,
    tree: ObjectId,
    at: Timestamp,
) -> Result<ObjectId> {
    let old = objects.find_commit(done)?;
    let was_empty = root_of(objects, done)? == root_of(objects, parent)?;
    if tree == root_of(objects, tip)? && !was_empty {
        return Ok(tip);
    }
    let mut commit = old.decode()?.to_owned()?;
    commit.tree = tree;
    commit.parents = [tip].into_iter().collect();
    commit.committer = signature(at);
    // A signature vouches for the commit as it was.
    commit.extra_headers.clear();
    Ok(objects.write_object(&commit)?.detach())
}
