//! Looking back at a sprint, from texts.

use sprint_core::domain::agent::AgentTask;

use crate::prompt::blocks;

pub(super) fn user(task: &AgentTask) -> String {
    blocks::join([
        blocks::about("The sprint", task, &task.description),
        blocks::material(
            task,
            "## Material\nThere is none: say so in the report, and leave all lists empty.",
        ),
        "## Your task\n\
         Say what this sprint teaches. Every count you need is in the material; compute none anew, \
         and state nothing that it does not show.\n\
         1. The problem statement, if it is there: for each step of the user journey, each success \
         criterion and each implied feature, whether what was merged meets it in full, in part or \
         not at all, and which tickets show it.\n\
         2. Each ticket: trips through the checks, what failed, whether it was sized right.\n\
         3. What repeats: the same failure in several tickets, modules that make trouble, \
         dependencies that were missed.\n\
         4. The process: expected conflicts against real ones, workers that had to start over, \
         tickets that were left out.\n\
         \n\
         ## The result\n\
         - `report`: the above as Markdown, with a heading for each of the four, each point with the \
         ticket it comes from.\n\
         - `alignment`: one row per line of the problem statement.\n\
         - `patterns`: facts about the code base for every later worker. `progress`: facts for later \
         sprints on this problem. Each is one sentence that can be acted on; leave out what is \
         noted already.\n\
         - `standards`: lines that would have prevented a failure, had they been in the project's \
         rules.\n\
         - `tickets_feedback`: what to do differently when tickets are written."
            .to_owned(),
    ])
}
