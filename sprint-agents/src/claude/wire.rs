//! The process of a session and its pipes, served together.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use sprint_core::domain::command::Exit;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout_at};

use crate::capture::{Capture, Sink as _};
use crate::claude::launch::{Files, Launch};
use crate::claude::protocol::{Line, Lines, Message, classify, parse};
use crate::orphans::Mark;
use crate::process::{Group, exit_of};
use crate::spool::{Spool, Spooled};

/// The longest line that is read. A file of 5 MB that is written makes one of 6.
const LINE: usize = 32 << 20;

/// How much of standard error is kept.
const STDERR: usize = 64 << 10;

/// How much of what a session said is kept.
const TRANSCRIPT: u64 = 256 << 20;

const CHUNK: usize = 64 << 10;

/// How long it may take to read what a process that has ended left in its pipes.
const DRAIN: Duration = Duration::from_millis(500);

/// A running process.
#[derive(Debug)]
pub(crate) struct Wire {
    child: Child,
    pub(crate) group: Arc<Group>,
    input: Input,
    lines: Option<Lines<BufReader<ChildStdout>>>,
    stderr: Option<ChildStderr>,
    last_words: Capture,
    transcript: Spool,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// It said something.
    Said(Message),
    /// It said too much at once.
    TooLong {
        /// The kind of message, if its beginning tells.
        kind: Option<String>,
        /// The length of it.
        bytes: u64,
    },
    /// It says no more.
    Mute,
    /// It has ended.
    Ended(Exit),
}

impl Wire {
    /// Starts `program` in `directory` for `launch`.
    pub(crate) fn spawn(
        program: &Path,
        directory: &Path,
        launch: &Launch,
        files: &Files,
    ) -> io::Result<Self> {
        let mark = Mark::new();
        let transcript = Spool::new(TRANSCRIPT)?;
        let mut command = Command::new(program);
        let (name, value) = mark.variable();
        command
            .args(launch.arguments(files))
            .current_dir(directory)
            .env_clear()
            .envs(launch.variables().iter())
            .env(name, value)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let group = Arc::new(Group::of(&child, mark)?);
        let stdout = child.stdout.take();
        let buffered = |pipe| Lines::new(BufReader::with_capacity(CHUNK, pipe), LINE);
        Ok(Self {
            group,
            input: Input::new(child.stdin.take()),
            lines: stdout.map(buffered),
            stderr: child.stderr.take(),
            last_words: Capture::new(STDERR),
            transcript,
            child,
        })
    }

    /// Says something, once there is room for it.
    pub(crate) fn say(&mut self, line: Vec<u8>) {
        self.input.queue.push_back(line);
    }

    /// Says no more; what was not said yet is not said.
    pub(crate) fn close_input(&mut self) {
        self.input = Input::new(None);
    }

    /// Interrupts the process group, as from a keyboard.
    pub(crate) fn signal(&self) {
        self.group.signal(Signal::INT);
    }

    /// Waits for something to happen. Safe to cancel. `Err` if what it says cannot be kept.
    pub(crate) async fn event(&mut self) -> io::Result<Event> {
        loop {
            tokio::select! {
                said = next(&mut self.lines, &mut self.transcript) => {
                    return Ok(said?.unwrap_or_else(|| {
                        self.lines = None;
                        Event::Mute
                    }));
                }
                () = complain(&mut self.stderr, &mut self.last_words) => {}
                () = self.input.step() => {}
                status = self.child.wait() => return Ok(Event::Ended(exit_of(status?))),
            }
        }
    }

    /// What else is in the pipes of a process that has ended, read up to a limit of time.
    pub(crate) async fn rest(&mut self) -> Vec<Message> {
        let until = Instant::now() + DRAIN;
        let mut said = Vec::new();
        // Output that has ended already would be waited for until the limit.
        while self.lines.is_some()
            && let Ok(Ok(Some(event))) =
                timeout_at(until, next(&mut self.lines, &mut self.transcript)).await
        {
            if let Event::Said(message) = event {
                said.push(message);
            }
        }
        while self.stderr.is_some() {
            let read = complain(&mut self.stderr, &mut self.last_words);
            if timeout_at(until, read).await.is_err() {
                break;
            }
        }
        said
    }

    /// The end of standard error and all of what was said.
    pub(crate) fn finish(self) -> (Vec<u8>, Transcript) {
        (self.last_words.finish(), Transcript(self.transcript))
    }
}

/// All that a session said, in order, as it came; all but the middle if that is much. It is raw:
/// redact it before it goes anywhere.
#[derive(Debug)]
pub struct Transcript(Spool);

impl Transcript {
    /// Reads it, once.
    pub fn into_reader(self) -> io::Result<impl io::Read + Send + 'static> {
        self.into_spooled()
    }

    /// The same, by a name.
    pub(crate) fn into_spooled(self) -> io::Result<Spooled> {
        self.0.finish()
    }
}

/// The next line, or `None` at the end of them.
async fn next(
    lines: &mut Option<Lines<BufReader<ChildStdout>>>,
    transcript: &mut Spool,
) -> io::Result<Option<Event>> {
    let Some(lines) = lines else {
        return pending().await;
    };
    // A pipe that cannot be read is one that has ended.
    let Ok(Some(line)) = lines.next().await else {
        return Ok(None);
    };
    let event = match line {
        Line::Whole(line) => {
            transcript.push(line)?;
            Event::Said(parse(line))
        }
        Line::TooLong { head, bytes } => {
            let notice = format!(r#"{{"left_out":{bytes}}}"#);
            transcript.push(notice.as_bytes())?;
            Event::TooLong {
                kind: classify(head).map(str::to_owned),
                bytes,
            }
        }
    };
    transcript.push(b"\n")?;
    Ok(Some(event))
}

/// Reads a piece of standard error.
async fn complain(stderr: &mut Option<ChildStderr>, last_words: &mut Capture) {
    let Some(pipe) = stderr else {
        return pending().await;
    };
    let mut chunk = [0; 4096];
    let read = pipe.read(&mut chunk).await;
    match read {
        Ok(count) if count > 0 && last_words.push(&chunk[..count]).is_ok() => {}
        Ok(_) | Err(_) => *stderr = None,
    }
}

/// What is to be said.
#[derive(Debug)]
struct Input {
    pipe: Option<ChildStdin>,
    queue: VecDeque<Vec<u8>>,
    /// How much of the first in the queue is said.
    said: usize,
}

impl Input {
    const fn new(pipe: Option<ChildStdin>) -> Self {
        Self {
            pipe,
            queue: VecDeque::new(),
            said: 0,
        }
    }

    /// Says a piece. Waits for ever if there is none; safe to cancel.
    async fn step(&mut self) {
        let Some(pipe) = &mut self.pipe else {
            self.queue.clear();
            return pending().await;
        };
        let Some(line) = self.queue.front() else {
            return pending().await;
        };
        match pipe.write(&line[self.said..]).await {
            Ok(count) if count > 0 => self.said += count,
            // It has closed its input; its end will tell.
            Ok(_) | Err(_) => {
                self.pipe = None;
                return;
            }
        }
        if self.said == line.len() {
            self.queue.pop_front();
            self.said = 0;
        }
    }
}
