use serde_json::json;

use super::*;

fn read(status: u16, body: &Value) -> Meaning {
    let status = StatusCode::from_u16(status).expect("it is a status");
    meaning(status, body.to_string().as_bytes())
}

fn error(message: &str, code: &str, kind: &str) -> Value {
    json!({ "errors": [{ "message": message, "extensions": { "code": code, "type": kind } }] })
}

#[test]
fn what_the_service_says_decides_and_not_the_status() {
    use Problem::*;
    let cases = [
        (
            400,
            error(
                "conflict on insert of Issue",
                "INPUT_ERROR",
                "invalid input",
            ),
            Conflict,
        ),
        (
            200,
            error(
                "conflict on insert of Comment",
                "INPUT_ERROR",
                "invalid input",
            ),
            Conflict,
        ),
        (
            200,
            error("Entity not found: Issue", "INPUT_ERROR", "invalid input"),
            NotFound,
        ),
        (
            400,
            error("Could not find referenced Issue.", "INPUT_ERROR", ""),
            NotFound,
        ),
        (400, error("x", "", "usage limit exceeded"), UsageLimit),
        (
            400,
            error("issue limit exceeded", "INPUT_ERROR", ""),
            UsageLimit,
        ),
        (
            400,
            error("Query too complex", "INPUT_ERROR", "invalid input"),
            TooComplex,
        ),
        (413, error("x", "PAYLOAD_TOO_LARGE", ""), TooLarge),
        (
            400,
            error("x", "GRAPHQL_VALIDATION_FAILED", "graphql error"),
            Drift,
        ),
        (200, error("x", "", "lock timeout"), Locked),
        (200, error("x", "", "internal error"), Lost),
        (200, error("x", "", "user error"), Invalid),
        (200, error("x", "", "something new"), Unknown),
        (500, error("x", "", "something new"), Lost),
        (401, error("x", "", ""), Unauthorized),
        (
            400,
            error("x", "AUTHENTICATION_ERROR", "authentication error"),
            Unauthorized,
        ),
        (403, error("x", "", ""), Forbidden),
        (200, error("x", "", "forbidden"), Forbidden),
        (200, json!({ "data": null }), Lost),
        (200, json!({}), Lost),
        // Other parts of the request may have been carried out.
        (
            200,
            json!({ "data": { "a": 1 }, "errors": [{ "message": "conflict on insert" }] }),
            Unknown,
        ),
    ];
    for (status, body, problem) in cases {
        let Meaning::Failed(found, _) = read(status, &body) else {
            panic!("{status} {body} is no data");
        };
        assert_eq!(found, Refusal::Problem(problem), "{status} {body}");
    }
}

#[test]
fn a_rate_limit_is_one_with_any_status() {
    for (status, body) in [
        (400, error("x", "RATELIMITED", "ratelimited")),
        (200, error("x", "", "Ratelimited")),
        (429, json!({})),
        (500, error("x", "RATELIMITED", "")),
    ] {
        let found = read(status, &body);
        assert!(
            matches!(found, Meaning::Failed(Refusal::RateLimited, _)),
            "{status} {body}"
        );
    }
    let page = meaning(StatusCode::TOO_MANY_REQUESTS, b"<html>");
    assert!(matches!(page, Meaning::Failed(Refusal::RateLimited, _)));
}

#[test]
fn a_page_that_is_no_answer_is_not_shown() {
    let cases = [
        (502, Problem::Lost),
        (200, Problem::Lost),
        (401, Problem::Unauthorized),
        (403, Problem::Forbidden),
        (413, Problem::TooLarge),
    ];
    for (status, problem) in cases {
        let status = StatusCode::from_u16(status).expect("it is a status");
        for page in ["<html>secret", "", "[1]"] {
            let Meaning::Failed(found, text) = meaning(status, page.as_bytes()) else {
                panic!("{page} is no data");
            };
            assert_eq!(found, Refusal::Problem(problem));
            assert!(!text.contains("secret"));
        }
    }
}

#[test]
fn the_text_for_people_is_preferred() {
    let body = json!({ "errors": [{
        "message": "Argument Validation Error",
        "extensions": { "type": "invalid input", "userPresentableMessage": "title is too long" },
    }] });
    let Meaning::Failed(_, text) = read(400, &body) else {
        panic!("it is an error");
    };
    assert_eq!(text, "title is too long");
}

#[test]
fn data_is_data() {
    let Meaning::Data(data) = read(200, &json!({ "data": { "viewer": 1 } })) else {
        panic!("there is data");
    };
    assert_eq!(data, json!({ "viewer": 1 }));
}
