//! Requests to the Messages API.

use std::env;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// An API at an address.
#[derive(Debug)]
pub(crate) struct Api {
    base: String,
    key: String,
    session: String,
}

/// What the model said.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) content: Vec<Value>,
    pub(crate) stop_reason: String,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
}

/// Why it said nothing, or not all.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Option<u16>,
    pub(crate) message: String,
    pub(crate) retry: Retry,
    /// What had come before.
    pub(crate) partial: Option<Message>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    Never,
    After(Option<Duration>),
}

impl Api {
    pub(crate) fn new(session: &str) -> Self {
        let variable = |name| env::var_os(name).and_then(|value| value.into_string().ok());
        Self {
            base: variable("ANTHROPIC_BASE_URL").unwrap_or_default(),
            key: variable("ANTHROPIC_API_KEY").unwrap_or_default(),
            session: session.to_owned(),
        }
    }

    /// Asks the model.
    pub(crate) async fn message(&self, body: &Value) -> Result<Message, Failure> {
        let response = self.post("/v1/messages?beta=true", body).await?;
        let status = response.status();
        if status.is_success() {
            return stream(response.into_body()).await;
        }
        let retry = retry(status.as_u16(), response.headers());
        let body = response.into_body().collect().await.map_err(lost)?;
        let body: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
        let said = body["error"]["message"].as_str().unwrap_or_default();
        Err(Failure {
            status: Some(status.as_u16()),
            message: said.to_owned(),
            retry,
            partial: None,
        })
    }

    /// How many tokens `body` is.
    pub(crate) async fn count(&self, body: &Value) -> Result<u64, Failure> {
        let response = self.post("/v1/messages/count_tokens", body).await?;
        let body = response.into_body().collect().await.map_err(lost)?;
        let body: Value = serde_json::from_slice(&body.to_bytes()).map_err(lost)?;
        Ok(body["input_tokens"].as_u64().unwrap_or_default())
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Response<Incoming>, Failure> {
        let address = format!("{}{path}", self.base);
        let address: Uri = address.parse().map_err(lost)?;
        let authority = address.authority().map(ToString::to_string);
        let authority = authority.unwrap_or_default();
        let stream = TcpStream::connect(&authority).await.map_err(lost)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
        tokio::spawn(connection);
        let path = address.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::post(path)
            .header(HOST, authority)
            .header(CONTENT_TYPE, "application/json")
            .header("x-api-key", &self.key)
            .header("x-claude-code-session-id", &self.session)
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(lost)?;
        sender.send_request(request).await.map_err(lost)
    }
}

/// The API cannot be reached, or went away.
fn lost(error: impl std::fmt::Display) -> Failure {
    Failure {
        status: None,
        message: format!("Connection error: {error}"),
        retry: Retry::After(None),
        partial: None,
    }
}

fn retry(status: u16, headers: &HeaderMap) -> Retry {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("x-should-retry") == Some("false") || !matches!(status, 401 | 429 | 500..) {
        return Retry::Never;
    }
    let seconds = header("retry-after").and_then(|seconds| seconds.parse().ok());
    Retry::After(seconds.map(Duration::from_secs))
}

/// Puts a message together from its events.
async fn stream(mut body: Incoming) -> Result<Message, Failure> {
    let (mut message, mut unread, mut json) = (Message::default(), Vec::new(), String::new());
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { break };
        unread.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        while let Some(end) = unread.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = unread.drain(..end + 2).collect();
            let event = String::from_utf8_lossy(&event);
            let data = event.lines().find_map(|line| line.strip_prefix("data: "));
            let Some(data) = data.and_then(|data| serde_json::from_str::<Value>(data).ok()) else {
                continue;
            };
            if data["type"] == "error" {
                return Err(lost(&data["error"]["message"]));
            }
            if data["type"] == "message_stop" {
                return Ok(message);
            }
            message.take(&data, &mut json);
        }
    }
    let begun = !message.content.is_empty();
    Err(Failure {
        retry: if begun {
            Retry::Never
        } else {
            Retry::After(None)
        },
        partial: begun.then_some(message),
        ..lost("the stream ended early")
    })
}

impl Message {
    fn take(&mut self, event: &Value, json: &mut String) {
        let number = |value: &Value| value.as_u64().unwrap_or_default();
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => {
                let begun = &event["message"];
                self.id = begun["id"].as_str().unwrap_or_default().to_owned();
                self.input_tokens = number(&begun["usage"]["input_tokens"]);
            }
            "content_block_start" => {
                json.clear();
                self.content.push(event["content_block"].clone());
            }
            "content_block_delta" => {
                let Some(block) = self.content.last_mut() else {
                    return;
                };
                if let Some(text) = event["delta"]["text"].as_str() {
                    let whole = block["text"].as_str().unwrap_or_default().to_owned() + text;
                    block["text"] = json!(whole);
                }
                if let Some(part) = event["delta"]["partial_json"].as_str() {
                    json.push_str(part);
                    block["input"] = serde_json::from_str(json).unwrap_or_default();
                }
            }
            "message_delta" => {
                let reason = event["delta"]["stop_reason"].as_str();
                self.stop_reason = reason.unwrap_or_default().to_owned();
                self.output_tokens = number(&event["usage"]["output_tokens"]);
            }
            _ => {}
        }
    }
}
