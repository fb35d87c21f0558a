//! Phases that independent agents claim, on one machine and without a service: terminals, processes
//! and threads that know nothing of each other but a directory.
//!
//! Everything is in `.claude/sprints/{problem}/conductor/`:
//!
//! ```text
//! lock                              held by the kernel for whoever writes; never stale
//! current                           the sprint that commands are about
//! {sprint}/events.jsonl             what happened: the one truth, and the audit trail
//! {sprint}/artifacts/{phase}-{n}.json   what the n-th claim of a phase handed in
//! {sprint}/heartbeats/{phase}       the last sign of a holder that cannot be seen
//! {sprint}/board.json               how it stands, for people and tools; never read back
//! ```
//!
//! A claim, a completion, a waiver is one line that is appended under the lock. So it is there with
//! all its content or not at all; how things stand is the fold over the lines, and cannot differ
//! from what happened. Readers take no lock and write nothing.
//!
//! [`Conductor`] has every command. What it decides is in [`crate::phases::decide`]; here it is
//! saved.
//!
//! ```
//! use std::sync::Arc;
//!
//! use sprint_core::id::{AgentName, PhaseName};
//! use sprint_core::local::conductor::{Conductor, HandIn, Live, Options, StartRequest};
//! use sprint_core::local::{Layout, SystemLiveness};
//! use sprint_core::phases::decide::ClaimRequest;
//! use sprint_core::phases::event::Settings;
//! use sprint_core::phases::graph::from_text;
//! use sprint_core::ports::SystemClock;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let repository = tempfile::tempdir()?;
//! let layout = Layout::of_default(repository.path());
//! let (clock, liveness) = (Arc::new(SystemClock), Arc::new(SystemLiveness::new()));
//! let conductor = Conductor::open(&layout, clock, liveness, Options::default())?;
//!
//! let agent = |name| Ok::<_, sprint_core::id::InvalidId>(
//!     conductor.owner(AgentName::new(name)?, Some(std::process::id())),
//! );
//! conductor.start(StartRequest {
//!     id: None,
//!     graph: from_text("review,ship")?.graph,
//!     settings: Settings::default(),
//!     base: None,
//!     by: agent("one")?,
//!     live: Live::Keep,
//! })?;
//!
//! // The next phase that is free, and nobody else gets it.
//! let claim = conductor.batch(&ClaimRequest::new(agent("one")?))?.claim;
//! let review = PhaseName::new("review")?;
//! assert_eq!(claim.grant().phase, review);
//! assert!(conductor.claim(&review, &ClaimRequest::new(agent("two")?)).is_err());
//!
//! let artifact = Some(br#"{"phase": "review"}"#.to_vec());
//! claim
//!     .complete(HandIn { artifact, ..HandIn::nothing() })
//!     .map_err(|failed| failed.1)?;
//! assert!(conductor.status()?.can_ship);
//! # Ok(())
//! # }
//! ```

mod artifact;
mod claim;
mod error;
mod hand_in;
mod heartbeat;
mod judge;
mod log;
mod publish;
mod ship;
mod start;
mod transitions;
mod turn;
mod watch;

#[cfg(test)]
#[cfg(unix)]
mod bug_tests;
#[cfg(test)]
#[cfg(unix)]
mod crash_tests;
#[cfg(test)]
#[cfg(unix)]
mod file_tests;
#[cfg(test)]
#[cfg(unix)]
mod hand_in_tests;
#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::failure::ErrorKind;
use crate::id::{AgentName, ClaimToken, SprintId};
use crate::local::conductor::judge::Judge;
use crate::local::conductor::log::{Known, SprintLog};
use crate::local::conductor::turn::{Turn, Turns};
use crate::local::disk::{StdDisk, read_regular};
use crate::local::layout::{Layout, check_directory, show};
use crate::local::lease::NetworkFiles;
use crate::phases::board::Board;
use crate::phases::decide::Look;
use crate::phases::event::Event;
use crate::phases::owner::Owner;
use crate::phases::refused::Refused;
use crate::phases::schedule::{Batch, schedule};
use crate::phases::view::SprintView;
use crate::ports::{Clock, Error, Liveness};
use crate::time::Timestamp;

pub use crate::local::disk::Durability;
pub use artifact::{MAX_ARTIFACT, read_artifact};
pub use claim::{Claim, Claimed};
pub use error::ConductorError;
pub use hand_in::Files;
pub use heartbeat::{HEARTBEAT, Heartbeats};
pub use ship::Judgement;
pub use start::{Live, StartRequest, Started};
pub use transitions::{Check, Completed, HandIn};

pub(crate) use error::advice;

/// How a conductor works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What has to survive: with [`Durability::PowerCut`], everything that was acknowledged; with
    /// [`Durability::Atomic`], everything but a power cut.
    pub durability: Durability,
    /// How long a command waits for others that are writing.
    pub wait: Duration,
    /// Whether a network file system is accepted.
    pub network: NetworkFiles,
}

impl Default for Options {
    /// Durable, 5 seconds, local files only.
    fn default() -> Self {
        Self {
            durability: Durability::PowerCut,
            wait: Duration::from_secs(5),
            network: NetworkFiles::Refuse,
        }
    }
}

/// The conductor of one problem. Clones share what they have read.
#[derive(Clone, Debug)]
pub struct Conductor {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    layout: Layout,
    clock: Arc<dyn Clock>,
    liveness: Arc<dyn Liveness>,
    options: Options,
    turns: Turns,
    known: Mutex<Option<(SprintId, Known)>>,
    published: Mutex<Option<Timestamp>>,
}

/// Nobody writes a longer name of a sprint.
const MAX_CURRENT: u64 = 256;

impl Conductor {
    /// The conductor of a problem. Reads and writes nothing yet, but finds the repository by the one
    /// name that all its spellings have.
    ///
    /// # Errors
    ///
    /// There is no such repository.
    pub fn open(
        layout: &Layout,
        clock: Arc<dyn Clock>,
        liveness: Arc<dyn Liveness>,
        options: Options,
    ) -> Result<Self, ConductorError> {
        let root = layout.root().canonicalize().map_err(|error| {
            Error::new(ErrorKind::Fatal, "find repository", show(layout.root()))
                .because(advice(error))
        })?;
        let inner = Inner {
            layout: Layout::new(root, layout.problem().clone()),
            clock,
            liveness,
            options,
            turns: Turns::default(),
            known: Mutex::default(),
            published: Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// An owner of claims on this machine.
    pub fn owner(&self, agent: AgentName, pid: Option<u32>) -> Owner {
        Owner {
            agent,
            host: self.inner.liveness.host(),
            process: pid.and_then(|pid| self.inner.liveness.process(pid)),
        }
    }

    /// The sprint that commands are about.
    ///
    /// # Errors
    ///
    /// None was started, or the files cannot be read.
    pub fn current(&self) -> Result<SprintId, ConductorError> {
        self.inner.check()?;
        match self.inner.current()? {
            Some(sprint) => Ok(sprint),
            None => Err(ConductorError::NoSprint {
                problem: self.inner.layout.problem().clone(),
            }),
        }
    }

    /// How the current sprint stands, without who is there. Takes no lock and writes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`current`](Self::current), and events that cannot be read.
    pub fn board(&self) -> Result<Arc<Board>, ConductorError> {
        let sprint = self.current()?;
        Ok(self.inner.read(&sprint)?.board)
    }

    /// How any sprint of the problem stands, an archived one too.
    ///
    /// # Errors
    ///
    /// There is no such sprint, or its events cannot be read.
    pub fn board_of(&self, sprint: &SprintId) -> Result<Arc<Board>, ConductorError> {
        self.inner.check()?;
        let log = self.inner.log(sprint);
        if !log
            .exists()
            .map_err(|error| self.inner.failed(sprint, error))?
        {
            return Err(ConductorError::UnknownSprint {
                sprint: sprint.clone(),
            });
        }
        let known = log.read(None);
        Ok(known
            .map_err(|error| self.inner.failed(sprint, error))?
            .board)
    }

    /// Looks at the current sprint now, with who is there. Takes no lock and writes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`board`](Self::board).
    pub fn look<T>(&self, see: impl FnOnce(&Look<'_>) -> T) -> Result<T, ConductorError> {
        let sprint = self.current()?;
        let known = self.inner.read(&sprint)?;
        Ok(self.inner.look(&sprint, &known.board, see))
    }

    /// How the current sprint stands, for people and tools.
    ///
    /// # Errors
    ///
    /// Those of [`board`](Self::board).
    pub fn status(&self) -> Result<SprintView, ConductorError> {
        self.look(|look| look.view())
    }

    /// What can be claimed, in the order of priority; if nothing, why.
    ///
    /// # Errors
    ///
    /// Those of [`board`](Self::board).
    pub fn next(&self) -> Result<Result<Vec<crate::id::PhaseName>, Refused>, ConductorError> {
        self.look(|look| match look.nothing() {
            Some(nothing) => Err(nothing),
            None => Ok(look.ready()),
        })
    }

    /// In which batches the rest can be done.
    ///
    /// # Errors
    ///
    /// Those of [`board`](Self::board).
    pub fn schedule(&self) -> Result<Vec<Batch>, ConductorError> {
        Ok(schedule(&*self.board()?))
    }

    /// Where the events and artifacts of a sprint are.
    pub fn directory(&self, sprint: &SprintId) -> PathBuf {
        self.inner.directory(sprint)
    }

    /// The time, for callers that have no clock of their own.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }
}

impl Inner {
    fn root(&self) -> PathBuf {
        self.layout.conductor()
    }

    fn directory(&self, sprint: &SprintId) -> PathBuf {
        self.root().join(sprint.as_str())
    }

    fn log(&self, sprint: &SprintId) -> SprintLog<StdDisk> {
        let directory = self.directory(sprint);
        let artifacts = StdDisk::new(directory.join("artifacts"));
        SprintLog::new(StdDisk::new(directory), artifacts, self.options.durability)
    }

    /// Refuses links and files where our directories belong.
    fn check(&self) -> Result<(), ConductorError> {
        self.layout.check()?;
        check_directory(&self.root())?;
        Ok(())
    }

    fn current(&self) -> Result<Option<SprintId>, ConductorError> {
        let path = self.root().join("current");
        let failed = || Error::new(ErrorKind::Fatal, "read", show(&path));
        match read_regular(&path, MAX_CURRENT) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let sprint = SprintId::new(text.trim()).map_err(|error| {
                    failed().because(format!("{error}; it has to hold the id of a sprint"))
                })?;
                Ok(Some(sprint))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed().because(advice(error)).into()),
        }
    }

    /// The sprint as it is now; remembers what was read.
    fn read(&self, sprint: &SprintId) -> Result<Known, ConductorError> {
        check_directory(&self.directory(sprint))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.take();
        let before = before
            .filter(|(id, _)| id == sprint)
            .map(|(_, known)| known);
        let now = self.log(sprint).read(before);
        let now = now.map_err(|error| self.failed(sprint, error))?;
        *known = Some((sprint.clone(), now.clone()));
        Ok(now)
    }

    fn look<T>(&self, sprint: &SprintId, board: &Board, see: impl FnOnce(&Look<'_>) -> T) -> T {
        let judge = Judge::new(self, sprint, board);
        let gone = |claim: &crate::phases::board::Claim| judge.gone(claim);
        see(&Look {
            board,
            now: judge.now(),
            gone: &gone,
        })
    }

    fn turn(&self) -> Result<Turn<'_>, ConductorError> {
        self.turns
            .take(&self.root().join("lock"), self.options.wait)
    }

    /// Decides under the lock, saves what was decided, and says what came of it.
    fn transition<T>(
        &self,
        decide: impl FnOnce(&SprintId, &Look<'_>) -> Result<(Vec<Event>, T), ConductorError>,
    ) -> Result<T, ConductorError> {
        self.check()?;
        let no_sprint = || ConductorError::NoSprint {
            problem: self.layout.problem().clone(),
        };
        // Without a sprint there may be no place for a lock, and a command makes none.
        if self.current()?.is_none() {
            return Err(no_sprint());
        }
        let _turn = self.turn()?;
        let sprint = self.current()?.ok_or_else(no_sprint)?;
        let mut known = self.read(&sprint)?;
        let (events, result) = self.look(&sprint, &known.board, |look| decide(&sprint, look))?;
        if !events.is_empty() {
            self.append(&sprint, &mut known, &events)?;
        }
        Ok(result)
    }

    /// Appends events; called with the turn.
    fn append(
        &self,
        sprint: &SprintId,
        known: &mut Known,
        events: &[Event],
    ) -> Result<(), ConductorError> {
        let appended = self.log(sprint).append(known, self.clock.now(), events);
        appended.map_err(|error| self.failed(sprint, error))?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((sprint.clone(), known.clone()));
        self.publish(sprint, &known.board);
        Ok(())
    }

    /// A token that nobody can guess.
    fn new_token(&self) -> Result<ClaimToken, ConductorError> {
        let mut bytes = [0; 16];
        let failed = || Error::new(ErrorKind::Fatal, "make", "a token");
        getrandom::fill(&mut bytes).map_err(|error| failed().because(error.to_string()))?;
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let token = ClaimToken::new(digits.concat());
        Ok(token.map_err(|error| failed().because(error))?)
    }

    fn failed(&self, sprint: &SprintId, error: log::LogError) -> ConductorError {
        let directory = self.directory(sprint);
        let error = match error {
            log::LogError::Io {
                operation,
                file,
                source,
            } => Error::new(ErrorKind::Fatal, operation, show(&directory.join(file)))
                .because(advice(source)),
            error @ (log::LogError::Damaged { .. }
            | log::LogError::Version(_)
            | log::LogError::Encode(_)) => {
                Error::new(ErrorKind::Fatal, "use the sprint in", show(&directory)).because(error)
            }
        };
        error.into()
    }
}
