//! The real binary with Claude Code as its agents: the real program, or its stand-in, on the demo's
//! scripted model.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use support::{binary, git, sprint};

/// The demo, with Claude Code as its agents.
fn command(dir: &Path) -> Command {
    let mut command = Command::new(binary());
    command
        .args(["demo", "--json", "--agents", "claude", "--dir"])
        .arg(dir)
        .arg("--claude")
        .arg(scripted_api::claude_for_tests().program)
        .stdin(Stdio::null());
    command
}

fn state(dir: &Path) -> Value {
    let text = fs::read(dir.join(".claude/sprints/demo/sprint-state.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// What a finished demo comes to.
fn result(dir: &Path) -> String {
    let state = state(dir);
    let mut lines = vec![format!("phase {}", state["phase"])];
    for id in 1..=8 {
        let ticket = &state["tickets"][format!("DEMO-{id}")];
        lines.push(format!(
            "DEMO-{id} {} {} {}",
            ticket["status"], ticket["merge_state"], ticket["stuck_reason"]
        ));
    }
    lines.push(format!("tree {}", git(dir, &["rev-parse", "base^{tree}"])));
    let mut merges: Vec<_> = git(dir, &["log", "--first-parent", "--format=%s", "base"])
        .lines()
        .map(str::to_owned)
        .collect();
    merges.sort();
    lines.extend(merges);
    lines.join("\n")
}

/// The processes that carry the mark of this demo.
fn alive(dir: &Path) -> Vec<String> {
    let owner = dir.canonicalize().unwrap().join(".claude/sprints/demo");
    scripted_api::processes_with("SPRINT_OWNER", owner)
        .into_iter()
        .map(|process| fs::read_to_string(process.join("cmdline")).unwrap_or_default())
        .collect()
}

fn scripted(dir: &Path) -> String {
    let output = sprint(
        dir.parent().unwrap(),
        &["demo", "--dir", dir.to_str().unwrap()],
    );
    assert_eq!(output.status.code(), Some(3));
    result(dir)
}

#[test]
fn the_demo_ends_with_claude_code_as_with_a_script_and_its_workers_ask() {
    let folder = tempfile::tempdir().unwrap();
    let expected = scripted(&folder.path().join("script"));
    let dir = folder.path().join("claude");
    let output = command(&dir).output().unwrap();
    let (told, noted) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(3), "{told}{noted}");
    assert_eq!(result(&dir), expected);
    assert!(!noted.contains("the scripted model:"), "{noted}");
    assert_eq!(git(&dir, &["status", "--porcelain"]), "");
    assert_eq!(alive(&dir), Vec::<String>::new());

    let events = told
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let asked: Vec<_> = events
        .filter(|event| event["event"]["event"] == "asked")
        .map(|event| event["event"].clone())
        .collect();
    for id in 1..=7 {
        let id = format!("DEMO-{id}");
        let mut asked = asked.iter().filter(|event| event["ticket"] == *id);
        assert!(
            asked.any(|event| event["questions"] == 1 && event["answered"] == 1),
            "{id}: {told}"
        );
    }
    let comments = dir.join(".claude/tickets/DEMO-1.comments.md");
    let evidence = fs::read_to_string(comments).unwrap();
    assert!(
        evidence.contains("### Questions to the Context Agent"),
        "{evidence}"
    );
}

#[test]
fn killed_in_the_middle_it_leaves_nothing_that_the_next_run_does_not_end() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("claude");
    let expected = scripted(&folder.path().join("script"));
    // Once while the first workers are at work, once while their work is looked at.
    for (stage, nth) in [("implementing", 3), ("judging", 1)] {
        let mut child = command(&dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let reached = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap())
            .filter(|line| line["event"]["stage"] == stage)
            .nth(nth);
        assert!(reached.is_some(), "the demo comes to {stage}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = command(&dir).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert_eq!(result(&dir), expected);
    assert_eq!(alive(&dir), Vec::<String>::new());
}

#[test]
fn a_check_says_what_a_worker_would_have() {
    let folder = tempfile::tempdir().unwrap();
    let cli = scripted_api::claude_for_tests();
    let check = |key: Option<&str>| {
        let mut command = Command::new(binary());
        command
            .args(["agents", "check", "--claude"])
            .arg(&cli.program)
            .current_dir(&folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder.path());
        if let Some(name) = key {
            command.env(name, "planted-key");
        }
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let told = told.replace(cli.program.to_str().unwrap(), "claude");
        let told: Vec<_> = told
            .lines()
            .filter(|line| !line.contains("program") && !line.contains("version"))
            .map(str::to_owned)
            .collect();
        (output.status.code(), told.join("\n"))
    };
    let (code, told) = check(Some("ANTHROPIC_API_KEY"));
    assert_eq!(code, Some(0), "{told}");
    insta::assert_snapshot!(told, @r"
    ok    login        an API key is given
    ok    credentials  the environment holds no key to the tracker
    ok    tools        Bash, Edit, Glob, Grep, Read, StructuredOutput, Write, mcp__sprint__ask_context
    ok    tracker      no server and no tool leads to it
    ");
    // The tracker's key is not handed on to agents, so that it does no harm here.
    let (code, told) = check(Some("LINEAR_API_KEY"));
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("doubt login "), "{told}");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = sprint(
        folder.path(),
        &["agents", "check", "--claude", "no-such-claude"],
    );
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    insta::assert_snapshot!(told, @r"
    bad   program      there is no program no-such-claude; install Claude Code, or name it with its path
    ok    credentials  the environment holds no key to the tracker
    ");
}
