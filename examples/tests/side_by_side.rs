//! Two sprints of one repository at once, each of a problem of its own, with the real binary.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::{binary, git, sprint};

fn start(dir: &Path, problem: &str) -> Child {
    let agent = dir.join(".claude/demo-agent.sh");
    Command::new(binary())
        .current_dir(dir)
        .args(["run", "--problem-id", problem, "--tickets"])
        .arg(format!(".claude/{problem}"))
        .args(["--agents", &format!("command:sh '{}'", agent.display())])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn two_problems_of_one_repository_are_worked_on_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    let created = sprint(
        folder.path(),
        &["demo", "--create-only", "--dir", dir.to_str().unwrap()],
    );
    assert!(created.status.success());
    // Saturdays are in one sprint and Sundays in the other: they change the same line.
    let sprints = [("one", ["DEMO-1", "DEMO-4"]), ("two", ["DEMO-3", "DEMO-5"])];
    for (problem, tickets) in sprints {
        let own = dir.join(".claude").join(problem);
        fs::create_dir(&own).unwrap();
        for ticket in tickets {
            let file = format!("{ticket}.md");
            fs::rename(dir.join(".claude/tickets").join(&file), own.join(&file)).unwrap();
        }
    }
    let running = sprints.map(|(problem, _)| start(&dir, problem));
    for mut child in running {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }

    for (problem, tickets) in sprints {
        let state = dir.join(format!(".claude/sprints/{problem}/sprint-state.json"));
        let state: Value = serde_json::from_slice(&fs::read(state).unwrap()).unwrap();
        assert_eq!(state["phase"], "complete");
        let own: Vec<_> = state["tickets"].as_object().unwrap().keys().collect();
        assert_eq!(own, tickets, "nobody touches the tickets of the other");
        for ticket in tickets {
            let text = fs::read_to_string(dir.join(format!(".claude/{problem}/{ticket}.md")));
            assert!(text.unwrap().contains("status: Done"), "{ticket}");
        }
    }
    let merges = git(
        &dir,
        &["log", "--first-parent", "--merges", "--format=%s", "base"],
    );
    for ticket in ["DEMO-1", "DEMO-3", "DEMO-4", "DEMO-5"] {
        let of_ticket = format!("({ticket})");
        assert_eq!(merges.matches(&of_ticket).count(), 1, "{merges}");
    }
    let hours = git(&dir, &["show", "base:hours.txt"]);
    assert!(hours.contains("Sat") && hours.contains("Sun"), "{hours}");
    assert_eq!(git(&dir, &["status", "--porcelain"]), "");
}
