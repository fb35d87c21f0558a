//! What agents may do: by rule, by a person's word, and not at all.

use std::fs;

use scripted_api::{Reply, Request};
use serde_json::json;
use sprint_agents::permission::Mode;
use sprint_core::domain::agent::{Answer, Grant, PermissionRequest, Role};
use sprint_core::domain::stray::Place;

use crate::stage::{Stage, after, worker_result};

const DEPLOY: &str = "touch deployed";

/// Wants to deploy, and hands in whatever comes of it.
fn deploys(request: &Request) -> Reply {
    let told = request.last_user_text();
    if told.contains("A person has refused") {
        return Reply::structured(worker_result());
    }
    after(DEPLOY, request, worker_result())
}

fn asked(answer: Answer) -> PermissionRequest {
    match answer {
        Answer::Asks(request) => request,
        answer @ (Answer::Result(_) | Answer::Malformed(_)) => panic!("unexpected {answer:?}"),
    }
}

#[tokio::test]
async fn a_person_decides_and_the_work_goes_on_in_the_same_session() {
    let stage = Stage::set(deploys).await;
    let agent = stage.agent().with_mode(Mode::Manual);
    let mut task = stage.task(Role::Worker);
    let stopped = stage.run(&agent, &task).await.unwrap();
    assert!(
        !stage.work().join("deployed").exists(),
        "it waits for an answer"
    );
    assert_eq!(stage.alive(), Vec::<String>::new(), "nothing waits with it");
    let request = asked(stopped.answer);
    assert_eq!((&*request.tool, &*request.input), ("Bash", DEPLOY));
    task.session = stopped.session;
    assert!(task.session.is_some(), "the session can be gone on with");

    task.grants = vec![Grant {
        request,
        allowed: true,
    }];
    let report = stage.run(&agent, &task).await.unwrap();
    assert!(matches!(report.answer, Answer::Result(_)), "{report:?}");
    assert!(stage.work().join("deployed").exists());
    let told = stage.api.requests().pop().unwrap();
    assert!(told.last_user_text().contains("A person has allowed it"));
    assert!(
        told.first_user_text()
            .contains("Write a greeting into greeting.txt.")
    );
}

#[tokio::test]
async fn what_a_person_refuses_is_not_done() {
    let stage = Stage::set(deploys).await;
    let agent = stage.agent().with_mode(Mode::Manual);
    let mut task = stage.task(Role::Worker);
    let stopped = stage.run(&agent, &task).await.unwrap();
    task.session = stopped.session;
    let request = asked(stopped.answer);
    task.grants = vec![Grant {
        request,
        allowed: false,
    }];
    let report = stage.run(&agent, &task).await.unwrap();
    assert!(matches!(report.answer, Answer::Result(_)), "{report:?}");
    assert!(!stage.work().join("deployed").exists());
}

#[tokio::test]
async fn without_a_person_what_no_rule_allows_is_refused_and_the_work_goes_on() {
    let stage = Stage::set(deploys).await;
    let task = stage.task(Role::Worker);
    let report = stage.run(&stage.agent(), &task).await.unwrap();
    assert!(matches!(report.answer, Answer::Result(_)), "{report:?}");
    assert!(!stage.work().join("deployed").exists());
    let last = stage.api.requests().pop().unwrap();
    assert!(last.tool_results()[0].is_error);
}

#[tokio::test]
async fn where_everything_is_allowed_files_written_elsewhere_are_named() {
    let stage = Stage::set(|request: &Request| {
        let elsewhere = request.last_user_text();
        let elsewhere = elsewhere
            .split("OUTSIDE=")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next());
        match (request.turn(), elsewhere) {
            (0, Some(path)) => Reply::tool("Write", json!({ "file_path": path, "content": "x" }))
                .and_tool(
                    "Write",
                    json!({ "file_path": "inside.txt", "content": "x" }),
                )
                .and_tool("Bash", json!({ "command": "touch by-command" })),
            _ => Reply::structured(worker_result()),
        }
    })
    .await;
    let agent = stage.agent().with_mode(Mode::SkipAll);
    let mut task = stage.task(Role::Worker);
    let outside = stage.path("elsewhere").join("stray.txt");
    task.description = format!("Write it to OUTSIDE={} please.", outside.display());
    let report = stage.run(&agent, &task).await.unwrap();
    assert!(outside.exists() && stage.work().join("by-command").exists());
    let strayed: Vec<_> = report
        .strayed
        .iter()
        .map(|stray| (stray.place.clone(), stray.what.clone()))
        .collect();
    assert_eq!(strayed, [(Place::Outside, outside.display().to_string())]);
}

#[tokio::test]
async fn roles_that_only_read_cannot_write_in_any_mode() {
    for mode in Mode::ALL {
        let stage = Stage::set(|request: &Request| match request.turn() {
            0 => Reply::tool(
                "Write",
                json!({ "file_path": "written.txt", "content": "x" }),
            )
            .and_tool("Bash", json!({ "command": "touch touched.txt" })),
            _ => Reply::structured(json!({ "findings": [], "summary": "fine" })),
        })
        .await;
        let task = stage.task(Role::Review);
        let report = stage
            .run(&stage.agent().with_mode(mode), &task)
            .await
            .unwrap();
        assert!(
            matches!(report.answer, Answer::Result(_)),
            "{mode}: {report:?}"
        );
        for name in ["written.txt", "touched.txt"] {
            assert!(!stage.work().join(name).exists(), "{mode}: {name}");
        }
    }
}

#[tokio::test]
async fn settings_and_hooks_of_the_repository_take_effect_only_if_asked_for() {
    for asked in [false, true] {
        let stage =
            Stage::set(|request: &Request| after("sh check.sh", request, worker_result())).await;
        let settings = stage.work().join(".claude");
        fs::create_dir(&settings).unwrap();
        let hook = json!({ "hooks": { "PreToolUse": [{ "matcher": "Bash", "hooks": [
            { "type": "command", "command": format!("touch {}", stage.path("hooked").display()) }
        ] }] } });
        fs::write(settings.join("settings.json"), hook.to_string()).unwrap();
        let agent = if asked {
            stage.agent().with_settings()
        } else {
            stage.agent()
        };
        let task = stage.task(Role::Worker);
        let report = stage.run(&agent, &task).await.unwrap();
        assert!(matches!(report.answer, Answer::Result(_)), "{report:?}");
        if stage.cli.real {
            assert_eq!(stage.path("hooked").exists(), asked);
        }
    }
}

#[tokio::test]
async fn a_command_that_no_rule_can_say_is_refused_before_anything_starts() {
    let stage = Stage::set(|_: &Request| Reply::text("never asked")).await;
    let mut task = stage.task(Role::Worker);
    let test = sprint_core::domain::command::CheckKind::Test;
    task.checks.insert(test, "npm run test:*".into());
    let error = stage.run(&stage.agent(), &task).await.unwrap_err();
    insta::assert_snapshot!(error.chain(), @r#"failed to run agent worker with Claude Code: the command "npm run test:*" cannot become a permission rule: `*` in a rule stands for anything; put the line into a script of the project and configure the script"#);
    assert_eq!(stage.api.requests().len(), 0);
}
