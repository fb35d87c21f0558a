use local_linear::{Fault, Lost, When};
use serde_json::{Value, json};

use crate::support::{BATCH, Bench, CREATE, UPDATE, id, ids, number};

const ALL: &str = "query($after: String) { issues(first: 2, after: $after) {
    nodes { id } pageInfo { hasNextPage endCursor } } }";

#[test]
fn a_fault_strikes_when_it_is_asked_to() {
    let bench = Bench::new();
    let bad = || Fault::Status {
        code: 502,
        body: "<html>".to_owned(),
    };
    bench
        .linear
        .fault(When::on("viewer").nth(2).times(2), bad());
    let statuses: Vec<u16> = (0..5)
        .map(|_| bench.ask("{ viewer { id } }", Value::Null).0)
        .collect();
    assert_eq!(statuses, [200, 502, 502, 200, 200]);
    bench.linear.fault(When::any().always(), bad());
    assert_eq!(bench.ask("{ organization { id } }", Value::Null).0, 502);
    bench.linear.clear_faults();
    assert_eq!(bench.ask("{ organization { id } }", Value::Null).0, 200);
}

#[test]
fn a_reply_is_lost_before_or_after_the_commit() {
    let bench = Bench::new();
    bench
        .linear
        .fault(When::on("issueCreate"), Fault::LostBefore);
    assert_eq!(
        bench
            .linear
            .handle(bench.request(CREATE, &bench.create(1)))
            .unwrap_err(),
        Lost
    );
    assert_eq!(bench.linear.issues().len(), 0);
    bench
        .linear
        .fault(When::on("issueCreate"), Fault::LostAfter);
    assert_eq!(
        bench
            .linear
            .handle(bench.request(CREATE, &bench.create(1)))
            .unwrap_err(),
        Lost
    );
    assert_eq!(bench.linear.issues().len(), 1);
    assert_eq!(bench.linear.requests()[1].status, None);
    bench.linear.fault(
        When::on("issueCreate"),
        Fault::StatusAfter {
            code: 504,
            body: String::new(),
        },
    );
    assert_eq!(bench.ask(CREATE, bench.create(2)).0, 504);
    assert_eq!(bench.linear.issues().len(), 2);
}

#[test]
fn a_request_delivered_twice_conflicts_with_itself() {
    let bench = Bench::new();
    bench
        .linear
        .fault(When::on("issueCreate"), Fault::DuplicateDelivery);
    assert_eq!(
        bench.error(CREATE, bench.create(1)).1,
        "conflict on insert of Issue"
    );
    assert_eq!(bench.linear.issues().len(), 1);
}

#[test]
fn a_phantom_conflict_creates_nothing() {
    let bench = Bench::new();
    bench
        .linear
        .fault(When::on("issueCreate"), Fault::PhantomConflict);
    let error = bench.error(CREATE, bench.create(1));
    assert_eq!(
        error.3,
        format!("Entity Issue with id {} already exists.", id(1))
    );
    assert_eq!(bench.linear.issues().len(), 0);
    bench.data(CREATE, bench.create(1));
}

#[test]
fn reads_are_stale_for_a_while_and_lists_lag() {
    let bench = Bench::new();
    let issue = bench.issue("a");
    let by_id = "query($id: String!) { issue(id: $id) { state { id } } }";
    bench
        .linear
        .fault(When::on("issueUpdate"), Fault::StaleReads { ms: 5_000 });
    bench.data(
        UPDATE,
        json!({ "id": issue, "input": { "stateId": bench.done } }),
    );
    let state = || bench.data(by_id, json!({ "id": issue }))["issue"]["state"]["id"].clone();
    assert_eq!(state(), json!(bench.todo));
    bench.pass(5_000);
    assert_eq!(state(), json!(bench.done));
    bench
        .linear
        .fault(When::on("issueCreate"), Fault::LaggingLists { ms: 5_000 });
    bench.data(CREATE, bench.create(1));
    assert_eq!(
        ids(&bench.data(ALL, Value::Null)["issues"]),
        std::slice::from_ref(&issue)
    );
    bench.data(by_id, json!({ "id": id(1) }));
    bench.pass(5_000);
    assert_eq!(ids(&bench.data(ALL, Value::Null)["issues"]).len(), 2);
}

#[test]
fn answers_lie_about_what_was_done() {
    let bench = Bench::new();
    bench.linear.fault(When::on("issueCreate"), Fault::NoEffect);
    let answer = bench.data(CREATE, bench.create(1));
    assert_eq!(answer["issueCreate"]["issue"]["id"], json!(id(1)));
    assert_eq!(bench.linear.issues().len(), 0);
    bench
        .linear
        .fault(When::on("issueCreate"), Fault::SuccessFalse);
    let answer = bench.data(CREATE, bench.create(1));
    assert_eq!(
        answer["issueCreate"],
        json!({ "success": false, "issue": null })
    );
    assert_eq!(bench.linear.issues().len(), 0);
    bench
        .linear
        .fault(When::on("issueCreate"), Fault::NullEntity);
    let answer = bench.data(CREATE, bench.create(1));
    assert_eq!(
        answer["issueCreate"],
        json!({ "success": true, "issue": null })
    );
    assert_eq!(bench.linear.issues().len(), 1);
    bench.linear.fault(When::on("issueCreate"), Fault::Partial);
    let (status, body) = bench.ask(CREATE, bench.create(2));
    assert_eq!(
        (status, body["data"]["issueCreate"]["success"].clone()),
        (200, json!(true))
    );
    assert_eq!(body["errors"].as_array().map(Vec::len), Some(1));
}

#[test]
fn pages_never_end_in_three_ways() {
    let bench = Bench::new();
    (0..3).for_each(|n| drop(bench.issue(&format!("issue {n}"))));
    let page = |after: &Value| bench.data(ALL, json!({ "after": after }))["issues"].clone();
    bench.linear.fault(When::on("issues"), Fault::NullCursor);
    assert_eq!(
        page(&Value::Null)["pageInfo"],
        json!({ "hasNextPage": true, "endCursor": null })
    );
    let first = page(&Value::Null);
    let cursor = &first["pageInfo"]["endCursor"];
    bench
        .linear
        .fault(When::on("issues"), Fault::RepeatedCursor);
    assert_eq!(
        page(cursor)["pageInfo"],
        json!({ "hasNextPage": true, "endCursor": cursor })
    );
    bench
        .linear
        .fault(When::on("issues").always(), Fault::EndlessPages);
    let mut seen = Vec::new();
    let mut after = Value::Null;
    for _ in 0..5 {
        let endless = page(&after);
        assert_eq!(
            (ids(&endless).len(), &endless["pageInfo"]["hasNextPage"]),
            (2, &json!(true))
        );
        after = endless["pageInfo"]["endCursor"].clone();
        assert!(!seen.contains(&after));
        seen.push(after.clone());
    }
}

#[test]
fn refusals_look_like_those_of_the_service_and_change_nothing() {
    let bench = Bench::new();
    for (fault, status, code) in [
        (Fault::AuthExpired, 401, "AUTHENTICATION_ERROR"),
        (Fault::Forbidden, 403, "FORBIDDEN"),
        (Fault::UsageLimit, 400, "USAGE_LIMIT_EXCEEDED"),
        (Fault::LockTimeout, 200, "LOCK_TIMEOUT"),
        (Fault::TooComplex, 400, "INPUT_ERROR"),
        (
            Fault::InvalidInput {
                user: "no".to_owned(),
            },
            400,
            "INPUT_ERROR",
        ),
        (
            Fault::Drift {
                field: "title".to_owned(),
                on: "Issue".to_owned(),
            },
            400,
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ] {
        bench
            .linear
            .fault(When::on("issueBatchCreate"), fault.clone());
        let error = bench.error(
            BATCH,
            json!({ "input": { "issues": [bench.create(1)["input"]] } }),
        );
        assert_eq!((error.0, error.2.as_str()), (status, code), "{fault:?}");
    }
    assert_eq!(bench.linear.issues().len(), 0);
}

#[test]
fn a_rate_limit_names_its_end_and_its_endpoint() {
    let bench = Bench::new();
    let limit = |endpoint, status, retry_after| Fault::RateLimited {
        reset_in_ms: 9_000,
        endpoint,
        status,
        retry_after,
    };
    bench
        .linear
        .fault(When::on("viewer"), limit(false, 400, None));
    let answer = bench.answer("{ viewer { id } }", Value::Null);
    assert_eq!(
        number(&answer, "x-ratelimit-requests-reset"),
        1_700_000_009_000
    );
    assert_eq!(
        (
            answer.status().as_u16(),
            number(&answer, "x-ratelimit-requests-remaining")
        ),
        (400, 0)
    );
    bench
        .linear
        .fault(When::on("viewer"), limit(true, 429, Some(9)));
    let answer = bench.answer("{ viewer { id } }", Value::Null);
    assert_eq!(
        (answer.status().as_u16(), number(&answer, "retry-after")),
        (429, 9)
    );
    assert_eq!(answer.headers()["x-ratelimit-endpoint-name"], "viewer");
    assert_eq!(
        number(&answer, "x-ratelimit-endpoint-requests-reset"),
        1_700_000_009_000
    );
    assert!(number(&answer, "x-ratelimit-requests-remaining") > 0);
}

#[test]
fn the_clock_of_the_service_can_be_off() {
    let bench = Bench::new();
    bench
        .linear
        .fault(When::any(), Fault::SkewedClock { ms: -60_000 });
    let answer = bench.answer("{ viewer { id } }", Value::Null);
    assert_eq!(answer.headers()["date"], "Tue, 14 Nov 2023 22:12:20 GMT");
}
