//! Why a command of the conductor did not do what it was asked.

use std::io;
use std::time::Duration;

use crate::id::{PhaseName, ProblemId, SprintId};
use crate::phases::refused::{Holder, Refused};
use crate::ports::Error;

/// Why a command did not do what it was asked. Nothing was changed then, with the exception of
/// files that cannot be written as they should ([`ConductorError::Files`]).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConductorError {
    /// The rules do not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// No sprint was started.
    #[error("no sprint is active for the problem {problem}; start one")]
    NoSprint {
        /// Of which problem.
        problem: ProblemId,
    },
    /// There is no sprint of this name.
    #[error(
        "there is no sprint {sprint}; look at the directories of the conductor for those there are"
    )]
    UnknownSprint {
        /// What was asked for.
        sprint: SprintId,
    },
    /// Agents work in the sprint that another was to take the place of.
    #[error(
        "agents are working in {sprint}: {}; wait for them, or start with replace, which makes their \
         work void",
        list(holders)
    )]
    InUse {
        /// The sprint.
        sprint: SprintId,
        /// Who works in it.
        holders: Vec<Holder>,
    },
    /// There was a sprint of this name.
    #[error("there is a sprint {sprint} already; choose another id, or none")]
    Exists {
        /// The id.
        sprint: SprintId,
    },
    /// Others were writing all the time.
    #[error(
        "others were writing for {} s ({lock} is locked); try again, and if it stays so, look which \
         process holds that file", wait.as_secs()
    )]
    Busy {
        /// The file.
        lock: String,
        /// How long it was waited for.
        wait: Duration,
    },
    /// What was handed in is not what the phase has to hand in. The phase stays claimed.
    #[error(
        "the artifact of {phase} is rejected: {source}\ncorrect it and complete the phase again"
    )]
    Artifact {
        /// The phase.
        phase: PhaseName,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Files cannot be read or written.
    #[error("{}", .0.chain())]
    Files(#[from] Error),
}

impl ConductorError {
    /// The exit code of a program that ends with this (spec 2.3); 1 where the specification names
    /// none.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(refused) => refused.exit_code(),
            Self::Exists { .. } => 2,
            Self::NoSprint { .. } | Self::UnknownSprint { .. } => 3,
            Self::InUse { .. } => 5,
            Self::Artifact { .. } => 8,
            Self::Busy { .. } | Self::Files(_) => 1,
        }
    }
}

fn list(holders: &[Holder]) -> String {
    let lines: Vec<_> = holders.iter().map(Holder::to_string).collect();
    lines.join(", ")
}

/// What the system says, and what to do about it.
pub(crate) fn advice(error: io::Error) -> Box<dyn std::error::Error + Send + Sync> {
    let known = [
        (
            io::ErrorKind::StorageFull,
            "make room on the disk, then try again",
        ),
        (
            io::ErrorKind::QuotaExceeded,
            "make room within the quota, then try again",
        ),
        (
            io::ErrorKind::ReadOnlyFilesystem,
            "the file system is read-only: work in a place that can be written",
        ),
        (
            io::ErrorKind::PermissionDenied,
            "let this user read and write the file, and what is above it",
        ),
        (
            io::ErrorKind::NotFound,
            "it was removed meanwhile; start the sprint again",
        ),
    ];
    let Some((_, next)) = known.into_iter().find(|(kind, _)| *kind == error.kind()) else {
        return error.into();
    };
    format!("{error}; {next}").into()
}
