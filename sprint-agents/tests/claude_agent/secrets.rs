//! The tracker stays out of reach, and no secret gets anywhere.

use std::fs;
use std::sync::{Arc, Mutex};

use scripted_api::{Reply, Request};
use serde_json::json;
use sprint_agents::permission::Mode;
use sprint_core::domain::agent::{Answer, Role};
use sprint_core::failure::ErrorKind;

use crate::stage::{Stage, worker_result};

#[tokio::test]
async fn a_key_to_the_tracker_in_the_environment_starts_nothing() {
    let stage = Stage::set(|_: &Request| Reply::text("never asked")).await;
    let environment = stage
        .environment()
        .with("LINEAR_API_KEY", "lin_api_planted");
    let agent = sprint_agents::ClaudeAgent::new(&stage.cli.program, environment);
    let error = stage
        .run(&agent, &stage.task(Role::Worker))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Breach);
    insta::assert_snapshot!(error.chain(), @r#"failed to run agent worker with Claude Code: environment variable "LINEAR_API_KEY" is a key to the tracker"#);
    assert_eq!(stage.api.requests().len(), 0);
}

#[tokio::test]
async fn servers_of_the_repository_are_not_started_and_their_tools_not_there() {
    let stage = Stage::set(|request: &Request| match request.turn() {
        0 => Reply::tool("mcp__linear__save_issue", json!({ "id": "ENG-1" })),
        _ => Reply::structured(worker_result()),
    })
    .await;
    let called = stage.path("called");
    let server = json!({ "mcpServers": { "linear": {
        "command": "sh", "args": ["-c", format!("touch {}", called.display())]
    } } });
    fs::write(stage.work().join(".mcp.json"), server.to_string()).unwrap();
    let agent = stage.agent().with_mode(Mode::SkipAll).with_settings();
    let report = stage.run(&agent, &stage.task(Role::Worker)).await.unwrap();
    assert!(matches!(report.answer, Answer::Result(_)), "{report:?}");
    assert!(!called.exists());
    for request in stage.api.requests() {
        let linear = |name: &&str| name.to_lowercase().contains("linear");
        assert_eq!(request.tools().into_iter().find(linear), None);
    }
}

/// Everything that the processes of an agent show to others while they run.
fn command_lines() -> String {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " ") + "\n")
        .collect()
}

#[tokio::test]
async fn no_secret_is_in_arguments_transcripts_answers_or_errors() {
    let seen = Arc::new(Mutex::new(String::new()));
    let watched = Arc::clone(&seen);
    let stage = Stage::set(move |request: &Request| {
        watched.lock().unwrap().push_str(&command_lines());
        if !request.is_asked_for("branch") {
            return Reply::text("the key is sk-planted-model-key, see check.sh:1");
        }
        let mut result = worker_result();
        result["notes"] = json!(["the key is sk-planted-model-key", "hidden-planted-value"]);
        let print = "echo $ANTHROPIC_API_KEY; env; echo hidden-planted-value";
        match request.turn() {
            0 => Reply::tool("Bash", json!({ "command": print })),
            _ => Reply::structured(result),
        }
    })
    .await;
    let agent = stage
        .agent()
        .with_mode(Mode::SkipAll)
        .with_redacted(["hidden-planted-value"]);
    let mut task = stage.team_task();
    task.description = "The word is prompt-planted-word.".into();
    let report = stage.run(&agent, &task).await.unwrap();
    let result = stage.api.requests().pop().unwrap().tool_results();
    assert!(
        result[0].text.contains("hidden-planted-value"),
        "the agent saw it: {result:?}"
    );
    let mut told = format!("{report:?}");
    for blob in [
        report.transcript,
        report.teammate.and_then(|teammate| teammate.exchange),
    ] {
        told.push_str(&stage.blobs.text(&blob.unwrap()));
    }
    let arguments = seen.lock().unwrap().clone();
    assert!(arguments.contains("stream-json"), "the agent was seen");
    for secret in ["sk-planted-model-key", "hidden-planted-value"] {
        assert!(!told.contains(secret), "{secret} in what is kept");
        assert!(!arguments.contains(secret), "{secret} in arguments");
    }
    assert!(
        !arguments.contains("prompt-planted-word"),
        "tickets are no arguments"
    );
}
