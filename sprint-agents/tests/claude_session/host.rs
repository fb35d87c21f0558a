//! What a session asks of us.

use std::sync::Mutex;

use async_trait::async_trait;
use scripted_api::{Reply, Request};
use serde_json::{Value, json};
use sprint_agents::claude::{Host, Launch, Mode, Outcome, Permission, Target, ToolRequest};

use crate::support::{LONG, Stage, said, shell, start, start_with};

/// Decides by what the command says.
#[derive(Debug)]
struct Judge;

#[async_trait]
impl Host for Judge {
    async fn can_use_tool(&self, request: ToolRequest) -> Permission {
        let command = request.input["command"].as_str().unwrap_or_default();
        match command.split(' ').next().unwrap_or_default() {
            "touch" => Permission::Allow(
                json!({ "command": "echo changed > changed.txt; cat changed.txt" }),
            ),
            "rm" => Permission::Deny("never".into()),
            "mv" => Permission::DenyAndInterrupt("stop here".into()),
            "chmod" => std::future::pending().await,
            _ => panic!("{request:?}"),
        }
    }

    async fn mcp_message(&self, server: &str, message: Value) -> Value {
        panic!("{server} {message}")
    }
}

#[tokio::test]
async fn the_host_decides_about_tools_and_its_decision_holds() {
    let stage = Stage::set(shell).await;
    let launch = Launch {
        mode: Mode::Default,
        ask_host: true,
        ..stage.launch("permissions")
    };
    let session = start_with(&launch, Judge).await;
    let allowed = session.ask("touch a.txt", LONG).await;
    assert_eq!(allowed.outcome, said("changed"));
    assert_eq!(allowed.denials, []);
    let denied = session.ask("rm a.txt", LONG).await;
    assert_eq!(denied.outcome, said("never"));
    let denials: Vec<_> = denied
        .denials
        .iter()
        .map(|denial| (&denial.tool[..], &denial.input))
        .collect();
    assert_eq!(denials, [("Bash", &json!({ "command": "rm a.txt" }))]);
    assert_eq!(
        denied.tool_uses[0].target,
        Target::Command("rm a.txt".into())
    );
    assert_eq!(denied.tool_uses[0].failed, Some(true));
    let stopped = session.ask("mv a b", LONG).await;
    assert_eq!(stopped.outcome, Outcome::Cancelled);
    // One that panics or never answers does no harm.
    let lost = session.ask("ln a b", LONG).await;
    assert_eq!(lost.tool_uses[0].failed, Some(true), "{lost:?}");
    let interrupt = async {
        let asked = stage.api.requests().len();
        stage.api.received(asked + 1).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        session.interrupt().await
    };
    let (waiting, _) = tokio::join!(session.ask("chmod 0 a", LONG), interrupt);
    assert_eq!(waiting.outcome, Outcome::Cancelled);
    assert!(!stage.work().join("a.txt").exists());
}

#[tokio::test]
async fn without_a_host_nothing_is_asked_and_refusals_are_listed() {
    let stage = Stage::set(shell).await;
    let session = start(&stage.launch("refused")).await;
    let turn = session.ask("touch a.txt", LONG).await;
    let tools: Vec<_> = turn
        .denials
        .iter()
        .map(|denial| denial.tool.as_str())
        .collect();
    assert_eq!(tools, ["Bash"]);
    session.set_permission_mode(Mode::Default).await.unwrap();
    let turn = session.ask("touch a.txt", LONG).await;
    assert_eq!(turn.denials.len(), 1, "{turn:?}");
    assert!(!stage.work().join("a.txt").exists());
}

/// An MCP server with one tool, which says what it was asked.
#[derive(Debug, Default)]
struct Server {
    heard: Mutex<Vec<String>>,
}

#[async_trait]
impl Host for Server {
    async fn can_use_tool(&self, request: ToolRequest) -> Permission {
        panic!("{request:?}")
    }

    async fn mcp_message(&self, server: &str, message: Value) -> Value {
        let method = message["method"].as_str().unwrap_or_default();
        self.heard
            .lock()
            .unwrap()
            .push(format!("{server} {method}"));
        let result = match method {
            "initialize" => json!({
                "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": { "tools": {} },
                "serverInfo": { "name": "sprint", "version": "0" },
            }),
            "tools/list" => json!({ "tools": [{
                "name": "ask_context",
                "description": "Asks.",
                "inputSchema": { "type": "object", "properties": { "question": { "type": "string" } } },
            }] }),
            "tools/call" => {
                let question = &message["params"]["arguments"]["question"];
                json!({ "content": [{ "type": "text", "text": format!("heard {question}") }] })
            }
            _ => json!({}),
        };
        json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })
    }
}

#[tokio::test]
async fn the_host_plays_an_mcp_server() {
    let stage = Stage::set(|request: &Request| match request.tool_results().first() {
        Some(result) if request.turn() > 0 => Reply::text(&result.text),
        _ => Reply::tool("mcp__sprint__ask_context", json!({ "question": "where?" })),
    })
    .await;
    let launch = Launch {
        host_servers: vec!["sprint".into()],
        allow: vec!["mcp__sprint__ask_context".into()],
        ..stage.launch("server")
    };
    let session = start_with(&launch, Server::default()).await;
    let turn = session.ask("go", LONG).await;
    assert_eq!(turn.outcome, said("heard \"where?\""));
    assert_eq!(turn.tool_uses[0].target, Target::Other);
}
