//! A `claude` in a conversation, line by line.

use std::path::PathBuf;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use scripted_api::{TestCli, test_environment};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// One live `claude`, in a directory of its own.
#[derive(Debug)]
pub(crate) struct Talk {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    home: TempDir,
}

/// The reading end of a named pipe.
#[derive(Debug)]
pub(crate) struct Pipe(Lines<BufReader<pipe::Receiver>>);

impl Talk {
    /// Starts `cli` with the flags of every role and `more`.
    pub(crate) fn start(cli: &TestCli, base_url: &str, more: &[&str]) -> Self {
        let home = TempDir::new().unwrap();
        std::fs::create_dir(home.path().join("work")).unwrap();
        Self::start_in(home, cli, base_url, more)
    }

    /// Ends this one and starts another in the same place. (One that is killed may not have
    /// written its last answer to the transcript yet.)
    pub(crate) async fn again(mut self, cli: &TestCli, base_url: &str, more: &[&str]) -> Self {
        self.close().await;
        Self::start_in(self.home, cli, base_url, more)
    }

    fn start_in(home: TempDir, cli: &TestCli, base_url: &str, more: &[&str]) -> Self {
        let mut child = Command::new(&cli.program)
            .args(["-p", "--verbose", "--strict-mcp-config"])
            .args(["--input-format", "stream-json"])
            .args(["--output-format", "stream-json"])
            .args(["--model", "sonnet", "--permission-mode", "dontAsk"])
            .args(more)
            .current_dir(home.path().join("work"))
            .env_clear()
            .envs(test_environment(base_url, home.path()))
            .env("CLAUDE_CODE_MAX_RETRIES", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            stdin,
            lines,
            home,
        }
    }

    /// Where it works.
    pub(crate) fn work(&self) -> PathBuf {
        self.home.path().join("work").canonicalize().unwrap()
    }

    /// A named pipe where it works.
    pub(crate) fn pipe(&self, name: &str) -> Pipe {
        let path = self.work().join(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let receiver = pipe::OpenOptions::new().open_receiver(path).unwrap();
        Pipe(BufReader::new(receiver).lines())
    }

    pub(crate) async fn line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
    }

    pub(crate) async fn say(&mut self, text: &str) {
        let message = json!({"role": "user", "content": text});
        let line = json!({"type": "user", "message": message});
        self.line(&line.to_string()).await;
    }

    pub(crate) async fn control(&mut self, id: &str, request: Value) {
        let line = json!({"type": "control_request", "request_id": id, "request": request});
        self.line(&line.to_string()).await;
    }

    /// Answers a control request of the program.
    pub(crate) async fn answer(&mut self, question: &Value, answer: Value) {
        let id = &question["request_id"];
        let response = json!({"subtype": "success", "request_id": id, "response": answer});
        let line = json!({"type": "control_response", "response": response});
        self.line(&line.to_string()).await;
    }

    /// The next line for which `wanted` holds; the others before it are dropped.
    pub(crate) async fn next(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.lines.next_line().await.unwrap();
            let line = line.expect("the program ended before the line that is waited for");
            let line: Value = serde_json::from_str(&line).unwrap();
            if wanted(&line) {
                return line;
            }
        }
    }

    /// The reply to the control request `id`.
    pub(crate) async fn reply(&mut self, id: &str) -> Value {
        let mut line = self.next(|line| line["response"]["request_id"] == id).await;
        line["response"].take()
    }

    pub(crate) async fn result(&mut self) -> Value {
        self.next(|line| line["type"] == "result").await
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Ends the input, and returns the exit code.
    pub(crate) async fn end(mut self) -> Option<i32> {
        self.close().await
    }

    async fn close(&mut self) -> Option<i32> {
        drop(self.stdin.take());
        while self.lines.next_line().await.unwrap().is_some() {}
        self.child.wait().await.unwrap().code()
    }
}

impl Pipe {
    /// The next line, if anybody has the other end still open.
    pub(crate) async fn line(&mut self) -> Option<String> {
        self.0.next_line().await.unwrap()
    }
}
