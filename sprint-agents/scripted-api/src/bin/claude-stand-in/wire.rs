//! The lines between the stand-in and who started it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, Write as _};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::{mpsc, oneshot};

/// One line that came in.
#[derive(Debug)]
pub(crate) enum Line {
    Message(Value),
    /// Something that is no JSON, and why.
    Garbage(String),
}

/// Where lines go out, and the questions that wait for an answer.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    session: String,
    lines: Cell<u64>,
    waiting: RefCell<BTreeMap<String, oneshot::Sender<Value>>>,
}

/// A question that is withdrawn when nobody waits for its answer any more.
struct Question<'a> {
    wire: &'a Wire,
    id: String,
}

impl Wire {
    pub(crate) fn new(session: String) -> Self {
        Self {
            session,
            ..Self::default()
        }
    }

    /// Tells of the session.
    pub(crate) fn print(&self, mut line: Value) {
        line["session_id"] = json!(self.session);
        line["uuid"] = json!(self.next_id());
        put(&line);
    }

    /// Answers a control request.
    pub(crate) fn reply(&self, id: &Value, answer: Result<Value, String>) {
        let response = match answer {
            Ok(Value::Null) => json!({"subtype": "success", "request_id": id}),
            Ok(answer) => json!({"subtype": "success", "request_id": id, "response": answer}),
            Err(error) => json!({"subtype": "error", "request_id": id, "error": error}),
        };
        put(&json!({"type": "control_response", "response": response}));
    }

    /// Asks who started this, and waits for the answer.
    pub(crate) async fn ask(&self, request: Value) -> Result<Value, String> {
        let (sender, answer) = oneshot::channel();
        let question = Question {
            wire: self,
            id: self.next_id(),
        };
        let id = question.id.clone();
        put(&json!({"type": "control_request", "request_id": id, "request": request}));
        self.waiting.borrow_mut().insert(id, sender);
        let mut answer = answer.await.map_err(|_| "no answer".to_owned())?;
        match answer["subtype"].as_str() {
            Some("success") => Ok(answer["response"].take()),
            _ => Err(answer["error"].as_str().unwrap_or("refused").to_owned()),
        }
    }

    /// Hands an answer to who waits for it; others are dropped, as late ones are.
    pub(crate) fn answered(&self, mut line: Value) {
        let response = line["response"].take();
        let id = response["request_id"].as_str().unwrap_or_default();
        if let Some(sender) = self.waiting.borrow_mut().remove(id) {
            drop(sender.send(response));
        }
    }

    fn next_id(&self) -> String {
        let line = self.lines.get() + 1;
        self.lines.set(line);
        derived_id(line)
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        if self.wire.waiting.borrow_mut().remove(&self.id).is_some() {
            put(&json!({"type": "control_cancel_request", "request_id": self.id}));
        }
    }
}

/// Something that looks like a UUID, from this process and `number`.
pub(crate) fn derived_id(number: u64) -> String {
    format!("{:08x}-0000-4000-8000-{number:012x}", std::process::id())
}

/// All lines of stdin, taken in as they come.
pub(crate) fn lines() -> mpsc::UnboundedReceiver<Line> {
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if line.trim().is_empty() {
                continue;
            }
            let line = match serde_json::from_str(&line) {
                Ok(message) => Line::Message(message),
                Err(error) => Line::Garbage(error.to_string()),
            };
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn put(line: &Value) {
    say(&line.to_string());
}

/// Whoever does not listen any more does not matter.
pub(crate) fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    drop(writeln!(stdout, "{line}").and_then(|()| stdout.flush()));
}
