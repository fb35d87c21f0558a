//! Where everything is, below a repository's `.claude`.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::ErrorKind;
use crate::id::ProblemId;
use crate::ports::{Error, Result};

/// The paths of one problem in one repository.
///
/// Directories are made for the owner only, and none of them may be a symbolic link: a
/// repository can carry links, and ours would be written through them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
    problem: ProblemId,
    place: Place,
}

/// Where the files of the problem are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In its directory.
    Sprints,
    /// Directly in `.claude`, as before problem directories.
    Legacy,
}

impl Layout {
    /// The layout of `problem` in the repository at `root`.
    pub fn new(root: impl Into<PathBuf>, problem: ProblemId) -> Self {
        Self {
            root: root.into(),
            problem,
            place: Place::Sprints,
        }
    }

    /// The layout of the problem that a repository has which knows only one.
    pub fn of_default(root: impl Into<PathBuf>) -> Self {
        Self::new(root, ProblemId::default())
    }

    /// The layout before problem directories, for reading: everything directly in `.claude`. Nothing
    /// is ever written there.
    pub fn legacy(root: impl Into<PathBuf>) -> Self {
        Self {
            place: Place::Legacy,
            ..Self::of_default(root)
        }
    }

    /// The repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The problem.
    pub const fn problem(&self) -> &ProblemId {
        &self.problem
    }

    /// `.claude`.
    pub fn claude(&self) -> PathBuf {
        self.root.join(".claude")
    }

    /// The user's configuration.
    pub fn config(&self) -> PathBuf {
        self.claude().join("sprint-config.yml")
    }

    /// The file that names the active problem.
    pub fn active_problem(&self) -> PathBuf {
        self.claude().join("active-problem")
    }

    /// Failure patterns of all problems.
    pub fn failure_patterns(&self) -> PathBuf {
        self.claude().join("failure-patterns.json")
    }

    /// Reports of finished sprints.
    pub fn history(&self) -> PathBuf {
        self.claude().join("sprint-history")
    }

    /// Workspaces of agents.
    pub fn worktrees(&self) -> PathBuf {
        self.claude().join("worktrees")
    }

    /// The directory of all problems.
    pub fn sprints(&self) -> PathBuf {
        self.claude().join("sprints")
    }

    /// The problem's own directory; the journal lives here.
    pub fn directory(&self) -> PathBuf {
        match self.place {
            Place::Sprints => self.sprints().join(self.problem.as_str()),
            Place::Legacy => self.claude(),
        }
    }

    /// The view of the state, for people and tools.
    pub fn state(&self) -> PathBuf {
        self.directory().join(STATE_FILE)
    }

    /// The dashboard.
    pub fn dashboard(&self) -> PathBuf {
        self.directory().join(DASHBOARD_FILE)
    }

    /// The problem statement.
    pub fn problem_statement(&self) -> PathBuf {
        self.directory().join("problem-statement.md")
    }

    /// What planning left for the sprint.
    pub fn hints(&self) -> PathBuf {
        self.directory().join("sprint-hints.json")
    }

    /// What agents learned while working on the problem.
    pub fn progress(&self) -> PathBuf {
        self.directory().join("progress.txt")
    }

    /// Where patterns of the code base may stand, the first that exists counts.
    pub fn global_progress(&self) -> [PathBuf; 2] {
        let name = "progress.txt";
        [self.root.join(name), self.claude().join(name)]
    }

    /// The file whose lock keeps sprints of one repository apart while they write shared files.
    pub fn repository_lock(&self) -> PathBuf {
        self.sprints().join(".lock")
    }

    /// The file whose lock is the lease.
    pub fn lock(&self) -> PathBuf {
        self.directory().join("lock")
    }

    /// The number of the last lease.
    pub fn epoch(&self) -> PathBuf {
        self.directory().join("lease-epoch")
    }

    /// Who holds the lease.
    pub fn owner(&self) -> PathBuf {
        self.directory().join("lease-owner.json")
    }

    /// Stored outputs.
    pub fn blobs(&self) -> PathBuf {
        self.directory().join("blobs")
    }

    /// Sprints of agents that claim phases.
    pub fn conductor(&self) -> PathBuf {
        self.directory().join("conductor")
    }

    /// Refuses symbolic links and files where the directories belong. What does not exist is fine.
    pub fn check(&self) -> Result<()> {
        for directory in self.chain() {
            check_directory(&directory)?;
        }
        Ok(())
    }

    /// Makes the problem's directory, durably, after the same checks. The layout before problem
    /// directories is `Unsupported`.
    pub fn prepare(&self) -> Result<()> {
        if self.place == Place::Legacy {
            let place = show(&self.directory());
            return Err(Error::new(ErrorKind::Unsupported, "write state in", place)
                .because("it is the layout before problem directories, which is only read"));
        }
        for directory in self.chain() {
            make_directory(&directory)?;
        }
        Ok(())
    }

    fn chain(&self) -> [PathBuf; 3] {
        [self.claude(), self.sprints(), self.directory()]
    }
}

/// Name of the view of the state.
pub const STATE_FILE: &str = "sprint-state.json";

/// Name of the dashboard.
pub const DASHBOARD_FILE: &str = "sprint-dashboard.md";

/// Makes a directory for the owner only, durably; finds one that is there.
pub(crate) fn make_directory(path: &Path) -> Result<()> {
    if check_directory(path)? {
        return Ok(());
    }
    let failed =
        |error| Error::new(ErrorKind::Fatal, "create directory", show(path)).because(error);
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Ok(()) => {}
        // Somebody else made it just now; it has to stand the same checks.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            check_directory(path)?;
        }
        Err(error) => return Err(failed(error)),
    }
    path.parent().map_or(Ok(()), sync_directory).map_err(failed)
}

/// Makes changes of a directory's entries durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(windows) {
        // There is no such call; renames are journaled.
        return Ok(());
    }
    File::open(path)?.sync_all()
}

/// Whether the directory exists; an error if something else is in its place.
pub(crate) fn check_directory(path: &Path) -> Result<bool> {
    let refuse = |reason: &str| {
        Err(Error::new(ErrorKind::Fatal, "use directory", show(path)).because(reason))
    };
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            refuse("it is a symbolic link, and state is never written through one; remove the link")
        }
        Ok(found) if !found.is_dir() => refuse("it is not a directory"),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => {
            Err(Error::new(ErrorKind::Fatal, "look at directory", show(path)).because(error))
        }
    }
}

/// A path for messages.
pub(crate) fn show(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn layout(root: &Path) -> Layout {
        Layout::new(root, ProblemId::new("login").expect("the id is valid"))
    }

    #[test]
    fn directories_are_for_the_owner_only() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout(root.path());
        layout.prepare().unwrap();
        layout.prepare().unwrap();
        for directory in layout.chain() {
            let mode = fs::metadata(directory).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
    }

    #[test]
    fn a_link_is_refused_at_every_level() {
        for level in 0..3 {
            let root = tempfile::tempdir().unwrap();
            let elsewhere = tempfile::tempdir().unwrap();
            let layout = layout(root.path());
            let link = layout.chain()[level].clone();
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(elsewhere.path(), &link).unwrap();
            for refused in [layout.check(), layout.prepare()] {
                let text = refused.unwrap_err().chain();
                assert!(text.contains("symbolic link"), "{text}");
            }
            assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        }
    }
}
