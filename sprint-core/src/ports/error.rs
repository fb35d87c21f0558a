//! The one error type of all ports.

use std::error::Error as StdError;
use std::fmt;

use crate::failure::{ErrorKind, Failure};

/// Result of a port call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed port call: what to do about it, what was being done, to what, and why it failed.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    operation: &'static str,
    subject: String,
    cost_micro_usd: Option<u64>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure of `operation` on `subject`.
    ///
    /// `operation` completes the sentence "failed to …": `read ticket`, `create worktree`.
    pub fn new(kind: ErrorKind, operation: &'static str, subject: impl Into<String>) -> Self {
        Self {
            kind,
            operation,
            subject: subject.into(),
            cost_micro_usd: None,
            source: None,
        }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error of an agent that has cost this much, in millionths of a US dollar.
    #[must_use]
    pub const fn costing(mut self, micro_usd: u64) -> Self {
        self.cost_micro_usd = Some(micro_usd);
        self
    }

    /// What the engine does about it.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The error and its causes on one line, for reports.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {}", self.operation)?;
        if !self.subject.is_empty() {
            write!(f, " {}", self.subject)?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            cost_micro_usd: error.cost_micro_usd,
            ..Self::new(error.kind, error.chain())
        }
    }
}
