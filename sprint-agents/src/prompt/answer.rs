//! How an agent answers, and what it is told when it did not, or when it had to wait.

use sprint_core::domain::agent::{Grant, Role};

use crate::prompt::frame::{frame, framed};
use crate::prompt::{AnswerForm, blocks};
use crate::schema::schema;

/// How the answer of a role is given.
pub(super) fn form(role: Role, form: AnswerForm) -> String {
    let how = match form {
        AnswerForm::Tool => {
            "When your work is done, give the result with the tool for structured output, once. \
             The schema of the tool says what belongs into each field. A result that is written \
             as text does not count."
                .to_owned()
        }
        AnswerForm::Text => format!(
            "When your work is done, your last message is one JSON object and nothing else: no \
             sentence before or after it, no fence. It has to fit this JSON Schema:\n\n{}",
            schema(role)
        ),
    };
    format!("# Your answer\n{how}")
}

/// What an agent is told whose answer was not in the form of its role, so that it answers again in
/// the same session.
pub fn repair(role: Role, form_of: AnswerForm, why: &str) -> String {
    blocks::join([
        "Your answer was not in the form that was asked for:".to_owned(),
        framed("what is wrong with it", why, 4_000),
        "Answer again: the whole result, in the right form. Do no further work, and change nothing \
         that you found out; only the form was wrong."
            .to_owned(),
        form(role, form_of),
    ])
}

/// What an agent is told when a person has decided about a tool it was stopped at.
pub fn decided(grant: &Grant) -> String {
    let request = &grant.request;
    let (what, then) = if grant.allowed {
        (
            "A person has allowed it:",
            "Go on from where you were stopped. You may use the tool in exactly this way; another \
             use is another question.",
        )
    } else {
        (
            "A person has refused it:",
            "Go on from where you were stopped, without it. Do not ask for it again, and do not \
             reach the same by another way. If your work cannot be finished like that, finish \
             what can be and say in your result what is missing.",
        )
    };
    let used = format!("{}\n{}", request.tool, request.input);
    blocks::join([
        format!("You wanted to use a tool that nobody had decided about. {what}"),
        frame("the tool and what it was to be used with", &used),
        then.to_owned(),
    ])
}
