//! Reading the files of one planned ticket closely.

use sprint_core::domain::agent::{AgentTask, TestingLevel};

use crate::prompt::blocks;

pub(super) fn user(task: &AgentTask) -> String {
    let depth = match task.guidance.testing {
        TestingLevel::Full => "Everything: also long input, odd characters, two at once.",
        TestingLevel::Standard | TestingLevel::Custom(_) => {
            "What the functions are for, and how they fail."
        }
        TestingLevel::Minimal => "The core only.",
    };
    blocks::join([
        blocks::about("The planned ticket", task, &task.description),
        blocks::testing(&task.guidance.testing),
        blocks::material(task, ""),
        format!(
            "## Your task\n\
             Read every file that the ticket changes from the first line to the last. For a file \
             that it creates, read the neighbours that are most like it. Callers, line counts and \
             imports that the material lists are facts: do not look for them again. How deep: \
             {depth}\n\
             - Functions: signature, what goes in and comes out, one sentence of behaviour, side \
             effects, how errors are told, shared state.\n\
             - Types: all fields with optional and nullable, all values of enumerations.\n\
             - Callers: who uses it and how, also in files that the ticket does not name.\n\
             - Error style and test style, each with an example.\n\
             - Edge cases that deserve a test: function, input, what should happen.\n\
             \n\
             ## The result\n\
             `ticket` is `{}`. Paths, lines and names are compared with the files. Describe no file \
             that you did not read: put it into `unread`.",
            task.ticket
        ),
    ])
}
