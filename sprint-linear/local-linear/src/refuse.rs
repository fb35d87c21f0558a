//! Refusals: the answers that stand in place of an execution.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::errors::Failure;
use crate::execute::invalid;
use crate::faults::Fault;
use crate::http_answer::HttpAnswer;
use crate::limits::Budget;
use crate::record::Recorded;

/// A failure as the whole answer.
pub(crate) fn refusal(failure: &Failure) -> HttpAnswer {
    HttpAnswer::json(failure.status, &json!({ "errors": [failure.entry()] }))
}

/// The answer to a document or to variables that the schema does not allow.
pub(crate) fn not_valid(message: &str) -> HttpAnswer {
    HttpAnswer::json(400, &json!({ "errors": [invalid(message)] }))
}

/// The answer that a fault puts in place of an execution.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "one arm for each fault that refuses"
)]
pub(crate) fn instead(
    fault: &Fault,
    now: u64,
    note: &Recorded,
    most: u32,
    budgets: &[Budget; 2],
) -> Option<HttpAnswer> {
    let failure = match fault {
        Fault::RateLimited {
            reset_in_ms,
            endpoint,
            status,
            retry_after,
        } => {
            let reset = now.saturating_add_signed(*reset_in_ms);
            let answer = refusal(&rate_limited(*status)).budgets(budgets);
            return Some(limited(
                answer,
                reset,
                endpoint.then(|| note.fields.first()).flatten(),
                *retry_after,
            ));
        }
        Fault::Status { code, body } => {
            return Some(HttpAnswer::bare(*code, "text/html", body.clone()));
        }
        Fault::PhantomConflict => {
            let entity = match note.fields.first().map(String::as_str) {
                Some("commentCreate") => "Comment",
                Some("issueRelationCreate") => "IssueRelation",
                Some("projectCreate") => "Project",
                Some("issueLabelCreate") => "IssueLabel",
                Some("attachmentCreate") => "Attachment",
                _ => "Issue",
            };
            let id = note
                .variables
                .pointer("/input/id")
                .and_then(Value::as_str)
                .unwrap_or_default();
            Failure::conflict(entity, id, if entity == "Comment" { 200 } else { 400 })
        }
        Fault::InvalidInput { user } => Failure::input(user.clone()),
        Fault::TooComplex => too_complex(f64::from(most) * 1.2305, most),
        Fault::AuthExpired => Failure::new(
            401,
            "AUTHENTICATION_ERROR",
            "authentication error",
            "Authentication required, not authenticated",
            "You need to authenticate to access this operation.",
        ),
        Fault::Forbidden => Failure::new(
            403,
            "FORBIDDEN",
            "forbidden",
            "Forbidden",
            "The key does not have the required permissions for this operation.",
        ),
        Fault::UsageLimit => Failure::new(
            400,
            "USAGE_LIMIT_EXCEEDED",
            "usage limit exceeded",
            "issue limit exceeded",
            "You've exceeded the free issue limit for this workspace.",
        ),
        Fault::LockTimeout => Failure::new(
            200,
            "LOCK_TIMEOUT",
            "lock timeout",
            "lock timeout",
            "The operation could not be completed in time. Try again.",
        ),
        Fault::Drift { field, on } => {
            let message = format!("Cannot query field \"{field}\" on type \"{on}\".");
            return Some(
                HttpAnswer::json(400, &json!({ "errors": [invalid(&message)] })).budgets(budgets),
            );
        }
        _ => return None,
    };
    let body = json!({ "errors": [failure.entry()], "data": null });
    Some(HttpAnswer::json(failure.status, &body).budgets(budgets))
}

/// Adds the headers of a limit that is used up.
fn limited(
    answer: HttpAnswer,
    reset: u64,
    endpoint: Option<&String>,
    retry_after: Option<u64>,
) -> HttpAnswer {
    let answer = match endpoint {
        Some(name) => answer
            .header("x-ratelimit-endpoint-requests-limit", 30)
            .header("x-ratelimit-endpoint-requests-remaining", 0)
            .header("x-ratelimit-endpoint-requests-reset", reset)
            .header("x-ratelimit-endpoint-name", name),
        None => answer
            .header("x-ratelimit-requests-remaining", 0)
            .header("x-ratelimit-requests-reset", reset),
    };
    match retry_after {
        Some(seconds) => answer.header("retry-after", seconds),
        None => answer,
    }
}

/// What a missing or wrong key is told.
pub(crate) fn unauthenticated(request: &Request<Bytes>) -> Failure {
    let header = request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if header.starts_with("Bearer lin_api_") {
        let text = "It looks like you're trying to use an API key as a Bearer token. Remove the Bearer prefix.";
        return Failure::new(
            400,
            "AUTHENTICATION_ERROR",
            "authentication error",
            text,
            text,
        );
    }
    Failure::new(
        401,
        "AUTHENTICATION_ERROR",
        "authentication error",
        "Authentication required, not authenticated",
        "You need to authenticate to access this operation.",
    )
}

/// What too many requests are told.
pub(crate) fn rate_limited(status: u16) -> Failure {
    Failure::new(
        status,
        "RATELIMITED",
        "ratelimited",
        "Rate limit exceeded",
        "Rate limit exceeded. Only a limited number of requests are allowed per 1 hour.",
    )
}

/// What a document over the limit of one request is told.
pub(crate) fn too_complex(price: f64, most: u32) -> Failure {
    let user = format!(
        "The query is too complex. Complexity: {price}. Maximum allowed complexity: {most}."
    );
    Failure::new(
        400,
        "INPUT_ERROR",
        "invalid input",
        "Query too complex",
        user,
    )
}
