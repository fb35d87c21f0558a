//! The table of what each mode allows, action by action, on the real program.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use scripted_api::{Reply, Request};
use serde_json::{Value, json};
use sprint_agents::claude::{
    Deadlines, Host, Launch, Mode as CliMode, NoHost, Permission, Session, Start, ToolRequest,
    session_id,
};
use sprint_agents::permission::matrix::{Action, CHECKS, MATRIX, Outcome, Target};
use sprint_agents::permission::{self, Mode, Scope};
use sprint_agents::profile::Profile;
use sprint_core::domain::agent::{Assignment, Role};
use sprint_core::domain::command::CheckKind;

use crate::stage::Stage;

const LONG: Deadlines = Deadlines {
    wall: Duration::from_secs(60),
    silence: Duration::from_secs(60),
};

/// Counts what it is asked, and refuses it.
#[derive(Debug, Default)]
struct Asked(Mutex<u32>);

#[async_trait]
impl Host for Asked {
    async fn can_use_tool(&self, _: ToolRequest) -> Permission {
        *self.0.lock().unwrap() += 1;
        Permission::Deny("not now".into())
    }

    async fn mcp_message(&self, server: &str, message: Value) -> Value {
        NoHost.mcp_message(server, message).await
    }
}

/// Does what it is told: a tool and its arguments, as JSON.
fn obeys(request: &Request) -> Reply {
    if request.turn() > 0 {
        return Reply::text("done");
    }
    let told = request.last_user_text();
    let told: Value = serde_json::from_str(told.lines().last().unwrap_or_default()).unwrap();
    Reply::tool(told["tool"].as_str().unwrap(), told["input"].clone())
}

fn path(stage: &Stage, target: Target) -> PathBuf {
    match target {
        Target::Inside => stage.work().join("a.txt"),
        Target::Outside => stage.path("elsewhere").join("b.txt"),
        Target::Link => stage.work().join("link/c.txt"),
        Target::Settings => stage.work().join(".claude/settings.json"),
        Target::Hook => stage.work().join(".git/hooks/pre-commit"),
    }
}

fn told(stage: &Stage, action: Action) -> Value {
    match action {
        Action::Bash(command) => json!({ "tool": "Bash", "input": { "command": command } }),
        Action::Read(target) => {
            json!({ "tool": "Read", "input": { "file_path": path(stage, target) } })
        }
        Action::Write(target) => {
            json!({ "tool": "Write", "input": { "file_path": path(stage, target), "content": "x" } })
        }
    }
}

fn launch(stage: &Stage, mode: Mode) -> Launch {
    let mut task = stage.task(Role::Worker);
    task.checks = [
        (CheckKind::Build, CHECKS[0].to_owned()),
        (CheckKind::Lint, CHECKS[1].to_owned()),
        (CheckKind::Test, CHECKS[2].to_owned()),
    ]
    .into();
    let profile = Profile::of(Role::Worker, &Assignment::First);
    let scope = Scope {
        task: &task,
        commands: &[],
        browser: None,
        own_tools: &[],
    };
    let permissions = permission::permissions(mode, &profile, &scope).unwrap();
    let session = Start::New(session_id(mode.name()));
    Launch {
        tools: profile.tools.iter().map(ToString::to_string).collect(),
        allow: permissions.allow,
        deny: permissions.deny,
        mode: match permissions.cli_mode {
            permission::CliMode::DontAsk => CliMode::DontAsk,
            permission::CliMode::Default => CliMode::Default,
            permission::CliMode::BypassPermissions => CliMode::BypassPermissions,
        },
        ask_host: permissions.asks,
        max_retries: 0,
        ..Launch::new(
            &stage.cli.program,
            stage.work(),
            stage.environment(),
            session,
            "opus",
        )
    }
}

async fn outcomes(mode: Mode) -> Vec<(Action, Outcome)> {
    let stage = Stage::set(obeys).await;
    let scripts = json!({ "scripts": { "build": "true", "lint": "true", "test": "true" } });
    fs::write(stage.work().join("package.json"), scripts.to_string()).unwrap();
    fs::write(stage.work().join("a.txt"), "a\n").unwrap();
    symlink(stage.path("elsewhere"), stage.work().join("link")).unwrap();
    let asked = Arc::new(Asked::default());
    let launch = launch(&stage, mode);
    let session = Session::start(&launch, Arc::<Asked>::clone(&asked))
        .await
        .unwrap();
    // What is to be written over has to be read first.
    let read = told(&stage, Action::Read(Target::Inside));
    session.ask(read.to_string(), LONG).await;
    let mut found = Vec::new();
    for case in MATRIX {
        let before = *asked.0.lock().unwrap();
        let turn = session
            .ask(told(&stage, case.action).to_string(), LONG)
            .await;
        let outcome = if *asked.0.lock().unwrap() > before {
            Outcome::Asks
        } else if turn.denials.is_empty() {
            Outcome::Runs
        } else {
            Outcome::Denied
        };
        found.push((case.action, outcome));
    }
    session.stop(Duration::from_secs(5)).await;
    assert_eq!(stage.alive(), Vec::<String>::new());
    found
}

#[tokio::test]
async fn the_program_does_what_the_table_says() {
    if !scripted_api::claude_for_tests().real {
        return eprintln!("SKIPPED the table of permissions: it is about the real Claude Code");
    }
    let mut wrong = Vec::new();
    for mode in [Mode::AutoApprove, Mode::SkipAll, Mode::Manual] {
        for (case, (action, got)) in MATRIX.iter().zip(outcomes(mode).await) {
            let expected = match mode {
                Mode::SkipAll => case.skip_all,
                Mode::Manual => case.manual,
                Mode::AutoApprove | Mode::PreConfigured => case.auto_approve,
            };
            if got != expected {
                wrong.push(format!("{action:?} in {mode}: {got:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
