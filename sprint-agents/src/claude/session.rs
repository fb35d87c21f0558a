//! A live session: the handle.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sprint_core::domain::command::Exit;
use sprint_core::failure::ErrorKind;
use sprint_core::id::SessionId;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use crate::claude::actor::{ANSWERED, Actor, Command};
use crate::claude::binary;
use crate::claude::host::Host;
use crate::claude::launch::{Launch, Mode, Start};
use crate::claude::outcome::{Outcome, after_colon};
use crate::claude::private::Private;
use crate::claude::progress::Progress;
use crate::claude::protocol::{Control, servers};
use crate::claude::readiness::{Expected, Servers};
use crate::claude::turn::{Deadlines, Turn};
use crate::claude::wire::{Transcript, Wire};
use crate::process::{Group, start_kind};

/// How long a process may take until it answers, until its MCP servers are connected, and how
/// often it is asked for those.
const INITIALIZED: Duration = Duration::from_secs(30);
const CONNECTED: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(50);

/// A live session. Dropping it kills the process and everything it started, at once.
///
/// It can be shared: questions are asked one after the other, in the order they came.
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    resumed: bool,
    commands: mpsc::UnboundedSender<Command>,
    group: Arc<Group>,
    actor: AbortHandle,
}

impl Session {
    /// Starts the process and waits until it is ready.
    ///
    /// If `launch` asks for a new session whose id is taken, an earlier process has started it: it
    /// is resumed.
    pub async fn start(launch: &Launch, host: Arc<dyn Host>) -> Result<Self, StartError> {
        if let Some(flaw) = launch.flaw() {
            return Err(StartError::Refused(flaw));
        }
        let program = binary::find(&launch.program, &launch.environment).ok_or_else(|| {
            let program = launch.program.display();
            StartError::Refused(format!("there is no program {program}"))
        })?;
        let directory = launch.directory.canonicalize().map_err(StartError::Spawn)?;
        match Self::attempt(launch, &program, &directory, Arc::clone(&host)).await {
            Err(StartError::Ended { stderr, .. })
                if matches!(launch.session, Start::New(_)) && stderr.contains(IN_USE) =>
            {
                let id = launch.session.id().clone();
                let again = Launch {
                    session: Start::Resume(id),
                    ..launch.clone()
                };
                Self::attempt(&again, &program, &directory, host).await
            }
            started => started,
        }
    }

    async fn attempt(
        launch: &Launch,
        program: &Path,
        directory: &Path,
        host: Arc<dyn Host>,
    ) -> Result<Self, StartError> {
        // Read while the program starts, and no longer there for the agent to read.
        let private = Private::write(launch).map_err(StartError::Spawn)?;
        let wire = Wire::spawn(program, directory, launch, &private.files);
        let wire = wire.map_err(StartError::Spawn)?;
        let group = Arc::clone(&wire.group);
        let expected = Expected::of(launch, directory);
        let actor = Actor::new(wire, host, expected.clone(), launch.redactor());
        let (commands, receiver) = mpsc::unbounded_channel();
        let session = Self {
            id: launch.session.id().clone(),
            resumed: matches!(launch.session, Start::Resume(_)),
            commands,
            group,
            actor: tokio::spawn(actor.run(receiver)).abort_handle(),
        };
        let servers = launch.host_servers.clone();
        let ready = async {
            let hello = Control::Initialize { servers };
            session.control(hello, INITIALIZED).await?;
            session.connect(&expected).await
        };
        match ready.await {
            Ok(()) => Ok(session),
            Err(StartError::Unanswered(ControlError::Ended)) => Err(session.post_mortem().await),
            Err(error) => Err(error),
        }
    }

    /// Waits until all MCP servers are connected: without them, the agent would work on and not
    /// say so.
    async fn connect(&self, expected: &Expected) -> Result<(), StartError> {
        let until = Instant::now() + CONNECTED;
        loop {
            let answer = self.control(Control::Servers, ANSWERED).await?;
            match expected.servers(&servers(&answer)) {
                Servers::Ready => return Ok(()),
                Servers::Unasked(name) => return Err(StartError::Breach(name)),
                Servers::Failed(states) => return Err(StartError::Servers(states)),
                Servers::Pending(states) if Instant::now() >= until => {
                    return Err(StartError::Servers(states));
                }
                Servers::Pending(_) => sleep(POLL).await,
            }
        }
    }

    /// Why the process has ended.
    async fn post_mortem(&self) -> StartError {
        let Some(stopped) = self.stop(Duration::ZERO).await else {
            return StartError::Unanswered(ControlError::Ended);
        };
        let (exit, stderr) = (stopped.exit, stopped.stderr);
        if stderr.contains(NOT_FOUND) {
            return StartError::NoSuchSession(self.id.clone());
        }
        StartError::Ended { exit, stderr }
    }

    /// The session's id, to resume it with.
    pub const fn id(&self) -> &SessionId {
        &self.id
    }

    /// Whether it went on with a conversation that an earlier process had begun.
    pub const fn resumed(&self) -> bool {
        self.resumed
    }

    /// Sends a message and waits for the end of the turn. Dropping the future interrupts the turn.
    pub async fn ask(&self, prompt: impl Into<String>, deadlines: Deadlines) -> Turn {
        let (reply, turn) = oneshot::channel();
        let ask = Command::Ask {
            text: prompt.into(),
            deadlines,
            reply,
        };
        // If the task of the session is gone, the channel is closed, and the answer the same.
        drop(self.commands.send(ask));
        turn.await
            .unwrap_or_else(|_| Progress::new(Instant::now()).give_up(Outcome::Cancelled))
    }

    /// Ends the turn that runs, if one does: it becomes [`Outcome::Cancelled`]. The session can be
    /// used on.
    pub async fn interrupt(&self) -> Result<(), ControlError> {
        self.command(|reply| Command::Interrupt { reply }).await?;
        Ok(())
    }

    /// How full the conversation is.
    pub async fn context_usage(&self) -> Result<ContextUsage, ControlError> {
        let answer = self.control(Control::ContextUsage, ANSWERED).await?;
        let count = |name: &str| answer.get(name).and_then(Value::as_u64);
        match (count("totalTokens"), count("maxTokens")) {
            (Some(tokens), Some(limit)) => Ok(ContextUsage { tokens, limit }),
            _ => Err(ControlError::Refused("it gave no numbers".into())),
        }
    }

    /// Changes what becomes of tool uses that no rule covers.
    pub async fn set_permission_mode(&self, mode: Mode) -> Result<(), ControlError> {
        self.control(Control::SetMode(mode), ANSWERED).await?;
        Ok(())
    }

    /// Ends the session: politely, each step of it up to `grace`, then by force. When it returns,
    /// nothing that the session started is left. `None` if it was stopped before.
    pub async fn stop(&self, grace: Duration) -> Option<Stopped> {
        let (reply, stopped) = oneshot::channel();
        self.commands.send(Command::Stop { grace, reply }).ok()?;
        stopped.await.ok()
    }

    /// Kills the process and everything it started, at once.
    pub(crate) fn kill(&self) {
        self.actor.abort();
        self.group.kill();
    }

    async fn control(&self, control: Control, within: Duration) -> Result<Value, ControlError> {
        self.command(|reply| Command::Control {
            control,
            within,
            reply,
        })
        .await
    }

    async fn command(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<Value, ControlError>>) -> Command,
    ) -> Result<Value, ControlError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.send(command(reply));
        sent.map_err(|_| ControlError::Ended)?;
        answer.await.unwrap_or(Err(ControlError::Ended))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the program says about an id that was used before.
const IN_USE: &str = "is already in use";

/// What the program says about a session that it does not know.
const NOT_FOUND: &str = "No conversation found";

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
    /// The end of its standard error, redacted.
    pub stderr: String,
    /// All that it said.
    pub transcript: Transcript,
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
        match self {
            Self::Refused(_) | Self::Ended { .. } => ErrorKind::Invalid,
            Self::Spawn(error) => start_kind(error),
            Self::NoSuchSession(_) => ErrorKind::NotFound,
            Self::Unanswered(_) => ErrorKind::Timeout,
            Self::Servers(_) => ErrorKind::Transient,
            Self::Breach(_) => ErrorKind::Breach,
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => f.write_str(why),
            Self::Spawn(_) => f.write_str("the process did not start"),
            Self::NoSuchSession(id) => write!(f, "there is no session {id} in this directory"),
            Self::Ended { exit, stderr } => {
                write!(f, "the process ended: {exit}{}", after_colon(stderr))
            }
            Self::Unanswered(_) => f.write_str("the session did not become ready"),
            Self::Servers(states) => {
                f.write_str("MCP servers are not connected:")?;
                let mut states = states.iter();
                states.try_for_each(|(name, state)| write!(f, " {name} is {state}"))
            }
            Self::Breach(name) => {
                write!(
                    f,
                    "the session has the MCP server {name}, which nobody gave it"
                )
            }
        }
    }
}

impl StdError for StartError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Spawn(error) => Some(error),
            Self::Unanswered(error) => Some(error),
            Self::Refused(_)
            | Self::NoSuchSession(_)
            | Self::Ended { .. }
            | Self::Servers(_)
            | Self::Breach(_) => None,
        }
    }
}

impl From<ControlError> for StartError {
    fn from(error: ControlError) -> Self {
        Self::Unanswered(error)
    }
}

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
