//! A repository that can only be looked at.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use gix::ObjectId;
use gix::object::tree::EntryKind;
use gix::odb::pack::cache::lru::MemoryCappedHashmap;
use sprint_core::domain::path::RepoPath;
use sprint_core::id::{CommitId, CommitPrefix};
use sprint_core::ports;

use crate::config::GitConfig;
use crate::diff::changed_paths;
use crate::error::{GitError, Result};
use crate::merge::object_id;
use crate::repo::{Repo, blocking};

/// Larger files are passed over, in bytes: nobody writes sources of that size.
const LARGEST: u64 = 1 << 20;

/// How much of what was unpacked each thread keeps, in bytes.
const UNPACKED: usize = 64 << 20;

/// Where the worktrees of sprints are, below the checkout.
const WORKTREES: &str = ".claude/worktrees";

/// A git repository for programs that must not change it: nothing here writes, takes a lock or
/// refreshes an index.
#[derive(Debug)]
pub struct GitReader {
    pub(crate) repo: Repo,
}

/// How a repository stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// Where base is.
    pub base_head: CommitId,
    /// What is checked out.
    pub head: CommitId,
    /// The branch that is checked out, if one is.
    pub branch: Option<String>,
    /// Changed and untracked files, sorted; what is below `.claude` is left out.
    pub dirty: Vec<RepoPath>,
    /// Directories of worktrees of sprints, by name. Those that wait to be used again are left out.
    pub worktrees: Vec<String>,
    /// Whether git ignores these directories.
    pub worktrees_ignored: bool,
}

/// What happened on base since a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Since {
    /// The commit.
    pub commit: CommitId,
    /// Whether base contains it.
    pub part_of_base: bool,
    /// Commits on base that it does not have and that change more than what was left out, the
    /// newest first.
    pub counted: Vec<CommitId>,
    /// All commits on base that it does not have.
    pub all: u64,
    /// Files that differ, what was left out not among them.
    pub changed: BTreeSet<RepoPath>,
}

impl GitReader {
    /// Opens the repository, refusing what [`GitVcs`](crate::GitVcs) refuses.
    pub async fn open(config: GitConfig) -> ports::Result<Self> {
        let subject = config.repo.display().to_string();
        let repo = Repo::open(config).await;
        let repo = repo.map_err(|error| error.during("open repository", subject))?;
        Ok(Self { repo })
    }

    /// How the repository stands.
    pub async fn standing(&self) -> ports::Result<Standing> {
        let standing = self.repo.standing().await;
        standing.map_err(|error| error.during("look at", self.repo.main.display().to_string()))
    }

    /// What happened on base since a commit, files below these paths left out. None if there is no
    /// such commit, or more than one that begins so.
    pub async fn since(
        &self,
        commit: &CommitPrefix,
        left_out: &[&str],
    ) -> ports::Result<Option<Since>> {
        let since = self.repo.since(commit, left_out).await;
        since.map_err(|error| error.during("look back to", commit.as_str()))
    }

    /// Every path at a commit, directories among them.
    pub async fn paths(&self, commit: &CommitId) -> ports::Result<BTreeSet<RepoPath>> {
        let paths = self.repo.paths(commit).await;
        paths.map_err(|error| error.during("list files at", commit.as_str()))
    }

    /// Reads the files at a commit that are `wanted`, on all processors, and keeps what `read` makes
    /// of each. Links, and files larger than 1 MiB, are passed over. Sorted by path.
    pub async fn gather<T: Send + 'static>(
        &self,
        commit: &CommitId,
        wanted: impl Fn(&RepoPath) -> bool + Send + Sync + 'static,
        read: impl Fn(&RepoPath, &[u8]) -> Option<T> + Send + Sync + 'static,
    ) -> ports::Result<Vec<(RepoPath, T)>> {
        let gathered = self.repo.gather(commit, wanted, read).await;
        gathered.map_err(|error| error.during("read files at", commit.as_str()))
    }
}

impl Repo {
    async fn standing(&self) -> Result<Standing> {
        let status = ["status", "--porcelain=v1", "-z", "--untracked-files=normal"];
        let inside = format!("{WORKTREES}/x");
        let ignored = ["check-ignore", "--quiet", "--", inside.as_str()];
        let head = self.call(["rev-parse", "--verify", "HEAD^{commit}"]).text();
        let branch = self.call(["symbolic-ref", "--quiet", "--short", "HEAD"]);
        let (base_head, head, branch, status, worktrees_ignored) = tokio::try_join!(
            self.base_head(),
            head,
            branch.finish(),
            self.call(status).run(),
            self.call(ignored).yes(),
        )?;
        let branch = String::from_utf8_lossy(branch.stdout.trim_ascii()).into_owned();
        Ok(Standing {
            base_head,
            head: id(&head)?,
            branch: (!branch.is_empty()).then_some(branch),
            dirty: dirty(&status),
            worktrees: self.worktree_names(),
            worktrees_ignored,
        })
    }

    fn worktree_names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.main.join(WORKTREES));
        let names = entries.into_iter().flatten().flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }

    async fn since(&self, prefix: &CommitPrefix, left_out: &[&str]) -> Result<Option<Since>> {
        let found = self.peel(prefix.as_str()).await?;
        // A branch may be called like a commit.
        let Some(commit) = found.filter(|commit| prefix.fits(commit)) else {
            return Ok(None);
        };
        let base = self.base_head().await?;
        let not = format!("^{commit}");
        let range = ["rev-list", base.as_str(), not.as_str()];
        let apart = left_out.iter().map(|path| format!(":(exclude){path}"));
        let counted = self.call(range).args(["--", "."]).args(apart);
        let ancestor = [
            "merge-base",
            "--is-ancestor",
            commit.as_str(),
            base.as_str(),
        ];
        let count = self.call(range).arg("--count").arg("--").text();
        let (counted, all, part_of_base) =
            tokio::try_join!(counted.text(), count, self.call(ancestor).yes())?;
        let (old, new) = (object_id(&commit)?, object_id(&base)?);
        let changed = self.with_objects(move |objects| changed_paths(objects, old, new));
        let below = |path: &RepoPath| {
            left_out.iter().any(|left| {
                let rest = path.as_str().strip_prefix(left);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        let changed = changed.await?.into_iter().map(|change| change.path);
        Ok(Some(Since {
            part_of_base,
            counted: counted.lines().map(id).collect::<Result<_>>()?,
            all: all.parse().unwrap_or_default(),
            changed: changed.filter(|path| !below(path)).collect(),
            commit,
        }))
    }

    async fn gather<T: Send + 'static>(
        &self,
        commit: &CommitId,
        wanted: impl Fn(&RepoPath) -> bool + Send + Sync + 'static,
        read: impl Fn(&RepoPath, &[u8]) -> Option<T> + Send + Sync + 'static,
    ) -> Result<Vec<(RepoPath, T)>> {
        let commit = object_id(commit)?;
        let files = self.with_objects(move |objects| {
            let tree = objects.find_commit(commit)?.tree()?;
            let entries = tree.traverse().breadthfirst.files()?.into_iter();
            let files = entries.filter(|entry| {
                matches!(
                    entry.mode.kind(),
                    EntryKind::Blob | EntryKind::BlobExecutable
                )
            });
            let files = files.map(|entry| (RepoPath::from_bytes(&entry.filepath), entry.oid));
            Ok(files.filter(|(path, _)| wanted(path)).collect::<Vec<_>>())
        });
        let files = files.await?;
        let repository = self.shared_objects();
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let per_thread = files.len().div_ceil(threads).max(1);
        let read = Arc::new(read);
        blocking(move || {
            let parts = thread::scope(|scope| {
                let work = |part| {
                    let (repository, read) = (&repository, &read);
                    scope.spawn(move || read_all(repository, part, &**read))
                };
                let running: Vec<_> = files.chunks(per_thread).map(work).collect();
                let joined = running.into_iter().map(|thread| thread.join());
                joined.collect::<Vec<_>>()
            });
            let mut all = Vec::new();
            for part in parts {
                // A panic of a reader is one of ours.
                all.extend(part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            all.sort_by(|(a, _), (b, _)| a.cmp(b));
            Ok(all)
        })
        .await
    }
}

fn read_all<T>(
    repository: &gix::ThreadSafeRepository,
    files: &[(RepoPath, ObjectId)],
    read: &impl Fn(&RepoPath, &[u8]) -> Option<T>,
) -> Result<Vec<(RepoPath, T)>> {
    let mut objects = repository.to_thread_local();
    // Files are stored as differences from others; each of those would be unpacked again for every
    // file that builds on it.
    let unpacked = || Box::new(MemoryCappedHashmap::new(UNPACKED)) as Box<_>;
    objects.objects.set_pack_cache(unpacked);
    let mut found = Vec::new();
    for (path, id) in files {
        if objects.find_header(*id)?.size() <= LARGEST {
            let blob = objects.find_object(*id)?;
            found.extend(read(path, &blob.data).map(|value| (path.clone(), value)));
        }
    }
    Ok(found)
}

/// Paths of a status; of a rename, the new one.
fn dirty(status: &[u8]) -> Vec<RepoPath> {
    let mut records = status.split(|byte| *byte == 0);
    let mut paths = BTreeSet::new();
    while let Some(record) = records.next() {
        let (Some(kind), Some(path)) = (record.get(..2), record.get(3..)) else {
            continue;
        };
        if kind.contains(&b'R') || kind.contains(&b'C') {
            records.next();
        }
        if !path.starts_with(b".claude/") {
            paths.insert(RepoPath::from_bytes(path));
        }
    }
    paths.into_iter().collect()
}

fn id(text: &str) -> Result<CommitId> {
    CommitId::new(text).map_err(|_| GitError::Unreadable {
        command: "rev-list".into(),
    })
}
