//! The contract of agent runners.

use std::fs;
use std::path::PathBuf;

use scripted_api::{Reply, Request};
use serde_json::json;
use sprint_agents::ClaudeAgent;
use sprint_core::domain::agent::Role;
use sprint_core::id::SessionId;
use sprint_core::testing::conformance::agent as conformance;

use crate::blobs::context;
use crate::planted::{self, SECRETS};
use crate::stage::{Stage, after, worker_result};

/// A stage whose worker runs its check, which does `deed`, and then hands in.
async fn checking(deed: &str) -> Stage {
    let stage =
        Stage::set(|request: &Request| after("sh check.sh", request, worker_result())).await;
    fs::write(stage.work().join("check.sh"), deed).unwrap();
    stage
}

#[tokio::test]
async fn what_an_agent_answers_is_told_as_it_is() {
    let (cx, _) = context();
    let answering = Stage::set(|_: &Request| Reply::structured(json!({ "report": "x" }))).await;
    let task = answering.task(Role::Context);
    conformance::an_answer_is_a_result_of_the_role(&answering.agent(), &task, &cx).await;
    conformance::a_role_that_is_not_offered_is_refused(&answering.agent(), &task, &cx).await;
    drop(answering);
    let silent = Stage::set(|_: &Request| Reply::text("nothing of the kind")).await;
    let task = silent.task(Role::Context);
    conformance::an_end_without_an_answer_is_malformed(&silent.agent(), &task, &cx).await;
}

#[tokio::test]
async fn its_time_is_limited() {
    let (cx, _) = context();
    let slow = Stage::set(|_: &Request| Reply::hang()).await;
    let mut task = slow.task(Role::Context);
    task.timeout_s = 2;
    conformance::running_out_of_time_is_a_timeout(&slow.agent(), &task, &cx).await;
}

#[tokio::test]
async fn it_sees_its_workspace_and_no_secret() {
    let (cx, _) = context();
    let stage = checking("env > seen; pwd > where").await;
    let own = stage.environment();
    let environment = own
        .iter()
        .fold(planted::environment(), |all, (name, value)| {
            all.with(name, value)
        });
    let agent = ClaudeAgent::new(&stage.cli.program, environment);
    let task = stage.task(Role::Worker);
    let read = |name: &str| fs::read_to_string(stage.work().join(name)).unwrap_or_default();
    conformance::its_environment_holds_no_secret(&agent, &task, &cx, &SECRETS, &|| read("seen"))
        .await;
    let place = || PathBuf::from(read("where").trim());
    conformance::it_works_in_its_workspace(&agent, &task, &cx, &place).await;
}

#[tokio::test]
async fn nothing_of_it_outlives_a_run_that_is_dropped() {
    let (cx, _) = context();
    let stage =
        checking("(setsid sleep 1000 > /dev/null 2>&1 &); touch started; exec sleep 1001").await;
    let task = stage.task(Role::Worker);
    let nothing_runs = async || stage.alive().is_empty();
    conformance::dropping_a_run_leaves_nothing_running(
        &stage.agent(),
        &task,
        &cx,
        stage.appears("started"),
        nothing_runs,
    )
    .await;
}

#[tokio::test]
async fn its_teammate_is_reported() {
    let (cx, _) = context();
    let stage = Stage::set(|request: &Request| {
        if !request.is_asked_for("branch") {
            return Reply::text("look into check.sh:1");
        }
        match request.turn() {
            0 => {
                let tools = request.tools();
                let ask = tools.iter().find(|name| name.ends_with("__ask_context"));
                Reply::tool(
                    *ask.expect("a worker can ask"),
                    json!({ "question": "where?" }),
                )
            }
            _ => Reply::structured(worker_result()),
        }
    })
    .await;
    conformance::a_teammate_is_reported(&stage.agent(), &stage.team_task(), &cx).await;
}

#[tokio::test]
async fn its_session_is_continued() {
    let (cx, _) = context();
    let stage = checking("echo ok 1 - all is well").await;
    let continued = || {
        let request = stage.api.requests().pop()?;
        let knows = request.messages().len() > stage.api.requests().first()?.messages().len() + 2;
        let session = request.session().filter(|_| knows)?;
        SessionId::new(session).ok()
    };
    let task = stage.task(Role::Worker);
    conformance::a_session_is_continued(&stage.agent(), &task, &cx, &continued).await;
}
