//! What a session asks of us.

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;

/// Answers what a session asks while a turn runs.
///
/// # Contract
///
/// Calls come from a task of their own, several at a time, and a slow one delays nothing but the
/// tool it is about. When the session withdraws its request or ends, the future is dropped. All
/// arguments are untrusted text.
#[async_trait]
pub trait Host: fmt::Debug + Send + Sync + 'static {
    /// Whether a tool may be used in this way. Called only if
    /// [`Launch::ask_host`](crate::claude::Launch::ask_host) is set.
    async fn can_use_tool(&self, request: ToolRequest) -> Permission;

    /// The answer of the MCP server `server`, one of
    /// [`Launch::host_servers`](crate::claude::Launch::host_servers), to a JSON-RPC message.
    /// What it returns for a notification is not looked at.
    async fn mcp_message(&self, server: &str, message: Value) -> Value;
}

/// A use of a tool that no rule allows or denies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolRequest {
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub input: Value,
    /// Names the use: the same as [`ToolUse::id`](crate::claude::ToolUse::id).
    pub id: Option<String>,
}

/// A decision about one use of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It may be used, with these arguments.
    Allow(Value),
    /// It may not, and the agent is told this reason.
    Deny(String),
    /// It may not, for this reason, and the turn ends.
    DenyAndInterrupt(String),
}

/// Allows nothing and plays no server.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

#[async_trait]
impl Host for NoHost {
    async fn can_use_tool(&self, _: ToolRequest) -> Permission {
        Permission::Deny("nobody is here to ask".into())
    }

    async fn mcp_message(&self, _: &str, message: Value) -> Value {
        serde_json::json!({
            "jsonrpc": "2.0",
            "id": message.get("id"),
            "error": { "code": -32601, "message": "no such server" },
        })
    }
}
