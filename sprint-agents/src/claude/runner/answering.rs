//! From the end of a turn to an answer in the form of the role.

use sprint_core::domain::agent::{Answer, Claimed, Role, RoleResult};
use sprint_core::failure::ErrorKind;
use sprint_core::time::Timestamp;

use crate::claude::outcome::{Meaning, Outcome};
use crate::redact::Redactor;
use crate::spoken;

/// What to do after a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is an answer.
    Take(Answer),
    /// It is none, for this reason; once, the agent is told and asked again.
    Repair(String),
    /// It is not finished; the agent is told to go on.
    GoOn,
    /// Something around the agent failed.
    Fail(ErrorKind, String),
}

/// Reads the end of a turn of an agent in `role`. All of it is redacted first.
pub(super) fn next(role: Role, outcome: &Outcome, redactor: &Redactor, now: Timestamp) -> Next {
    if let Some(parsed) = parsed(role, outcome, redactor) {
        return match parsed {
            Ok(result) => Next::Take(Answer::Result(Claimed(result))),
            Err(why) => Next::Repair(why),
        };
    }
    match (outcome, outcome.meaning(now)) {
        (Outcome::Paused { .. }, _) => Next::GoOn,
        (Outcome::Empty, _) | (_, Meaning::Answered) => Next::Repair("it is empty".into()),
        (_, Meaning::AgentFailed(why)) => Next::Take(Answer::Malformed(redactor.redact(why))),
        (_, Meaning::Trouble(kind, why)) => Next::Fail(kind, redactor.redact(why)),
    }
}

/// The result in what the agent answered; `None` if it did not answer.
fn parsed(
    role: Role,
    outcome: &Outcome,
    redactor: &Redactor,
) -> Option<Result<RoleResult, String>> {
    if let Outcome::Done {
        structured: Some(value),
        ..
    } = outcome
    {
        let value = redactor.redact(value.to_string());
        let parsed = RoleResult::parse(role, &value);
        return Some(parsed.map_err(|error| format!("its answer is not a {role} result: {error}")));
    }
    // A model may write the value down in place of handing it in.
    let (Outcome::Done { text, .. } | Outcome::Unstructured { text }) = outcome else {
        return None;
    };
    Some(spoken::find(role, &redactor.redact(text)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sprint_core::domain::agent::ContextResult;

    use super::*;

    fn read(outcome: &Outcome) -> Next {
        let redactor = Redactor::new(["hunter2222"]);
        next(Role::Context, outcome, &redactor, Timestamp::from_millis(0))
    }

    fn found(report: &str) -> Next {
        let report = report.into();
        Next::Take(Answer::Result(Claimed(RoleResult::Context(
            ContextResult { report },
        ))))
    }

    #[test]
    fn a_value_is_taken_wherever_it_stands_and_without_secrets() {
        let text = String::new();
        let value = json!({ "report": "it is hunter2222" });
        let done = |structured| Outcome::Done {
            text: text.clone(),
            structured,
        };
        assert_eq!(read(&done(Some(value))), found("it is [redacted]"));
        let text = "Here it is:\n```json\n{\"report\": \"x\"}\n```".to_owned();
        assert_eq!(read(&Outcome::Unstructured { text }), found("x"));
    }

    #[test]
    fn what_is_no_answer_is_asked_for_again_or_given_up() {
        let said = |text: &str| Outcome::Unstructured { text: text.into() };
        assert!(matches!(read(&said("I am done.")), Next::Repair(_)));
        assert!(matches!(read(&Outcome::Empty), Next::Repair(_)));
        let wrong = Outcome::Done {
            text: String::new(),
            structured: Some(json!({ "report": 1 })),
        };
        let Next::Repair(why) = read(&wrong) else {
            panic!("a value of another form is no answer")
        };
        insta::assert_snapshot!(why, @"its answer is not a context result: invalid type: integer `1`, expected a string at line 1 column 11");
        assert_eq!(read(&Outcome::Paused { text: "so".into() }), Next::GoOn);
        let malformed = |outcome| matches!(read(&outcome), Next::Take(Answer::Malformed(_)));
        assert!(malformed(Outcome::MaxTurns) && malformed(Outcome::Budget));
        let fatal = read(&Outcome::Auth("no key hunter2222".into()));
        assert_eq!(
            fatal,
            Next::Fail(ErrorKind::Fatal, "no key [redacted]".into())
        );
    }
}
