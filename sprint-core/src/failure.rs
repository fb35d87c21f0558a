//! What went wrong, as plain data, and what the engine does about each kind.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A failed effect, as the run machine sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What to do about it.
    pub kind: ErrorKind,
    /// What happened, as a lower-case fragment without secrets.
    pub message: String,
    /// What the agent cost that failed, in millionths of a US dollar, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micro_usd: Option<u64>,
}

impl Failure {
    /// A failure of `kind` described by `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            cost_micro_usd: None,
        }
    }

    /// The same failure, of something that has cost this much.
    #[must_use]
    pub const fn costing(mut self, micro_usd: u64) -> Self {
        self.cost_micro_usd = Some(micro_usd);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Kinds of failure, chosen by what the engine does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The other side asked us to slow down: wait (as long as told, if told), then retry.
    /// Waiting is not charged to the ticket's loops. An adapter of a tracker says how long wherever
    /// it can: told waits for a tracker are bounded by a day and not by their number.
    RateLimited {
        /// How long the other side said to wait.
        retry_after_ms: Option<u64>,
    },
    /// Likely to pass on its own: retry with growing delays, a bounded number of times.
    Transient,
    /// A time limit ran out: retried like [`ErrorKind::Transient`].
    Timeout,
    /// The thing acted on does not exist: give up on this ticket.
    NotFound,
    /// Someone else changed the thing first (compare-and-swap lost): observe again, then decide.
    Conflict,
    /// The request can never succeed as it stands: give up on this ticket.
    Invalid,
    /// The adapter does not offer this: give up on this ticket.
    Unsupported,
    /// An agent got, or could have got, where it must not be: give up on this ticket, loudly.
    Breach,
    /// Continuing could lose work or spend without end: stop the sprint.
    Fatal,
}

impl ErrorKind {
    /// Whether the same thing may work when it is tried again.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Transient | Self::Timeout | Self::Conflict => true,
            Self::NotFound | Self::Invalid | Self::Unsupported | Self::Breach | Self::Fatal => {
                false
            }
        }
    }

    /// A rate limit with the wait the other side asked for.
    pub fn rate_limited(retry_after: Option<Duration>) -> Self {
        let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        Self::RateLimited {
            retry_after_ms: retry_after.map(millis),
        }
    }

    /// What the engine does next, for error messages.
    pub const fn next_step(self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "waiting, then retrying",
            Self::Transient | Self::Timeout => "retrying with growing delays",
            Self::Conflict => "looking again, then deciding",
            Self::NotFound | Self::Invalid | Self::Unsupported | Self::Breach => {
                "giving up on this ticket"
            }
            Self::Fatal => "stopping the sprint",
        }
    }
}
