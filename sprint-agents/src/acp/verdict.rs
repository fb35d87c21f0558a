//! What the end of a turn means.

use sprint_core::domain::agent::{Answer, Claimed, Role};
use sprint_core::failure::ErrorKind;

use crate::acp::client::{Failure, Stop};
use crate::acp::live::Ended;
use crate::command_agent::rate_limit;
use crate::spoken;

/// Shorter texts without a result may be the provider's own words.
const SHORT: usize = 600;

/// What is to be made of a turn.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    Answer(Answer),
    /// It ended well, but its answer cannot be used for this reason; it may be asked again.
    Unusable(String),
    /// Something around the agent failed.
    Trouble(ErrorKind, String),
}

/// The verdict on a turn that ended like this, after the agent said `said` in it, and `stderr` on
/// standard error.
pub(super) fn verdict(role: Role, ended: &Ended, said: &str, stderr: &str) -> Verdict {
    let malformed = |reason: String| Verdict::Answer(Answer::Malformed(reason));
    match ended {
        Ended::Stopped(Stop::Finished) => match spoken::find(role, said) {
            Ok(result) => Verdict::Answer(Answer::Result(Claimed(result))),
            Err(reason) => match rate_limit::find(said).filter(|_| said.len() < SHORT) {
                Some(wait) => Verdict::Trouble(ErrorKind::rate_limited(wait), one_line(said)),
                None => Verdict::Unusable(reason),
            },
        },
        Ended::Stopped(Stop::MaxTokens) => {
            malformed("the agent ran out of tokens before it answered".into())
        }
        Ended::Stopped(Stop::MaxTurns) => {
            malformed("the agent used up its turns before it answered".into())
        }
        Ended::Stopped(Stop::Refusal) => malformed("the model refused to go on".into()),
        Ended::Stopped(Stop::Cancelled) => {
            malformed("the agent says that its turn was cancelled, which nobody did".into())
        }
        Ended::Stopped(Stop::Unknown) => {
            malformed("the agent stopped for a reason that is not known here".into())
        }
        Ended::Failed(Failure::Login(text)) => Verdict::Trouble(
            ErrorKind::Invalid,
            format!("the agent is not logged in: {}", one_line(text)),
        ),
        Ended::Failed(Failure::NotFound) => malformed("the agent lost its own session".into()),
        Ended::Failed(Failure::Said(text)) => match provider(text) {
            Some(kind) => Verdict::Trouble(kind, one_line(text)),
            None => malformed(format!("the agent failed: {}", one_line(text))),
        },
        Ended::Died(exit) => {
            let text = with_stderr(&format!("the agent ended: {exit}"), stderr);
            match rate_limit::find(stderr) {
                Some(wait) => Verdict::Trouble(ErrorKind::rate_limited(wait), text),
                None => malformed(text),
            }
        }
        Ended::TimedOut => Verdict::Trouble(ErrorKind::Timeout, "it took too long".into()),
        Ended::Silent => {
            Verdict::Trouble(ErrorKind::Timeout, "it said nothing for too long".into())
        }
    }
}

/// What a failure means that is the provider's and not the agent's. The protocol has no codes for
/// it, so that its words have to tell.
fn provider(text: &str) -> Option<ErrorKind> {
    if let Some(wait) = rate_limit::find(text) {
        return Some(ErrorKind::rate_limited(wait));
    }
    let text = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(LOGIN) {
        Some(ErrorKind::Invalid)
    } else if says(BUSY) {
        Some(ErrorKind::Transient)
    } else {
        None
    }
}

const LOGIN: &[&str] = &[
    "api key",
    "api-key",
    "authentication",
    "unauthorized",
    "not logged in",
    "/login",
];

const BUSY: &[&str] = &[
    "api error: 5",
    "overloaded",
    "server_error",
    "service unavailable",
    "bad gateway",
    "econnrefused",
    "econnreset",
    "connection error",
];

/// What it means that an agent could not be started, or opened no session.
pub(super) fn no_session(ended: &Ended, stderr: &str) -> (ErrorKind, String) {
    match verdict(Role::Context, ended, "", stderr) {
        Verdict::Trouble(kind, reason) => (kind, reason),
        // It never got to work, so nothing of it is an answer.
        Verdict::Answer(answer) => (ErrorKind::Transient, answer.shortfall()),
        Verdict::Unusable(reason) => (ErrorKind::Transient, reason),
    }
}

fn with_stderr(reason: &str, stderr: &str) -> String {
    if stderr.is_empty() {
        format!("{reason}; it wrote nothing to standard error")
    } else {
        format!("{reason}; its last lines on standard error:\n{stderr}")
    }
}

/// The beginning of a text, as one line.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sprint_core::domain::command::Exit;

    use super::*;

    #[test]
    fn every_end_of_a_turn_has_one_meaning() {
        let said = |text: &str| Ended::Failed(Failure::Said(text.into()));
        let mut table = Vec::new();
        for (ended, text, stderr) in [
            (Ended::Stopped(Stop::Finished), r#"so {"report":"x"}"#, ""),
            (
                Ended::Stopped(Stop::Finished),
                r#"{"report":"rate limit"}"#,
                "",
            ),
            (Ended::Stopped(Stop::Finished), "done", ""),
            (
                Ended::Stopped(Stop::Finished),
                "API Error: 429\nrate limit, retry after 9 s",
                "",
            ),
            (Ended::Stopped(Stop::MaxTokens), r#"{"report":"x"}"#, ""),
            (Ended::Stopped(Stop::MaxTurns), "", ""),
            (Ended::Stopped(Stop::Refusal), "", ""),
            (Ended::Stopped(Stop::Cancelled), "", ""),
            (Ended::Stopped(Stop::Unknown), "", ""),
            (
                Ended::Failed(Failure::Login("Please run /login".into())),
                "",
                "",
            ),
            (Ended::Failed(Failure::NotFound), "", ""),
            (said("Internal error: no such tool"), "", ""),
            (said("API Error: 529 Overloaded"), "", ""),
            (
                said("Internal error: {\"errorKind\":\"server_error\"}"),
                "",
                "",
            ),
            (said("Invalid API key"), "", ""),
            (said("Too Many Requests\nretry-after: 5"), "", ""),
            (Ended::Died(Exit::Signal(9)), "", ""),
            (Ended::Died(Exit::Code(1)), "", "no such flag"),
            (Ended::Died(Exit::Code(1)), "", "HTTP 429"),
            (Ended::TimedOut, r#"{"report":"x"}"#, ""),
            (Ended::Silent, "", ""),
        ] {
            table.push(match verdict(Role::Context, &ended, text, stderr) {
                Verdict::Answer(Answer::Malformed(reason)) => format!("malformed: {reason}"),
                Verdict::Answer(_) => "result".to_owned(),
                Verdict::Unusable(reason) => format!("again: {reason}"),
                Verdict::Trouble(kind, reason) => format!("{kind:?}: {reason}"),
            });
        }
        insta::assert_snapshot!(table.join("\n"), @r#"
        result
        result
        again: its answer holds no JSON object
        RateLimited { retry_after_ms: Some(9000) }: API Error: 429 rate limit, retry after 9 s
        malformed: the agent ran out of tokens before it answered
        malformed: the agent used up its turns before it answered
        malformed: the model refused to go on
        malformed: the agent says that its turn was cancelled, which nobody did
        malformed: the agent stopped for a reason that is not known here
        Invalid: the agent is not logged in: Please run /login
        malformed: the agent lost its own session
        malformed: the agent failed: Internal error: no such tool
        Transient: API Error: 529 Overloaded
        Transient: Internal error: {"errorKind":"server_error"}
        Invalid: Invalid API key
        RateLimited { retry_after_ms: Some(5000) }: Too Many Requests retry-after: 5
        malformed: the agent ended: signal 9; it wrote nothing to standard error
        malformed: the agent ended: exit 1; its last lines on standard error:
        no such flag
        RateLimited { retry_after_ms: None }: the agent ended: exit 1; its last lines on standard error:
        HTTP 429
        Timeout: it took too long
        Timeout: it said nothing for too long
        "#);
        let long = "all about the rate limit ".repeat(50);
        let ended = Ended::Stopped(Stop::Finished);
        let told = verdict(Role::Context, &ended, &long, "");
        assert!(
            matches!(told, Verdict::Unusable(_)),
            "a report is no refusal"
        );
    }

    #[test]
    fn an_agent_that_never_got_to_work_gave_no_answer() {
        let limited = ErrorKind::rate_limited(Some(Duration::from_secs(5)));
        for (ended, kind) in [
            (Ended::Died(Exit::Code(1)), ErrorKind::Transient),
            (
                Ended::Failed(Failure::Said("x".into())),
                ErrorKind::Transient,
            ),
            (
                Ended::Failed(Failure::Said("rate limit, retry after 5".into())),
                limited,
            ),
            (
                Ended::Failed(Failure::Login("x".into())),
                ErrorKind::Invalid,
            ),
            (Ended::TimedOut, ErrorKind::Timeout),
        ] {
            assert_eq!(no_session(&ended, "").0, kind, "{ended:?}");
        }
    }
}
