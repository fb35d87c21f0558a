//! The simplifier: one pass over finished code.

use sprint_core::domain::agent::AgentTask;

use crate::prompt::blocks;

pub(super) fn user(task: &AgentTask) -> String {
    blocks::join([
        blocks::ticket(task),
        blocks::change(task),
        blocks::standards(task),
        format!(
            "## Your task\n\
             The change is finished and its checks are green. Make it easier to read without \
             changing what it does: shorter functions, fewer branches, better names, no code twice, \
             no comment that repeats the code. Only lines of this change, in the files above.\n\
             - Public signatures, error texts, tests and behaviour stay as they are.\n\
             - No new file, no new dependency, no new abstraction for its own sake.\n\
             - If it is simple enough, change nothing: an empty list is a good answer.\n\
             \n\
             Run every command after your last change:\n{}\n\
             If one is red, undo what made it red. Commit with the subject `refactor: simplify \
             implementation ({})`. What you made is thrown away if a check is red afterwards.",
            blocks::checks(task),
            task.ticket
        ),
        blocks::known_failures(task),
        "## The result\n`changes_made` has one line per thing you changed, with its path."
            .to_owned(),
    ])
}
