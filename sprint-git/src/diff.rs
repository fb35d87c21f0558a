//! What a change touches, and the content of files.

use std::ops::Range;

use gix::bstr::ByteSlice;
use gix::diff::blob::{Algorithm, Diff, InternedInput};
use gix::diff::tree_with_rewrites::Change;
use gix::object::tree::EntryKind;
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::workspace::{AddedLine, ChangeKind, ChangedPath};
use sprint_core::id::CommitId;

use crate::error::Result;
use crate::lookup::entry_at;
use crate::merge::object_id;
use crate::repo::Repo;

const MOST_LINES: usize = 20_000;
const MOST_CHARACTERS: usize = 400;
/// Nobody writes sources this large, and comparing them takes long.
const LARGEST_DIFFED: u64 = 4 << 20;
const LARGEST_READ: u64 = 1 << 20;

/// What differs between two commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) changed: Vec<ChangedPath>,
    pub(crate) added: Vec<AddedLine>,
}

impl Repo {
    /// Reads files at a commit.
    pub(crate) async fn read(
        &self,
        commit: &CommitId,
        paths: &[RepoPath],
    ) -> Result<Vec<(RepoPath, Vec<u8>)>> {
        let (commit, paths) = (commit.clone(), paths.to_vec());
        self.with_objects(move |objects| read(objects, &commit, &paths))
            .await
    }
}

/// Compares two commits file by file; a rename is a deletion and an addition.
pub(crate) fn compare(
    objects: &gix::Repository,
    old: &CommitId,
    new: &CommitId,
) -> Result<Difference> {
    let mut difference = Difference::default();
    for file in files(objects, object_id(old)?, object_id(new)?)? {
        add_lines(objects, &file, &mut difference.added)?;
        difference.changed.push(ChangedPath {
            path: file.path,
            kind: file.kind,
        });
    }
    Ok(difference)
}

/// The paths that differ between two commits, sorted; a rename is a deletion and an addition.
pub(crate) fn changed_paths(
    objects: &gix::Repository,
    old: gix::ObjectId,
    new: gix::ObjectId,
) -> Result<Vec<ChangedPath>> {
    let changed = |File { path, kind, .. }| ChangedPath { path, kind };
    Ok(files(objects, old, new)?.into_iter().map(changed).collect())
}

fn files(objects: &gix::Repository, old: gix::ObjectId, new: gix::ObjectId) -> Result<Vec<File>> {
    let old = objects.find_commit(old)?.tree()?;
    let new = objects.find_commit(new)?.tree()?;
    let changes = objects.diff_tree_to_tree(&old, &new, gix::diff::Options::default())?;
    let mut files: Vec<_> = changes.iter().filter_map(File::of).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// One changed file, with its contents before and after where they are text to compare.
struct File {
    path: RepoPath,
    kind: ChangeKind,
    old: Option<gix::ObjectId>,
    new: Option<gix::ObjectId>,
}

impl File {
    fn of(change: &Change) -> Option<Self> {
        let blob = |mode: gix::object::tree::EntryMode, id: gix::ObjectId| {
            matches!(mode.kind(), EntryKind::Blob | EntryKind::BlobExecutable).then_some(id)
        };
        let (kind, old, new) = match change {
            Change::Addition { entry_mode, id, .. } if !entry_mode.is_tree() => {
                (ChangeKind::Added, None, blob(*entry_mode, *id))
            }
            Change::Deletion { entry_mode, id, .. } if !entry_mode.is_tree() => {
                (ChangeKind::Deleted, blob(*entry_mode, *id), None)
            }
            Change::Modification {
                previous_entry_mode,
                previous_id,
                entry_mode,
                id,
                ..
            } => (
                // A file that takes the place of a directory is new; the files below are gone.
                match (previous_entry_mode.is_tree(), entry_mode.is_tree()) {
                    (false, false) => ChangeKind::Modified,
                    (true, false) => ChangeKind::Added,
                    (false, true) => ChangeKind::Deleted,
                    (true, true) => return None,
                },
                blob(*previous_entry_mode, *previous_id),
                blob(*entry_mode, *id),
            ),
            Change::Addition { .. } | Change::Deletion { .. } | Change::Rewrite { .. } => {
                return None;
            }
        };
        Some(Self {
            path: RepoPath::from_bytes(change.location()),
            kind,
            old,
            new,
        })
    }
}

fn add_lines(objects: &gix::Repository, file: &File, added: &mut Vec<AddedLine>) -> Result<()> {
    let (Some(new), true) = (file.new, added.len() < MOST_LINES) else {
        return Ok(());
    };
    let Some(new) = text(objects, new)? else {
        return Ok(());
    };
    let old = match file.old {
        Some(old) => text(objects, old)?.unwrap_or_default(),
        None => Vec::new(),
    };
    let input = InternedInput::new(old.as_slice(), new.as_slice());
    let diff = Diff::compute(Algorithm::Histogram, &input);
    let lines: Vec<&[u8]> = new.lines().collect();
    for Range { start, end } in diff.hunks().map(|hunk| hunk.after) {
        for number in start..end {
            let Some(line) = lines.get(number as usize) else {
                continue;
            };
            if added.len() == MOST_LINES {
                return Ok(());
            }
            added.push(AddedLine {
                path: file.path.clone(),
                line: number + 1,
                text: line.to_str_lossy().chars().take(MOST_CHARACTERS).collect(),
            });
        }
    }
    Ok(())
}

/// The content of a text file; `None` for a binary or very large one.
pub(crate) fn text(objects: &gix::Repository, id: gix::ObjectId) -> Result<Option<Vec<u8>>> {
    if objects.find_header(id)?.size() > LARGEST_DIFFED {
        return Ok(None);
    }
    let content = objects.find_blob(id)?.detach().data;
    // As git does: a NUL early on means binary.
    let binary = content.iter().take(8000).any(|byte| *byte == 0);
    Ok((!binary).then_some(content))
}

fn read(
    objects: &gix::Repository,
    commit: &CommitId,
    paths: &[RepoPath],
) -> Result<Vec<(RepoPath, Vec<u8>)>> {
    let tree = objects.find_commit(object_id(commit)?)?.tree()?;
    let mut files = Vec::new();
    for path in paths {
        let Some(bytes) = path.to_bytes() else {
            continue;
        };
        let Some(entry) = entry_at(&tree, bytes.as_bstr())? else {
            continue;
        };
        let is_file = matches!(
            entry.mode().kind(),
            EntryKind::Blob | EntryKind::BlobExecutable
        );
        if is_file && objects.find_header(entry.object_id())?.size() <= LARGEST_READ {
            files.push((
                path.clone(),
                objects.find_blob(entry.object_id())?.detach().data,
            ));
        }
    }
    Ok(files)
}
