//! What an agent is told, as text: an [`AgentTask`] becomes a [`Prompt`].
//!
//! Everything here is a function of its arguments. Text that comes from tickets, agents, commands
//! and files is quoted in frames that it cannot end: it can be read, and it cannot give orders.

pub mod degradation;
pub mod handoff;

mod answer;
mod blocks;
mod completion;
mod conflict;
mod context;
mod e2e;
mod explore;
mod frame;
mod ground;
mod retrospective;
mod review;
mod scheduler;
mod simplifier;
mod ticket_context;
mod worker;

use sprint_core::domain::agent::{AgentTask, Role};

pub use answer::{decided, repair};
pub use context::{question, teammate};

/// The text an agent starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What holds for its whole session; to be given each time it is started or continued.
    pub system: String,
    /// The message it is to work on.
    pub user: String,
}

/// What has to be known beside the task.
#[derive(Clone, Copy, Debug)]
pub struct PromptFacts<'a> {
    /// How it gives its answer.
    pub answer: AnswerForm,
    /// Whether it still knows what it was told before: its session goes on.
    pub resumed: bool,
    /// The tool with which a worker asks the context agent that is alive beside it; `None` if none
    /// is.
    pub ask_tool: Option<&'a str>,
    /// The rules of what it may do without a question asked, if everything else is refused.
    pub allowed: Option<&'a [String]>,
}

/// How an agent gives its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerForm {
    /// By a tool that refuses what does not fit the schema.
    Tool,
    /// As JSON in its last message.
    Text,
}

/// What the agent of this task is told.
pub fn render(task: &AgentTask, facts: &PromptFacts<'_>) -> Prompt {
    let user = match task.role {
        Role::Context => context::report(task),
        Role::Worker => worker::user(task, facts),
        Role::Simplifier => simplifier::user(task),
        Role::Review => review::user(task),
        Role::Completion => completion::user(task),
        Role::Conflict => conflict::user(task),
        Role::E2e => e2e::user(task),
        Role::Retrospective => retrospective::user(task),
        Role::Explore => explore::user(task),
        Role::TicketContext => ticket_context::user(task),
        Role::Scheduler => scheduler::user(task),
    };
    let decided = if facts.resumed {
        String::new()
    } else {
        blocks::grants(task)
    };
    let answer = answer::form(task.role, facts.answer);
    let ground = ground::system(task, facts.allowed);
    Prompt {
        system: format!("{ground}\n\n{answer}\n"),
        user: blocks::join([user, decided]),
    }
}

#[cfg(test)]
mod tests;
