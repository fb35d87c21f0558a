//! Ordering merges, from texts.

use sprint_core::domain::agent::AgentTask;

use crate::prompt::blocks;

pub(super) fn user(task: &AgentTask) -> String {
    blocks::join([
        blocks::material(
            task,
            "## Material\nThere is none: all lists of the result are empty.",
        ),
        "## Your task\n\
         The material tells of branches that are verified and wait to be merged: their tickets, \
         their files, what depends on what. Predict where they clash, and put them in order.\n\
         - A ticket comes after everything it depends on. That is never broken.\n\
         - Then the ones that change structure before those that build on it, small before large, \
         and those that share files next to each other.\n\
         - Risk of a pair: CRITICAL if both rewrite the same lines, HIGH if they change the same \
         functions, MEDIUM if the same file, LOW if only lock files or lists that both append to.\n\
         \n\
         ## The result\n\
         `merge_order` holds every ticket once, first to last, each with its reason. \
         `conflict_context` says for each shared file what each ticket is after there, and which \
         edge cases have to survive."
            .to_owned(),
    ])
}
