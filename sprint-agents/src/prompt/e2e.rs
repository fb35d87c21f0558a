//! Using the merged application as a person would.

use sprint_core::domain::agent::{AgentTask, TestingLevel};

use crate::prompt::blocks;

pub(super) fn user(task: &AgentTask) -> String {
    let session = &task.ticket;
    let depth = match task.guidance.testing {
        TestingLevel::Full => {
            "Go through the happy path, the error cases, the endpoints, the data that has to be \
             kept, the places where it meets other features, and the logs."
        }
        TestingLevel::Standard => "Go through the one or two paths that matter most.",
        TestingLevel::Minimal => "Only see whether the application starts and shows the feature.",
        TestingLevel::Custom(_) => "Go as far as the testing level says.",
    };
    blocks::join([
        blocks::ticket(task),
        blocks::testing(&task.guidance.testing),
        blocks::material(
            task,
            "## Material\nNothing is said about where the application runs: report that as the only \
             failure.",
        ),
        format!(
            "## Your task\n\
             The ticket is merged and the application runs; the material says where, and what its \
             user wants to do with it. {depth} Each step of a user journey in the material is one \
             scenario.\n\
             1. See whether it answers at all.\n\
             2. If the material names a command for end-to-end tests, run it for what the ticket \
             touches, and count.\n\
             3. Use it with the browser. Every command has `--session {session}`:\n   \
                `agent-browser --session {session} open <url>`, `… snapshot -i` (shows what can be \
             used, each with a reference such as @e3), `… click @e3`, `… fill @e4 <text>`, `… get \
             text <selector>`, `… get url`, `… wait <what>`, `… screenshot <file>`.\n   \
                References die when the page changes: take a new snapshot after every step. Read \
             back what you filled in.\n\
             4. Close it: `agent-browser --session {session} close`, whatever happened.\n\
             \n\
             Start and stop no server, open no other address than the application's, and put \
             pictures only where the material says."
        ),
        "## The result\n\
         - `checks`: one entry per step, with what you saw as `evidence`: the line of the snapshot, \
         the status and body, the output.\n\
         - `tests_passed` and `tests_failed`: of the end-to-end tests you ran, else 0.\n\
         - `failures`: one entry per defect, so that somebody who was not here can see it again and \
         repair it."
            .to_owned(),
    ])
}
