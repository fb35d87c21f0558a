//! The reviewer.

use sprint_core::domain::agent::AgentTask;

use crate::prompt::blocks;

pub(super) fn user(task: &AgentTask) -> String {
    blocks::join([
        blocks::ticket(task),
        blocks::change(task),
        blocks::standards(task),
        blocks::progress(task),
        blocks::material(task, ""),
        "## Your task\n\
         Read every changed line, and as much around it as you need to judge it. Whether it builds \
         and whether the tests are green is found out by others at the same time: run neither. \
         Look for:\n\
         - security: input that is trusted, secrets, injection, missing checks of rights\n\
         - logic: does it do what the ticket asks, in every branch\n\
         - errors: swallowed, misleading, or leaving things half done\n\
         - edge cases: null, empty, bounds, duplicates, two at once\n\
         - the project's patterns: is it done the way such things are done here\n\
         - tests: do they fail if the feature is taken away\n\
         - for a user interface: can it be used by keyboard and by a screen reader\n\
         \n\
         ## The result\n\
         One finding per fault, with `place` as `path:line` and a message that says what is wrong, \
         when it shows, and what would be right.\n\
         - CRITICAL: dangerous: data is lost or exposed, or what worked before breaks.\n\
         - HIGH: wrong: the ticket is not met, or fails for input that will come.\n\
         - MEDIUM: worth repairing one day. LOW: worth knowing. Neither blocks the change.\n\
         Taste is no fault. If you find nothing that is wrong, `findings` is empty; do not invent \
         one. `summary` says in a few sentences what you read."
            .to_owned(),
    ])
}
