//! Parts that the prompts of several roles have in common.

use sprint_core::domain::agent::{AgentTask, Grant, TestingLevel};
use sprint_core::domain::command::CheckKind;
use sprint_core::domain::ticket::{Section, sections};

use crate::prompt::frame::{frame, framed, list};

/// Blocks with a blank line between them; empty ones are left out.
pub(super) fn join(blocks: impl IntoIterator<Item = String>) -> String {
    let blocks = blocks.into_iter().filter(|block| !block.is_empty());
    let blocks: Vec<_> = blocks.collect();
    blocks.join("\n\n")
}

/// The ticket, whole.
pub(super) fn ticket(task: &AgentTask) -> String {
    about("The ticket", task, &task.description)
}

/// The ticket with this much of its description.
pub(super) fn about(heading: &str, task: &AgentTask, description: &str) -> String {
    let title = framed("title", &task.title, 500);
    let description = frame("description", description);
    format!("## {heading}: {}\n{title}\n{description}", task.ticket)
}

/// The first section of the ticket's description whose heading starts with one of the names.
pub(super) fn section<'a>(task: &'a AgentTask, names: &[&str]) -> Option<Section<'a>> {
    let mut sections = sections(&task.description).into_iter();
    sections.find(|section| names.iter().any(|name| section.is_called(name)))
}

/// The commands of the gate, one per line.
pub(super) fn checks(task: &AgentTask) -> String {
    let line = |(kind, command): (&CheckKind, &String)| format!("- {kind}: `{command}`");
    let lines: Vec<_> = task.checks.iter().map(line).collect();
    lines.join("\n")
}

/// Tests that are red before anything is changed.
pub(super) fn known_failures(task: &AgentTask) -> String {
    if task.known_failures.is_empty() {
        return String::new();
    }
    let names = list("tests that fail already", &task.known_failures);
    format!(
        "## Known failures\nThese tests fail without your work. They are not your fault and not \
         your task: leave them alone, and do not count them as failures of yours.\n{names}"
    )
}

/// The files a change touches, and how to see what it does to them.
pub(super) fn change(task: &AgentTask) -> String {
    let base = &task.work_base;
    let files: Vec<_> = task.changed.iter().map(ToString::to_string).collect();
    let files = list("files it touches", &files);
    format!(
        "## The change\nIt is everything between `{base}` and the current commit. These commands \
         show it:\n- `git diff --stat {base}..HEAD`\n- `git diff {base}..HEAD`\n- `git diff \
         {base}..HEAD -- <path>`, if the whole is too long to be shown at once\n- `git log \
         --oneline {base}..HEAD`\n{files}"
    )
}

/// How much is to be tested.
pub(super) fn testing(level: &TestingLevel) -> String {
    let text = match level {
        TestingLevel::Full => {
            "Full. Unit tests, integration tests and end-to-end scenarios. Each acceptance \
             criterion and each edge case has a test of its own. More than 90 % of the new code is \
             covered."
        }
        TestingLevel::Standard => {
            "Standard. Unit and integration tests. Each acceptance criterion has at least one test, \
             and so has each edge case whose failure would matter. More than 80 % of the new code \
             is covered."
        }
        TestingLevel::Minimal => {
            "Minimal. Unit tests of the core logic; integration tests only where there is no other \
             way. More than 50 % of the new code is covered."
        }
        TestingLevel::Custom(text) => {
            let text = frame("how much to test", text);
            return format!("## Testing level\nAs the problem statement words it:\n{text}");
        }
    };
    format!("## Testing level\n{text}")
}

/// The project's rules, by their path.
pub(super) fn standards(task: &AgentTask) -> String {
    task.standards.as_ref().map_or_else(String::new, |path| {
        format!("## Project standards\nThe project's rules are in `{path}`. Read them first.")
    })
}

/// What the code base and earlier sprints teach.
pub(super) fn progress(task: &AgentTask) -> String {
    let guidance = &task.guidance;
    let of = |name, text: &Option<String>, none: &str| {
        let framed = text.as_ref().map(|text| framed(name, text, 20_000));
        framed.unwrap_or_else(|| none.to_owned())
    };
    let patterns = of(
        "patterns of the code base",
        &guidance.patterns,
        "Nothing is noted about the code base yet.",
    );
    let progress = of(
        "what sprints on this problem taught",
        &guidance.progress,
        "Nothing is noted about this problem yet.",
    );
    format!("## What is known\n{patterns}\n{progress}")
}

/// What people decided about tools that agents of this ticket wanted to use.
pub(super) fn grants(task: &AgentTask) -> String {
    if task.grants.is_empty() {
        return String::new();
    }
    let decided = |grant: &Grant| {
        let word = if grant.allowed { "allowed" } else { "refused" };
        format!("{word}: {} {}", grant.request.tool, grant.request.input)
    };
    let decided: Vec<_> = task.grants.iter().map(decided).collect();
    format!(
        "## What a person has decided\nThese uses of tools were asked about before. What is \
         allowed you may use exactly so; do not ask again for what is refused, and do not reach it \
         by another way.\n{}",
        list("decisions", &decided)
    )
}

/// The texts that are handed over to be judged.
pub(super) fn material(task: &AgentTask, none: &str) -> String {
    let texts = task.material.iter();
    let texts: Vec<_> = texts.map(|given| frame(&given.name, &given.text)).collect();
    if texts.is_empty() {
        return none.to_owned();
    }
    format!("## Material\n{}", texts.join("\n"))
}
