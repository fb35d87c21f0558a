//! A respondent that does as its questions say.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::ask::desk::{Desk, Lapse, Respondent};
use crate::ask::tool::TOOL;

/// `wait N` answers after N seconds, `fail`, `die` and `panic` do that, `nothing` is an empty
/// answer, and everything else is answered with how often it was asked.
#[derive(Default)]
struct Obedient(u32);

#[async_trait]
impl Respondent for Obedient {
    async fn answer(&mut self, question: &str) -> Result<String, Lapse> {
        self.0 += 1;
        match question.split_once(' ').unwrap_or((question, "")) {
            ("wait", seconds) => {
                tokio::time::sleep(Duration::from_secs(seconds.parse().unwrap())).await;
            }
            ("fail", _) => return Err(Lapse::Failed("the turn failed".into())),
            ("die", _) => return Err(Lapse::Gone("exit 1".into())),
            ("panic", _) => panic!("as asked"),
            ("nothing", _) => return Ok(" \n".into()),
            _ => {}
        }
        Ok(format!("{question}: answer {}", self.0))
    }
}

/// Never answers.
struct Hangs {
    asked: Option<oneshot::Sender<()>>,
    _alive: oneshot::Sender<()>,
}

#[async_trait]
impl Respondent for Hangs {
    async fn answer(&mut self, _: &str) -> Result<String, Lapse> {
        self.asked.take().unwrap().send(()).unwrap();
        std::future::pending().await
    }
}

/// A desk whose respondent never answers, what tells that it was asked, and what breaks when it is
/// gone.
pub(super) fn hanging() -> (Arc<Desk>, oneshot::Receiver<()>, oneshot::Receiver<()>) {
    let (asked, was_asked) = oneshot::channel();
    let (alive, gone) = oneshot::channel();
    let hangs = Hangs {
        asked: Some(asked),
        _alive: alive,
    };
    (
        Arc::new(Desk::new(hangs, LIMIT, |_| Vec::new())),
        was_asked,
        gone,
    )
}

pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// A desk with that respondent, where `perhaps` is a sign of degradation.
pub(super) fn desk() -> Arc<Desk> {
    let signs = |answer: &str| match answer.contains("perhaps") {
        true => vec!["it hedges".to_owned()],
        false => Vec::new(),
    };
    Arc::new(Desk::new(Obedient::default(), LIMIT, signs))
}

/// The messages that open an MCP connection.
pub(super) fn opening() -> [Value; 2] {
    [
        json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
    ]
}

/// A call of the tool that wants to hear of progress.
pub(super) fn call(id: u32, question: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {
        "name": TOOL, "arguments": { "question": question }, "_meta": { "progressToken": id },
    } })
}

/// Whether a response is a tool error, and its text.
pub(super) fn said(response: &Value) -> (bool, &str) {
    let result = &response["result"];
    let text = result["content"][0]["text"].as_str();
    (
        result["isError"].as_bool().unwrap(),
        text.unwrap_or_else(|| panic!("no text in {response}")),
    )
}
