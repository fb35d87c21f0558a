//! MCP servers in the process that started the stand-in, spoken to over its control requests.

use std::cell::RefCell;

use serde_json::{Value, json};

use crate::VERSION;
use crate::tools::Outcome;
use crate::wire::Wire;

/// The servers, by the names that `initialize` gave. Those of `--mcp-config` are not started.
#[derive(Debug, Default)]
pub(crate) struct Servers(Vec<Server>);

#[derive(Debug)]
struct Server {
    name: String,
    state: State,
}

/// Servers are connected when the first turn begins, and not listed before.
#[derive(Debug)]
enum State {
    New,
    Connected { tools: Vec<Value> },
    Failed,
}

impl Servers {
    pub(crate) fn named(names: impl Iterator<Item = String>) -> Self {
        let servers = names.map(|name| Server {
            name,
            state: State::New,
        });
        Self(servers.collect())
    }

    /// The tools of all, by the names that the model uses.
    pub(crate) fn tools(&self) -> Vec<Value> {
        let tools = self.0.iter().flat_map(|server| {
            let tools = match &server.state {
                State::Connected { tools } => &tools[..],
                State::New | State::Failed => &[],
            };
            tools.iter().map(|tool| {
                let name = tool["name"].as_str().unwrap_or_default();
                json!({
                    "name": format!("mcp__{}__{name}", server.name),
                    "description": tool["description"],
                    "input_schema": tool["inputSchema"],
                })
            })
        });
        tools.collect()
    }

    pub(crate) fn states(&self) -> Vec<Value> {
        let states = self.0.iter().filter_map(|server| {
            let status = match server.state {
                State::New => return None,
                State::Connected { .. } => "connected",
                State::Failed => "failed",
            };
            Some(json!({"name": server.name, "status": status}))
        });
        states.collect()
    }

    fn new_ones(&self) -> Vec<String> {
        let servers = self.0.iter();
        let new = servers.filter(|server| matches!(server.state, State::New));
        new.map(|server| server.name.clone()).collect()
    }

    fn set(&mut self, name: &str, state: State) {
        if let Some(server) = self.0.iter_mut().find(|server| server.name == name) {
            server.state = state;
        }
    }
}

/// Connects the servers that are new.
pub(crate) async fn connect(servers: &RefCell<Servers>, wire: &Wire) {
    let names = servers.borrow().new_ones();
    for name in names {
        let state = match handshake(&name, wire).await {
            Ok(tools) => State::Connected { tools },
            Err(_) => State::Failed,
        };
        servers.borrow_mut().set(&name, state);
    }
}

async fn handshake(server: &str, wire: &Wire) -> Result<Vec<Value>, String> {
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "claude-code", "version": VERSION}});
    call(server, "initialize", hello, wire).await?;
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    send(server, initialized, wire).await?;
    let mut listed = call(server, "tools/list", json!({}), wire).await?;
    let tools = listed["tools"].as_array_mut().map(std::mem::take);
    tools.ok_or_else(|| "no tools".to_owned())
}

/// Runs the tool `mcp__SERVER__TOOL`.
pub(crate) async fn run(tool: &str, id: &str, input: &Value, wire: &Wire) -> Outcome {
    let parts = tool
        .strip_prefix("mcp__")
        .and_then(|tool| tool.split_once("__"));
    let (server, name) = parts.ok_or_else(|| format!("No such tool available: {tool}"))?;
    let call_of = json!({"name": name, "arguments": input,
        "_meta": {"claudecode/toolUseId": id, "progressToken": id}});
    let mut result = call(server, "tools/call", call_of, wire).await?;
    let content = result["content"].take();
    if result["isError"] == true {
        let text = content[0]["text"].as_str();
        return Err(text.unwrap_or_default().to_owned());
    }
    Ok((content.clone(), content))
}

async fn call(server: &str, method: &str, params: Value, wire: &Wire) -> Result<Value, String> {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let mut reply = send(server, message, wire).await?;
    match reply["error"]["message"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(reply["result"].take()),
    }
}

async fn send(server: &str, message: Value, wire: &Wire) -> Result<Value, String> {
    let request = json!({"subtype": "mcp_message", "server_name": server, "message": message});
    let mut reply = wire.ask(request).await?;
    Ok(reply["mcp_response"].take())
}
