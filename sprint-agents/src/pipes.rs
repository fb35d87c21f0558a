//! The three pipes of a child process, served together.

use std::future::pending;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::time::Instant;

use crate::capture::{Capture, Sink};

/// As much as a pipe holds.
const CHUNK: usize = 64 * 1024;

/// Feeds standard input and takes the output.
#[derive(Debug)]
pub(crate) struct Pipes<S> {
    feed: Feed,
    stdout: Stream<ChildStdout, S>,
    stderr: Stream<ChildStderr, Capture>,
    last_output: Instant,
}

impl<S: Sink> Pipes<S> {
    pub(crate) fn new(
        stdin: Option<(ChildStdin, Vec<u8>)>,
        stdout: (Option<ChildStdout>, S),
        stderr: (Option<ChildStderr>, Capture),
    ) -> Self {
        let (pipe, bytes) = stdin.unzip();
        Self {
            feed: Feed {
                pipe,
                bytes: bytes.unwrap_or_default(),
                written: 0,
            },
            stdout: Stream::new(stdout),
            stderr: Stream::new(stderr),
            last_output: Instant::now(),
        }
    }

    /// When output last arrived; at first, when the process started.
    pub(crate) fn last_output(&self) -> Instant {
        self.last_output
    }

    /// Moves one chunk through any pipe. Waits for ever once all are closed; safe to cancel.
    /// `Err` if output cannot be kept.
    pub(crate) async fn step(&mut self) -> io::Result<()> {
        let kept = tokio::select! {
            () = self.feed.step() => return Ok(()),
            kept = self.stdout.step() => kept,
            kept = self.stderr.step() => kept,
        };
        self.last_output = Instant::now();
        kept
    }

    /// Reads until both outputs end.
    pub(crate) async fn drain(&mut self) -> io::Result<()> {
        self.feed.pipe = None;
        while self.stdout.pipe.is_some() || self.stderr.pipe.is_some() {
            self.step().await?;
        }
        Ok(())
    }

    /// What took the output, that of standard output first.
    pub(crate) fn finish(self) -> (S, Capture) {
        (self.stdout.sink, self.stderr.sink)
    }
}

#[derive(Debug)]
struct Feed {
    pipe: Option<ChildStdin>,
    bytes: Vec<u8>,
    written: usize,
}

impl Feed {
    async fn step(&mut self) {
        let Some(pipe) = &mut self.pipe else {
            return pending().await;
        };
        // A child may end without reading its input; that is its own affair.
        match pipe.write(&self.bytes[self.written..]).await {
            Ok(count) if count > 0 => self.written += count,
            Ok(_) | Err(_) => self.written = self.bytes.len(),
        }
        if self.written == self.bytes.len() {
            self.pipe = None;
        }
    }
}

#[derive(Debug)]
struct Stream<R, S> {
    pipe: Option<R>,
    sink: S,
    buffer: Box<[u8]>,
}

impl<R: AsyncRead + Unpin, S: Sink> Stream<R, S> {
    fn new((pipe, sink): (Option<R>, S)) -> Self {
        Self {
            pipe,
            sink,
            buffer: vec![0; CHUNK].into(),
        }
    }

    async fn step(&mut self) -> io::Result<()> {
        let Some(pipe) = &mut self.pipe else {
            return pending().await;
        };
        match pipe.read(&mut self.buffer).await {
            Ok(count) if count > 0 => self.sink.push(&self.buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => self.pipe = None,
        }
        Ok(())
    }
}
