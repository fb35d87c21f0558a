use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use http::Response;
use sprint_core::testing::fake::clock::FakeClock;

use super::*;
use crate::ops::identity::{Identity, NoVariables};

const KEY: &str = "lin_api_secret";

/// Answers from a list, and keeps what was sent.
#[derive(Debug, Default)]
struct Canned {
    answers: Mutex<VecDeque<Result<Response<Body>, Lost>>>,
    sent: Mutex<Vec<(HeaderMap, String)>>,
}

#[async_trait]
impl Transport for Canned {
    async fn send(&self, request: Request<Body>, _: Duration) -> Result<Response<Body>, Lost> {
        let (head, body) = request.into_parts();
        let body = body.bytes(LARGEST).await?;
        let text = String::from_utf8_lossy(&body).into_owned();
        self.sent.lock().unwrap().push((head.headers, text));
        let answer = self.answers.lock().unwrap().pop_front();
        answer.unwrap_or_else(|| Err(Lost::unknown("gone")))
    }
}

struct Stage {
    client: Client,
    clock: FakeClock,
    canned: Arc<Canned>,
}

fn stage(answers: impl IntoIterator<Item = Result<Response<Body>, Lost>>) -> Stage {
    let canned = Arc::new(Canned {
        answers: Mutex::new(answers.into_iter().collect()),
        sent: Mutex::default(),
    });
    let clock = FakeClock::new(Timestamp::from_millis(1_800_000_000_000));
    let client = Client::new(
        Arc::<Canned>::clone(&canned),
        Arc::new(clock.clone()),
        Budget::new(),
        Token::api_key(KEY).expect("it is a key"),
        "https://api.example/graphql".into(),
    );
    Stage {
        client,
        clock,
        canned,
    }
}

fn answer(status: u16, body: &Value) -> Result<Response<Body>, Lost> {
    let response = Response::builder().status(status);
    let body = Body::from(body.to_string().into_bytes());
    Ok(response.body(body).expect("it is an answer"))
}

fn good() -> Result<Response<Body>, Lost> {
    answer(
        200,
        &json!({ "data": {
            "viewer": { "id": "u", "name": "n", "app": false },
            "organization": { "id": "o", "name": "O", "urlKey": "o" },
        } }),
    )
}

fn limited(seconds: u64) -> Result<Response<Body>, Lost> {
    let body = json!({ "errors": [{ "message": "m", "extensions": { "code": "RATELIMITED" } }] });
    let mut limited = answer(400, &body)?;
    let wait = HeaderValue::from(seconds);
    limited.headers_mut().insert("retry-after", wait);
    Ok(limited)
}

impl Stage {
    /// Reads once; tells the problem and the milliseconds it took.
    fn read(&self) -> (Option<CallError>, u128) {
        let start = self.clock.now();
        let read = self.client.read::<Identity>(&NoVariables {});
        let error = self.clock.run(read).err();
        (error, self.clock.now().since(start).as_millis())
    }

    fn sent(&self) -> usize {
        self.canned.sent.lock().unwrap().len()
    }
}

#[test]
fn a_request_says_what_it_asks_and_with_which_key() {
    let stage = stage([good()]);
    assert_eq!(stage.read().0, None);
    let sent = stage.canned.sent.lock().unwrap();
    let [(headers, body)] = sent.as_slice() else {
        panic!("one request was sent");
    };
    assert_eq!(headers[AUTHORIZATION], KEY);
    assert_eq!(headers[CONTENT_TYPE], "application/json");
    let body: Value = serde_json::from_str(body).expect("it is JSON");
    assert_eq!(body["operationName"], "Identity");
    assert_eq!(body["variables"], json!({}));
    assert!(!format!("{:?}{sent:?}", stage.client).contains(KEY));
}

#[test]
fn reading_is_repeated_where_that_may_help_and_writing_is_not() {
    let lost = || Err(Lost::unknown("gone"));
    let page = || answer(502, &json!("<html>"));
    let stage_ = stage([
        lost(),
        Err(Lost::unsent("no route")),
        page(),
        page(),
        good(),
    ]);
    let (error, took) = stage_.read();
    assert_eq!((error, stage_.sent()), (None, 5));
    // 0.5, 1, 2 and 4 seconds, less up to half of each.
    assert!((3_750..=7_500).contains(&took), "{took}");

    let stage_ = stage([lost(), lost(), lost(), lost(), lost(), good()]);
    let (error, _) = stage_.read();
    assert_eq!(error.map(|e| e.problem), Some(Problem::Lost));
    assert_eq!(stage_.sent(), 5);

    let stage_ = stage([lost(), good()]);
    let call = stage_.client.call::<Identity>(&NoVariables {});
    assert!(stage_.clock.run(call).is_err());
    assert_eq!(stage_.sent(), 1);

    let wrong = json!({ "errors": [{ "message": "m", "extensions": { "code": "INPUT_ERROR" } }] });
    let stage_ = stage([answer(400, &wrong), good()]);
    assert_eq!(stage_.read().0.map(|e| e.problem), Some(Problem::Invalid));
    assert_eq!(stage_.sent(), 1);
}

#[test]
fn a_short_limit_is_waited_out_and_a_long_one_is_told() {
    let stage_ = stage([limited(1), good()]);
    let (error, took) = stage_.read();
    assert_eq!(error, None);
    assert!((1_000..1_200).contains(&took), "{took}");

    let stage_ = stage([limited(600), good()]);
    let (error, took) = stage_.read();
    let error = error.expect("it is not waited for");
    assert_eq!(took, 0);
    let Problem::RateLimited { until } = error.problem else {
        panic!("{error}");
    };
    assert!(until.since(stage_.clock.now()) >= Duration::from_secs(600));
    // Until then nothing is sent at all.
    assert_eq!(stage_.read().0, Some(error));
    assert_eq!(stage_.sent(), 1);

    let patient = stage_.client.patient(Duration::from_secs(900));
    let read = patient.read::<Identity>(&NoVariables {});
    assert!(stage_.clock.run(read).is_ok());
}

#[test]
fn an_answer_of_another_form_names_the_operation() {
    let stage_ = stage([answer(200, &json!({ "data": { "viewer": null } }))]);
    let error = stage_.read().0.expect("it is not understood");
    insta::assert_snapshot!(error, @"Linear's schema has changed; a newer version of this program is needed (Identity: the answer does not have the expected form: invalid type: null, expected struct Viewer)");
    let port = error.during("read", "ENG-1", stage_.clock.now());
    assert_eq!(port.kind(), sprint_core::failure::ErrorKind::Fatal);
}

#[test]
fn what_the_service_says_is_shown_on_one_short_line() {
    let text = format!("bad\u{1b}[31m\n{}", "x".repeat(5_000));
    let body = json!({ "errors": [{ "message": text, "extensions": { "type": "user error" } }] });
    let stage_ = stage([answer(400, &body)]);
    let error = stage_.read().0.expect("it is an error");
    assert_eq!(error.text.chars().count(), 400);
    assert!(error.text.starts_with("bad [31m x"));
}
