//! What we say.

use serde_json::{Value, json};

use crate::claude::launch::Mode;

/// A request of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Opens the conversation; these servers are played by us.
    Initialize { servers: Vec<String> },
    /// Ends the turn that runs.
    Interrupt,
    /// Changes the permission mode.
    SetMode(Mode),
    /// Asks which MCP servers there are.
    Servers,
    /// Asks how full the conversation is.
    ContextUsage,
}

impl Control {
    /// The request as a line, named `id`.
    pub(crate) fn line(&self, id: &str) -> Vec<u8> {
        let request = match self {
            Self::Initialize { servers } if servers.is_empty() => {
                json!({ "subtype": "initialize" })
            }
            Self::Initialize { servers } => {
                json!({ "subtype": "initialize", "sdkMcpServers": servers })
            }
            Self::Interrupt => json!({ "subtype": "interrupt" }),
            Self::SetMode(mode) => {
                json!({ "subtype": "set_permission_mode", "mode": mode.name() })
            }
            Self::Servers => json!({ "subtype": "mcp_status" }),
            Self::ContextUsage => json!({ "subtype": "get_context_usage" }),
        };
        line(&json!({ "type": "control_request", "request_id": id, "request": request }))
    }
}

/// A message for the model, as a line.
pub(crate) fn prompt(text: &str) -> Vec<u8> {
    line(&json!({ "type": "user", "message": { "role": "user", "content": text } }))
}

/// Our answer to a request of the program.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// A tool may be used, with these arguments.
    Allow(Value),
    /// A tool may not be used.
    Deny { message: String, interrupt: bool },
    /// What an MCP server says.
    Mcp(Value),
    /// We cannot answer.
    Failed(String),
}

impl Reply {
    /// The answer to the request named `id`, as a line.
    pub(crate) fn line(self, id: &str) -> Vec<u8> {
        let response = match self {
            Self::Allow(input) => json!({ "behavior": "allow", "updatedInput": input }),
            Self::Deny {
                message,
                interrupt: false,
            } => json!({ "behavior": "deny", "message": message }),
            Self::Deny {
                message,
                interrupt: true,
            } => json!({ "behavior": "deny", "message": message, "interrupt": true }),
            Self::Mcp(message) => json!({ "mcp_response": message }),
            Self::Failed(error) => {
                return line(&json!({
                    "type": "control_response",
                    "response": { "subtype": "error", "request_id": id, "error": error },
                }));
            }
        };
        line(&json!({
            "type": "control_response",
            "response": { "subtype": "success", "request_id": id, "response": response },
        }))
    }
}

/// A value on a line of its own. A line that is not JSON would end the program.
fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_the_shape_that_the_program_reads() {
        let servers = vec!["sprint".to_owned()];
        let deny = |interrupt| Reply::Deny {
            message: "no".into(),
            interrupt,
        };
        let lines = [
            prompt("two\nlines \u{2028}"),
            Control::Initialize { servers: vec![] }.line("1"),
            Control::Initialize { servers }.line("1"),
            Control::Interrupt.line("2"),
            Control::SetMode(Mode::Default).line("3"),
            Control::Servers.line("4"),
            Control::ContextUsage.line("5"),
            Reply::Allow(json!({ "command": "ls" })).line("a"),
            deny(false).line("b"),
            deny(true).line("b"),
            Reply::Mcp(json!({ "id": 0 })).line("c"),
            Reply::Failed("why".into()).line("d"),
        ];
        insta::assert_snapshot!(String::from_utf8(lines.concat()).unwrap(), @r#"
        {"type":"user","message":{"role":"user","content":"two\nlines  "}}
        {"type":"control_request","request_id":"1","request":{"subtype":"initialize"}}
        {"type":"control_request","request_id":"1","request":{"subtype":"initialize","sdkMcpServers":["sprint"]}}
        {"type":"control_request","request_id":"2","request":{"subtype":"interrupt"}}
        {"type":"control_request","request_id":"3","request":{"subtype":"set_permission_mode","mode":"default"}}
        {"type":"control_request","request_id":"4","request":{"subtype":"mcp_status"}}
        {"type":"control_request","request_id":"5","request":{"subtype":"get_context_usage"}}
        {"type":"control_response","response":{"subtype":"success","request_id":"a","response":{"behavior":"allow","updatedInput":{"command":"ls"}}}}
        {"type":"control_response","response":{"subtype":"success","request_id":"b","response":{"behavior":"deny","message":"no"}}}
        {"type":"control_response","response":{"subtype":"success","request_id":"b","response":{"behavior":"deny","message":"no","interrupt":true}}}
        {"type":"control_response","response":{"subtype":"success","request_id":"c","response":{"mcp_response":{"id":0}}}}
        {"type":"control_response","response":{"subtype":"error","request_id":"d","error":"why"}}
        "#);
    }
}
