//! The context agent: once as a report, or alive beside a worker.

use sprint_core::domain::agent::{AgentTask, TestingLevel};

use crate::prompt::degradation::WARNING;
use crate::prompt::frame::framed;
use crate::prompt::handoff::PARTS;
use crate::prompt::{Prompt, blocks, ground};

/// What a context agent is told whose report is all that is left of it.
pub(super) fn report(task: &AgentTask) -> String {
    blocks::join([
        briefing(task),
        contents(
            "The worker gets your report and cannot ask you anything: what is not in it, it does \
             not know. Put it into `report`, as Markdown",
        ),
    ])
}

/// What a context agent is told that stays alive beside the worker of `task`. The answer to it is
/// the report, as text.
pub fn teammate(task: &AgentTask) -> Prompt {
    let asks = format!(
        "# Your part\n\
         The worker writes in the same workspace while you are here, and asks you about the code. \
         Each message you get is one question.\n\
         - Read the lines again before you answer, even if you read them before: the worker changes \
         them.\n\
         - Begin with the answer. Then the path and line it rests on, for every claim, and the lines \
         themselves where their wording matters.\n\
         - Answer what is asked, in a few lines. If you do not find it, say so; that is an answer.\n\
         - If you notice that you answer from memory, repeat yourself, or can no longer read what \
         you need, begin the answer with `{WARNING}:` and say what the worker should read instead.\n\
         - Answer as plain text."
    );
    let ground = ground::system(task, None);
    Prompt {
        system: format!("{ground}\n\n{asks}\n"),
        user: blocks::join([
            briefing(task),
            contents(
                "Read, and then report: your answer to this message is the report, as Markdown",
            ),
            "After that, questions come.".to_owned(),
        ]),
    }
}

/// A question of the worker, as a message to the context agent beside it.
pub fn question(question: &str) -> String {
    blocks::join([
        "The worker asks:".to_owned(),
        framed("question", question, 8_000),
        "Read the lines again, then answer with path and line.".to_owned(),
    ])
}

fn briefing(task: &AgentTask) -> String {
    let depth = match task.guidance.testing {
        TestingLevel::Full => "Leave nothing out: every function, error and caller that matters.",
        TestingLevel::Standard | TestingLevel::Custom(_) => {
            "Cover what the change is for and how it can fail."
        }
        TestingLevel::Minimal => "Cover the core of the change.",
    };
    blocks::join([
        blocks::ticket(task),
        blocks::progress(task),
        blocks::standards(task),
        blocks::testing(&task.guidance.testing),
        format!(
            "## What to read\n{depth}\n\
             - The files to be changed: their structure, their key functions with signatures, their \
             length.\n\
             - Two or three places that do something similar already.\n\
             - The types and schemas involved, in full: every field, and whether it is optional.\n\
             - How imports are written here.\n\
             - One or two tests like those that will be needed, with their set-up.\n\
             - Configuration and constants that matter.\n\
             - Who imports the files, and what they import; dependencies the change needs."
        ),
    ])
}

fn contents(told: &str) -> String {
    let [files, patterns, types, templates, cases, unverified] = PARTS;
    format!(
        "## The report\n{told}, with these level-2 headings in this order:\n\
         - `## {files}`: each file you read, with its length and what matters in it.\n\
         - `## {patterns}`: how such things are done here, each with path and line.\n\
         - `## {types}`: definitions, copied and not retold.\n\
         - `## {templates}`: for each file to be created a skeleton that compiles: imports you \
         checked, signatures, types, a TODO and a \"not implemented\" body. For each test file its \
         imports and set-up, one case that passes, and each edge case as a case that is commented \
         out.\n\
         - `## {cases}`: function, input, what should happen.\n\
         - `## {unverified}`: everything you mention and did not read.\n\
         Every claim has a path and a line. What you did not read you do not describe."
    )
}
