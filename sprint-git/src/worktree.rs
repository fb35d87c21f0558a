//! Worktrees: which there are, and making and removing our own.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gix::bstr::ByteSlice;
use sprint_core::domain::path::RepoPath;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, CommitId};

use crate::error::{GitError, Result};
use crate::files::{remove_dir, remove_file};
use crate::git_cli::Call;
use crate::lock::Held;
use crate::refs::{PEEL, RefName, peel};
use crate::repo::{Repo, blocking, held_branch};

/// Where our worktrees are, below the main worktree.
const DIRECTORY: [&str; 2] = [".claude", "worktrees"];

/// How old a lock in a worktree of ours is when its owner is taken for dead. We look only where
/// nobody is at work any more, so this is for stragglers that an agent let go.
const OLD_LOCK: Duration = Duration::from_secs(5);

/// A registered worktree whose directory exists.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) path: PathBuf,
    /// Its own git directory, with its HEAD and index.
    pub(crate) git_dir: PathBuf,
}

impl Tree {
    /// Whether files were ever checked out in it to the end.
    pub(crate) fn has_files(&self) -> bool {
        self.git_dir.join("index").is_file()
    }

    /// The branch checked out in it; `None` if its head is detached.
    pub(crate) fn branch(&self) -> Option<String> {
        let head = fs::read_to_string(self.git_dir.join("HEAD")).ok()?;
        let name = head.trim_end().strip_prefix("ref: refs/heads/")?;
        Some(name.to_owned())
    }
}

/// What is uncommitted in a worktree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dirt {
    /// The commit it would follow; `None` on a branch that has no commit yet.
    pub(crate) head: Option<CommitId>,
    /// Changed tracked files.
    pub(crate) tracked: Vec<RepoPath>,
    /// Files that are neither tracked nor ignored. A name ending in `/` is another repository.
    pub(crate) untracked: Vec<RepoPath>,
}

impl Dirt {
    pub(crate) fn is_empty(&self) -> bool {
        self.tracked.is_empty() && self.untracked.is_empty()
    }
}

impl Repo {
    /// The directory of our worktree called `name`.
    pub(crate) fn worktree_path(&self, name: &str) -> PathBuf {
        let mut path = self.main.clone();
        path.extend(DIRECTORY);
        path.join(name)
    }

    /// Makes the directory that holds our worktrees. A symbolic link on the way is refused: it
    /// could come from the repository itself and lead anywhere.
    pub(crate) fn make_directory(&self) -> Result<()> {
        let directory = self.worktree_path("");
        fs::create_dir_all(&directory).map_err(GitError::io("create", &directory))?;
        let real = fs::canonicalize(&directory).map_err(GitError::io("find", &directory))?;
        if real.components().ne(directory.components()) {
            let message = format!("{} leads out of the repository", directory.display());
            return Err(GitError::refused(ErrorKind::Invalid, message));
        }
        Ok(())
    }

    /// The main worktree.
    pub(crate) fn main_tree(&self) -> Tree {
        Tree {
            path: self.main.clone(),
            git_dir: self.common.clone(),
        }
    }

    /// The registered worktree at exactly this path.
    pub(crate) fn tree_at(&self, path: &Path) -> Result<Option<Tree>> {
        let registered = self.linked_trees()?;
        Ok(registered
            .into_iter()
            .find(|tree| tree.path == path && path.is_dir() && is_complete(&tree.git_dir)))
    }

    /// Every worktree with a directory, the main one first.
    pub(crate) fn trees(&self) -> Result<Vec<Tree>> {
        let mut trees = vec![self.main_tree()];
        let linked = self.linked_trees()?;
        trees.extend(linked.into_iter().filter(|tree| tree.path.is_dir()));
        Ok(trees)
    }

    /// What `worktrees/*/gitdir` say, which is where git keeps the list.
    pub(crate) fn linked_trees(&self) -> Result<Vec<Tree>> {
        let directory = self.common.join("worktrees");
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(GitError::io("read", &directory)(error)),
        };
        let mut trees = Vec::new();
        for entry in entries {
            let git_dir = entry.map_err(GitError::io("read", &directory))?.path();
            // A neighbour that is just being made has none yet.
            let Ok(link) = fs::read(git_dir.join("gitdir")) else {
                continue;
            };
            let Ok(link) = link.trim_ascii_end().to_path() else {
                continue;
            };
            if let Some(path) = git_dir.join(link).parent() {
                trees.push(Tree {
                    path: normal(path),
                    git_dir,
                });
            }
        }
        trees.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(trees)
    }

    /// Registers a worktree without files in it; `target` is what git checks out there.
    pub(crate) async fn add_tree(
        &self,
        path: &Path,
        target: AddTarget<'_>,
        _held: &Held<'_>,
    ) -> Result<Tree> {
        self.make_directory()?;
        self.forget_tree(path)?;
        self.forget_half_made().await?;
        let call = self.call(["worktree", "add", "--no-checkout", "--quiet"]);
        let call = match target {
            AddTarget::Branch(_) => call,
            AddTarget::Detached(_) => call.arg("--detach"),
        };
        let call = call.arg("--").arg(path);
        match target {
            AddTarget::Branch(branch) => call.arg(branch.as_str()),
            AddTarget::Detached(commit) => call.arg(commit.as_str()),
        }
        .run()
        .await?;
        let tree = self.tree_at(path)?.ok_or_else(|| GitError::Unreadable {
            command: "worktree add".into(),
        })?;
        // Git hands on what the user left out of the main worktree. Agents and checks need all.
        remove_file(&tree.git_dir.join("info/sparse-checkout"))?;
        Ok(tree)
    }

    /// Drops the registration of a worktree of ours that is gone or half made. `git worktree
    /// prune` would do it for the user's worktrees too, some of which may be on a disk that is
    /// only unplugged.
    pub(crate) fn forget_tree(&self, path: &Path) -> Result<()> {
        for tree in self.linked_trees()? {
            if tree.path == path {
                refuse_locked(&tree)?;
                remove_dir(&tree.git_dir)?;
            }
        }
        Ok(())
    }

    /// Drops what interrupted calls left of our other worktrees: git reads every entry when it
    /// adds one, and gives up on one that is half made.
    async fn forget_half_made(&self) -> Result<()> {
        let records = self.records("refs/sprint/").await?;
        let ours: BTreeSet<_> = records
            .iter()
            .map(|record| self.directory_of(&record.branch))
            .collect();
        for tree in self.linked_trees()? {
            let is_ours = ours.contains(&tree.path) || self.is_pool_path(&tree.path);
            if is_ours && !is_complete(&tree.git_dir) {
                remove_dir(&tree.git_dir)?;
            }
        }
        Ok(())
    }

    /// Removes the locks of a worktree of ours that are old: an agent that was stopped in the
    /// middle of a commit leaves them, and nothing else ever would remove them.
    pub(crate) fn clear_old_locks(&self, tree: &Tree) -> Result<()> {
        let mut locks = vec![
            tree.git_dir.join("index.lock"),
            tree.git_dir.join("HEAD.lock"),
        ];
        // HEAD is a file an agent can write; only a name git accepts becomes a path.
        if let Some(branch) = tree.branch().and_then(|name| BranchName::new(name).ok()) {
            locks.push(self.common.join(format!("refs/heads/{branch}.lock")));
        }
        let locked = |lock: &PathBuf| {
            lock.metadata()
                .and_then(|metadata| metadata.modified())
                .ok()
        };
        let locks: Vec<_> = locks
            .into_iter()
            .filter_map(|lock| Some((locked(&lock)?, lock)))
            .collect();
        if locks.is_empty() {
            return Ok(());
        }
        // The time by the clock that stamped the locks.
        let probe = tree.git_dir.join("sprint-now");
        fs::write(&probe, "").map_err(GitError::io("write", &probe))?;
        let now = probe.metadata().and_then(|metadata| metadata.modified());
        let now = now.map_err(GitError::io("read", &probe))?;
        fs::remove_file(&probe).map_err(GitError::io("remove", &probe))?;
        for (since, lock) in locks {
            if now.duration_since(since).is_ok_and(|age| age > OLD_LOCK) {
                tracing::warn!(lock = %lock.display(), "removing an old lock");
                fs::remove_file(&lock).map_err(GitError::io("remove", &lock))?;
            }
        }
        Ok(())
    }

    /// Removes a worktree of ours, with everything in it.
    pub(crate) async fn remove_tree(&self, path: &Path, _held: &Held<'_>) -> Result<()> {
        self.make_directory()?;
        if path.parent() != Some(normal(&self.worktree_path("")).as_path()) {
            let message = format!("{} is not a worktree of a sprint", path.display());
            return Err(GitError::refused(ErrorKind::Invalid, message));
        }
        if let Some(tree) = self.tree_at(path)? {
            refuse_locked(&tree)?;
        }
        let files = path.to_owned();
        blocking(move || remove_dir(&files)).await?;
        self.forget_tree(path)
    }

    /// A git call inside one worktree.
    pub(crate) fn call_in<A: AsRef<OsStr>>(
        &self,
        tree: &Tree,
        arguments: impl IntoIterator<Item = A>,
    ) -> Call {
        self.git
            .call(&tree.path, arguments)
            .inside(&tree.git_dir, &tree.path)
    }

    /// The commit checked out in a worktree.
    pub(crate) async fn head_of(&self, tree: &Tree) -> Result<CommitId> {
        self.head_if_any(tree).await?.ok_or_else(|| {
            let message = format!("{} is on a branch without a commit", tree.path.display());
            GitError::refused(ErrorKind::Conflict, message)
        })
    }

    /// The same; `None` on a branch that has no commit yet.
    pub(crate) async fn head_if_any(&self, tree: &Tree) -> Result<Option<CommitId>> {
        peel(self.call_in(tree, PEEL), "HEAD").await
    }

    /// What is uncommitted in a worktree of ours. Git may write down which files it has compared:
    /// right after a checkout it would compare all of them every time.
    pub(crate) async fn dirt_of(&self, tree: &Tree) -> Result<Dirt> {
        let status = self.status_of(tree, "--untracked-files=all");
        parse_dirt(&status.refreshing().run().await?)
    }

    /// The same of tracked files only, in any worktree and without writing anything.
    pub(crate) async fn tracked_dirt_of(&self, tree: &Tree) -> Result<Dirt> {
        let status = self.status_of(tree, "--untracked-files=no");
        parse_dirt(&status.run().await?)
    }

    /// The same of every file in a worktree of ours, without writing anything.
    pub(crate) async fn untouched_dirt_of(&self, tree: &Tree) -> Result<Dirt> {
        let status = self.status_of(tree, "--untracked-files=all");
        parse_dirt(&status.run().await?)
    }

    /// Whether git finds nothing in a worktree that its commit does not hold, ignored files
    /// included, and nothing missing. One directory says enough, so git need not look into it.
    pub(crate) async fn is_clean(&self, tree: &Tree) -> Result<bool> {
        let call = ["status", "--porcelain=v2", "-z", "--ignored=matching"];
        let call = self.call_in(tree, call).args([
            "--untracked-files=normal",
            "--no-renames",
            "--ignore-submodules=none",
        ]);
        Ok(call.run().await?.is_empty())
    }

    pub(crate) fn status_of(&self, tree: &Tree, untracked: &str) -> Call {
        let call = [
            "status",
            "--porcelain=v2",
            "-z",
            "--branch",
            "--no-ahead-behind",
        ];
        self.call_in(tree, call)
            .args(["--no-renames", "--ignore-submodules=none", untracked])
    }

    /// The worktrees that hold a branch: it is checked out there, or will be when a rebase or
    /// bisect ends.
    pub(crate) fn trees_on(&self, branch: &BranchName) -> Result<Vec<Tree>> {
        let mut trees = self.trees()?;
        let is_it = |name: Option<String>| name.as_deref() == Some(branch.as_str());
        trees.retain(|tree| is_it(tree.branch()) || is_it(held_branch(&tree.git_dir)));
        Ok(trees)
    }

    /// Whether a branch of this name, or one below it, exists.
    pub(crate) async fn branch_taken(&self, branch: &BranchName) -> Result<bool> {
        let name = RefName::branch(branch);
        Ok(!self.list(name.as_str()).await?.is_empty())
    }
}

/// What to check out in a new worktree.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AddTarget<'a> {
    Branch(&'a BranchName),
    Detached(&'a CommitId),
}

/// Whether a worktree's git directory was made to the end. Git writes `HEAD` late, and holds a lock
/// with this reason until it is done.
fn is_complete(git_dir: &Path) -> bool {
    let initializing =
        fs::read(git_dir.join("locked")).is_ok_and(|reason| reason.trim_ascii() == b"initializing");
    let written = |file| fs::read(git_dir.join(file)).is_ok_and(|text| !text.is_empty());
    written("HEAD") && written("commondir") && !initializing
}

/// A lock of somebody who wants the worktree to stay, with `git worktree lock`.
fn refuse_locked(tree: &Tree) -> Result<()> {
    let Ok(reason) = fs::read(tree.git_dir.join("locked")) else {
        return Ok(());
    };
    let reason = reason.trim_ascii();
    if reason == b"initializing" {
        return Ok(());
    }
    let message = format!(
        "{} is locked ({:?}); `git worktree unlock` releases it",
        tree.path.display(),
        reason.as_bstr()
    );
    Err(GitError::refused(ErrorKind::Conflict, message))
}

/// Reads the second format of `git status`, which begins with words about the branch.
fn parse_dirt(status: &[u8]) -> Result<Dirt> {
    let mut dirt = Dirt {
        head: parts(status).find_map(parse_head),
        ..Dirt::default()
    };
    for entry in entries(status) {
        match entry? {
            ([b'?', ..], path) => dirt.untracked.push(path),
            (_, path) => dirt.tracked.push(path),
        }
    }
    Ok(dirt)
}

/// The files that a status names: what it says about each, and its path.
pub(crate) fn entries(status: &[u8]) -> impl Iterator<Item = Result<(&[u8], RepoPath)>> {
    parts(status)
        .filter(|part| !part.starts_with(b"# "))
        .map(entry)
}

/// The path comes last, after so many words about it.
fn entry(part: &[u8]) -> Result<(&[u8], RepoPath)> {
    let words = match part {
        [b'?', ..] => 1,
        [b'1', ..] => 8,
        [b'u', ..] => 10,
        _ => return Err(unreadable_status()),
    };
    let end = part.find_iter(" ").nth(words - 1);
    let end = end.ok_or_else(unreadable_status)?;
    Ok((&part[..end], RepoPath::from_bytes(&part[end + 1..])))
}

fn parts(status: &[u8]) -> impl Iterator<Item = &[u8]> {
    status
        .split(|byte| *byte == 0)
        .filter(|part| !part.is_empty())
}

fn parse_head(words: &[u8]) -> Option<CommitId> {
    let id = words.strip_prefix(b"# branch.oid ")?;
    CommitId::new(std::str::from_utf8(id).ok()?).ok()
}

fn unreadable_status() -> GitError {
    GitError::Unreadable {
        command: "status".into(),
    }
}

/// The path without `.` and without a trailing slash.
fn normal(path: &Path) -> PathBuf {
    path.components().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_split_into_tracked_and_untracked() {
        let id = "46d20440bc2bbfaa65128a2c3ee22d0261fd34d4";
        let entries = [
            format!("# branch.oid {id}\0# branch.head main\0"),
            format!("1 .M N... 100644 100644 100644 {id} {id} a b\0"),
            format!("u AA N... 000000 100644 100644 100644 {id} {id} {id} both\0"),
            "? sub/\0? x\ny\0".to_owned(),
        ];
        let dirt = parse_dirt(entries.concat().as_bytes()).unwrap();
        assert_eq!(dirt.head, Some(CommitId::new(id).unwrap()));
        assert_eq!(dirt.tracked, ["a b", "both"].map(RepoPath::from));
        assert_eq!(dirt.untracked, ["sub/", "x\ny"].map(RepoPath::from));
        let unborn = parse_dirt(b"# branch.oid (initial)\0").unwrap();
        assert_eq!((unborn.head.as_ref(), unborn.is_empty()), (None, true));
        for nonsense in ["M a", "1 .M N... a", "2 R. x", "x"] {
            assert!(parse_dirt(nonsense.as_bytes()).is_err(), "{nonsense}");
        }
    }
}
