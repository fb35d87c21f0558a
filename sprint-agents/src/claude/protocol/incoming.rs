//! What the program says.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::claude::protocol::result::ResultMessage;

/// One line, as far as it matters here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Message {
    /// A turn begins.
    Init(Box<Init>),
    /// A piece of an answer.
    Assistant(Assistant),
    /// What tools brought back.
    ToolResults(Vec<ToolResult>),
    /// A turn has ended.
    Result(Box<ResultMessage>),
    /// A request to the provider failed and is repeated.
    Retry {
        /// After this time.
        delay: Duration,
        /// The status of the answer, if there was one.
        status: Option<u16>,
    },
    /// Another model takes over.
    Fallback {
        /// The one that was asked for.
        from: String,
        /// The one that is used.
        to: String,
    },
    /// The conversation was summarised to make room.
    Compacted,
    /// It could not be, for this reason.
    NotCompacted(String),
    /// A tool use was refused.
    Denied {
        /// The tool.
        tool: String,
        /// Names the use.
        id: String,
    },
    /// How much of a subscription is used up.
    RateLimit {
        /// Whether nothing is left.
        rejected: bool,
        /// When there is more, in seconds since 1970.
        resets_at: Option<u64>,
    },
    /// It asks us.
    Request {
        /// Names the request.
        id: String,
        /// What it wants.
        ask: Ask,
    },
    /// It no longer wants an answer to the request of this id.
    Withdrawn(String),
    /// It answers our request of this id.
    Response {
        /// Names our request.
        id: String,
        /// The answer, or why there is none.
        answer: Result<Value, String>,
    },
    /// Something else.
    Other,
}

/// How a session describes itself at the beginning of a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Init {
    pub(crate) session_id: String,
    pub(crate) cwd: String,
    pub(crate) model: String,
    #[serde(rename = "permissionMode")]
    pub(crate) mode: String,
    pub(crate) tools: Vec<String>,
    pub(crate) mcp_servers: Vec<Server>,
}

/// An MCP server and its state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) status: String,
}

/// One or more blocks of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assistant {
    /// What kind of failure it reports, if it does.
    pub(crate) error: Option<String>,
    /// What is in it.
    pub(crate) blocks: Vec<Block>,
}

/// A part of an answer: the use of a tool if it has a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Block {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) input: Input,
}

/// The arguments of a tool, as far as they say what it is pointed at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Input {
    #[serde(deserialize_with = "text")]
    pub(crate) file_path: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) notebook_path: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) command: Option<String>,
}

/// The end of one tool use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct ToolResult {
    #[serde(rename = "tool_use_id")]
    pub(crate) id: String,
    pub(crate) is_error: Option<bool>,
}

/// What the program asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    /// Whether a tool may be used.
    Tool {
        tool: String,
        input: Value,
        id: Option<String>,
    },
    /// A message for an MCP server that we play.
    Mcp { server: String, message: Value },
    /// Something that is not known here.
    Unknown(String),
}

/// Reads a line.
pub(crate) fn parse(line: &[u8]) -> Message {
    let Ok(head) = serde_json::from_slice::<Head>(line) else {
        return Message::Other;
    };
    // A message of a known kind in an unknown form is as good as one of an unknown kind.
    read(&head, line).unwrap_or(Message::Other)
}

/// The kind of message that begins like this.
pub(crate) fn classify(head: &[u8]) -> Option<&str> {
    let head = head.strip_prefix(br#"{"type":""#)?;
    let end = head.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&head[..end]).ok()
}

/// The servers in an answer to a question for them.
pub(crate) fn servers(answer: &Value) -> Vec<Server> {
    let servers = answer.get("mcpServers").cloned().unwrap_or_default();
    serde_json::from_value(servers).unwrap_or_default()
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    subtype: String,
}

fn read(head: &Head, line: &[u8]) -> Option<Message> {
    match (head.kind.as_str(), head.subtype.as_str()) {
        ("assistant", _) => {
            let said: Said<Block> = serde_json::from_slice(line).ok()?;
            Some(Message::Assistant(Assistant {
                error: said.error,
                blocks: said.message.content,
            }))
        }
        ("user", _) => {
            let said: Said<ToolResult> = serde_json::from_slice(line).ok()?;
            let mut results = said.message.content;
            results.retain(|result| !result.id.is_empty());
            Some(Message::ToolResults(results))
        }
        ("system", "init") => Some(Message::Init(serde_json::from_slice(line).ok()?)),
        // Long lines are those above. The others may be read in whole first.
        (kind, subtype) => other(kind, subtype, serde_json::from_slice(line).ok()?),
    }
}

fn other(kind: &str, subtype: &str, mut value: Value) -> Option<Message> {
    let string = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
    Some(match (kind, subtype) {
        ("result", _) => Message::Result(Box::new(ResultMessage::of(&value))),
        ("system", "api_retry") => Message::Retry {
            delay: Duration::from_millis(value.get("retry_delay_ms")?.as_f64()? as u64),
            status: status(value.get("error_status")),
        },
        ("system", "model_fallback") => Message::Fallback {
            from: string("original_model")?,
            to: string("fallback_model")?,
        },
        ("system", "compact_boundary") => Message::Compacted,
        ("system", "status") => Message::NotCompacted(string("compact_error")?),
        ("system", "permission_denied") => Message::Denied {
            tool: string("tool_name")?,
            id: string("tool_use_id")?,
        },
        ("rate_limit_event", _) => {
            let info = value.get("rate_limit_info")?;
            Message::RateLimit {
                rejected: info.get("status")?.as_str()? == "rejected",
                resets_at: info.get("resetsAt").and_then(Value::as_u64),
            }
        }
        ("control_cancel_request", _) => Message::Withdrawn(string("request_id")?),
        ("control_request", _) => Message::Request {
            id: string("request_id")?,
            ask: ask(value.get_mut("request")?.take()),
        },
        ("control_response", _) => {
            let mut response = value.get_mut("response")?.take();
            let id = response.get("request_id")?.as_str()?.to_owned();
            let answer = if response.get("subtype")?.as_str()? == "success" {
                Ok(response["response"].take())
            } else {
                let why = response.get("error").and_then(Value::as_str);
                Err(why.unwrap_or("no reason given").to_owned())
            };
            Message::Response { id, answer }
        }
        _ => Message::Other,
    })
}

fn ask(mut request: Value) -> Ask {
    let string = |name: &str| Some(request.get(name)?.as_str()?.to_owned());
    let kind = string("subtype").unwrap_or_default();
    let (tool, server, id) = (
        string("tool_name"),
        string("server_name"),
        string("tool_use_id"),
    );
    match (kind.as_str(), tool, server) {
        ("can_use_tool", Some(tool), _) => Ask::Tool {
            tool,
            input: request["input"].take(),
            id,
        },
        ("mcp_message", _, Some(server)) => Ask::Mcp {
            server,
            message: request["message"].take(),
        },
        _ => Ask::Unknown(kind),
    }
}

pub(crate) fn status(value: Option<&Value>) -> Option<u16> {
    u16::try_from(value?.as_u64()?).ok()
}

/// What a model or a tool said. All else in the line is skipped where it stands: files of any size.
#[derive(Deserialize)]
#[serde(bound(deserialize = "B: Deserialize<'de>"))]
struct Said<B> {
    message: Content<B>,
    #[serde(default, deserialize_with = "text")]
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "B: Deserialize<'de>"))]
struct Content<B> {
    #[serde(deserialize_with = "blocks")]
    content: Vec<B>,
}

/// A string; anything else is none.
fn text<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(source)? {
        Value::String(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    })
}

/// A list of blocks; a text in their place has none.
fn blocks<'de, B, D>(source: D) -> Result<Vec<B>, D::Error>
where
    B: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct Blocks<B>(PhantomData<B>);
    impl<'de, B: Deserialize<'de>> Visitor<'de> for Blocks<B> {
        type Value = Vec<B>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text or a list")
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut blocks = Vec::new();
            while let Some(block) = list.next_element()? {
                blocks.push(block);
            }
            Ok(blocks)
        }
    }
    source.deserialize_any(Blocks(PhantomData))
}

#[cfg(test)]
mod tests;
