//! A live session: the handle.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use sprint_core::domain::command::Exit;
use sprint_core::failure::ErrorKind;
use sprint_core::id::SessionId;

use crate::claude::host::Host;
use crate::claude::launch::{Launch, Mode};
use crate::claude::turn::{Deadlines, Turn};

/// A live session. Dropping it kills the process and everything it started, at once.
///
/// It can be shared: questions are asked one after the other, in the order they came.
#[derive(Debug)]
pub struct Session {}

impl Session {
    /// Starts the process and waits until it is ready.
    ///
    /// If `launch` asks for a new session whose id is taken, an earlier process has started it: it
    /// is resumed.
    pub async fn start(launch: &Launch, host: Arc<dyn Host>) -> Result<Self, StartError> {
        _ = (launch, host);
        Err(StartError::Refused("not yet".into()))
    }

    /// The session's id, to resume it with.
    pub fn id(&self) -> &SessionId {
        unimplemented!()
    }

    /// Whether it went on with a conversation that an earlier process had begun.
    pub fn resumed(&self) -> bool {
        unimplemented!()
    }

    /// Sends a message and waits for the end of the turn. Dropping the future interrupts the turn.
    pub async fn ask(&self, prompt: &str, deadlines: Deadlines) -> Turn {
        _ = (prompt, deadlines);
        unimplemented!()
    }

    /// Ends the turn that runs, if one does: it becomes
    /// [`Outcome::Cancelled`](crate::claude::Outcome::Cancelled). The session can be used on.
    pub async fn interrupt(&self) -> Result<(), ControlError> {
        unimplemented!()
    }

    /// How full the conversation is.
    pub async fn context_usage(&self) -> Result<ContextUsage, ControlError> {
        unimplemented!()
    }

    /// Changes what becomes of tool uses that no rule covers.
    pub async fn set_permission_mode(&self, mode: Mode) -> Result<(), ControlError> {
        _ = mode;
        unimplemented!()
    }

    /// Ends the session: politely, each step of it up to `grace`, then by force. When it returns
    /// nothing that the session started is left. `None` if it was stopped before.
    pub async fn stop(&self, grace: Duration) -> Option<Stopped> {
        _ = grace;
        None
    }
}

/// How full a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextUsage {
    /// Tokens in it.
    pub tokens: u64,
    /// Tokens that fit.
    pub limit: u64,
}

impl ContextUsage {
    /// The share that is used, in percent.
    pub const fn percent(self) -> u64 {
        if self.limit == 0 {
            return 100;
        }
        self.tokens.saturating_mul(100) / self.limit
    }
}

/// What is left of a session.
#[derive(Debug)]
pub struct Stopped {
    /// How the process ended.
    pub exit: Exit,
}

/// Why a session did not start. Texts are redacted.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// What was asked for is not allowed or makes no sense.
    Refused(String),
    /// The process could not be started, or not be prepared.
    Spawn(io::Error),
    /// The session to be resumed does not exist, or not in this directory.
    NoSuchSession(SessionId),
    /// The process ended before it was ready.
    Ended {
        /// How.
        exit: Exit,
        /// The end of its standard error.
        stderr: String,
    },
    /// It did not answer in time.
    Unanswered(ControlError),
    /// MCP servers did not connect: name and state.
    Servers(Vec<(String, String)>),
    /// It has MCP servers that nobody asked for.
    Breach(String),
}

impl StartError {
    /// What the engine does about it.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("")
    }
}

impl StdError for StartError {}

/// Why a request to a session has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControlError {
    /// The process has ended.
    Ended,
    /// No answer came in this time.
    TimedOut(Duration),
    /// The answer is no.
    Refused(String),
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("the session has ended"),
            Self::TimedOut(after) => write!(f, "no answer within {after:?}"),
            Self::Refused(why) => write!(f, "the session refused: {why}"),
        }
    }
}

impl StdError for ControlError {}
