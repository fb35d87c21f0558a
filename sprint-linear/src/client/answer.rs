//! What an answer means.
//!
//! Linear answers errors with status 200 or 400, a rate limit with 400, and puts the useful text
//! into `extensions.userPresentableMessage`. So the order in which things are looked at matters:
//! what is no GraphQL answer, rate limits, credentials, then what the errors say. Any error fails
//! the whole call, whatever data stands beside it.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::call_error::Problem;

/// What was made of an answer.
#[derive(Debug)]
pub(super) enum Meaning {
    /// The data.
    Data(Value),
    /// It failed, and what it said.
    Failed(Refusal, String),
}

/// A failure, before the clock has been asked when a rate limit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Rate limited.
    RateLimited,
    /// Anything else.
    Problem(Problem),
}

#[derive(Deserialize)]
struct Envelope {
    data: Option<Value>,
    #[serde(default)]
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    message: String,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Extensions {
    code: Option<Value>,
    r#type: Option<Value>,
    user_presentable_message: Option<Value>,
}

impl Entry {
    fn code(&self) -> &str {
        text(self.extensions.code.as_ref())
    }

    /// In lower-case words: "invalid input", "lock timeout".
    fn kind(&self) -> String {
        text(self.extensions.r#type.as_ref()).to_lowercase()
    }

    /// The text for people, else the message.
    fn says(&self) -> &str {
        let told = text(self.extensions.user_presentable_message.as_ref());
        if told.is_empty() { &self.message } else { told }
    }

    fn mentions(&self, words: &str) -> bool {
        self.message.to_lowercase().contains(words) || self.says().to_lowercase().contains(words)
    }
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

/// What a status and a body mean.
pub(super) fn meaning(status: StatusCode, body: &[u8]) -> Meaning {
    let failed = |problem, text: &str| Meaning::Failed(Refusal::Problem(problem), text.into());
    // An array would pass for a struct.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let envelope = is_object.then(|| serde_json::from_slice::<Envelope>(body).ok());
    let envelope = envelope.flatten();
    let Some(envelope) = envelope else {
        // The text of an error page is nobody's business.
        let text = format!("status {} without a GraphQL answer", status.as_u16());
        return match status {
            StatusCode::TOO_MANY_REQUESTS => Meaning::Failed(Refusal::RateLimited, text),
            StatusCode::UNAUTHORIZED => failed(Problem::Unauthorized, &text),
            StatusCode::FORBIDDEN => failed(Problem::Forbidden, &text),
            StatusCode::PAYLOAD_TOO_LARGE => failed(Problem::TooLarge, &text),
            _ => failed(Problem::Lost, &text),
        };
    };
    let errors = &envelope.errors;
    let said = errors
        .iter()
        .map(Entry::says)
        .collect::<Vec<_>>()
        .join("; ");
    let limited = |e: &Entry| e.code() == "RATELIMITED" || e.kind() == "ratelimited";
    if status == StatusCode::TOO_MANY_REQUESTS || errors.iter().any(limited) {
        return Meaning::Failed(Refusal::RateLimited, said);
    }
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return failed(Problem::TooLarge, &said);
    }
    if status.is_server_error() {
        return failed(Problem::Lost, &said);
    }
    let unauthorized =
        |e: &Entry| e.code() == "AUTHENTICATION_ERROR" || e.kind() == "authentication error";
    if status == StatusCode::UNAUTHORIZED || errors.iter().any(unauthorized) {
        return failed(Problem::Unauthorized, &said);
    }
    if status == StatusCode::FORBIDDEN || errors.iter().any(|e| e.kind() == "forbidden") {
        return failed(Problem::Forbidden, &said);
    }
    match (errors.first(), envelope.data) {
        (Some(_), data) => {
            let worst = errors.iter().map(problem).max_by_key(|p| weight(*p));
            let worst = worst.unwrap_or(Problem::Unknown);
            // Where several writes are asked for at once, others may have been made.
            let partial = data.is_some_and(|data| !data.is_null());
            let problem = if partial { Problem::Unknown } else { worst };
            failed(problem, &said)
        }
        (None, Some(data)) if data.is_object() && status.is_success() => Meaning::Data(data),
        (None, _) => failed(
            Problem::Lost,
            &format!("status {} without data and without errors", status.as_u16()),
        ),
    }
}

/// What one error says.
fn problem(entry: &Entry) -> Problem {
    let kind = entry.kind();
    if entry.mentions("conflict on insert") {
        Problem::Conflict
    } else if entry.mentions("entity not found") || entry.mentions("could not find referenced") {
        Problem::NotFound
    } else if kind == "usage limit exceeded" || entry.mentions("limit exceeded") {
        Problem::UsageLimit
    } else if entry.mentions("too complex") {
        Problem::TooComplex
    } else if entry.code() == "PAYLOAD_TOO_LARGE" {
        Problem::TooLarge
    } else if kind == "graphql error" || entry.code() == "GRAPHQL_VALIDATION_FAILED" {
        Problem::Drift
    } else if kind == "lock timeout" {
        Problem::Locked
    } else if kind == "internal error" {
        Problem::Lost
    } else if kind == "invalid input" || kind == "user error" || entry.code() == "INPUT_ERROR" {
        Problem::Invalid
    } else {
        Problem::Unknown
    }
}

/// Of several errors the one that leaves most open decides.
const fn weight(problem: Problem) -> u8 {
    if problem.may_be_done() {
        2
    } else if problem.passes() {
        1
    } else {
        0
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
