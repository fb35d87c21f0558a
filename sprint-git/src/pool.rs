//! Worktrees that closed workspaces left, kept for the next ones.
//!
//! A note in the git directory of a worktree says that nothing in it is of worth: it was written
//! after everything unique had been rescued, and it goes when the worktree is handed out. Kept
//! worktrees have names no ticket can have, and no branch.
//!
//! A worktree changes its place in this order: the note says where it comes from, its registration
//! says where it goes, the directory is renamed. All of it happens under our lock, so whoever
//! holds the lock and finds a registration without a directory finishes the move. A worktree that
//! an agent set up in an unusual way (a sparse checkout, hidden changes, submodules) is not kept.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, CommitId};

use crate::config::inner_path;
use crate::error::{GitError, Result};
use crate::files::{is_real_directory, remove_dir, remove_file, replace};
use crate::lock::Held;
use crate::repo::Repo;
use crate::worktree::Tree;

const NOTE: &str = "sprint-pool";
/// Tickets begin with a letter or a digit.
const NAME: &str = ".pool-";

/// What the git directory of a plain worktree may hold. Anything else is a state that `reset` and
/// `clean` do not undo.
const PLAIN: [&str; 11] = [
    "AUTO_MERGE",
    "COMMIT_EDITMSG",
    "FETCH_HEAD",
    "HEAD",
    "ORIG_HEAD",
    "commondir",
    "gitdir",
    "index",
    "logs",
    "refs",
    NOTE,
];

/// What of it tells one ticket about the work on another.
const TRACES: [&str; 5] = [
    "AUTO_MERGE",
    "COMMIT_EDITMSG",
    "FETCH_HEAD",
    "ORIG_HEAD",
    "logs/HEAD",
];

/// Whether nothing in the worktree with this git directory is of worth yet.
pub(crate) fn is_noted(git_dir: &Path) -> bool {
    git_dir.join(NOTE).is_file()
}

/// What is written about a worktree without worth.
#[derive(Debug, PartialEq, Eq)]
struct Note {
    /// The name of the directory it was in when this was written.
    from: String,
    /// The commit that was checked out.
    head: CommitId,
}

impl Note {
    fn of(git_dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(git_dir.join(NOTE)).ok()?;
        let (from, head) = text.split_once('\n')?;
        let mut parts = Path::new(from).components();
        let (Some(Component::Normal(_)), None) = (parts.next(), parts.next()) else {
            return None;
        };
        Some(Self {
            from: from.to_owned(),
            head: CommitId::new(head.trim_end()).ok()?,
        })
    }

    fn write(&self, git_dir: &Path) -> Result<()> {
        let text = format!("{}\n{}\n", self.from, self.head);
        replace(&git_dir.join(NOTE), text.as_bytes())
    }
}

impl Repo {
    /// Keeps a worktree for later instead of removing it, if there is room and it is a plain one.
    /// What was unique in it has been rescued.
    pub(crate) async fn give_tree(&self, tree: &Tree, held: &Held<'_>) -> Result<bool> {
        self.mend_pool(held)?;
        if self.pooled()?.len() >= self.pool || !is_plain(tree) || self.is_odd(tree).await? {
            return Ok(false);
        }
        let head = self.head_of(tree).await?;
        let from = name_of(&tree.path);
        Note { from, head }.write(&tree.git_dir)?;
        self.call_in(tree, ["checkout", "--force", "--detach", "--quiet", "HEAD"])
            .arg("--")
            .run()
            .await?;
        let mut clean = self.call_in(tree, ["clean", "-ffdxq"]);
        for kept in self.keep_ignored.iter().filter_map(inner_path) {
            if is_real_directory(&tree.path, &kept) {
                clean = clean.arg("-e").arg(anchored(&kept));
            }
        }
        clean.run().await?;
        for trace in TRACES {
            remove_file(&tree.git_dir.join(trace))?;
        }
        if !self.dirt_of(tree).await?.is_empty() {
            return Ok(false);
        }
        let place = (1_u32..)
            .map(|number| self.worktree_path(&format!("{NAME}{number}")))
            .find(|place| place.symlink_metadata().is_err());
        match place {
            Some(place) => self.move_tree(tree, &place).map(|_| true),
            None => Ok(false),
        }
    }

    /// Moves a kept worktree to `path` and puts it on a branch, if there is one to be had. Its
    /// files are still those of the ticket before; see [`refill`](Self::refill).
    pub(crate) async fn take_tree(
        &self,
        path: &Path,
        branch: &BranchName,
        held: &Held<'_>,
    ) -> Result<Option<Tree>> {
        self.mend_pool(held)?;
        if !self.trees_on(branch)?.is_empty() {
            return Ok(None);
        }
        for tree in self.pooled()? {
            match self.rescue_pooled(&tree).await {
                Ok(()) if is_plain(&tree) => {}
                Ok(()) => continue,
                Err(error) => {
                    tracing::warn!(%error, path = %tree.path.display(), "not reused");
                    continue;
                }
            }
            let tree = self.move_tree(&tree, path)?;
            self.attach(&tree, branch).await?;
            return Ok(Some(tree));
        }
        Ok(None)
    }

    /// Checks the branch out in a worktree without worth, which then is a workspace like others.
    /// An interrupted call leaves the note, so the next one does it again.
    pub(crate) async fn refill(&self, tree: &Tree, branch: &BranchName) -> Result<()> {
        self.attach(tree, branch).await?;
        self.call_in(tree, ["reset", "--hard", "--quiet"])
            .run()
            .await?;
        self.call_in(tree, ["clean", "-ffdq"]).run().await?;
        remove_file(&tree.git_dir.join(NOTE))
    }

    /// Removes kept worktrees that are too many, and finishes what interrupted calls left.
    pub(crate) async fn trim_pool(&self, held: &Held<'_>) -> Result<()> {
        self.mend_pool(held)?;
        for tree in self.pooled()?.into_iter().skip(self.pool) {
            self.rescue_pooled(&tree).await?;
            self.remove_tree(&tree.path, held).await?;
        }
        Ok(())
    }

    /// The worktrees that are kept, by name.
    fn pooled(&self) -> Result<Vec<Tree>> {
        let mut trees = self.trees()?;
        trees.retain(|tree| self.is_pool_path(&tree.path) && is_noted(&tree.git_dir));
        Ok(trees)
    }

    pub(crate) fn is_pool_path(&self, path: &Path) -> bool {
        name_of(path).starts_with(NAME) && path.parent() == self.worktree_path("x").parent()
    }

    /// Nobody should work in a kept worktree; if somebody did, what they made is rescued.
    async fn rescue_pooled(&self, tree: &Tree) -> Result<()> {
        let owner = BranchName::new("pool")
            .map_err(|error| GitError::refused(ErrorKind::Invalid, error.to_string()))?;
        self.rescue_dirt(tree, &owner).await?;
        let head = self.head_of(tree).await?;
        if Note::of(&tree.git_dir).is_none_or(|note| note.head != head) {
            self.rescue(&owner, &head).await?;
        }
        Ok(())
    }

    async fn attach(&self, tree: &Tree, branch: &BranchName) -> Result<()> {
        self.call_in(tree, ["symbolic-ref", "-m", "sprint", "HEAD"])
            .arg(format!("refs/heads/{branch}"))
            .run()
            .await?;
        Ok(())
    }

    /// Moves a worktree without worth. `git worktree move` renames first and registers then, so a
    /// crash between the two would leave a directory that nothing leads to.
    fn move_tree(&self, tree: &Tree, to: &Path) -> Result<Tree> {
        let note = Note::of(&tree.git_dir).ok_or_else(|| lost(&tree.git_dir))?;
        Note {
            from: name_of(&tree.path),
            ..note
        }
        .write(&tree.git_dir)?;
        register(&tree.git_dir, to)?;
        if let Err(error) = fs::rename(&tree.path, to) {
            register(&tree.git_dir, &tree.path)?;
            return Err(GitError::io("move", &tree.path)(error));
        }
        Ok(Tree {
            path: to.to_owned(),
            git_dir: tree.git_dir.clone(),
        })
    }

    /// Finishes moves that were cut off.
    pub(crate) fn mend_pool(&self, _held: &Held<'_>) -> Result<()> {
        for tree in self.linked_trees()? {
            if tree.path.symlink_metadata().is_ok() || !is_noted(&tree.git_dir) {
                continue;
            }
            let from = Note::of(&tree.git_dir).map(|note| self.worktree_path(&note.from));
            match from {
                Some(from) if leads_to(&from, &tree.git_dir) => {
                    fs::rename(&from, &tree.path).map_err(GitError::io("move", &from))?;
                }
                // The directory was removed by hand.
                Some(_) | None => remove_dir(&tree.git_dir)?,
            }
        }
        Ok(())
    }

    /// Whether the index hides changes from us, or names other repositories.
    async fn is_odd(&self, tree: &Tree) -> Result<bool> {
        let entries = self.call_in(tree, ["ls-files", "-z", "-v", "--stage"]);
        let entries = entries.run().await?;
        let mut entries = entries.split(|byte| *byte == 0);
        Ok(entries
            .any(|entry| !entry.is_empty() && (entry[0] != b'H' || entry[1..].starts_with(b" 16"))))
    }
}

fn is_plain(tree: &Tree) -> bool {
    let Ok(entries) = fs::read_dir(&tree.git_dir) else {
        return false;
    };
    let plain = |entry: io::Result<fs::DirEntry>| {
        entry.is_ok_and(|entry| PLAIN.iter().any(|name| entry.file_name() == *name))
    };
    tree.git_dir.join("index").is_file()
        && leads_to(&tree.path, &tree.git_dir)
        && !holds_files(&tree.git_dir.join("refs"))
        && entries.into_iter().all(plain)
}

/// Whether a directory is the worktree with this git directory, by its own account.
fn leads_to(path: &Path, git_dir: &Path) -> bool {
    let link = path.join(".git");
    let is_file = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_file());
    if !is_file(&link) {
        return false;
    }
    let text = fs::read_to_string(&link).unwrap_or_default();
    let Some(target) = text.strip_prefix("gitdir: ") else {
        return false;
    };
    let found = fs::canonicalize(path.join(target.trim_end()));
    found.is_ok_and(|found| fs::canonicalize(git_dir).is_ok_and(|wanted| found == wanted))
}

fn holds_files(path: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(path) else {
        return false;
    };
    entries.any(|entry| {
        entry.is_ok_and(|entry| {
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            !is_dir || holds_files(&entry.path())
        })
    })
}

/// The pattern that matches this path and nothing else.
fn anchored(path: &Path) -> String {
    let mut pattern = String::from("/");
    for c in path.to_string_lossy().chars() {
        if matches!(c, '*' | '?' | '[' | '\\' | ' ') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

fn register(git_dir: &Path, path: &Path) -> Result<()> {
    let link = path.join(".git");
    let text = [link.as_os_str().as_bytes(), b"\n"].concat();
    replace(&git_dir.join("gitdir"), &text)
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn lost(git_dir: &Path) -> GitError {
    let message = format!("the note in {} is gone", git_dir.display());
    GitError::refused(ErrorKind::Transient, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_back_and_never_leads_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let note = Note {
            from: "ENG-1".into(),
            head: CommitId::new("a".repeat(40)).unwrap(),
        };
        note.write(dir.path()).unwrap();
        assert_eq!(Note::of(dir.path()), Some(note));
        for from in ["", "..", "a/b", "/etc", "."] {
            let text = format!("{from}\n{}\n", "a".repeat(40));
            fs::write(dir.path().join(NOTE), text).unwrap();
            assert_eq!(Note::of(dir.path()), None, "{from}");
        }
    }

    #[test]
    fn patterns_match_one_path() {
        assert_eq!(anchored(Path::new("a b/t*")), "/a\\ b/t\\*");
    }
}
