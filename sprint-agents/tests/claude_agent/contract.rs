//! The contract of agent runners.

use scripted_api::{Reply, Request};
use serde_json::json;
use sprint_core::domain::agent::Role;
use sprint_core::testing::conformance::agent as conformance;

use crate::blobs::context;
use crate::stage::Stage;

#[tokio::test]
async fn it_keeps_the_contract() {
    let (cx, _) = context();
    let answering = Stage::set(|_: &Request| Reply::structured(json!({ "report": "x" }))).await;
    let task = answering.task(Role::Context);
    conformance::an_answer_is_a_result_of_the_role(&answering.agent(), &task, &cx).await;
    conformance::a_role_that_is_not_offered_is_refused(&answering.agent(), &task, &cx).await;
    drop(answering);
    let silent = Stage::set(|_: &Request| Reply::text("nothing of the kind")).await;
    let task = silent.task(Role::Context);
    conformance::an_end_without_an_answer_is_malformed(&silent.agent(), &task, &cx).await;
    drop(silent);
    let slow = Stage::set(|_: &Request| Reply::hang()).await;
    let mut task = slow.task(Role::Context);
    task.timeout_s = 2;
    conformance::running_out_of_time_is_a_timeout(&slow.agent(), &task, &cx).await;
}
