//! Supervised child processes: limited in time and output, and never left behind.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use sprint_core::domain::command::{CommandLine, Exit};
use sprint_core::failure::ErrorKind;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, sleep_until, timeout};

use crate::capture::{Capture, Sink};
use crate::environment::Environment;
use crate::orphans::Mark;
use crate::pipes::Pipes;
use crate::spool::Spool;

/// The one shell, wherever `PATH` leads: a command must not bring its own.
pub(crate) const SHELL: &str = "/bin/sh";

/// How long a process group may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How long descendants that outlive the command may hold its output open.
const DRAIN: Duration = Duration::from_millis(200);

/// Limits so long that they mean "none"; instants cannot be added to without end.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// One command to run under supervision.
#[derive(Clone, Debug)]
pub struct Process<'a> {
    /// The command line, run by `/bin/sh -c` as written.
    pub line: &'a CommandLine,
    /// The current directory.
    pub directory: &'a Path,
    /// All variables it gets.
    pub environment: &'a Environment,
    /// What it reads on standard input, then the end of input.
    pub stdin: &'a [u8],
    /// Where its standard error goes.
    pub streams: Streams,
    /// How long it may take and how much of its output is kept.
    pub limits: Limits,
}

/// What becomes of standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// It joins standard output, in the order written.
    Merged,
    /// It is captured by itself.
    Separate,
}

/// The limits of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall time.
    pub wall: Duration,
    /// Time without any output.
    pub silence: Option<Duration>,
    /// Bytes kept of each captured stream: half from its start, half from its end.
    pub output: usize,
}

impl Limits {
    /// 16 MiB of output, and no limit to silence.
    pub const fn wall(wall: Duration) -> Self {
        Self {
            wall,
            silence: None,
            output: 16 << 20,
        }
    }
}

/// What a supervised command did. Its output is raw: redact it before it goes anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub exit: Exit,
    /// Wall time.
    pub duration: Duration,
    /// Standard output, or both streams if merged.
    pub stdout: Vec<u8>,
    /// Standard error, empty if merged.
    pub stderr: Vec<u8>,
}

impl Process<'_> {
    /// Runs the command to its end, or ends it at a limit.
    ///
    /// The command gets a process group of its own, and a mark in its environment (`SPRINT_RUN`)
    /// that everything it starts inherits. Whatever of the group, or with the mark, is still alive
    /// when the command has ended, at a limit, or when this future is dropped, is killed. Only a
    /// descendant that leaves the group and throws its environment away escapes, or one that
    /// leaves the group where there is no `/proc`; its output is not waited for.
    ///
    /// `Err` only if the command could not be started or watched.
    pub async fn run(&self) -> io::Result<Finished> {
        let (ended, stdout, stderr) = self.supervise(Capture::new(self.limits.output)).await?;
        Ok(Finished {
            exit: ended.exit,
            duration: ended.duration,
            stdout: stdout.finish(),
            stderr: stderr.finish(),
        })
    }

    /// The same, with all standard output in `spool`, and no limit to it but the spool's.
    pub(crate) async fn run_into(&self, spool: Spool) -> io::Result<(Ended, Spool)> {
        let (ended, stdout, _) = self.supervise(spool).await?;
        Ok((ended, stdout))
    }

    async fn supervise<S: Sink>(&self, sink: S) -> io::Result<(Ended, S, Capture)> {
        let started = Instant::now();
        let mark = Mark::new();
        let (mut child, mut pipes) = self.spawn(&mark, sink)?;
        let group = Group::of(&child, mark)?;
        let exit = match self.watch(&mut child, &mut pipes, started).await? {
            Ok(status) => exit_of(status),
            Err(limit) => {
                end(&group, &mut child, &mut pipes).await?;
                limit
            }
        };
        let duration = started.elapsed();
        // Output that is on its way may still arrive; descendants that hold the pipes may not keep
        // us. Killing them frees the pipes, and what is in them is read then.
        match timeout(DRAIN, pipes.drain()).await {
            Ok(drained) => drained?,
            Err(_) => {
                group.kill();
                match timeout(DRAIN, pipes.drain()).await {
                    Ok(drained) => drained?,
                    Err(_) => {
                        tracing::warn!(group = ?group.id, "a descendant escaped and holds the output open");
                    }
                }
            }
        }
        let (stdout, stderr) = pipes.finish();
        Ok((Ended { exit, duration }, stdout, stderr))
    }

    fn spawn<S: Sink>(&self, mark: &Mark, sink: S) -> io::Result<(Child, Pipes<S>)> {
        let mut command = Command::new(SHELL);
        let (name, value) = mark.variable();
        command
            .arg("-c")
            .arg(self.line.as_str())
            .current_dir(self.directory)
            .env_clear()
            .envs(self.environment.iter())
            .env(name, value)
            .process_group(0)
            .kill_on_drop(true);
        if self.stdin.is_empty() {
            command.stdin(Stdio::null());
        } else {
            command.stdin(Stdio::piped());
        }
        let merged = match self.streams {
            Streams::Merged => {
                // One pipe for both, or the order between them would be lost.
                let (reader, writer) = io::pipe()?;
                command.stdout(writer.try_clone()?).stderr(writer);
                Some(reader)
            }
            Streams::Separate => {
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                None
            }
        };
        let mut child = command.spawn()?;
        // The writing ends live in `command`; while they do, the reader sees no end.
        drop(command);
        let stdout = match merged {
            Some(reader) => Some(ChildStdout::from_std(OwnedFd::from(reader).into())?),
            None => child.stdout.take(),
        };
        let pipes = Pipes::new(
            child.stdin.take().map(|pipe| (pipe, self.stdin.to_vec())),
            (stdout, sink),
            (child.stderr.take(), Capture::new(self.limits.output)),
        );
        Ok((child, pipes))
    }

    /// Waits for the child's end or the first limit.
    async fn watch<S: Sink>(
        &self,
        child: &mut Child,
        pipes: &mut Pipes<S>,
        started: Instant,
    ) -> io::Result<Result<ExitStatus, Exit>> {
        let wall_at = started + self.limits.wall.min(FOREVER);
        let silence = self.limits.silence.unwrap_or(FOREVER).min(FOREVER);
        loop {
            let silent_at = pipes.last_output() + silence;
            // Limits come before output: a command that never stops talking has limits too.
            tokio::select! {
                biased;
                status = child.wait() => return Ok(Ok(status?)),
                () = sleep_until(wall_at) => return Ok(Err(Exit::TimedOut)),
                () = sleep_until(silent_at) => return Ok(Err(Exit::Silent)),
                kept = pipes.step() => kept?,
            }
        }
    }
}

/// How a command ended, and after what time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    pub(crate) duration: Duration,
}

/// What a failed start means: that the request is wrong, or that the machine is busy.
pub(crate) fn start_kind(error: &io::Error) -> ErrorKind {
    if matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
    ) {
        ErrorKind::Invalid
    } else {
        ErrorKind::Transient
    }
}

/// Ends the group: politely, then by force.
async fn end<S: Sink>(group: &Group, child: &mut Child, pipes: &mut Pipes<S>) -> io::Result<()> {
    group.signal(Signal::TERM);
    let last_words = async {
        loop {
            tokio::select! {
                biased;
                status = child.wait() => return status.map(drop),
                kept = pipes.step() => kept?,
            }
        }
    };
    if let Ok(ended) = timeout(GRACE, last_words).await {
        ended?;
    }
    group.signal(Signal::KILL);
    child.wait().await?;
    Ok(())
}

pub(crate) fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        // Neither exited nor signalled: only stopped processes are so, and those are not reported.
        (None, None) => Exit::Code(-1),
    }
}

/// A process group, and what left it, that die with this value.
#[derive(Debug)]
pub(crate) struct Group {
    id: Pid,
    mark: Mark,
}

impl Group {
    pub(crate) fn of(child: &Child, mark: Mark) -> io::Result<Self> {
        child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
            .map(|id| Self { id, mark })
            .ok_or_else(|| io::Error::other("the child process has no id"))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // The usual failure is that nothing of the group is left, which is what is wanted.
        if let Err(error) = kill_process_group(self.id, signal) {
            tracing::trace!(group = ?self.id, %error, "nothing to signal");
        }
    }

    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
        self.mark.kill();
    }

    /// The same, and waits until nothing is left.
    pub(crate) async fn sweep(&self) {
        self.signal(Signal::KILL);
        let left = self.mark.sweep().await;
        if left > 0 {
            tracing::warn!(group = ?self.id, left, "processes that were killed do not end");
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
