//! A `claude` in a conversation, line by line.

use std::path::PathBuf;
use std::process::Stdio;

use scripted_api::{TestCli, test_environment};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// One live `claude`, in a directory of its own.
#[derive(Debug)]
pub(crate) struct Talk {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    home: TempDir,
}

impl Talk {
    /// Starts `cli` with the flags of every role and `more`.
    pub(crate) fn start(cli: &TestCli, base_url: &str, more: &[&str]) -> Self {
        let home = TempDir::new().unwrap();
        let work = home.path().join("work");
        std::fs::create_dir(&work).unwrap();
        let mut child = Command::new(&cli.program)
            .args(["-p", "--verbose", "--strict-mcp-config"])
            .args(["--input-format", "stream-json"])
            .args(["--output-format", "stream-json"])
            .args(["--model", "sonnet", "--permission-mode", "dontAsk"])
            .args(more)
            .current_dir(work)
            .env_clear()
            .envs(test_environment(base_url, home.path()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
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

    #[expect(dead_code, reason = "used soon")]
    pub(crate) fn work(&self) -> PathBuf {
        self.home.path().join("work").canonicalize().unwrap()
    }

    pub(crate) async fn send(&mut self, line: &Value) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
    }

    pub(crate) async fn say(&mut self, text: &str) {
        let message = json!({"role": "user", "content": text});
        self.send(&json!({"type": "user", "message": message}))
            .await;
    }

    #[expect(dead_code, reason = "used soon")]
    pub(crate) async fn control(&mut self, id: &str, request: Value) {
        let line = json!({"type": "control_request", "request_id": id, "request": request});
        self.send(&line).await;
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

    pub(crate) async fn result(&mut self) -> Value {
        self.next(|line| line["type"] == "result").await
    }

    /// Ends the input, and returns the exit code.
    pub(crate) async fn end(mut self) -> Option<i32> {
        drop(self.stdin.take());
        while self.lines.next_line().await.unwrap().is_some() {}
        self.child.wait().await.unwrap().code()
    }
}
