//! What an agent is told. The protocol knows no system prompt, so that all of it is in messages.

use sprint_core::domain::agent::{AgentTask, Assignment, Role};

use crate::ask;
use crate::prompt::{self, AnswerForm, Prompt, PromptFacts};

/// The assignment, for a session that is new or `resumed`, and for a worker that can ask or not.
pub(super) fn assignment(task: &AgentTask, resumed: bool, asks: bool) -> String {
    let stopped = task.grants.last().filter(|_| resumed);
    if let Some(grant) = stopped
        && !matches!(task.assignment, Assignment::Fix { .. })
    {
        return prompt::decided(grant);
    }
    let facts = PromptFacts {
        answer: AnswerForm::Text,
        resumed,
        ask_tool: asks.then_some(ask::TOOL),
        allowed: None,
    };
    let told = whole(prompt::render(task, &facts));
    match stopped {
        Some(grant) => format!("{told}\n\n{}", prompt::decided(grant)),
        None => told,
    }
}

/// What the context agent beside a worker is told first.
pub(super) fn teammate(task: &AgentTask) -> String {
    whole(prompt::teammate(task))
}

/// What an agent is told that stopped because something was refused.
pub(super) fn go_on() -> String {
    "What you wanted to do is not allowed here. Go on with your work without it, and do not try to \
     reach the same by another way. When your work is done, give your result in the form you were \
     told."
        .to_owned()
}

/// What an agent is told whose answer cannot be used.
pub(super) fn again(role: Role, reason: &str) -> String {
    prompt::repair(role, AnswerForm::Text, reason)
}

fn whole(Prompt { system, user }: Prompt) -> String {
    format!("{system}\n\n{user}")
}
