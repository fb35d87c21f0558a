use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{HeaderMap, Response};
use serde_json::json;
use sprint_core::testing::fake::clock::FakeClock;
use sprint_core::time::Timestamp;

use super::*;
use crate::budget::Budget;
use crate::config::LinearConfig;
use crate::token::Token;
use crate::transport::{Lost, Transport};

/// Answers in order, and remembers what it was asked.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<VecDeque<Response<Vec<u8>>>>,
    asked: Mutex<Vec<(Method, String, HeaderMap)>>,
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request<Body>, _: Duration) -> Result<Response<Body>, Lost> {
        let (head, _) = request.into_parts();
        let asked = (head.method, head.uri.to_string(), head.headers);
        self.asked.lock().unwrap().push(asked);
        let answer = self.answers.lock().unwrap().pop_front();
        Ok(answer.expect("the script has an answer").map(Body::from))
    }
}

fn answer(status: u16, body: &[u8]) -> Response<Vec<u8>> {
    let answer = Response::builder().status(status);
    let answer = answer.header("location", "https://evil.example/");
    answer.body(body.to_vec()).unwrap()
}

fn target(upload: &str, asset: &str, headers: &[(&str, &str)]) -> Response<Vec<u8>> {
    let headers: Vec<_> = headers
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    let file = json!({ "assetUrl": asset, "uploadUrl": upload, "headers": headers });
    let data = json!({ "data": { "fileUpload": { "success": true, "uploadFile": file } } });
    answer(200, data.to_string().as_bytes())
}

const FILE: &[u8] = b"outputs\n";
const UPLOAD_URL: &str = "https://storage.example/put?sig=1";
const ASSET: &str = "https://uploads.linear.app/org/file";

fn content() -> Content {
    Content {
        bytes: FILE.len() as u64,
        sha256: hex(&Sha256::digest(FILE)),
    }
}

fn link(answers: Vec<Response<Vec<u8>>>) -> (Link, Arc<Script>, FakeClock) {
    let script = Arc::new(Script {
        answers: Mutex::new(answers.into()),
        ..Script::default()
    });
    let clock = FakeClock::new(Timestamp::from_millis(0));
    let config = LinearConfig::new(Token::api_key("lin_api_secret").unwrap());
    let transport = Arc::<Script>::clone(&script);
    let link = Link::open(config, transport, Arc::new(clock.clone()), Budget::new());
    (link, script, clock)
}

fn send(answers: Vec<Response<Vec<u8>>>) -> (Result<String, CallError>, Arc<Script>) {
    let (link, script, clock) = link(answers);
    let body = || Body::from(FILE.to_vec());
    let sent = clock.run(upload(&link, "evidence.txt", &content(), &body));
    (sent, script)
}

#[test]
fn an_upload_has_exactly_the_headers_that_were_asked_for_and_no_credential() {
    let asked = [
        ("x-goog-range", "0,8"),
        ("Content-Disposition", "attachment"),
    ];
    let (sent, script) = send(vec![
        target(UPLOAD_URL, ASSET, &asked),
        answer(200, b""),
        answer(200, FILE),
    ]);
    assert_eq!(sent.as_deref(), Ok(ASSET));
    let requests = script.asked.lock().unwrap();
    let (method, url, headers) = &requests[1];
    assert_eq!((method, url.as_str()), (&Method::PUT, UPLOAD_URL));
    let headers: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        headers,
        ["x-goog-range", "content-disposition", "content-type"]
    );
    let (method, url, headers) = &requests[2];
    assert_eq!((method, url.as_str()), (&Method::GET, ASSET));
    assert!(headers.contains_key("authorization"));
}

#[test]
fn the_key_goes_to_no_other_origin_of_files() {
    for asset in [
        "https://evil.example/file",
        "https://uploads.linear.app.evil.example/file",
        "https://uploads.linear.app@evil.example/file",
        "https://uploads.linear.app:8443/file",
        "http://uploads.linear.app/file",
        "https://uploads.linear.app/a b",
        "https://uploads.linear.app/a)[x](y",
        "https://uploads.linear.app/`x`",
        "file:///etc/passwd",
        "",
    ] {
        let (sent, script) = send(vec![target(UPLOAD_URL, asset, &[])]);
        assert_eq!(sent.unwrap_err().problem, Problem::Invalid, "{asset}");
        assert_eq!(script.asked.lock().unwrap().len(), 1, "{asset}");
        let (link, script, clock) = link(vec![]);
        let found = clock.run(find(&link, asset, &content()));
        assert!(found.is_err(), "{asset}");
        assert_eq!(script.asked.lock().unwrap().len(), 0, "{asset}");
    }
}

#[test]
fn no_redirect_is_followed() {
    let (link, script, clock) = link(vec![answer(302, b"")]);
    let found = clock.run(find(&link, ASSET, &content()));
    assert_eq!(found.unwrap_err().problem, Problem::Unknown);
    assert_eq!(script.asked.lock().unwrap().len(), 1);
    let redirected = || [target(UPLOAD_URL, ASSET, &[]), answer(307, b"")];
    let answers = [redirected(), redirected(), redirected()];
    let (sent, script) = send(answers.into_iter().flatten().collect());
    assert_eq!(sent.unwrap_err().problem, Problem::NotApplied);
    assert_eq!(script.asked.lock().unwrap().len(), 6, "three attempts");
}

#[test]
fn an_address_or_header_that_cannot_be_used_is_refused_before_anything_is_sent() {
    for (url, headers) in [
        ("http://storage.example/put", vec![]),
        ("not an address", vec![]),
        (UPLOAD_URL, vec![("a b", "c")]),
        (UPLOAD_URL, vec![("a", "b\r\nAuthorization: c")]),
    ] {
        let (sent, script) = send(vec![target(url, ASSET, &headers)]);
        let error = sent.unwrap_err();
        assert_eq!(error.problem, Problem::Drift, "{url}");
        assert!(!error.to_string().contains("storage"), "{error}");
        assert_eq!(script.asked.lock().unwrap().len(), 1, "{url}");
    }
}

#[test]
fn a_file_is_what_it_was_or_it_is_told_what_became_of_it() {
    for (status, body, expected) in [
        (200, FILE, Asset::Intact),
        (200, &FILE[1..], Asset::Altered),
        (200, b"outputs?".as_slice(), Asset::Altered),
        (200, b"outputs\n and more".as_slice(), Asset::Altered),
        (404, b"".as_slice(), Asset::Gone),
        (410, b"".as_slice(), Asset::Gone),
    ] {
        let (link, _, clock) = link(vec![answer(status, body)]);
        let found = clock.run(find(&link, ASSET, &content()));
        assert_eq!(found, Ok(expected), "{status} {body:?}");
    }
    let (link, _, clock) = link(vec![answer(503, b""), answer(200, FILE)]);
    assert_eq!(clock.run(find(&link, ASSET, &content())), Ok(Asset::Intact));
    let (link, _, clock) = self::link(vec![answer(401, b"secret")]);
    let error = clock.run(find(&link, ASSET, &content())).unwrap_err();
    assert_eq!(error.problem, Problem::Unauthorized);
    assert!(!format!("{error:?} {error}").contains("secret"));
}

#[test]
fn what_linear_cannot_count_is_not_sent() {
    let (link, script, clock) = link(vec![]);
    let huge = Content {
        bytes: 1 << 31,
        ..content()
    };
    let sent = clock.run(upload(&link, "x", &huge, &Body::empty));
    assert_eq!(sent.unwrap_err().problem, Problem::TooLarge);
    assert_eq!(script.asked.lock().unwrap().len(), 0);
}
