//! The agent's process.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use sprint_core::domain::command::Exit;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout};

use crate::acp::launch::Launch;
use crate::capture::{Capture, Sink as _};
use crate::orphans::Mark;
use crate::process::{Group, exit_of};
use crate::spool::Spool;

/// How much of a transcript is kept, and of standard error.
const TRANSCRIPT: u64 = 256 << 20;
const STDERR: usize = 64 << 10;

/// How long each step of ending a process may take.
const GRACE: Duration = Duration::from_secs(1);

/// A process that speaks ACP over its pipes, and dies with this value with all it has started.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    group: Group,
    pub(super) record: Arc<Record>,
}

impl Process {
    /// Starts it. No shell is involved.
    pub(super) fn start(
        launch: &Launch,
        directory: &Path,
    ) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        let record = Arc::new(Record::new()?);
        let mark = Mark::new();
        let (name, value) = mark.variable();
        let mut child = Command::new(&launch.program)
            .args(&launch.arguments)
            .current_dir(directory)
            .env_clear()
            .envs(launch.environment.iter())
            .env(name, value)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = Group::of(&child, mark)?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("the agent has no pipes"));
        };
        tokio::spawn(listen(stderr, Arc::clone(&record)));
        let process = Self {
            child,
            group,
            record,
        };
        Ok((process, stdin, stdout))
    }

    /// Waits until it ends by itself. Safe to cancel.
    pub(super) async fn ended(&mut self) -> Exit {
        self.child.wait().await.map_or(Exit::Code(-1), exit_of)
    }

    /// Ends it, if it did not end when its input did: politely, then by force. Then kills what it
    /// left behind.
    pub(super) async fn end(mut self) -> io::Result<()> {
        if timeout(GRACE, self.child.wait()).await.is_err() {
            self.group.signal(Signal::TERM);
            if timeout(GRACE, self.child.wait()).await.is_err() {
                tracing::debug!("an agent is killed that does not end when it is asked to");
            }
        }
        self.group.sweep().await;
        self.child.wait().await.map(drop)
    }
}

async fn listen(mut stderr: ChildStderr, record: Arc<Record>) {
    let mut chunk = [0; 4096];
    while let Ok(count) = stderr.read(&mut chunk).await {
        if count == 0 {
            break;
        }
        record.complained(&chunk[..count]);
    }
}

/// All that was said between us and an agent, raw: redact it before it goes anywhere.
#[derive(Debug)]
pub(super) struct Record(Mutex<Parts>);

#[derive(Debug)]
struct Parts {
    /// Gone when it has been taken, or when it could not be written.
    lines: Option<Spool>,
    stderr: Capture,
    last: Instant,
}

/// Who says a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    Us,
    Agent,
}

impl Record {
    fn new() -> io::Result<Self> {
        Ok(Self(Mutex::new(Parts {
            lines: Some(Spool::new(TRANSCRIPT)?),
            stderr: Capture::new(STDERR),
            last: Instant::now(),
        })))
    }

    /// Notes a line of the protocol, `< ` before what the agent says and `> ` before what we say.
    pub(super) fn said(&self, speaker: Speaker, line: &str) {
        let mut parts = self.locked();
        let before = match speaker {
            Speaker::Us => "> ",
            Speaker::Agent => {
                parts.last = Instant::now();
                "< "
            }
        };
        let Some(lines) = &mut parts.lines else {
            return;
        };
        let kept = [before, line, "\n"]
            .iter()
            .try_for_each(|part| lines.push(part.as_bytes()));
        if let Err(error) = kept {
            tracing::warn!(%error, "the transcript of an agent breaks off");
            parts.lines = None;
        }
    }

    fn complained(&self, bytes: &[u8]) {
        let mut parts = self.locked();
        parts.last = Instant::now();
        // A capture in memory takes everything.
        drop(parts.stderr.push(bytes));
    }

    /// When the agent last said anything.
    pub(super) fn last(&self) -> Instant {
        self.locked().last
    }

    /// What was said, and what it wrote to standard error, once.
    pub(super) fn take(&self) -> (Option<Spool>, Vec<u8>) {
        let mut parts = self.locked();
        let stderr = std::mem::replace(&mut parts.stderr, Capture::new(0));
        (parts.lines.take(), stderr.finish())
    }

    fn locked(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
