//! The real binary looks before a sprint: what it says of the demo, with which code it exits, and
//! that it leaves everything as it was.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::SystemTime;

use serde_json::Value;

use support::{git, sprint};

/// A demo that was created and not run.
fn demo(folder: &Path) -> PathBuf {
    let dir = folder.join("demo");
    let created = sprint(
        folder,
        &["demo", "--create-only", "--dir", dir.to_str().unwrap()],
    );
    assert_eq!(created.status.code(), Some(0), "{created:?}");
    assert!(!dir.join(".claude/sprints").exists(), "nothing has run");
    dir
}

/// What is said of the problem `demo`.
fn dry_run_of_demo(dir: &Path, more: &[&str]) -> Output {
    dry_run(dir, &[&["--problem-id", "demo"], more].concat())
}

fn dry_run(dir: &Path, more: &[&str]) -> Output {
    let args = ["dry-run"];
    sprint(dir, &[&args[..], more].concat())
}

/// The report without what differs from run to run.
fn text(output: &Output, dir: &Path) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        if let Some((before, _)) = line.split_once(", 20") {
            *line = format!("{before}, [time]");
        }
        for name in ["HEAD", "base"] {
            let head = git(dir, &["rev-parse", name]);
            *line = line.replace(&head[..12], "[base]");
        }
    }
    lines.join("\n")
}

fn hints(dir: &Path, plan_commit: &str) -> String {
    let titles: Vec<_> = (1..=2)
        .map(|n| {
            let file = fs::read_to_string(dir.join(format!(".claude/tickets/DEMO-{n}.md")));
            let file = file.unwrap();
            let title = file.lines().find_map(|line| line.strip_prefix("title: "));
            title.unwrap().to_owned()
        })
        .collect();
    format!(
        r#"{{"problem_id": "demo", "generated_at": "2026-01-02T03:04:05Z",
        "plan_commit": "{plan_commit}", "plan_doc": "plan.md",
        "coordination_mode_recommendation": "subagents", "total_tickets": 2, "total_edge_cases": 0,
        "tickets": {{
          "DEMO-1": {{"title": "{}", "complexity": "S", "dependencies": [], "wave": 1,
            "files_to_create": ["lib/slug.sh"], "files_to_modify": [], "edge_case_count": 0}},
          "DEMO-2": {{"title": "{}", "complexity": "S", "dependencies": ["DEMO-1"], "wave": 2,
            "files_to_create": ["lib/address.sh"], "files_to_modify": [], "edge_case_count": 0}}
        }}}}"#,
        titles[0], titles[1]
    )
}

/// Everything below a folder: what kind of thing, its content, and when it was last changed.
fn everything(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let (mut open, mut found) = (vec![dir.to_owned()], BTreeMap::new());
    while let Some(path) = open.pop() {
        let kind = path.symlink_metadata().unwrap();
        let content = if kind.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            open.extend(entries.map(|entry| entry.unwrap().path()));
            Vec::new()
        } else if kind.is_symlink() {
            fs::read_link(&path)
                .unwrap()
                .into_os_string()
                .into_encoded_bytes()
        } else {
            fs::read(&path).unwrap()
        };
        found.insert(path, (content, kind.modified().unwrap()));
    }
    found
}

#[test]
fn the_demo_is_expected_to_conflict_and_to_forget_an_importer() {
    let folder = tempfile::tempdir().unwrap();
    let dir = demo(folder.path());
    let output = dry_run_of_demo(&dir, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    insta::assert_snapshot!("demo_before_the_run", text(&output, &dir));
    let output = dry_run_of_demo(&dir, &["--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "READY_WITH_WARNINGS");
    assert_eq!(report["exit_code"], 1);
    let ghost = report["findings"].as_array().unwrap().iter();
    let mut ghost = ghost.filter(|finding| finding["code"] == "DR-GHOST-DEP");
    assert_eq!(ghost.next().unwrap()["files"][0], "lib/say.sh");
}

#[test]
fn nothing_is_changed_whatever_there_is_to_see() {
    let folder = tempfile::tempdir().unwrap();
    let dir = demo(folder.path());
    // The index knows an older time of this file: whoever may write there would.
    let menu = fs::read(dir.join("menu.txt")).unwrap();
    fs::write(dir.join("menu.txt"), &menu).unwrap();
    fs::write(dir.join("hours.txt"), "# changed\n").unwrap();
    fs::write(dir.join("new.txt"), "").unwrap();
    let same = |what: &str, code| {
        for more in [&[][..], &["--json"]] {
            let before = everything(&dir);
            let output = dry_run(&dir, more);
            assert_eq!(output.status.code(), Some(code), "{what}: {output:?}");
            let after = everything(&dir);
            for (path, was) in &before {
                assert_eq!(Some(was), after.get(path), "{what}: {}", path.display());
            }
            assert_eq!(before.len(), after.len(), "{what}: nothing is new");
        }
    };
    same("a plan of tickets", 1);

    let head = git(&dir, &["rev-parse", "base"]);
    let legacy = dir.join(".claude/sprint-hints.json");
    fs::write(&legacy, hints(&dir, &head)).unwrap();
    fs::write(
        dir.join(".claude/problem-statement.md"),
        "# x\n## Problem\n",
    )
    .unwrap();
    same("the old layout", 0);
    let output = dry_run(&dir, &[]);
    assert!(
        text(&output, &dir).contains("DR-LEGACY-LAYOUT"),
        "{output:?}"
    );

    fs::write(&legacy, hints(&dir, &"0".repeat(40))).unwrap();
    same("a plan of another repository", 2);
    let state = dir.join(".claude/sprint-state.json");
    fs::write(&state, "{").unwrap();
    same("a state that cannot be read", 2);
    fs::remove_file(&state).unwrap();
    fs::write(&legacy, "{").unwrap();
    same("hints that cannot be read", 3);
    fs::remove_file(&legacy).unwrap();
    fs::remove_dir_all(dir.join(".claude/tickets")).unwrap();
    same("no plan at all", 3);
    fs::write(dir.join(".claude/sprint-config.yml"), "branch_base: [").unwrap();
    fs::create_dir(dir.join(".claude/tickets")).unwrap();
    same("no configuration", 3);
}

#[test]
fn a_plan_gets_older_with_commits_that_count_and_its_files_are_looked_after() {
    let folder = tempfile::tempdir().unwrap();
    let dir = demo(folder.path());
    let plan = git(&dir, &["rev-parse", "--short=8", "base"]);
    let sprints = dir.join(".claude/sprints");
    fs::create_dir_all(sprints.join("demo")).unwrap();
    fs::write(sprints.join("demo/sprint-hints.json"), hints(&dir, &plan)).unwrap();
    let commit = |file: &str| {
        fs::write(dir.join(file), "# new\n").unwrap();
        git(&dir, &["add", "-A"]);
        git(&dir, &["commit", "-q", "-m", file]);
    };
    let report = || -> Value {
        let output = dry_run_of_demo(&dir, &["--json"]);
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let codes = |report: &Value| {
        let all = report["findings"].as_array().unwrap().iter();
        let worth = all.filter(|finding| finding["severity"] != "INFO");
        let codes: Vec<_> = worth
            .map(|f| f["code"].as_str().unwrap().to_owned())
            .collect();
        codes.join(" ")
    };
    assert_eq!(codes(&report()), "", "the plan is fresh");
    commit("progress.txt");
    let now = report();
    assert_eq!(
        (codes(&now).as_str(), &now["commits_since"]),
        ("", &0.into())
    );
    commit("notes.txt");
    let now = report();
    assert_eq!(
        (codes(&now).as_str(), &now["commits_since"]),
        ("DR-STALE-SLIGHT", &1.into())
    );
    commit("lib/slug.sh");
    assert_eq!(
        codes(&report()),
        "DR-FILE-CHANGED DR-CREATE-EXISTS DR-STALE-SLIGHT"
    );

    let state = |problem: &str, phase: &str| {
        fs::create_dir_all(sprints.join(problem)).unwrap();
        let state =
            format!(r#"{{"phase": "{phase}", "tickets": {{"DEMO-2": {{"status": "done"}}}}}}"#);
        fs::write(sprints.join(problem).join("sprint-state.json"), state).unwrap();
    };
    state("demo", "3-verification");
    state("other", "2-implementation");
    state("old", "complete");
    let now = report();
    let about = |code: &str| {
        let all = now["findings"].as_array().unwrap().iter();
        let found = all.filter(|finding| finding["code"] == code);
        let found: Vec<_> = found
            .map(|f| f["what"].as_str().unwrap().to_owned())
            .collect();
        found.join("; ")
    };
    assert_eq!(
        about("DR-STATE-INTERRUPTED"),
        "a sprint stands in phase 3-verification, 1 of 1 tickets finished"
    );
    assert_eq!(
        about("DR-TICKET-OWNED"),
        "DEMO-2 is part of the unfinished sprint of other"
    );
    assert_eq!(now["verdict"], "NOT_READY");
}
