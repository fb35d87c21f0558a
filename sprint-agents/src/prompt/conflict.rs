//! Resolving a conflict between two sides that both were verified.

use sprint_core::domain::agent::{AgentTask, Assignment, Intent};

use crate::prompt::blocks;
use crate::prompt::frame::{frame, framed, list};

pub(super) fn user(task: &AgentTask) -> String {
    let before = match &task.assignment {
        Assignment::First => String::new(),
        Assignment::Fix { feedback }
        | Assignment::FreshAgent { feedback }
        | Assignment::Continue { feedback } => format!(
            "## What went wrong before\nAnother agent resolved this conflict, and what it made was \
             refused. Its work is gone; do not repeat its mistake.\n{}",
            frame("why it was refused", feedback)
        ),
    };
    let (files, ours) = task
        .conflict
        .as_ref()
        .map(|brief| (brief.files.as_slice(), brief.ours.as_slice()))
        .unwrap_or_default();
    let files: Vec<_> = files.iter().map(ToString::to_string).collect();
    blocks::join([
        before,
        format!(
            "## The conflict\nThe workspace holds a merge of both sides. In the files below, what \
             clashes stands between conflict markers: above `=======` what is merged already \
             (\"ours\"), below it ticket {} (\"theirs\").\n{}",
            task.ticket,
            list("files that clash", &files)
        ),
        blocks::about("Theirs", task, &task.description),
        research("Research for their side", task.research.as_deref()),
        blocks::join(ours.iter().map(side)),
        format!(
            "## Your task\n\
             Both sides were verified alone. Make one that does what both were made to do.\n\
             - Both only add: keep both, in an order that works.\n\
             - Both change the same lines: write what meets the criteria and edge cases of both.\n\
             - One changes the structure: follow the newer structure, and carry the other side's \
             change over into it.\n\
             - No marker may be left. Touch no file but those that clash and, where the resolution \
             needs it, files of these tickets.\n\
             - Nothing that either side added may get lost silently: every added line that is not \
             in the result is looked for. What has to go, goes into `waivers`, with path, line and \
             reason.\n\
             \n\
             Then run every command:\n{}\n\
             You may leave the files as they are or commit them with the subject `merge: resolve \
             conflicts for {}`; both are picked up.",
            blocks::checks(task),
            task.ticket
        ),
        blocks::known_failures(task),
        format!(
            "## The result\n`ticket_id` is `{}`. `acceptance_preserved` is true only if every \
             criterion of every ticket above still holds; if two exclude each other, it is false, \
             and `summary` says which. `summary` says per file what you did.",
            task.ticket
        ),
    ])
}

fn side(intent: &Intent) -> String {
    let title = framed("title", &intent.title, 500);
    let description = frame("description", &intent.description);
    let research = research("Research for it", intent.research.as_deref());
    blocks::join([
        format!("## Ours: {}\n{title}\n{description}", intent.ticket),
        research,
    ])
}

fn research(heading: &str, report: Option<&str>) -> String {
    report.map_or_else(String::new, |report| {
        format!("### {heading}\n{}", framed("report", report, 20_000))
    })
}
