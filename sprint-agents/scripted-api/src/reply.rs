//! What a script answers.

use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// The answer to one request.
///
/// ```
/// use scripted_api::Reply;
/// use serde_json::json;
///
/// Reply::text("I look first.").and_tool("Bash", json!({"command": "ls"}));
/// Reply::error(429, "rate_limit_error", "slow down").header("retry-after", "1");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub(crate) answer: Answer,
    pub(crate) headers: HeaderMap,
    pub(crate) delay: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Message(Message),
    Error(ApiError),
    /// An error as the first event of a stream whose status was 200.
    ErrorEvent(ApiError),
    /// The connection ends before any header.
    Drop,
    /// Nothing is ever answered.
    Hang,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) blocks: Vec<Block>,
    pub(crate) stop_reason: Option<String>,
    pub(crate) usage: Usage,
    pub(crate) end: End,
}

/// How the stream of a message ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    /// The connection ends after the last block.
    Cut,
    /// Nothing comes after the last block, and the connection stays open.
    Stall,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Block {
    Text(String),
    Tool { name: String, input: Value },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) kind: String,
    pub(crate) message: String,
}

impl Reply {
    /// The model says `text` and ends its turn.
    pub fn text(text: impl Into<String>) -> Self {
        Self::message(Block::Text(text.into()))
    }

    /// The model says nothing at all and ends its turn.
    #[must_use]
    pub fn empty() -> Self {
        let mut reply = Self::text("");
        reply.change(|message| message.blocks.clear());
        reply
    }

    /// The model calls a tool.
    pub fn tool(name: impl Into<String>, input: Value) -> Self {
        let name = name.into();
        Self::message(Block::Tool { name, input })
    }

    /// The model hands in the result that a JSON Schema asks for.
    #[must_use]
    pub fn structured(result: Value) -> Self {
        Self::tool("StructuredOutput", result)
    }

    /// The API refuses the request: `status` is of HTTP, `kind` such as `rate_limit_error`.
    ///
    /// # Panics
    ///
    /// When there is no such status.
    pub fn error(status: u16, kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Answer::Error(ApiError {
            status: StatusCode::from_u16(status).expect("an HTTP status"),
            kind: kind.into(),
            message: message.into(),
        }))
    }

    /// The stream begins, and its first event is an error such as `overloaded_error`.
    pub fn error_event(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Answer::ErrorEvent(ApiError {
            status: StatusCode::OK,
            kind: kind.into(),
            message: message.into(),
        }))
    }

    /// The connection ends before any header was sent.
    #[must_use]
    pub fn drop_connection() -> Self {
        Self::new(Answer::Drop)
    }

    /// Nothing is answered, until the client or the API goes.
    #[must_use]
    pub fn hang() -> Self {
        Self::new(Answer::Hang)
    }

    /// And calls a tool.
    #[must_use]
    pub fn and_tool(self, name: impl Into<String>, input: Value) -> Self {
        let name = name.into();
        self.and(Block::Tool { name, input })
    }

    /// And says `text`.
    #[must_use]
    pub fn and_text(self, text: impl Into<String>) -> Self {
        self.and(Block::Text(text.into()))
    }

    /// The reason the model stopped for, in place of `tool_use` or `end_turn`.
    #[must_use]
    pub fn stop_reason(mut self, reason: impl Into<String>) -> Self {
        self.change(|message| message.stop_reason = Some(reason.into()));
        self
    }

    /// The tokens that the request and the answer are counted as; 100 and 20 otherwise.
    #[must_use]
    pub fn usage(mut self, input: u64, output: u64) -> Self {
        self.change(|message| message.usage = Usage { input, output });
        self
    }

    /// The connection ends after the last block, before the message does.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.change(|message| message.end = End::Cut);
        self
    }

    /// Nothing comes after the last block, until the client or the API goes.
    #[must_use]
    pub fn stall(mut self) -> Self {
        self.change(|message| message.end = End::Stall);
        self
    }

    /// A header of the answer, its name in lower case.
    ///
    /// # Panics
    ///
    /// When name or value cannot be one.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header value");
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    /// The answer begins only after `delay`.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    fn new(answer: Answer) -> Self {
        Self {
            answer,
            headers: HeaderMap::new(),
            delay: Duration::ZERO,
        }
    }

    fn message(block: Block) -> Self {
        Self::new(Answer::Message(Message {
            blocks: vec![block],
            stop_reason: None,
            usage: Usage {
                input: 100,
                output: 20,
            },
            end: End::Whole,
        }))
    }

    fn and(mut self, block: Block) -> Self {
        self.change(|message| message.blocks.push(block));
        self
    }

    /// # Panics
    ///
    /// When the reply is no message: the script is wrong.
    fn change(&mut self, change: impl FnOnce(&mut Message)) {
        match &mut self.answer {
            Answer::Message(message) => change(message),
            answer @ (Answer::Error(_) | Answer::ErrorEvent(_) | Answer::Drop | Answer::Hang) => {
                panic!("no message to change: {answer:?}")
            }
        }
    }
}
