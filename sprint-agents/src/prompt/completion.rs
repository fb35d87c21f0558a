//! The judge of whether a ticket is complete.

use sprint_core::domain::agent::AgentTask;
use sprint_core::domain::ticket::checkbox;

use crate::prompt::{blocks, frame};

pub(super) fn user(task: &AgentTask) -> String {
    let criteria = blocks::section(task, &["Acceptance Criteria"]);
    let criteria: Vec<_> = criteria
        .map(|section| section.body.lines().filter_map(checkbox).collect())
        .unwrap_or_default();
    let criteria = if criteria.is_empty() {
        "The ticket has no list of acceptance criteria: take its requirements from the description, \
         one row each."
            .to_owned()
    } else {
        format!(
            "Each of these is a row of its own, in the ticket's words; it is checked that none is \
             missing:\n{}\nAdd a row for each further requirement in the description.",
            frame::list("acceptance criteria", &criteria)
        )
    };
    blocks::join([
        blocks::ticket(task),
        blocks::change(task),
        blocks::material(task, ""),
        format!(
            "## Your task\n\
             Find for each requirement the code that meets it and the test that shows it. The \
             checks are green and a review has passed, so there is nothing to run; what is asked is \
             whether everything is there.\n{criteria}\n\
             A requirement is met only if the code does it, wholly. A promise in a comment, a test \
             without the code, or a worker's word meets nothing."
        ),
        "## The result\n\
         - `met` is true only with a `place`: the `path:line` where it is met, in a file of this \
         change or of a ticket it depends on. The line has to exist; it is checked.\n\
         - `met` is false if it is missing, done in part, or if you cannot find it; the requirement \
         stays in the ticket's words."
            .to_owned(),
    ])
}
