//! Files whose changes git was told to overlook. Agents do that, and then their work would neither
//! be committed nor kept.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use gix::bstr::BString;
use gix::index::entry::Flags;
use gix::index::{File, decode};
use sprint_core::failure::ErrorKind;

use crate::error::{GitError, Result};
use crate::repo::Repo;
use crate::worktree::Tree;

/// How many paths one call takes.
const MOST_ARGUMENTS: usize = 500;

impl Repo {
    /// Has git look at every file of a worktree of ours again.
    pub(crate) async fn look_everywhere(&self, tree: &Tree) -> Result<()> {
        let overlooked = self.overlooked(tree).await?;
        for paths in overlooked.chunks(MOST_ARGUMENTS) {
            // It does one of the two at a time.
            for mark in ["--no-assume-unchanged", "--no-skip-worktree"] {
                let paths = paths.iter().map(|path| OsStr::from_bytes(path));
                let call = self.call_in(tree, ["update-index", mark, "--"]);
                call.args(paths).run().await?;
            }
        }
        Ok(())
    }

    /// The files of a worktree whose changes git overlooks. What a sparse checkout leaves out is
    /// not among them.
    pub(crate) async fn overlooked(&self, tree: &Tree) -> Result<Vec<BString>> {
        let root = tree.path.clone();
        self.with_index(tree, move |index| {
            let is_overlooked = |path: &[u8], flags: Flags| {
                let is_there = || root.join(OsStr::from_bytes(path)).symlink_metadata();
                flags.contains(Flags::ASSUME_VALID)
                    || (flags.contains(Flags::SKIP_WORKTREE) && is_there().is_ok())
            };
            let entries = index.entries_with_paths_by_filter_map(|path, entry| {
                is_overlooked(path, entry.flags).then(|| path.to_owned())
            });
            entries.map(|(_, path)| path).collect()
        })
        .await
    }

    /// Whether git was told to overlook any file of a worktree, be it there or not.
    pub(crate) async fn is_marked(&self, tree: &Tree) -> Result<bool> {
        let marks = Flags::ASSUME_VALID | Flags::SKIP_WORKTREE;
        self.with_index(tree, move |index| {
            let mut entries = index.entries().iter();
            entries.any(|entry| entry.flags.intersects(marks))
        })
        .await
    }

    /// Looks into the index of a worktree; one without has nothing to see.
    async fn with_index<T: Default + Send + 'static>(
        &self,
        tree: &Tree,
        look: impl FnOnce(&File) -> T + Send + 'static,
    ) -> Result<T> {
        if !tree.has_files() {
            return Ok(T::default());
        }
        let place = tree.git_dir.join("index");
        self.with_objects(move |objects| {
            let hash = objects.object_hash();
            let index = File::at(&place, hash, true, decode::Options::default());
            let index = index.map_err(|error| {
                let place = place.display();
                let message =
                    format!("{place} is damaged ({error}); `git read-tree HEAD` mends it");
                GitError::refused(ErrorKind::Invalid, message)
            })?;
            Ok(look(&index))
        })
        .await
    }
}
