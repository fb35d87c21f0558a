//! The tracker, which no session can reach.

use std::fs;

use scripted_api::{Reply, Request};
use serde_json::json;
use sprint_agents::claude::{Launch, Outcome};

use crate::support::{LONG, Stage, start};

/// The tracker's tool, under the names it would have.
const TOOLS: [&str; 2] = [
    "mcp__linear__create_issue",
    "mcp__Linear_Server__create_issue",
];

#[tokio::test]
async fn whatever_is_configured_the_tracker_is_not_started_and_not_offered() {
    let stage = Stage::set(|request: &Request| match request.turn() {
        0 => Reply::tool(
            "Agent",
            json!({
                "description": "file it", "prompt": "file it", "subagent_type": "filer",
            }),
        ),
        1 => Reply::tool(TOOLS[0], json!({})).and_tool(TOOLS[1], json!({})),
        _ => Reply::text("done"),
    })
    .await;
    let log = stage.home().join("started");
    let touch = json!({ "type": "stdio", "command": "/bin/touch", "args": [log] });
    let servers = json!({ "mcpServers": { "linear": touch, "Linear Server": touch } });
    // In the project, in the user's configuration, and in an agent of the project.
    fs::write(stage.work().join(".mcp.json"), servers.to_string()).unwrap();
    let config = stage.home().join(".claude");
    fs::create_dir(&config).unwrap();
    fs::write(config.join(".claude.json"), servers.to_string()).unwrap();
    let agents = stage.work().join(".claude/agents");
    fs::create_dir_all(&agents).unwrap();
    let log = log.display();
    let agent = format!(
        "---\nname: filer\ndescription: Files tickets.\nmcpServers:\n  - linear:\n      \
         type: stdio\n      command: /bin/touch\n      args: [\"{log}\"]\n---\nFile it.\n"
    );
    fs::write(agents.join("filer.md"), agent).unwrap();

    let mut launch = stage.unbound("tracker");
    launch.tools.push("Agent".into());
    let session = start(&launch).await;
    let turn = session.ask("file a ticket", LONG).await;
    assert!(matches!(turn.outcome, Outcome::Done { .. }), "{turn:?}");
    for used in &turn.tool_uses {
        if used.tool.starts_with("mcp") {
            assert_eq!(used.failed, Some(true), "{used:?}");
        }
    }
    let offered = stage.api.requests();
    let offered = offered.iter().flat_map(|request| request.tools());
    let offered: Vec<_> = offered.filter(|tool| tool.contains("inear")).collect();
    assert_eq!(offered, Vec::<&str>::new());
    assert!(!stage.home().join("started").exists());
    assert!(turn.tool_uses.len() >= 3, "{turn:?}");
}

#[tokio::test]
async fn hooks_of_the_repository_run_only_if_asked_for() {
    let stage = Stage::set(crate::support::echo).await;
    if !stage.is_real("hooks") {
        return;
    }
    fs::create_dir(stage.work().join(".claude")).unwrap();
    let hook = json!({ "type": "command", "command": "touch hooked" });
    let settings = json!({ "hooks": { "UserPromptSubmit": [{ "hooks": [hook] }] } });
    fs::write(
        stage.work().join(".claude/settings.json"),
        settings.to_string(),
    )
    .unwrap();
    let hooked = stage.work().join("hooked");
    start(&stage.launch("no hooks"))
        .await
        .ask("hello", LONG)
        .await;
    assert!(!hooked.exists());
    let launch = Launch {
        hooks: sprint_agents::claude::Hooks::Run,
        ..stage.launch("hooks")
    };
    start(&launch).await.ask("hello", LONG).await;
    assert!(hooked.exists());
}
