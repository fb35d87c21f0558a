//! Pre-flight, problem directories and states of any origin, with the real binary.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;

use support::{git, sprint};

const CONFIG: &str = "branch_base: main\nbuild_cmd: git --version\n\
                      lint_cmd: git --version\ntest_cmd: git --version\n";

/// A repository with one ticket.
fn repository() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path();
    git(dir, &["init", "-q", "-b", "main"]);
    git(dir, &["config", "user.name", "Person"]);
    git(dir, &["config", "user.email", "person@example.org"]);
    write(dir, ".claude/sprint-config.yml", CONFIG);
    write(
        dir,
        ".claude/tickets/T-1.md",
        "---\nid: T-1\ntitle: Say hello\nstatus: Todo\nsize: S\n---\nHello.\n",
    );
    git(dir, &["add", "-A"]);
    git(dir, &["commit", "-q", "-m", "start"]);
    root
}

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Exit code, and what was said.
fn run(dir: &Path, args: &[&str]) -> (i32, String) {
    let agent = ["--agents", "command:false"];
    let output = sprint(dir, &[args, &agent[..]].concat());
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8(text).unwrap();
    let root = dir.canonicalize().unwrap().display().to_string();
    let mut text = text.replace(&root, "ROOT");
    for commit in git(dir, &["log", "--format=%H", "main"]).lines() {
        text = text.replace(&commit[..10], "COMMIT");
    }
    (output.status.code().unwrap(), text)
}

#[test]
fn a_sprint_that_could_start_is_ready_and_nothing_is_written() {
    let root = repository();
    let dir = root.path();
    let (code, text) = run(dir, &["preflight"]);
    insta::assert_snapshot!(text, @r#"
-       context     not reported, so it counts as healthy
ok      problem     default (there is none yet)
ok      branch      main (as configured)
                    COMMIT start
ok      tracker     ticket files in ROOT/.claude/tickets: 1 ticket to be done, the first is T-1 "Say hello" (Todo)
ok      checkout    nothing in the way
ok      ignored     .claude/worktrees/, .claude/sprints/, .claude/active-problem, .claude/tickets/*.comments.md, .claude/tickets/.lock: the sprint adds them to .git/info/exclude, and to no tracked file
-       failures    none are recorded
-       statement   there is none
-       browser     switched off by the configuration
-       hints       no plan left any
ok      agents      subagents: the context agent first, then the worker
ok      permission  auto: configured commands, edits in the worktree, commits
-       safety tag  the sprint sets it before it changes anything
-       gate        the sprint runs it on base before any ticket

ready to start
"#);
    assert_eq!(code, 0);
    let (code, text) = run(dir, &["preflight", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["ready"], true);
    assert_eq!(json["preflight"]["steps"].as_array().unwrap().len(), 14);
    assert_eq!(code, 0);
    assert_eq!(git(dir, &["status", "--porcelain", "--ignored"]), "");
}

#[test]
fn what_planning_left_is_judged_and_used() {
    let root = repository();
    let dir = root.path();
    let head = git(dir, &["rev-parse", "HEAD"]);
    write(
        dir,
        ".claude/sprints/login/sprint-hints.json",
        &format!(
            r#"{{"plan_commit": "{}", "coordination_mode_recommendation": "agent-teams",
            "total_tickets": 1, "tickets": {{"T-2": {{"title": "x", "complexity": "S",
            "dependencies": [], "files_to_create": [], "files_to_modify": [],
            "edge_case_count": 0}}}}}}"#,
            &head[..9]
        ),
    );
    let statement = "schema_version: 1\n## Problem\nSlow.\n## Success Criteria\n- [ ] fast\n";
    write(dir, ".claude/sprints/login/problem-statement.md", statement);
    let patterns = r#"{"patterns": [{"pattern": "x", "frequency": 3}, {}], "last_updated": null}"#;
    write(dir, ".claude/failure-patterns.json", patterns);
    git(dir, &["commit", "-q", "--allow-empty", "-m", "more"]);
    let (code, text) = run(dir, &["preflight"]);
    insta::assert_snapshot!(text, @r#"
-       context     not reported, so it counts as healthy
ok      problem     login (the only one there is)
ok      branch      main (as configured)
                    COMMIT more
                    COMMIT start
ok      tracker     ticket files in ROOT/.claude/tickets: 1 ticket to be done, the first is T-1 "Say hello" (Todo)
ok      checkout    nothing in the way
ok      ignored     .claude/worktrees/, .claude/sprints/, .claude/active-problem, .claude/tickets/*.comments.md, .claude/tickets/.lock: the sprint adds them to .git/info/exclude, and to no tracked file
warn    failures    1 known, 1 of them frequent
                    ! pattern number 2: missing field `pattern`
warn    statement   criteria: 1, steps: 0, implied features: 0
                    ! schema_version is 1; 2 is current: define the problem again
                    ! the section "User Journey" is missing or empty
                    ! the section "Implied Features" is missing or empty
                    ! the section "Testing Strategy" is missing or empty
                    ! on which commit it was written is not said
-       browser     switched off by the configuration
warn    hints       planned: 1 ticket, edge cases: 0
                    ! they were made 1 commit before base
                    ! the plan has 1 ticket and the tracker 1: -T-2, +T-1
warn    agents      subagents: the context agent first, then the worker
                    ! agent-teams are recommended by planning, and these agents cannot work so
ok      permission  auto: configured commands, edits in the worktree, commits
-       safety tag  the sprint sets it before it changes anything
-       gate        the sprint runs it on base before any ticket

ready to start
"#);
    assert_eq!(code, 0);
}

#[test]
fn a_sprint_that_could_not_start_does_not() {
    let root = repository();
    let dir = root.path();
    let config = format!("{CONFIG}e2e_cmd: agent-browser\n");
    write(dir, ".claude/sprint-config.yml", &config);
    let no_tools = std::process::Command::new(support::binary())
        .current_dir(dir)
        .args(["preflight", "--agents", "command:false"])
        .env("PATH", Path::new("/usr/bin/env").parent().unwrap())
        .output();
    let text = String::from_utf8(no_tools.unwrap().stdout).unwrap();
    if !Path::new("/usr/bin/npx").exists() && !Path::new("/usr/bin/agent-browser").exists() {
        assert!(text.contains("FAILED  browser"), "{text}");
    }
    let (code, text) = run(dir, &["preflight", "--skip-e2e"]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("you asked to go without browser tests"),
        "{text}"
    );

    fs::remove_file(dir.join(".claude/tickets/T-1.md")).unwrap();
    write(
        dir,
        ".claude/tickets/T-2.md",
        "---\nid: T-2\ntitle: Done\nstatus: Done\n---\n",
    );
    let (code, text) = run(dir, &["run", "--skip-e2e"]);
    assert_eq!(code, 1);
    assert!(text.contains("FAILED  tracker"), "{text}");
    assert!(text.contains("not ready: check the filter"), "{text}");
    assert!(
        !dir.join(".claude/sprints/default/sprint-state.json")
            .exists()
    );
}

#[test]
fn a_state_of_another_program_is_refused_and_kept() {
    let root = repository();
    let dir = root.path();
    let state = r#"{"sprint_id": "sprint-20250501-101500", "phase": "5-evidence", "tickets":
        {"CLA-1": {"status": "Done"}, "CLA-2": {"status": "in-progress"}}}"#;
    write(dir, ".claude/sprints/default/sprint-state.json", state);
    let (code, text) = run(dir, &["run"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(text, @r#"
error: failed to go on from ROOT/.claude/sprints/default/sprint-state.json: another program wrote it, and its sprint is not complete (sprint-20250501-101500, phase 5-build-gate, 1 of 2 tickets complete); it holds no plan and no verdict to go on from. Finish the sprint there, or set the state aside to start anew: tickets that are Done stay so
`sprint run --discard` starts anew and keeps what is there in .claude/sprint-history
"#);
    let kept = |path: &str| fs::read_to_string(dir.join(path)).is_ok_and(|text| text == state);
    assert!(kept(".claude/sprints/default/sprint-state.json"));
    let (_, text) = run(dir, &["run", "--discard"]);
    assert!(
        text.contains("what was there is in ROOT/.claude/sprint-history/"),
        "{text}"
    );
    assert!(kept(
        ".claude/sprint-history/default-set-aside/sprint-state.json"
    ));
    assert!(
        dir.join(".claude/sprints/default/sprint-state.json")
            .exists(),
        "a new one began"
    );
}

#[test]
fn tickets_of_another_problem_are_left_to_it() {
    let root = repository();
    let dir = root.path();
    let state = r#"{"phase": "3-verification", "tickets": {"T-1": {"status": "verifying"}}}"#;
    write(dir, ".claude/sprints/other/sprint-state.json", state);
    let (code, text) = run(dir, &["run", "--problem-id", "mine"]);
    assert_eq!(code, 1);
    assert!(
        text.contains("unfinished sprints of other problems have T-1 (other)"),
        "{text}"
    );
    let (_, text) = run(dir, &["preflight", "--problem-id", "mine"]);
    assert!(text.contains("not ready: finish those sprints"), "{text}");
}

#[test]
fn an_interrupted_sprint_is_not_replaced_without_a_word() {
    let root = repository();
    let dir = root.path();
    run(dir, &["run"]);
    // As a crash in the middle would leave it, all journals lost.
    let folder = dir.join(".claude/sprints/default");
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            fs::remove_file(path).unwrap();
        }
    }
    let state = folder.join("sprint-state.json");
    let mut json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&state).unwrap()).unwrap();
    json["run"]["sprint"]["phase"] = serde_json::json!({ "phase": "tickets" });
    let interrupted = json.to_string();
    fs::write(&state, &interrupted).unwrap();

    let (code, text) = run(dir, &["run", "--new"]);
    assert_eq!(code, 2, "{text}");
    assert!(
        text.contains("is not complete (2-implementation)"),
        "{text}"
    );
    let (code, text) = run(dir, &["preflight"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("FAILED  problem"), "{text}");
    assert_eq!(fs::read_to_string(&state).unwrap(), interrupted);
    run(dir, &["run", "--discard"]);
    let kept = dir.join(".claude/sprint-history/default-set-aside/sprint-state.json");
    assert_eq!(fs::read_to_string(kept).unwrap(), interrupted);
    let (code, text) = run(dir, &["run", "--new", "--discard"]);
    assert_eq!(code, 2, "{text}");
}

#[test]
fn the_old_layout_is_read_in_place_and_moved_by_a_run() {
    let root = repository();
    let dir = root.path();
    let state = r#"{"sprint_id": "sprint-20250501-101500", "phase": "complete", "tickets": {}}"#;
    write(dir, ".claude/sprint-state.json", state);
    write(dir, ".claude/problem-statement.md", "schema_version: 2\n");
    let before = git(dir, &["status", "--porcelain", "--untracked-files=all"]);
    let output = sprint(dir, &["status"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("`sprint run` moves them"), "{said}");
    let (_, text) = run(dir, &["preflight"]);
    assert!(text.contains("in the old layout"), "{text}");
    assert_eq!(
        git(dir, &["status", "--porcelain", "--untracked-files=all"]),
        before
    );
    let (_, text) = run(dir, &["run"]);
    assert!(
        text.contains("moved problem-statement.md, sprint-state.json from .claude"),
        "{text}"
    );
    assert!(!dir.join(".claude/sprint-state.json").exists());
    let history = dir.join(".claude/sprint-history/sprint-state-sprint-20250501-101500.json");
    assert_eq!(fs::read_to_string(history).unwrap(), state);
    let marker = fs::read_to_string(dir.join(".claude/active-problem")).unwrap();
    assert_eq!(marker, "default\n");
}
