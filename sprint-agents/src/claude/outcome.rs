//! How a turn ended, and what that means.

use std::time::Duration;

use serde_json::Value;
use sprint_core::domain::command::Exit;
use sprint_core::failure::ErrorKind;
use sprint_core::time::Timestamp;

use crate::claude::protocol::ResultMessage;

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
        let failed = |why: &str| Meaning::AgentFailed(why.to_owned());
        let trouble = |kind, why: &str| Meaning::Trouble(kind, why.to_owned());
        match self {
            Self::Done { .. } => Meaning::Answered,
            Self::Empty => failed("the agent answered nothing"),
            Self::Unstructured { .. } => failed("the agent did not answer in the form asked for"),
            Self::Paused { .. } => failed("the agent stopped in the middle of its answer"),
            Self::ContextExhausted(why) => Meaning::AgentFailed(format!(
                "the conversation became longer than the model can read: {why}"
            )),
            Self::OutputLimit => failed("the answer is longer than the model can write"),
            Self::MaxTurns => failed("the agent took more rounds than it may"),
            Self::Budget => failed("the agent spent more than it may"),
            Self::SchemaRetries => failed("the agent gave no value of the form asked for"),
            Self::Refusal(why) => Meaning::AgentFailed(format!("the model refused: {why}")),
            Self::Overflow(bytes) => Meaning::AgentFailed(format!(
                "the agent printed a line of {bytes} bytes, which is too long to be read"
            )),
            Self::Cancelled => trouble(ErrorKind::Transient, "the turn was interrupted"),
            Self::TimedOut => trouble(ErrorKind::Timeout, "the turn took longer than it may"),
            Self::Silent => trouble(
                ErrorKind::Timeout,
                "the agent showed no sign of life for longer than it may",
            ),
            Self::Breach(what) => trouble(ErrorKind::Breach, what),
            Self::Unexpected(what) | Self::Config(what) => trouble(ErrorKind::Invalid, what),
            Self::Auth(why) => trouble(ErrorKind::Fatal, why),
            Self::RateLimited {
                message,
                until,
                wait,
            } => {
                let until = until.map(|until| until.since(now));
                trouble(ErrorKind::rate_limited(until.max(*wait)), message)
            }
            Self::Transient(why) | Self::Unknown(why) => trouble(ErrorKind::Transient, why),
            Self::Crashed { exit, stderr } => Meaning::Trouble(
                ErrorKind::Transient,
                format!("the agent's process ended: {exit}{}", after_colon(stderr)),
            ),
        }
    }

    /// How a turn ended that ended with this line.
    pub(crate) fn of(result: ResultMessage, clues: &Clues, wants_value: bool) -> Self {
        if result.stop_reason.as_deref() == Some("refusal") {
            return Self::Refusal(result.text);
        }
        if result.is_error {
            return Self::of_error(result, clues);
        }
        let text = result.text;
        match (result.stop_reason.as_deref(), result.structured) {
            (Some("pause_turn"), None) => Self::Paused { text },
            (_, None) if wants_value => Self::Unstructured { text },
            (_, None) if text.trim().is_empty() => Self::Empty,
            (_, structured) => Self::Done { text, structured },
        }
    }

    fn of_error(result: ResultMessage, clues: &Clues) -> Self {
        let text = result.text;
        match (result.subtype.as_str(), result.terminal_reason.as_deref()) {
            ("error_max_turns", _) => return Self::MaxTurns,
            ("error_max_budget_usd", _) => return Self::Budget,
            ("error_max_structured_output_retries", _) => return Self::SchemaRetries,
            (_, Some("aborted_tools" | "aborted_streaming")) => return Self::Cancelled,
            (_, Some("prompt_too_long" | "blocking_limit")) => return Self::ContextExhausted(text),
            _ => {}
        }
        let says = |part: &str| text.contains(part);
        if says("Prompt is too long") || says("reached its context window limit") {
            return Self::ContextExhausted(text);
        }
        // The status says more than the name that the program gives to it.
        match (result.api_status, clues.error.as_deref()) {
            (Some(401 | 403), _) => Self::Auth(text),
            (Some(429), _) => clues.rate_limited(text),
            (Some(404), _) => Self::Config(text),
            (Some(413), _) => Self::ContextExhausted(text),
            (Some(408 | 500..), _) => Self::Transient(text),
            (_, Some("authentication_failed" | "oauth_org_not_allowed" | "billing_error")) => {
                Self::Auth(text)
            }
            (Some(400..500), _) => Self::Config(text),
            (_, Some("rate_limit")) => clues.rate_limited(text),
            (_, Some("model_not_found" | "invalid_request")) => Self::Config(text),
            (_, Some("server_error")) => Self::Transient(text),
            (_, Some("max_output_tokens")) => Self::OutputLimit,
            _ if clues.rejected => clues.rate_limited(text),
            _ if says("Not logged in") => Self::Auth(text),
            _ => Self::Unknown(text),
        }
    }

    /// The same, with the texts of failures passed through `clean`.
    pub(crate) fn cleaned(mut self, clean: impl Fn(&str) -> String) -> Self {
        match &mut self {
            Self::Breach(text)
            | Self::Unexpected(text)
            | Self::Auth(text)
            | Self::RateLimited { message: text, .. }
            | Self::Transient(text)
            | Self::Config(text)
            | Self::ContextExhausted(text)
            | Self::Refusal(text)
            | Self::Unknown(text)
            | Self::Crashed { stderr: text, .. } => *text = clean(text),
            Self::Done { .. }
            | Self::Empty
            | Self::Unstructured { .. }
            | Self::Paused { .. }
            | Self::Cancelled
            | Self::TimedOut
            | Self::Silent
            | Self::OutputLimit
            | Self::MaxTurns
            | Self::Budget
            | Self::SchemaRetries
            | Self::Overflow(_) => {}
        }
        self
    }
}

/// The text after a colon, if there is one.
pub(crate) fn after_colon(text: &str) -> String {
    match text.trim() {
        "" => String::new(),
        text => format!(": {text}"),
    }
}

/// What was seen on the way that tells how to read the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clues {
    /// The program's name for the last failure.
    pub(crate) error: Option<String>,
    /// Nothing is left of a subscription.
    pub(crate) rejected: bool,
    /// When there is more of it.
    pub(crate) until: Option<Timestamp>,
    /// How long the provider wanted us to wait the last time.
    pub(crate) wait: Option<Duration>,
}

impl Clues {
    fn rate_limited(&self, message: String) -> Outcome {
        Outcome::RateLimited {
            message,
            until: self.until,
            wait: self.wait,
        }
    }
}

/// Why we ended a turn. It is the outcome whatever the program says afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Cancelled,
    TimedOut,
    Silent,
    Breach(String),
    Unexpected(String),
    Failed(String),
    Overflow(u64),
}

impl Cause {
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Cancelled => Outcome::Cancelled,
            Self::TimedOut => Outcome::TimedOut,
            Self::Silent => Outcome::Silent,
            Self::Breach(what) => Outcome::Breach(what),
            Self::Unexpected(what) => Outcome::Unexpected(what),
            Self::Failed(what) => Outcome::Transient(what),
            Self::Overflow(bytes) => Outcome::Overflow(bytes),
        }
    }
}

#[cfg(test)]
mod tests;
