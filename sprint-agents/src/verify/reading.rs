//! What is read from the output of a check while it streams by.

use sprint_core::domain::command::CheckKind;

use super::files::FileReader;
use super::read::{OutputReader, Reading};
use crate::output::Lines;

/// Reads what a check of its kind may say.
#[derive(Debug)]
pub(super) enum Reader {
    /// Tests: how many, and which failed.
    Tests(OutputReader),
    /// Linters and type checkers: how many files.
    Files(FileReader),
    /// Builds and installs say nothing that is counted.
    Nothing,
}

impl Reader {
    pub(super) fn new(check: CheckKind) -> Self {
        match check {
            CheckKind::Test => Self::Tests(OutputReader::new()),
            CheckKind::Lint | CheckKind::Typecheck => Self::Files(FileReader::default()),
            CheckKind::Build => Self::Nothing,
        }
    }

    pub(super) fn finish(self) -> Reading {
        match self {
            Self::Tests(reader) => reader.finish(),
            Self::Files(reader) => Reading {
                count: reader.finish(),
                ..Reading::default()
            },
            Self::Nothing => Reading::default(),
        }
    }
}

impl Lines for Reader {
    fn line(&mut self, line: &str) {
        match self {
            Self::Tests(reader) => reader.line(line),
            Self::Files(reader) => reader.line(line),
            Self::Nothing => {}
        }
    }
}
