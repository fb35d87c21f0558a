//! Errors of this crate, and what the engine should do about each.

use std::io;
use std::path::{Path, PathBuf};

use sprint_core::failure::ErrorKind;
use sprint_core::ports;

pub(crate) type Result<T, E = GitError> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("cannot start {}", program.display())]
    Spawn { program: PathBuf, source: io::Error },
    #[error("git {command} ended with {code}: {stderr}")]
    Failed {
        command: String,
        code: String,
        stderr: String,
    },
    #[error("git {command} did not finish within {seconds} s")]
    TimedOut { command: String, seconds: u64 },
    #[error("git {command} printed something unexpected")]
    Unreadable { command: String },
    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error(transparent)]
    Objects(#[from] gix::Error),
    #[error(
        "the clone is partial and lacks an object; `git fetch --refetch --no-filter` completes it"
    )]
    LeftOut(#[source] gix::Error),
    #[error("{message}")]
    Refused { kind: ErrorKind, message: String },
}

impl GitError {
    /// A state of the repository in which we do not go on.
    pub(crate) fn refused(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Refused {
            kind,
            message: message.into(),
        }
    }

    /// The same, or what to do about an object that is not there because the clone is partial.
    pub(crate) fn left_out(self, is_partial: impl FnOnce() -> bool) -> Self {
        if let Self::Objects(source) = self {
            return if source.is_not_found() && is_partial() {
                Self::LeftOut(source)
            } else {
                Self::Objects(source)
            };
        }
        self
    }

    /// Wraps an I/O error; to be used with `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// The error as the port reports it.
    pub(crate) fn during(
        self,
        operation: &'static str,
        subject: impl Into<String>,
    ) -> ports::Error {
        ports::Error::new(self.kind(), operation, subject).because(self)
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Spawn { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                ErrorKind::Fatal
            }
            Self::Failed { stderr, .. } => kind_of_message(stderr),
            Self::TimedOut { .. } => ErrorKind::Timeout,
            Self::Io { source, .. } => kind_of_io(source.kind()),
            Self::Refused { kind, .. } => *kind,
            Self::Objects(error) => kind_of_objects(error),
            Self::Unreadable { .. } => ErrorKind::Invalid,
            Self::LeftOut(_) => ErrorKind::NotFound,
            Self::Spawn { .. } => ErrorKind::Transient,
        }
    }
}

fn kind_of_objects(error: &gix::Error) -> ErrorKind {
    let io = error.downcast_any_ref::<io::Error>().map(io::Error::kind);
    if io.map(kind_of_io) == Some(ErrorKind::Fatal) || error.is_corrupted() {
        ErrorKind::Fatal
    } else if error.is_retryable() {
        ErrorKind::Transient
    } else if error.is_not_found() {
        ErrorKind::NotFound
    } else if error.is_conflict() {
        ErrorKind::Conflict
    } else {
        ErrorKind::Invalid
    }
}

fn kind_of_io(kind: io::ErrorKind) -> ErrorKind {
    if matches!(
        kind,
        io::ErrorKind::StorageFull | io::ErrorKind::ReadOnlyFilesystem
    ) {
        ErrorKind::Fatal
    } else {
        ErrorKind::Transient
    }
}

/// Git has one exit code for nearly everything, so its English messages must do. This table is
/// the only place that reads them.
fn kind_of_message(stderr: &str) -> ErrorKind {
    const TABLE: [(&str, ErrorKind); 11] = [
        ("No space left on device", ErrorKind::Fatal),
        ("Out of diskspace", ErrorKind::Fatal),
        ("Read-only file system", ErrorKind::Fatal),
        ("dubious ownership", ErrorKind::Fatal),
        ("index.lock", ErrorKind::Transient),
        ("Unable to create", ErrorKind::Transient),
        ("failed to read", ErrorKind::Transient),
        ("but expected", ErrorKind::Conflict),
        ("reference already exists", ErrorKind::Conflict),
        ("cannot lock ref", ErrorKind::Transient),
        // It does not say why.
        ("couldn't write", ErrorKind::Transient),
    ];
    TABLE
        .iter()
        .find(|(text, _)| stderr.contains(text))
        .map_or(ErrorKind::Invalid, |(_, kind)| *kind)
}

/// Whether git refused to write over files that it does not know.
pub(crate) fn would_overwrite(stderr: &str) -> bool {
    stderr.contains("would be overwritten") || stderr.contains("would lose untracked files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_git_decide_what_happens_next() {
        for (stderr, kind) in [
            (
                "fatal: Unable to create '/r/.git/index.lock': File exists.",
                ErrorKind::Transient,
            ),
            (
                "fatal: failed to read .git/worktrees/a/commondir: Success",
                ErrorKind::Transient,
            ),
            (
                "fatal: cannot lock ref 'refs/tags/x': is at 1 but expected 2",
                ErrorKind::Conflict,
            ),
            ("error: No space left on device", ErrorKind::Fatal),
            (
                "fatal: detected dubious ownership in repository at '/r'",
                ErrorKind::Fatal,
            ),
            ("fatal: bad object 1234", ErrorKind::Invalid),
        ] {
            assert_eq!(kind_of_message(stderr), kind, "{stderr}");
        }
    }
}
