//! The repository: finding it, and refusing what we cannot work with.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::workspace::RepoStatus;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, CommitId};

use crate::config::{GitConfig, inner_path};
use crate::error::{GitError, Result};
use crate::git_cli::{Call, Git};
use crate::landings::Landings;
use crate::lock::RepoLock;
use crate::made::Made;
use crate::merge::tree_of;
use crate::opinion::Heard;
use crate::seed::Seed;
use crate::watch::Watch;

/// An open repository.
#[derive(Debug)]
pub(crate) struct Repo {
    pub(crate) git: Git,
    /// The user's main worktree.
    pub(crate) main: PathBuf,
    /// The git directory that all worktrees share.
    pub(crate) common: PathBuf,
    pub(crate) base: BranchName,
    pub(crate) lock: RepoLock,
    pub(crate) pool: usize,
    pub(crate) keep_ignored: Vec<RepoPath>,
    pub(crate) seed: Vec<Seed>,
    pub(crate) heard: Heard,
    pub(crate) landings: Landings,
    pub(crate) made: Made,
    pub(crate) watch: Watch,
    objects: gix::ThreadSafeRepository,
}

impl Repo {
    pub(crate) async fn open(config: GitConfig) -> Result<Self> {
        let git = Git::new(config.program, config.timeout);
        git.check_version().await?;
        let ask = |question: &'static str| {
            git.call(
                &config.repo,
                ["rev-parse", "--path-format=absolute", question],
            )
            .text()
        };
        let common = PathBuf::from(ask("--git-common-dir").await?);
        let common = fs::canonicalize(&common).map_err(GitError::io("find", &common))?;
        let main = main_worktree(&git, &common).await?;
        let objects = open_objects(main.clone()).await?;
        let repo = Self {
            watch: Watch::new(&common)?,
            landings: Landings::default(),
            made: Made::default(),
            lock: RepoLock::new(common.join("sprint.lock")),
            git,
            main,
            common,
            base: config.base,
            pool: config.pool,
            keep_ignored: config.keep_ignored,
            seed: config.seed,
            heard: Heard::default(),
            objects,
        };
        repo.landings.begin(repo.base_head().await?);
        repo.check_seed().await?;
        if let Some(path) = repo
            .keep_ignored
            .iter()
            .find(|path| inner_path(path).is_none())
        {
            let message = format!("{path:?} is no directory inside the repository to be kept");
            return Err(GitError::refused(ErrorKind::Invalid, message));
        }
        Ok(repo)
    }

    /// A git call on the repository as a whole, which touches no worktree.
    pub(crate) fn call<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Call {
        self.git
            .call(&self.main, arguments)
            .inside(&self.common, &self.main)
    }

    /// Runs blocking work on the object store away from the executor.
    pub(crate) async fn with_objects<T: Send + 'static>(
        &self,
        work: impl FnOnce(&gix::Repository) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let objects = self.objects.clone();
        blocking(move || {
            let mut objects = objects.to_thread_local();
            objects.object_cache_size_if_unset(64 << 20);
            work(&objects).map_err(|error| error.left_out(|| is_partial(&objects)))
        })
        .await
    }

    /// The object store, to be opened by threads of their own.
    pub(crate) fn shared_objects(&self) -> gix::ThreadSafeRepository {
        self.objects.clone()
    }

    pub(crate) async fn status(&self) -> Result<RepoStatus> {
        let base_head = self.base_head().await?;
        let base = base_head.clone();
        let base_tree = self.with_objects(move |objects| tree_of(objects, &base));
        let (base_tree, unlike, base_checkout_dirty) = tokio::try_join!(
            base_tree,
            self.unlike_the_users(&base_head),
            self.base_checkout_in_the_way(),
        )?;
        let mut warnings = Vec::new();
        if self.common.join("shallow").exists() {
            warnings.push(
                "the clone is shallow, so merges may lack a common ancestor; \
                 `git fetch --unshallow` completes it"
                    .into(),
            );
        }
        if let Some(operation) = operation_in_progress(&self.common) {
            warnings.push(format!(
                "{} is in the middle of a {operation}",
                self.main.display()
            ));
        }
        warnings.extend(unlike);
        Ok(RepoStatus {
            base_head,
            base_tree,
            base_checkout_dirty,
            warnings,
        })
    }
}

impl Repo {
    /// What the user's own git would do to commits and files, and ours does not.
    async fn unlike_the_users(&self, base_head: &CommitId) -> Result<Vec<String>> {
        let mut warnings = Vec::new();
        let signs = [
            "config",
            "--local",
            "--type=bool",
            "--get",
            "commit.gpgSign",
        ];
        if self.call(signs).finish().await?.stdout.trim_ascii() == b"true" {
            warnings.push(
                "commit.gpgSign is set, but nobody could be asked for a passphrase: commits made \
                 by the sprint itself, merges among them, are not signed"
                    .into(),
            );
        }
        let attributes = self.read(base_head, &[".gitattributes".into()]).await?;
        let is_lfs = |(_, text): &(RepoPath, Vec<u8>)| text.contains_str("filter=lfs");
        let lfs = [
            "config",
            "--local",
            "--get-regexp",
            r"^filter\.lfs\.(smudge|process)$",
        ];
        if attributes.iter().any(is_lfs) && !self.call(lfs).yes().await? {
            warnings.push(
                "files are kept with git-lfs, whose filters are not run: workspaces hold the \
                 pointers, what is left uncommitted is committed as it is, and landing brings \
                 pointers into the checkout; `git lfs install --local` has the filters run"
                    .into(),
            );
        }
        Ok(warnings)
    }
}

/// Runs blocking work away from the executor.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| GitError::refused(ErrorKind::Fatal, format!("work was lost: {error}")))?
}

/// Whether objects were left out when the repository was cloned.
fn is_partial(objects: &gix::Repository) -> bool {
    let packs = fs::read_dir(objects.git_dir().join("objects/pack"));
    packs.is_ok_and(|mut packs| {
        packs
            .any(|pack| pack.is_ok_and(|pack| pack.path().extension() == Some("promisor".as_ref())))
    })
}

/// What someone is in the middle of, by the files git keeps about it.
pub(crate) fn operation_in_progress(git_dir: &Path) -> Option<&'static str> {
    const TABLE: [(&str, &str); 6] = [
        ("MERGE_HEAD", "merge"),
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
        ("rebase-merge", "rebase"),
        ("rebase-apply", "rebase"),
        ("BISECT_LOG", "bisect"),
    ];
    let found = TABLE.iter().find(|(file, _)| git_dir.join(file).exists());
    found.map(|(_, operation)| *operation)
}

/// The branch that a rebase or bisect in this git directory will come back to. Git shows such a
/// worktree as detached, yet moving the branch under it breaks the operation.
pub(crate) fn held_branch(git_dir: &Path) -> Option<String> {
    [
        "rebase-merge/head-name",
        "rebase-apply/head-name",
        "BISECT_START",
    ]
    .iter()
    .filter_map(|file| fs::read_to_string(git_dir.join(file)).ok())
    .map(|text| text.trim().trim_start_matches("refs/heads/").to_owned())
    .next()
}

async fn main_worktree(git: &Git, common: &Path) -> Result<PathBuf> {
    let refuse = |message: String| Err(GitError::refused(ErrorKind::Invalid, message));
    let setting = |name: &'static str| git.call(common, ["config", "--get", name]).finish();
    if setting("extensions.refStorage").await?.stdout.trim_ascii() == b"reftable" {
        return refuse(
            "the repository keeps its refs in a reftable, which is not supported".into(),
        );
    }
    let bare = git
        .call(common, ["rev-parse", "--is-bare-repository"])
        .text()
        .await?;
    let list = git
        .call(common, ["worktree", "list", "--porcelain", "-z"])
        .run()
        .await?;
    let first = list.split(|byte| *byte == 0).next().unwrap_or_default();
    let path = first.strip_prefix(b"worktree ").unwrap_or_default();
    if bare == "true" {
        return refuse("the repository is bare; a sprint needs one with a checkout".into());
    }
    let path = path.to_path().map_err(|_| GitError::Unreadable {
        command: "worktree list".into(),
    })?;
    fs::canonicalize(path).map_err(GitError::io("find", path))
}

async fn open_objects(main: PathBuf) -> Result<gix::ThreadSafeRepository> {
    blocking(move || {
        let options = gix::open::Options::isolated().bail_if_untrusted(true);
        Ok(options.open(main)?)
    })
    .await
}
