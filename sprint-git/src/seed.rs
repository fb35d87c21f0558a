//! Directories of the user's checkout that a new workspace begins with: installed dependencies
//! and build caches.
//!
//! Only ignored directories are seeded, so nothing of them can get into a commit. Links that lead
//! out of the checkout are left out.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path};

use sprint_core::domain::path::RepoPath;
use sprint_core::failure::ErrorKind;

use crate::config::inner_path;
use crate::error::{GitError, Result};
use crate::files::{is_real_directory, remove};
use crate::repo::{Repo, blocking};
use crate::worktree::Tree;

/// An ignored directory of the user's checkout that a new workspace begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The directory, relative to the root of the checkout. Where it does not exist, nothing is
    /// seeded.
    pub path: RepoPath,
    /// How the workspace gets it.
    pub mode: SeedMode,
}

/// How a workspace gets a directory of the user's checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedMode {
    /// A copy, which shares its blocks with the original where the file system can.
    Copy,
    /// A symbolic link. Agents then write into the user's directory, and all into the same one.
    /// Where git's ignore rules would not cover a link (`node_modules/` covers directories only),
    /// it is a copy.
    Link,
}

impl Repo {
    /// Refuses seeds that could bring tracked files, or files from elsewhere, into workspaces.
    pub(crate) async fn check_seed(&self) -> Result<()> {
        for seed in &self.seed {
            let refuse = |why: &str| {
                let message = format!("{:?} cannot be seeded: {why}", seed.path);
                Err(GitError::refused(ErrorKind::Invalid, message))
            };
            let Some(path) = inner_path(&seed.path) else {
                return refuse("it is not inside the repository");
            };
            if self.has_tracked(&self.main_tree(), &path).await? {
                return refuse("it holds tracked files");
            }
            if self.main.join(&path).symlink_metadata().is_err() {
                continue;
            }
            if !is_real_directory(&self.main, &path) {
                return refuse("it is not a directory, or behind a symbolic link");
            }
            if !self.is_ignored(&self.main_tree(), &path).await? {
                return refuse("it is not ignored");
            }
        }
        Ok(())
    }

    /// Brings in what is missing. The branch may have other ideas of what is ignored than the
    /// user's checkout; then nothing is brought in.
    pub(crate) async fn seed_tree(&self, tree: &Tree) -> Result<()> {
        for seed in &self.seed {
            let Some(path) = inner_path(&seed.path) else {
                continue;
            };
            let (from, to) = (self.main.join(&path), tree.path.join(&path));
            if to.symlink_metadata().is_ok() || !is_real_directory(&self.main, &path) {
                continue;
            }
            if self.has_tracked(tree, &path).await? || !is_open(&tree.path, &path) {
                tracing::warn!(path = %to.display(), "not seeded: the branch has something there");
                continue;
            }
            // While nothing is there, git answers for a file or a link.
            let link = seed.mode == SeedMode::Link && self.is_ignored(tree, &path).await?;
            let name = tree.path.file_name().unwrap_or_default();
            let draft = self.worktree_path(&format!(".seed-{}", name.to_string_lossy()));
            let (root, draft) = (self.main.clone(), draft);
            let made = to.clone();
            blocking(move || bring(&root, &from, &draft, &made, link)).await?;
            if !self.is_ignored(tree, &path).await? {
                tracing::warn!(path = %to.display(), "not seeded: the branch does not ignore it");
                remove(&to)?;
            }
        }
        Ok(())
    }

    async fn has_tracked(&self, tree: &Tree, path: &Path) -> Result<bool> {
        let call = self.call_in(tree, ["--literal-pathspecs", "ls-files", "-z", "--"]);
        Ok(!call.arg(path).run().await?.is_empty())
    }

    async fn is_ignored(&self, tree: &Tree, path: &Path) -> Result<bool> {
        let call = self.call_in(tree, ["check-ignore", "--quiet", "--"]);
        call.arg(path).yes().await
    }
}

/// Whether what leads to the path are directories, as far as it exists.
fn is_open(root: &Path, inner: &Path) -> bool {
    let Some(parent) = inner.parent() else {
        return true;
    };
    let mut path = root.to_owned();
    parent.components().all(|part| {
        path.push(part);
        match path.symlink_metadata() {
            Ok(found) => found.is_dir(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    })
}

/// Makes it under another name first, so that an interrupted call leaves nothing half made.
fn bring(root: &Path, from: &Path, draft: &Path, to: &Path, link: bool) -> Result<()> {
    remove(draft)?;
    if link {
        std::os::unix::fs::symlink(from, draft).map_err(GitError::io("link", from))?;
    } else {
        copy(root, from, draft)?;
    }
    let parent = to.parent().unwrap_or(root);
    fs::create_dir_all(parent).map_err(GitError::io("create", parent))?;
    fs::rename(draft, to).map_err(GitError::io("move", draft))
}

/// Copies a directory with the times of its files, by which build tools tell what is up to date.
/// The standard library asks the kernel to share blocks.
fn copy(root: &Path, from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to).map_err(GitError::io("create", to))?;
    for entry in fs::read_dir(from).map_err(GitError::io("read", from))? {
        let entry = entry.map_err(GitError::io("read", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let found = source
            .symlink_metadata()
            .map_err(GitError::io("read", &source))?;
        if found.is_dir() {
            copy(root, &source, &target)?;
        } else if found.is_file() {
            fs::copy(&source, &target).map_err(GitError::io("copy", &source))?;
            let times = found
                .modified()
                .map(|time| fs::FileTimes::new().set_modified(time));
            let keep_times = |times| File::options().write(true).open(&target)?.set_times(times);
            // A read-only file keeps the time of the copy.
            if let Err(error) = times.and_then(keep_times) {
                tracing::debug!(%error, path = %target.display(), "time not kept");
            }
        } else if found.is_symlink() {
            let link = fs::read_link(&source).map_err(GitError::io("read", &source))?;
            let depth = from
                .strip_prefix(root)
                .map_or(0, |inner| inner.components().count());
            if stays_inside(depth, &link) {
                std::os::unix::fs::symlink(&link, &target).map_err(GitError::io("link", &link))?;
            } else {
                tracing::debug!(path = %source.display(), "a link that leads out is left out");
            }
        }
    }
    Ok(())
}

/// Whether a link in a directory so many levels below some root stays below it, by its text.
pub(crate) fn stays_inside(mut depth: usize, link: &Path) -> bool {
    for part in link.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}
