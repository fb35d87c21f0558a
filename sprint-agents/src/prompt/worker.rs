//! The worker: the blocks of spec 1.3, in their order. The first, the guardrails, is in the system
//! prompt.

use sprint_core::domain::agent::{AgentTask, Assignment};
use sprint_core::domain::command::CheckKind;
use sprint_core::domain::ticket::sections;

use crate::prompt::PromptFacts;
use crate::prompt::blocks::{self, section};
use crate::prompt::degradation::WARNING;
use crate::prompt::frame::{frame, list};
use crate::prompt::handoff::handoff;

const EDGE_CASES: &[&str] = &["Edge Cases"];
const FILE_CONTEXT: &[&str] = &["Detailed File Context"];
const CONTRACTS: &[&str] = &[
    "Caller-Callee Contracts",
    "Caller Callee Contracts",
    "CallerCallee Contracts",
    "Caller/Callee Contracts",
    "Caller–Callee Contracts",
];
const TEST_PATTERNS: &[&str] = &["Test Patterns"];

/// The message for this assignment.
pub(super) fn user(task: &AgentTask, facts: &PromptFacts<'_>) -> String {
    let first = match &task.assignment {
        Assignment::Fix { feedback } if facts.resumed => return correct(task, facts, feedback),
        Assignment::First => String::new(),
        Assignment::Fix { feedback } => format!(
            "## What is to be corrected\nThe work on this ticket is on the branch already. The \
             checks found the following in it. Correct all of it, and leave the rest as it is.\n{}",
            frame("what was found", feedback)
        ),
        Assignment::FreshAgent { feedback } => format!(
            "## A new start\nAnother worker tried this ticket and failed twice with the same error. \
             You start over on a clean branch. Below is what went wrong: find another approach, and \
             do not repeat that one.\n{}",
            frame("what went wrong", feedback)
        ),
        Assignment::Continue { feedback } => format!(
            "## Work that was broken off\nAnother worker began this ticket and could not finish. \
             What it made is on the branch. Look at it first, keep what is good, and finish.\n{}",
            frame("what is known about it", feedback)
        ),
    };
    blocks::join([
        first,
        blocks::about("The ticket", task, &without_extracts(&task.description)),
        edge_cases(task),
        extract(task, "Detailed file context", FILE_CONTEXT, ""),
        extract(
            task,
            "Contracts between callers and callees",
            CONTRACTS,
            "Keep these signatures exactly; others rely on them.\n",
        ),
        extract(
            task,
            "Test patterns",
            TEST_PATTERNS,
            "Write tests like these.\n",
        ),
        templates(facts),
        research(task, facts),
        blocks::progress(task),
        learnings(task),
        failure_patterns(task),
        blocks::testing(&task.guidance.testing),
        blocks::standards(task),
        workspace(task),
        workflow(task),
        blocks::known_failures(task),
        finishing(task),
    ])
}

/// The message for a worker that knows all the rest.
fn correct(task: &AgentTask, facts: &PromptFacts<'_>, feedback: &str) -> String {
    let ask = facts.ask_tool.map_or_else(String::new, |tool| {
        format!("The context agent is still there: ask it with `{tool}`.")
    });
    blocks::join([
        format!(
            "## What is to be corrected\nThe checks looked at your work on {} and found this, all \
             of it in one message:\n{}",
            task.ticket,
            frame("what was found", feedback)
        ),
        "Correct all of it in the same workspace, on the same branch. Look at the code before you \
         trust your memory of it: it may have been changed since, by a merge of what was finished \
         meanwhile. A finding that is wrong is not worked around: say in `notes` why it is wrong."
            .to_owned(),
        ask,
        blocks::known_failures(task),
        format!(
            "Then run every command again, after your last change:\n{}\nCommit with the subject \
             `fix: address feedback ({})`, and give the whole result again, not only what is new \
             in it.",
            blocks::checks(task),
            task.ticket
        ),
    ])
}

/// The description without the sections that get blocks of their own. Those that come twice stay.
fn without_extracts(description: &str) -> String {
    let mut kept = String::new();
    let mut taken: Vec<&[&str]> = Vec::new();
    for section in sections(description) {
        let of = [EDGE_CASES, FILE_CONTEXT, CONTRACTS, TEST_PATTERNS];
        let names = of
            .into_iter()
            .find(|names| names.iter().any(|name| section.is_called(name)));
        if let Some(names) = names.filter(|names| !taken.contains(names)) {
            taken.push(names);
            continue;
        }
        if let Some(heading) = section.heading {
            kept.push_str("## ");
            kept.push_str(heading);
            kept.push('\n');
        }
        kept.push_str(section.body);
    }
    kept
}

fn edge_cases(task: &AgentTask) -> String {
    match section(task, EDGE_CASES) {
        Some(cases) => format!(
            "## Edge cases\nEach of these needs a test whose name or body names the case; it is \
             checked.\n{}",
            frame("edge cases", cases.body)
        ),
        None => {
            "## Edge cases\nThe ticket names none. Test each new function with null or missing \
                 input, with empty input and at the bounds of what it accepts."
                .to_owned()
        }
    }
}

fn extract(task: &AgentTask, heading: &str, names: &[&str], told: &str) -> String {
    section(task, names).map_or_else(String::new, |found| {
        format!(
            "## {heading}\n{told}{}",
            frame(&heading.to_lowercase(), found.body)
        )
    })
}

fn templates(facts: &PromptFacts<'_>) -> String {
    facts.ask_tool.map_or_else(String::new, |tool| {
        format!(
            "## Starter templates\nBefore you create a file, ask for its skeleton with `{tool}`: \
             imports, signatures and types as the code base has them, and for a test file its set-up \
             and one case that passes. Fill it in. No TODO and no \"not implemented\" may be left of \
             it."
        )
    })
}

fn research(task: &AgentTask, facts: &PromptFacts<'_>) -> String {
    let teammate = facts.ask_tool.map(|tool| teammate(task, tool));
    let report = task.research.as_deref();
    let handoff = match (report, &teammate) {
        (None, Some(_)) => None,
        (None, None) => Some(format!(
            "## What the context agent found\nThere is no report. Read the code yourself.\n\n{}",
            handoff("").text()
        )),
        (Some(report), teammate) => Some(format!(
            "## What the context agent found\nIt read the code before you and {}. Open each line \
             before you build on it. What is missing, or listed as unverified, you have to read \
             yourself.\n\n{}",
            match teammate {
                Some(_) => "can be asked for more",
                None => "is gone: it cannot be asked",
            },
            handoff(report).text()
        )),
    };
    blocks::join(teammate.into_iter().chain(handoff))
}

fn teammate(task: &AgentTask, tool: &str) -> String {
    let wait = task
        .teammate
        .as_ref()
        .map_or(30, |teammate| teammate.reply_timeout_s);
    format!(
        "## The context agent beside you\n\
         Another agent has this workspace open. It reads while you write, and answers you. Ask it \
         with the tool `{tool}`: one question at a time, about one thing, such as \"What is the \
         exact signature of `greet`, and who calls it?\" It answers with path and line.\n\
         Trust it, and verify: open the line before you build on it.\n\
         Do not use an answer, and read the file yourself, if it\n\
         - warns about itself (`{WARNING}`),\n\
         - names no path and line,\n\
         - hedges (\"I think\", \"probably\", \"if I remember\"),\n\
         - contradicts the file or an earlier answer.\n\
         After the second such answer stop asking.\n\
         If no answer comes within {wait} seconds, or an error or nonsense comes, go on without it \
         and read the files yourself: that is no failure of yours, and nobody will start it again. \
         Say in `notes` when you did without."
    )
}

fn learnings(task: &AgentTask) -> String {
    let body = if task.learnings.is_empty() {
        "None yet: this is among the first tickets of the sprint.".to_owned()
    } else {
        list("what earlier tickets taught", &task.learnings)
    };
    format!("## What earlier tickets of this sprint taught\n{body}")
}

fn failure_patterns(task: &AgentTask) -> String {
    let patterns = &task.guidance.failure_patterns;
    if patterns.is_empty() {
        return String::new();
    }
    format!(
        "## Failures that often happen here\nWork in these files has failed like this more than \
         once. Avoid it.\n{}",
        list("failures", patterns)
    )
}

fn workspace(task: &AgentTask) -> String {
    let quick: Vec<_> = [CheckKind::Lint, CheckKind::Typecheck]
        .iter()
        .filter_map(|kind| task.checks.get(kind))
        .map(|command| format!("`{command}`"))
        .collect();
    let quick = match (quick.as_slice(), task.checks.get(&CheckKind::Build)) {
        ([], Some(build)) => format!("`{build}`"),
        ([], None) => "the tests of what you changed".to_owned(),
        (some, _) => some.join(" and "),
    };
    format!(
        "## Where and how you work\n\
         Your workspace is `{}`, a git work tree with the branch `{}` checked out. Your changes \
         begin at `{}`; what is there already, dependencies of this ticket included, is verified \
         work of others.\n\
         After every file you change, run {quick} and repair what is red before you open the next \
         file. Errors are cheapest where they are made.",
        task.workspace.display(),
        task.branch,
        task.work_base
    )
}

/// Spec 1.3: a bug starts with a test that fails. The engine gives bugs the prefix `fix`.
fn workflow(task: &AgentTask) -> String {
    let (ticket, prefix) = (&task.ticket, &task.commit_prefix);
    if prefix == "fix" {
        format!(
            "## Order of work: test first\n\
             1. Write a test that shows the fault, and run it: it has to fail, for the right \
             reason.\n\
             2. Make the smallest change that repairs it.\n\
             3. Run the test again: it has to pass.\n\
             4. Write at least two more tests of cases around it.\n\
             5. Run every command below.\n\
             6. Commit with the subject `fix: <what was wrong> ({ticket})`."
        )
    } else {
        format!(
            "## Order of work\n\
             1. Read the ticket and the code it touches to the end.\n\
             2. Implement file by file, with the quick checks after each.\n\
             3. Write at least three tests per new function: one of what it is for, one of an error, \
             one of an edge case. The edge cases above are not optional.\n\
             4. Run every command below.\n\
             5. Commit with the subject `{prefix}: <what the change does> ({ticket})`."
        )
    }
}

fn finishing(task: &AgentTask) -> String {
    let checks = if task.checks.is_empty() {
        "  No command is configured.".to_owned()
    } else {
        let checks = blocks::checks(task);
        let lines: Vec<_> = checks.lines().map(|line| format!("  {line}")).collect();
        lines.join("\n")
    };
    format!(
        "## Before you finish\n\
         Go through this list. `preflight_ran` is true only if you did.\n\
         - Each of these ran after your last change and ended with exit code 0, and the tests ran \
         at least one test:\n{checks}\n\
         - Every acceptance criterion is met by code you can point at, and has a test.\n\
         - Every edge case has a test.\n\
         - The change holds no debugging output, no TODO, no code that is commented out, and no test \
         that is skipped.\n\
         - Everything is committed on `{branch}`, and `git status` shows nothing.\n\
         \n\
         ## Limits of this ticket\n\
         Do what the ticket asks and no more: no clean-up by the way, no reformatting of files you \
         do not change, no dependency that the ticket does not need. Leave the configuration of \
         build, lint, type check and tests alone unless the ticket is about it, and change no \
         existing test except where the ticket changes what it tests. The program runs the same \
         commands itself afterwards and compares.\n\
         \n\
         ## The result\n\
         - `ticket_id` is `{ticket}`, `branch` is `{branch}`, `commit_hash` is your last commit.\n\
         - `status` is SUCCESS if all of the above holds, else PARTIAL, and `notes` say what is \
         missing and why.\n\
         - `evidence` has an entry per command you ran: its exit code, the last 15 lines or more as \
         `output`, and for tests how many passed and failed. A command you did not run has no \
         entry.\n\
         - `learnings_added`: at most five facts that would have saved you time and will save it to \
         the next worker, each one sentence with a path.\n\
         - `notes`: what a reader of the change has to know, doubts included.",
        branch = task.branch,
        ticket = task.ticket
    )
}
