//! How an agent is started.

use std::ffi::OsString;
use std::path::Path;

use crate::environment::Environment;
use crate::lease::Lease;

/// A program with its arguments and its whole environment.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Environment,
}

impl Launch {
    /// `None` if `command` is empty.
    pub(super) fn new(command: Vec<String>, environment: Environment) -> Option<Self> {
        let mut words = command.into_iter().map(OsString::from);
        Some(Self {
            program: words.next()?,
            arguments: words.collect(),
            environment,
        })
    }

    /// The command as one text, for messages.
    pub(super) fn line(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    /// The same with more in its environment.
    pub(super) fn with(&self, name: &str, value: impl Into<OsString>) -> Self {
        Self {
            environment: self.environment.clone().with(name, value),
            ..self.clone()
        }
    }

    /// The same with what is leased to a ticket.
    pub(super) fn leasing(&self, lease: &Lease) -> Self {
        Self {
            environment: lease.give(self.environment.clone()),
            ..self.clone()
        }
    }

    /// The scratch directory, if one is leased.
    pub(super) fn scratch(&self) -> Option<&Path> {
        self.environment.get("SPRINT_SCRATCH").map(Path::new)
    }
}
