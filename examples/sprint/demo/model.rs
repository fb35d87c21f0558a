//! A scripted model for the demo: what Claude Code is told in the place of a real model's answers.
//!
//! It reads its prompt, calls tools, and answers from what they said, one step per request. Its
//! "ideas" are the ones of the demo's shell script, mistakes included.

mod changes;
mod talk;

use scripted_api::{Reply, Request};
use serde_json::{Value, json};

use talk::Talk;

/// What the model says next.
pub(super) fn reply(request: &Request) -> Reply {
    let talk = Talk::of(request);
    // The form of the answer that is asked for says what the model is to be.
    let asked = |field| request.is_asked_for(field);
    if asked("acceptance_preserved") {
        conflict(&talk)
    } else if asked("branch") {
        worker(&talk)
    } else if asked("requirements") {
        completion(&talk)
    } else if asked("findings") {
        let summary = "Small and to the point; tests cover the new behaviour.";
        Reply::structured(json!({ "findings": [], "summary": summary }))
    } else if asked("changes_made") {
        Reply::structured(json!({ "changes_made": [] }))
    } else if asked("report") {
        Reply::structured(json!({ "report": REPORT }))
    } else {
        context(&talk)
    }
}

const REPORT: &str = "lib/ holds functions, one file each (lib/greet.sh:1); tests/ holds one file \
                      per function, which calls check (tests/greet.sh:1).";

/// The teammate of a worker: looks before it speaks.
fn context(talk: &Talk<'_>) -> Reply {
    match talk.step() {
        0 => Reply::tool("Read", json!({ "file_path": "lib/greet.sh" })),
        _ => Reply::text(REPORT),
    }
}

fn worker(talk: &Talk<'_>) -> Reply {
    match talk.step() {
        0 => {
            let question = "Where do functions and their tests live?";
            let mut reply = Reply::text("I look at what is there, and ask my teammate.");
            if let Some(tool) = talk.tool_named("ask_context") {
                reply = reply.and_tool(tool, json!({ "question": question }));
            }
            changes::touched(talk.ticket())
                .iter()
                .fold(reply, |reply, path| {
                    reply.and_tool("Read", json!({ "file_path": path }))
                })
        }
        1 => {
            let found = |path: &str| talk.read(path);
            let changed = changes::made(talk.ticket(), talk.round(), found);
            write(changed.into_iter())
        }
        2 => commit(&format!("feat: {}", talk.ticket())),
        3 => ["build", "lint", "test"].into_iter().fold(
            Reply::text("Now the gate."),
            |reply, name| {
                reply.and_tool(
                    "Bash",
                    json!({ "command": format!("sh scripts/{name}.sh") }),
                )
            },
        ),
        _ => Reply::structured(worker_result(talk)),
    }
}

fn worker_result(talk: &Talk<'_>) -> Value {
    let ran: Vec<_> = talk.results().iter().map(claim).collect();
    let ran = |index: usize| ran.get(index).cloned().unwrap_or(Value::Null);
    // On its first try at DEMO-6 this agent claims success without having looked. The engine does
    // not take its word for it: it runs the gate itself.
    let lies = talk.ticket() == "DEMO-6" && talk.round() == 1;
    let test = if lies {
        json!({ "exit_code": 0 })
    } else {
        ran(2)
    };
    json!({
        "ticket_id": talk.ticket(),
        "branch": talk.branch(),
        "status": "SUCCESS",
        "evidence": { "preflight_ran": true, "build": ran(0), "lint": ran(1), "test": test },
        "learnings_added": ["tests print TAP, one line per check"],
    })
}

/// What a worker claims about a command whose output it saw.
fn claim(result: &scripted_api::ToolResult) -> Value {
    let failed = result.text.strip_prefix("Exit code ");
    let code = failed.and_then(|rest| rest.lines().next()?.trim().parse().ok());
    let count = |start: &str| {
        result
            .text
            .lines()
            .filter(|line| line.starts_with(start))
            .count()
    };
    json!({
        "exit_code": code.unwrap_or_else(|| i32::from(result.is_error)),
        "passed": count("ok "),
        "failed": count("not ok "),
    })
}

/// Both sides of a conflict add to the end of a line: keep ours, and behind it what theirs adds.
fn conflict(talk: &Talk<'_>) -> Reply {
    match talk.step() {
        0 => Reply::tool("Read", json!({ "file_path": "hours.txt" })),
        1 => {
            let merged = talk.read("hours.txt").map(|text| changes::merged(&text));
            write(merged.into_iter().map(|text| ("hours.txt", text)))
        }
        2 => commit(&format!(
            "merge: {} with what is there already",
            talk.ticket()
        )),
        _ => Reply::structured(json!({
            "ticket_id": talk.ticket(),
            "acceptance_preserved": true,
            "waivers": [],
            "summary": "Both sides add to the same list; it has the entries of both.",
        })),
    }
}

fn completion(talk: &Talk<'_>) -> Reply {
    let (requirement, place) = match talk.ticket() {
        "DEMO-1" => (
            "slug lower-cases a title and joins its words with hyphens",
            "lib/slug.sh:2",
        ),
        "DEMO-2" => ("address puts a slug behind /pages/", "lib/address.sh:2"),
        "DEMO-3" => ("farewell says goodbye", "lib/farewell.sh:2"),
        "DEMO-4" => ("hours.txt says that it is open on Saturdays", "hours.txt:2"),
        "DEMO-5" => ("hours.txt says that it is open on Sundays", "hours.txt:2"),
        "DEMO-6" => ("no function is called say", "lib/say.sh:2"),
        _ => ("nothing", "nowhere"),
    };
    let row = json!({ "requirement": requirement, "met": true, "place": place });
    Reply::structured(json!({ "requirements": [row] }))
}

fn write<'a>(files: impl Iterator<Item = (&'a str, String)>) -> Reply {
    files.fold(Reply::text("I write it down."), |reply, (path, content)| {
        reply.and_tool("Write", json!({ "file_path": path, "content": content }))
    })
}

fn commit(subject: &str) -> Reply {
    Reply::tool("Bash", json!({ "command": "git add -A" })).and_tool(
        "Bash",
        json!({ "command": format!("git commit -q -m '{subject}'") }),
    )
}
