//! A call that failed, and what that means.

use std::fmt;

use sprint_core::failure::ErrorKind;
use sprint_core::ports;
use sprint_core::time::Timestamp;

use crate::transport::Lost;

/// A failed call of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallError {
    /// The operation, by its name in the document.
    pub(crate) operation: &'static str,
    /// What kind of failure.
    pub(crate) problem: Problem,
    /// What the service said, or what happened: at most 400 printable characters.
    pub(crate) text: String,
}

/// Kinds of failed calls, by what has to be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Not sent at all.
    Unsent,
    /// No answer, or one that is none: it may have been done.
    Lost,
    /// The allowance is used up. Nothing was done.
    RateLimited {
        /// When it may be tried again, by our clock.
        until: Timestamp,
    },
    /// The credential is not accepted.
    Unauthorized,
    /// The credential does not permit this.
    Forbidden,
    /// There is such an entity already, or so it says.
    Conflict,
    /// There is no such entity.
    NotFound,
    /// The workspace's plan allows no more.
    UsageLimit,
    /// The query costs too many points.
    TooComplex,
    /// The request is larger than is accepted.
    TooLarge,
    /// The schema has changed: the operation is not valid any more.
    Drift,
    /// The request is wrong in itself.
    Invalid,
    /// Something holds a lock; it passes.
    Locked,
    /// It said that it did nothing, or left out what it did.
    NotApplied,
    /// It was written, and reads do not show it although they ought to by now.
    NotConfirmed,
    /// Anything else.
    Unknown,
}

impl Problem {
    /// Whether the operation may have been carried out.
    pub(crate) const fn may_be_done(self) -> bool {
        // A refusal to one part of a request says nothing about its other parts.
        matches!(self, Self::Lost | Self::Unknown | Self::NotApplied)
    }

    /// Whether reading may work when it is tried again soon.
    pub(crate) const fn passes(self) -> bool {
        matches!(self, Self::Unsent | Self::Lost | Self::Locked)
    }

    /// Whether a write that is harmless to repeat may work, or prove to be done, when it is sent
    /// again.
    pub(crate) const fn may_be_repeated(self) -> bool {
        self.may_be_done() || self.passes()
    }

    /// What the engine does about it. `now` is by our clock.
    pub(crate) fn kind(self, now: Timestamp) -> ErrorKind {
        match self {
            Self::Unsent | Self::Lost | Self::Locked | Self::NotApplied | Self::NotConfirmed => {
                ErrorKind::Transient
            }
            Self::RateLimited { until } => ErrorKind::rate_limited(Some(until.since(now))),
            Self::Unauthorized | Self::Forbidden | Self::Drift => ErrorKind::Fatal,
            Self::NotFound => ErrorKind::NotFound,
            Self::Conflict
            | Self::UsageLimit
            | Self::TooComplex
            | Self::TooLarge
            | Self::Invalid
            | Self::Unknown => ErrorKind::Invalid,
        }
    }

    /// What happened, and what a person can do, to stand before what the service said.
    const fn meaning(self) -> &'static str {
        match self {
            Self::Unsent => "Linear cannot be reached",
            Self::Lost => "Linear did not answer",
            Self::RateLimited { .. } => "the request allowance at Linear is used up",
            Self::Unauthorized => "Linear does not accept the key; check it, or make a new one",
            Self::Forbidden => {
                "the key does not permit this; it needs read and write access to the team"
            }
            Self::Conflict => "Linear has something under this id already",
            Self::NotFound => "Linear has no such thing, or the key cannot see it",
            Self::UsageLimit => "the plan of the workspace allows no more",
            Self::TooComplex => "Linear refuses the query as too complex",
            Self::TooLarge => "the request is too large",
            Self::Drift => "Linear's schema has changed; a newer version of this program is needed",
            Self::Invalid => "Linear refuses the request",
            Self::Locked => "Linear was busy",
            Self::NotApplied => "Linear said that it was done, but it was not",
            Self::NotConfirmed => "what was written is not confirmed",
            Self::Unknown => "Linear answered with an error",
        }
    }
}

impl CallError {
    pub(crate) fn new(operation: &'static str, problem: Problem, text: &str) -> Self {
        Self {
            operation,
            problem,
            text: printable(text),
        }
    }

    /// Nothing was answered.
    pub(crate) fn lost(operation: &'static str, lost: &Lost) -> Self {
        let problem = match lost.sent {
            true => Problem::Lost,
            false => Problem::Unsent,
        };
        Self::new(operation, problem, &lost.reason)
    }

    /// As a failure of the port: `doing` completes "failed to …".
    pub(crate) fn during(
        self,
        doing: &'static str,
        subject: impl Into<String>,
        now: Timestamp,
    ) -> ports::Error {
        ports::Error::new(self.problem.kind(now), doing, subject).because(self)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.problem.meaning())?;
        if let Problem::RateLimited { until } = self.problem {
            write!(f, " until {until}")?;
        }
        write!(f, " ({}", self.operation)?;
        if !self.text.is_empty() {
            write!(f, ": {}", self.text)?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for CallError {}

/// The text of others on one line, at most 400 characters.
pub(crate) fn printable(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text.chars().take(2_000).map(plain).collect();
    let words: Vec<_> = line.split_whitespace().collect();
    words.join(" ").chars().take(400).collect()
}
