//! Phases claimed from several terminals at once, with the real binary and real shells.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use support::{binary, git, sprint};

const REVIEW: &str = r#"{"phase": "review",
"summary": {"blocking": 0, "should_fix": 1, "nitpicks": 0, "positive": 0},
"scope_drift": {"status": "clean"},
"findings": [{"id": "REV-1", "severity": "should_fix", "file": "signup.txt", "line": 2,
"description": "The error does not say which field is wrong", "topic": "error_detail", "stance": "more"}],
"context_checkpoint": {"summary": "Looked at every changed file"}}"#;

const QA: &str = r#"{"phase": "qa",
"summary": {"mode": "standard", "status": "pass", "tests_run": 12, "tests_passed": 12, "tests_failed": 0},
"findings": [], "context_checkpoint": {"summary": "Ran everything"}}"#;

const SECURITY: &str = r#"{"phase": "security",
"summary": {"critical": 0, "high": 0, "medium": 1, "low": 0, "total_findings": 1},
"findings": [{"id": "SEC-1", "severity": "medium", "category": "exposure", "file": "signup.txt", "line": 3,
"description": "The error tells which addresses have accounts", "topic": "error_detail", "stance": "less"}],
"context_checkpoint": {"summary": "Looked at inputs and errors"}}"#;

/// A repository with a file, and what each phase will hand in.
fn repository() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path();
    git(dir, &["init", "-q", "-b", "main"]);
    git(dir, &["config", "user.name", "Person"]);
    git(dir, &["config", "user.email", "person@example.org"]);
    fs::write(dir.join("signup.txt"), "ask\ncheck\nanswer\n").unwrap();
    git(dir, &["add", "-A"]);
    git(dir, &["commit", "-q", "-m", "start"]);
    fs::create_dir(dir.join(".claude")).unwrap();
    for (name, text) in [("review", REVIEW), ("qa", QA), ("security", SECURITY)] {
        fs::write(dir.join(format!(".claude/{name}.json")), text).unwrap();
    }
    root
}

/// A shell that commands are typed into, as a person or an agent does.
struct Terminal {
    shell: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Terminal {
    fn open(dir: &Path) -> Self {
        let mut shell = Command::new("sh")
            .current_dir(dir)
            .env_remove("SPRINT_AGENT")
            .env_remove("SPRINT_AGENT_PID")
            .env_remove("SPRINT_CLAIM_TOKEN")
            .env("SPRINT", binary())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: shell.stdin.take().unwrap(),
            output: BufReader::new(shell.stdout.take().unwrap()),
            shell,
        }
    }

    /// The exit code of a command, and what it said, without what differs from run to run.
    fn conductor(&mut self, command: &str) -> (i32, String) {
        writeln!(
            self.input,
            "\"$SPRINT\" conductor {command} 2>&1; echo \"[end $?]\""
        )
        .unwrap();
        let mut text = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "{text}");
            if let Some(code) = line.strip_prefix("[end ") {
                let code = code.trim_end().strip_suffix(']').unwrap().parse().unwrap();
                return (code, text);
            }
            if !line.starts_with("token: ") {
                text += &line.replace(&self.shell.id().to_string(), "PID");
            }
        }
    }

    /// The same, of a command that succeeds.
    fn ok(&mut self, command: &str) -> String {
        let (code, text) = self.conductor(command);
        assert_eq!(code, 0, "{command}: {text}");
        text
    }

    fn kill(mut self) {
        self.shell.kill().unwrap();
        self.shell.wait().unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.shell.kill());
        drop(self.shell.wait());
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story")]
fn three_terminals_share_a_sprint_and_a_fourth_is_killed() {
    let root = repository();
    let dir = root.path();
    let mut one = Terminal::open(dir);
    one.ok("start login --phases review,qa,security,ship");
    assert_eq!(
        one.ok("batch --preview"),
        "{\"batch\":1,\"type\":\"read\",\"phases\":[\"review\",\"qa\",\"security\"]}\n\
         {\"batch\":2,\"type\":\"exclusive\",\"phases\":[\"ship\"]}\n"
    );
    // Commands work from any folder of the repository.
    fs::create_dir(dir.join("deeper")).unwrap();
    let mut two = Terminal::open(&dir.join("deeper"));
    let mut killed = Terminal::open(dir);
    let agent = |name: &str| format!("--agent {name}");
    assert_eq!(
        one.ok(&format!("batch {}", agent("one"))),
        "Auto-claimed: review (agent: one, pid: PID)\n"
    );
    assert_eq!(
        killed.ok(&format!("batch {}", agent("lost"))),
        "Auto-claimed: qa (agent: lost, pid: PID)\n"
    );
    assert_eq!(
        two.ok(&format!("batch {}", agent("two"))),
        "Auto-claimed: security (agent: two, pid: PID)\n"
    );
    let mut three = Terminal::open(dir);
    let (code, text) = three.conductor("batch");
    assert_eq!(code, 10, "{text}");
    assert!(text.contains("nothing to claim"), "{text}");
    let (code, text) = three.conductor("claim qa");
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("qa already claimed by lost (pid: "), "{text}");

    // Nobody can complete what another one has, or hand in what is not complete.
    let (code, _) = three.conductor("complete review --artifact .claude/review.json");
    assert_eq!(code, 7);
    let (code, text) = one.conductor("complete review --artifact .claude/qa.json");
    assert_eq!(code, 8, "{text}");
    assert_eq!(
        one.ok("complete review --artifact .claude/review.json"),
        "Complete: review (artifact saved)\n"
    );

    killed.kill();
    let text = three.ok("status");
    assert!(
        text.contains("review: complete (artifact saved)\n"),
        "{text}"
    );
    assert!(text.contains("qa: stale (pid "), "{text}");
    assert!(text.contains(" not running, claimable)\n"), "{text}");
    let text = three.ok("claim qa --agent three");
    assert!(text.starts_with("Reclaimed stale lock: qa"), "{text}");
    let (code, text) = one.conductor("ship --no-wait");
    assert_eq!(code, 4, "{text}");
    three.ok("complete qa --artifact .claude/qa.json");

    // A failed phase needs a decision; without anybody to ask, nothing is shipped.
    two.ok("fail security --reason 'the scanner does not start' --tag scanner");
    let (code, text) = one.conductor("ship < /dev/null");
    assert_eq!(code, 9, "{text}");
    assert!(text.contains("login: NEEDS_DECISION"), "{text}");
    two.ok("retry security");
    two.ok("claim security");
    two.ok("complete security --artifact ../.claude/security.json");

    let text = one.ok("ship");
    assert!(text.contains("login: READY_WITH_WARNINGS"), "{text}");
    assert!(
        text.contains("both hold, by precedent CP-001"),
        "the two say the opposite about one place: {text}"
    );
    let directory = dir.join(".claude/sprints/default/conductor/login");
    let kept = fs::read_to_string(directory.join("ship.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["conflicts"].as_array().unwrap().len(), 1);
    assert_eq!(fs::read_to_string(directory.join("ship.md")).unwrap(), text);
    assert!(
        three
            .ok("status")
            .contains("ship: complete (artifact saved)\n")
    );
    let events = fs::read_to_string(directory.join("events.jsonl")).unwrap();
    for event in ["reclaim", "fail", "retry", "conflict_resolved", "ship"] {
        assert!(
            events.contains(&format!("\"{event}\"")),
            "no {event} in {events}"
        );
    }
}

#[test]
fn what_was_changed_after_a_phase_looked_is_not_shipped() {
    let root = repository();
    let dir = root.path();
    let mut terminal = Terminal::open(dir);
    terminal.ok("start --phases review,ship");
    terminal.ok("claim review");
    terminal.ok("complete review --artifact .claude/review.json");
    fs::write(dir.join("signup.txt"), "ask\ncheck\nanswer differently\n").unwrap();
    let (code, text) = terminal.conductor("ship");
    assert_eq!(code, 9, "{text}");
    assert!(text.contains("| review | STALE |"), "{text}");
    git(dir, &["checkout", "-q", "signup.txt"]);
    // An artifact that somebody edits is told from the one that was handed in.
    let sprint = fs::read_to_string(dir.join(".claude/sprints/default/conductor/current")).unwrap();
    let artifacts = format!(
        ".claude/sprints/default/conductor/{}/artifacts",
        sprint.trim()
    );
    let stored = dir.join(artifacts).join("review-1.json");
    let text = fs::read_to_string(&stored).unwrap();
    fs::write(&stored, text.replace("should_fix", "nitpick")).unwrap();
    let (code, text) = terminal.conductor("ship");
    assert_eq!(code, 9, "{text}");
    assert!(text.contains("| review | TAMPERED |"), "{text}");
}

#[test]
fn answers_are_one_json_document_and_errors_have_their_codes() {
    let root = repository();
    let dir = root.path();
    let json = |arguments: &[&str]| {
        let output = sprint(dir, &[&["conductor", "--json"], arguments].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        (output.status.code().unwrap(), document)
    };
    let (code, answer) = json(&["status"]);
    assert_eq!(code, 3, "{answer}");
    let (code, answer) = json(&[
        "start",
        "one",
        "--phases",
        "review,qa,ship",
        "--budget",
        "0",
    ]);
    assert_eq!((code, &answer["started"]), (0, &Value::from("one")));
    let (code, answer) = json(&["claim", "review"]);
    assert_eq!(
        (code, &answer["refused"]["refused"]),
        (9, &Value::from("over_budget"))
    );
    json(&["start", "two", "--phases", "review,qa,ship"]);
    let (code, answer) = json(&["claim", "ship"]);
    assert_eq!(code, 4, "{answer}");
    assert_eq!(answer["refused"]["missing"].as_array().unwrap().len(), 2);
    let (code, answer) = json(&["claim", "nothing"]);
    assert_eq!(code, 3, "{answer}");
    let (code, answer) = json(&["claim", "review", "--pid", &std::process::id().to_string()]);
    assert_eq!((code, &answer["how"]), (0, &Value::from("fresh")));
    let token = answer["token"].as_str().unwrap();
    json(&["fail", "review", "--token", token, "--reason", "no time"]);
    let (code, answer) = json(&["waive", "review", "--reason", "read by hand", "--by", "ada"]);
    assert_eq!((code, &answer["waived"]), (0, &Value::from("review")));
    let (code, answer) = json(&["next"]);
    assert_eq!((code, &answer["ready"]), (0, &serde_json::json!(["qa"])));
    let cycle = r#"[{"name": "a", "depends_on": ["b"]}, {"name": "b", "depends_on": ["a"]}]"#;
    let (code, answer) = json(&["start", "three", "--phases", cycle]);
    assert_eq!(code, 2, "{answer}");
    let (code, answer) = json(&["schema", "review"]);
    assert_eq!(code, 0);
    assert!(answer["properties"]["findings"].is_object(), "{answer}");
}
