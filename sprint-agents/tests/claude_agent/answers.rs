//! What comes of each way in which an agent may end.

use std::time::Duration;

use scripted_api::{Reply, Request};
use serde_json::json;
use sprint_core::domain::agent::{Answer, Claimed, ContextResult, Role, RoleResult};
use sprint_core::failure::ErrorKind;

use crate::kept::keeps;
use crate::stage::{Stage, after, reason, worker_result};

fn found(report: &str) -> Answer {
    let report = report.into();
    Answer::Result(Claimed(RoleResult::Context(ContextResult { report })))
}

#[tokio::test]
async fn an_answer_in_the_wrong_form_is_asked_for_once_more() {
    let stage = Stage::set(|request: &Request| {
        if request.last_user_text().contains("not in the form") {
            Reply::structured(json!({ "report": "second" }))
        } else {
            Reply::text("I have looked at everything.")
        }
    })
    .await;
    let task = stage.task(Role::Context);
    let report = stage.run(&stage.agent(), &task).await.unwrap();
    assert_eq!(report.answer, found("second"));
}

#[tokio::test]
async fn an_answer_that_stays_wrong_is_the_agents_failure() {
    let stage = Stage::set(|_: &Request| Reply::text("I have looked at everything.")).await;
    let task = stage.task(Role::Context);
    let report = stage.run(&stage.agent(), &task).await.unwrap();
    insta::assert_snapshot!(reason(report.answer), @"its answer holds no JSON object");
    assert_eq!(stage.alive(), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_written_down_in_place_of_handed_in_counts() {
    let text = "Here it is:\n```json\n{\"report\": \"written\"}\n```";
    let stage = Stage::set(move |_: &Request| Reply::text(text)).await;
    let task = stage.task(Role::Context);
    let report = stage.run(&stage.agent(), &task).await.unwrap();
    assert_eq!(report.answer, found("written"));
}

#[tokio::test]
async fn trouble_with_the_provider_is_of_the_kind_that_the_engine_can_act_on() {
    for (reply, kind) in [
        (
            Reply::error(429, "rate_limit_error", "slow down").header("x-should-retry", "false"),
            ErrorKind::rate_limited(None),
        ),
        (
            Reply::error(401, "authentication_error", "bad key"),
            ErrorKind::Fatal,
        ),
        (
            Reply::error(404, "not_found_error", "no model"),
            ErrorKind::Invalid,
        ),
        (Reply::error(500, "api_error", "oops"), ErrorKind::Transient),
    ] {
        let stage = Stage::set(move |_: &Request| reply.clone()).await;
        let task = stage.task(Role::Review);
        let error = stage.run(&stage.agent(), &task).await.unwrap_err();
        match (error.kind(), kind) {
            (ErrorKind::RateLimited { .. }, ErrorKind::RateLimited { .. }) => {}
            (got, kind) => assert_eq!(got, kind, "{}", error.chain()),
        }
    }
}

#[tokio::test]
async fn time_and_silence_have_limits() {
    let stage = Stage::set(|_: &Request| Reply::hang()).await;
    let mut task = stage.task(Role::Review);
    let agent = stage.agent().with_silence_limit(Duration::from_millis(300));
    let silent = stage.run(&agent, &task).await.unwrap_err();
    assert_eq!(silent.kind(), ErrorKind::Timeout, "{}", silent.chain());
    task.timeout_s = 3;
    task.key.push('2');
    let late = stage.run(&stage.agent(), &task).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Timeout, "{}", late.chain());
    assert_eq!(stage.alive(), Vec::<String>::new());
}

#[tokio::test]
async fn an_agent_whose_run_was_cut_off_goes_on_where_it_was() {
    let stage = Stage::set(|request: &Request| {
        if request.last_user_text().contains("Your process ended") {
            Reply::structured(worker_result())
        } else {
            after("touch started; sleep 600", request, worker_result())
        }
    })
    .await;
    let mut task = stage.task(Role::Worker);
    // It may run what it is scripted to run.
    task.checks.insert(
        sprint_core::domain::command::CheckKind::Build,
        "touch started; sleep 600".into(),
    );
    let agent = stage.agent();
    tokio::select! {
        ended = stage.run(&agent, &task) => panic!("it goes on for ten minutes: {ended:?}"),
        () = async {
            stage.appears("started").await;
            keeps(&stage.path("home"), "touch started").await;
        } => {}
    }
    assert_eq!(
        stage.alive(),
        Vec::<String>::new(),
        "nothing outlives its run"
    );
    let report = stage.run(&agent, &task).await.unwrap();
    assert!(matches!(report.answer, Answer::Result(_)), "{report:?}");
    let last = stage.api.requests().pop().unwrap();
    assert!(
        last.first_user_text()
            .contains("Write a greeting into greeting.txt."),
        "it knows what it was told before"
    );
}
