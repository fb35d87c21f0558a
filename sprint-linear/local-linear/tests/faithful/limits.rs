use bytes::Bytes;
use http::Request;
use local_linear::{Limits, PageInfoPrice};
use serde_json::{Value, json};

use crate::support::{Bench, number};

#[test]
fn every_answer_says_what_is_left_and_what_it_cost() {
    let bench = Bench::new();
    let answer = bench.answer("{ viewer { id name } }", Value::Null);
    assert_eq!(number(&answer, "x-ratelimit-requests-limit"), 2_500);
    assert_eq!(number(&answer, "x-ratelimit-requests-remaining"), 2_499);
    assert_eq!(
        number(&answer, "x-ratelimit-requests-reset"),
        1_700_000_001_440,
        "in ms"
    );
    assert_eq!(number(&answer, "x-ratelimit-complexity-limit"), 3_000_000);
    assert_eq!(
        number(&answer, "x-ratelimit-complexity-remaining"),
        2_999_998
    );
    assert_eq!(number(&answer, "x-complexity"), 2);
    assert_eq!(answer.headers()["date"], "Tue, 14 Nov 2023 22:13:20 GMT");
}

#[test]
fn too_many_requests_are_answered_with_400_until_the_bucket_refills() {
    let bench = Bench::new();
    bench.linear.limits(Limits {
        requests_per_hour: 2,
        ..Limits::default()
    });
    bench.data("{ viewer { id } }", Value::Null);
    bench.data("{ viewer { id } }", Value::Null);
    let answer = bench.answer("{ viewer { id } }", Value::Null);
    assert_eq!(answer.status(), 400);
    assert_eq!(number(&answer, "x-ratelimit-requests-remaining"), 0);
    assert!(!answer.headers().contains_key("retry-after"));
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "RATELIMITED");
    assert_eq!(body["errors"][0]["extensions"]["type"], "ratelimited");
    bench.pass(1_800_000);
    bench.data("{ viewer { id } }", Value::Null);
}

#[test]
fn points_run_out_too_and_all_keys_of_a_user_share_them() {
    let bench = Bench::new();
    bench.linear.limits(Limits {
        points_per_hour: 100,
        ..Limits::default()
    });
    let request = |authorization: String| {
        let body = json!({ "query": "{ issues { nodes { id } } }" }).to_string();
        Request::post("/graphql")
            .header("Authorization", authorization)
            .body(Bytes::from(body))
            .unwrap()
    };
    let oauth = format!("Bearer {}", bench.linear.oauth_token());
    assert_eq!(
        bench
            .linear
            .handle(request(bench.linear.api_key()))
            .unwrap()
            .status(),
        200
    );
    assert_eq!(bench.linear.handle(request(oauth)).unwrap().status(), 400);
    let other = bench.linear.api_key_of(&bench.linear.add_user("Bob"));
    assert_eq!(bench.linear.handle(request(other)).unwrap().status(), 200);
}

#[test]
fn a_request_over_10_000_points_is_always_refused() {
    let bench = Bench::new();
    let query = "query($n: Int) { issues(first: $n) { nodes { id labels { nodes { id } } } } }";
    assert_eq!(bench.answer(query, json!({ "n": 100 })).status(), 200);
    let error = bench.error(query, json!({ "n": 200 }));
    assert_eq!(
        (error.0, error.1.as_str(), error.2.as_str()),
        (400, "Query too complex", "INPUT_ERROR")
    );
    assert!(
        error.3.ends_with("Maximum allowed complexity: 10000."),
        "{}",
        error.3
    );
}

#[test]
fn the_allowance_can_be_asked_for() {
    let bench = Bench::new();
    let query =
        "{ rateLimitStatus { kind limits { type allowedAmount remainingAmount period reset } } }";
    let limits = bench.data(query, Value::Null)["rateLimitStatus"]["limits"].clone();
    assert_eq!(limits[0]["type"], "request");
    assert_eq!(limits[0]["remainingAmount"], 2_499.0);
    assert_eq!(limits[1]["allowedAmount"], 3_000_000.0);
}

#[test]
fn a_body_over_10_mib_is_refused() {
    let bench = Bench::new();
    let body = Bytes::from(vec![b' '; 10_485_761]);
    let request = Request::post("/graphql")
        .header("Authorization", bench.linear.api_key())
        .body(body)
        .unwrap();
    let answer = bench.linear.handle(request).unwrap();
    assert_eq!(answer.status(), 413);
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "PAYLOAD_TOO_LARGE");
}

#[test]
fn a_wrong_key_is_refused_and_a_key_after_bearer_too() {
    let bench = Bench::new();
    let status = |authorization: Option<String>| {
        let mut request = bench.request("{ viewer { id } }", &Value::Null);
        request.headers_mut().remove("authorization");
        if let Some(value) = authorization {
            request
                .headers_mut()
                .insert("authorization", value.parse().unwrap());
        }
        let answer = bench.linear.handle(request).unwrap();
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        (
            answer.status().as_u16(),
            body["errors"][0]["extensions"]["code"]
                .as_str()
                .map(str::to_owned),
        )
    };
    let refused = Some("AUTHENTICATION_ERROR".to_owned());
    assert_eq!(status(None), (401, refused.clone()));
    assert_eq!(
        status(Some("lin_api_wrong".to_owned())),
        (401, refused.clone())
    );
    assert_eq!(
        status(Some(format!("Bearer {}", bench.linear.api_key()))),
        (400, refused)
    );
    assert_eq!(status(Some(bench.linear.api_key())), (200, None));
    assert_eq!(
        status(Some(format!("Bearer {}", bench.linear.oauth_token()))),
        (200, None)
    );
}

#[test]
fn the_price_of_page_information_can_be_switched() {
    let bench = Bench::new();
    let query = "{ issues(first: 10) { nodes { id } pageInfo { hasNextPage endCursor } } }";
    assert_eq!(
        number(&bench.answer(query, Value::Null), "x-complexity"),
        13
    );
    bench
        .linear
        .settings(|settings| settings.page_info_price = PageInfoPrice::ByRow);
    assert_eq!(
        number(&bench.answer(query, Value::Null), "x-complexity"),
        23
    );
}
