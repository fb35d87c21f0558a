//! The three pipes of a child process, served together.

use std::future::pending;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::time::Instant;

use crate::capture::Capture;

const CHUNK: usize = 16 * 1024;

/// Feeds standard input and captures the output.
#[derive(Debug)]
pub(crate) struct Pipes {
    feed: Feed,
    stdout: Stream<ChildStdout>,
    stderr: Stream<ChildStderr>,
    last_output: Instant,
}

impl Pipes {
    pub(crate) fn new(
        stdin: Option<(ChildStdin, Vec<u8>)>,
        stdout: Option<ChildStdout>,
        stderr: Option<ChildStderr>,
        cap: usize,
    ) -> Self {
        let (pipe, bytes) = stdin.unzip();
        Self {
            feed: Feed {
                pipe,
                bytes: bytes.unwrap_or_default(),
                written: 0,
            },
            stdout: Stream::new(stdout, cap),
            stderr: Stream::new(stderr, cap),
            last_output: Instant::now(),
        }
    }

    /// When output last arrived; at first, when the process started.
    pub(crate) fn last_output(&self) -> Instant {
        self.last_output
    }

    /// Moves one chunk through any pipe. Waits for ever once all are closed; safe to cancel.
    pub(crate) async fn step(&mut self) {
        tokio::select! {
            () = self.feed.step() => {}
            () = self.stdout.step() => self.last_output = Instant::now(),
            () = self.stderr.step() => self.last_output = Instant::now(),
        }
    }

    /// Reads until both outputs end.
    pub(crate) async fn drain(&mut self) {
        self.feed.pipe = None;
        while self.stdout.pipe.is_some() || self.stderr.pipe.is_some() {
            self.step().await;
        }
    }

    /// What was captured, standard output first.
    pub(crate) fn finish(self) -> (Vec<u8>, Vec<u8>) {
        (self.stdout.capture.finish(), self.stderr.capture.finish())
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
struct Stream<R> {
    pipe: Option<R>,
    capture: Capture,
    buffer: Box<[u8]>,
}

impl<R: AsyncRead + Unpin> Stream<R> {
    fn new(pipe: Option<R>, cap: usize) -> Self {
        Self {
            pipe,
            capture: Capture::new(cap),
            buffer: vec![0; CHUNK].into(),
        }
    }

    async fn step(&mut self) {
        let Some(pipe) = &mut self.pipe else {
            return pending().await;
        };
        match pipe.read(&mut self.buffer).await {
            Ok(count) if count > 0 => self.capture.push(&self.buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => self.pipe = None,
        }
    }
}
