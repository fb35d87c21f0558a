//! How a turn ended, and what that means.

use std::time::Duration;

use serde_json::Value;
use sprint_core::domain::command::Exit;
use sprint_core::failure::ErrorKind;
use sprint_core::time::Timestamp;

/// How a turn ended. The texts of failures are redacted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// With an answer.
    Done {
        /// Its text.
        text: String,
        /// Its value, if a schema was given.
        structured: Option<Value>,
    },
    /// With an answer that says nothing.
    Empty,
    /// With an answer, but without the value that the schema asks for. The text may hold it.
    Unstructured {
        /// The answer.
        text: String,
    },
    /// In the middle of a long answer: the model wants to be told to go on.
    Paused {
        /// What it said so far.
        text: String,
    },
    /// By us: interrupted, or the session was stopped.
    Cancelled,
    /// By us: it took longer than it may.
    TimedOut,
    /// By us: it showed no sign of life for longer than it may.
    Silent,
    /// By us: the session can do what it must not, or is where it must not be.
    Breach(String),
    /// By us: the session is not the one that was asked for.
    Unexpected(String),
    /// The provider does not know us.
    Auth(String),
    /// The provider wants us to wait.
    RateLimited {
        /// What it said.
        message: String,
        /// When it serves us again, if it said.
        until: Option<Timestamp>,
        /// How long it said to wait.
        wait: Option<Duration>,
    },
    /// The provider, or the way to it, failed.
    Transient(String),
    /// The provider has no such model, or cannot read the request.
    Config(String),
    /// The conversation is longer than the model can read.
    ContextExhausted(String),
    /// The answer is longer than the model can write.
    OutputLimit,
    /// It took more rounds than it may.
    MaxTurns,
    /// It spent more than it may.
    Budget,
    /// It tried too often to give a value of the schema.
    SchemaRetries,
    /// The model will not answer this.
    Refusal(String),
    /// A way that is not known here.
    Unknown(String),
    /// A line that had to be read was too long.
    Overflow(u64),
    /// The process ended first.
    Crashed {
        /// How.
        exit: Exit,
        /// The end of its standard error.
        stderr: String,
    },
}

/// What an outcome means for the run of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// There is an answer.
    Answered,
    /// The agent failed at its task, for this reason.
    AgentFailed(String),
    /// Something around the agent failed.
    Trouble(ErrorKind, String),
}

impl Outcome {
    /// What it means, at the time `now`.
    pub fn meaning(&self, now: Timestamp) -> Meaning {
        _ = now;
        Meaning::Answered
    }
}
