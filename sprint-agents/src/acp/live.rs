//! An agent that is alive: its process, the connection to it, and its one session.

use std::future::pending;
use std::io;
use std::path::Path;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use sprint_core::domain::command::Exit;
use sprint_core::id::SessionId;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::acp::child::Process;
use crate::acp::client::{Connection, Failure, Offers, Stop};
use crate::acp::heard::Heard;
use crate::acp::launch::Launch;
use crate::acp::policy::Policy;
use crate::ask::HttpServer;
use crate::redact::Redactor;
use crate::spool::Spool;

/// How long an agent may take until its session is open.
const START: Duration = Duration::from_secs(60);

/// How long it may take to end a turn that was cancelled.
const CANCEL: Duration = Duration::from_secs(5);

/// How long what an agent said before it ended may be on its way, and how long its end may take
/// once it has closed its output.
const DRAIN: Duration = Duration::from_millis(500);

/// A running agent. Dropped, it is killed with all it has started.
#[derive(Debug)]
pub(super) struct Live {
    // Before the process, so that its input ends first.
    connection: Connection,
    process: Process,
    session: String,
    /// Whether the session is one from before.
    pub(super) resumed: bool,
}

/// How a turn ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Stopped(Stop),
    Failed(Failure),
    /// The process is gone.
    Died(Exit),
    TimedOut,
    /// It said nothing for too long.
    Silent,
}

impl Ended {
    pub(super) fn redacted(self, redactor: &Redactor) -> Self {
        match self {
            Self::Failed(failure) => Self::Failed(match failure {
                Failure::Login(text) => Failure::Login(redactor.redact(text)),
                Failure::Said(text) => Failure::Said(redactor.redact(text)),
                Failure::NotFound => Failure::NotFound,
            }),
            Self::Stopped(_) | Self::Died(_) | Self::TimedOut | Self::Silent => self,
        }
    }
}

/// Why there is no session.
#[derive(Debug)]
pub(super) enum NoStart {
    /// The program could not be started.
    Program(io::Error),
    /// It started and went no further, for this reason, and said this on standard error.
    Session(Ended, Vec<u8>),
}

/// What is left of an agent.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) lines: Option<Spool>,
    pub(super) stderr: Vec<u8>,
}

/// What a session is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening<'a> {
    pub(super) directory: &'a Path,
    /// Whether the user's own settings are to count.
    pub(super) reads_settings: bool,
    /// The model, if the configuration names one.
    pub(super) model: Option<&'a str>,
    pub(super) server: Option<&'a HttpServer>,
    pub(super) resume: Option<&'a SessionId>,
    pub(super) until: Instant,
}

impl Live {
    /// Starts an agent and opens a session.
    pub(super) async fn start(
        launch: &Launch,
        policy: Policy,
        opening: Opening<'_>,
    ) -> Result<Self, NoStart> {
        let until = opening.until.min(Instant::now() + START);
        let (mut process, connection) = connect(launch, policy, opening.directory, until).await?;
        let ended = match timeout_at(until, open(&connection, opening)).await {
            Ok(Ok((session, resumed))) => {
                return Ok(Self {
                    connection,
                    process,
                    session,
                    resumed,
                });
            }
            Ok(Err(failure)) => why(&mut process, failure).await,
            Err(_) => Ended::TimedOut,
        };
        drop(connection);
        Err(give_up(process, ended).await)
    }

    /// What the agent offers, for which no session is needed.
    pub(super) async fn offers(
        launch: &Launch,
        policy: Policy,
        directory: &Path,
    ) -> Result<Offers, NoStart> {
        let until = Instant::now() + START;
        let (process, connection) = connect(launch, policy, directory, until).await?;
        let offers = connection.offers.clone();
        drop(connection);
        process.end().await.map_err(NoStart::Program)?;
        Ok(offers)
    }

    /// Takes one turn, until `until` and without silence of more than `silence`.
    ///
    /// An agent at whose tools nobody has looked yet is silent while they run, so that does not
    /// count. One that stops to ask has to end its turn soon.
    pub(super) async fn turn(
        &mut self,
        text: &str,
        mut until: Instant,
        silence: Option<Duration>,
    ) -> Ended {
        let (connection, process) = (&self.connection, &mut self.process);
        let record = Arc::clone(&process.record);
        let mut prompt = std::pin::pin!(connection.prompt(&self.session, text));
        let mut quiet_since = Instant::now();
        let limit = loop {
            quiet_since = quiet_since.max(record.last());
            if connection.heard().is_busy() {
                quiet_since = Instant::now();
            }
            let silent = async {
                match silence {
                    Some(silence) => sleep_until(quiet_since + silence).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                ended = &mut prompt => return match ended {
                    Ok(stop) => Ended::Stopped(stop),
                    Err(failure) => why(process, failure).await,
                },
                () = sleep_until(until) => break Ended::TimedOut,
                () = silent => {
                    if record.last() <= quiet_since && !connection.heard().is_busy() {
                        break Ended::Silent;
                    }
                }
                () = connection.asks() => until = until.min(Instant::now() + CANCEL),
                exit = process.ended() => {
                    return match timeout(DRAIN, &mut prompt).await {
                        Ok(Ok(stop)) => Ended::Stopped(stop),
                        Ok(Err(_)) | Err(_) => Ended::Died(exit),
                    };
                }
            }
        };
        connection.cancel(&self.session);
        if timeout(CANCEL, &mut prompt).await.is_err() {
            tracing::debug!("the agent does not end a turn that was cancelled");
        }
        limit
    }

    /// What is known of the session.
    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.connection.heard()
    }

    /// Its name, by which it can be loaded again, if the agent can do that.
    pub(super) fn session(&self) -> Option<SessionId> {
        let id = SessionId::new(self.session.clone());
        id.ok().filter(|_| self.connection.offers.load)
    }

    /// Ends the agent and all it has started.
    pub(super) async fn finish(self) -> io::Result<Left> {
        let Self {
            connection,
            process,
            ..
        } = self;
        drop(connection);
        finish(process).await
    }
}

async fn finish(process: Process) -> io::Result<Left> {
    let record = Arc::clone(&process.record);
    process.end().await?;
    let (lines, stderr) = record.take();
    Ok(Left { lines, stderr })
}

async fn connect(
    launch: &Launch,
    policy: Policy,
    directory: &Path,
    until: Instant,
) -> Result<(Process, Connection), NoStart> {
    let (mut process, stdin, stdout) =
        Process::start(launch, directory).map_err(NoStart::Program)?;
    let record = Arc::clone(&process.record);
    let ended = match timeout_at(until, Connection::open(stdin, stdout, record, policy)).await {
        Ok(Ok(connection)) => return Ok((process, connection)),
        Ok(Err(failure)) => why(&mut process, failure).await,
        Err(_) => Ended::TimedOut,
    };
    Err(give_up(process, ended).await)
}

/// The session, and whether it is the one from before. An agent that has forgotten it gets a new
/// one.
async fn open(connection: &Connection, opening: Opening<'_>) -> Result<(String, bool), Failure> {
    if let Some(session) = opening.resume
        && connection.offers.load
    {
        let loaded = connection.load_session(session.as_str(), &opening).await;
        match loaded {
            Ok(()) => return Ok((session.as_str().to_owned(), true)),
            Err(failure @ Failure::Login(_)) => return Err(failure),
            Err(failure @ (Failure::NotFound | Failure::Said(_))) => {
                tracing::info!(?failure, "the session cannot be loaded again");
            }
        }
    }
    let session = connection.open_session(&opening).await?;
    Ok((session, false))
}

/// A failure, or that the process has ended, which shows as one.
async fn why(process: &mut Process, failure: Failure) -> Ended {
    match timeout(DRAIN, process.ended()).await {
        Ok(exit) => Ended::Died(exit),
        Err(_) => Ended::Failed(failure),
    }
}

async fn give_up(process: Process, ended: Ended) -> NoStart {
    match finish(process).await {
        Ok(left) => NoStart::Session(ended, left.stderr),
        Err(error) => NoStart::Program(error),
    }
}
