//! The real binary looks before a sprint: what it says of the demo, with which code it exits, and
//! that it leaves everything as it was.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use local_linear::{LocalLinear, NewIssue, RequestKind, Served, Team};
use serde_json::Value;
use sprint_core::domain::config::TicketFilter;
use sprint_core::domain::ticket::TicketStatus;
use sprint_core::local::tracker::FileTracker;
use sprint_core::ports::Tracker as _;

use support::{binary, git, sprint};

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
    let titles: Vec<_> = titles.iter().map(String::as_str).collect();
    hints_of(&titles, plan_commit)
}

fn hints_of(titles: &[&str], plan_commit: &str) -> String {
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

/// A Linear with the tickets of the demo on it.
async fn linear(dir: &Path) -> (LocalLinear, Served) {
    let linear = LocalLinear::new(|| 1_767_000_000_000);
    let served = linear.serve().await.unwrap();
    let team = linear.add_team(Team::new("Demo", "DEMO"));
    let states = linear.add_states(&team);
    let all = TicketFilter::in_status([TicketStatus::Todo]);
    let folder = FileTracker::new(dir.join(".claude/tickets"));
    let mut issues: BTreeMap<_, String> = BTreeMap::new();
    for ticket in folder.tickets(&all).await.unwrap().tickets {
        let mut issue = NewIssue::new(&team, &ticket.title);
        issue.description = Some(ticket.body.clone());
        issue.state = Some(states[1].clone());
        let issue = linear.add_issue(issue);
        for blocker in &ticket.blocked_by {
            linear.add_relation(&issues[blocker], &issue, "blocks");
        }
        issues.insert(ticket.id, issue);
    }
    (linear, served)
}

/// Everything that is on it.
fn all_of(linear: &LocalLinear) -> String {
    let tickets = (linear.issues(), linear.comments(), linear.relations());
    let more = (linear.attachments(), linear.history(), linear.files());
    format!(
        "{tickets:?} {more:?} {:?} {:?}",
        linear.labels(),
        linear.states()
    )
}

fn dry_run_on(served: &Served, key: &str, dir: &Path, more: &[&str]) -> Output {
    let url = served.url().trim_end_matches("/graphql");
    Command::new(binary())
        .current_dir(dir)
        .args(["dry-run", "--problem-id", "demo", "--tracker", "linear"])
        .args(["--linear-url", url])
        .args(more)
        .env("LINEAR_API_KEY", key)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn linear_is_read_and_neither_it_nor_the_repository_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let dir = demo(folder.path());
    let of_files = text(&dry_run_of_demo(&dir, &[]), &dir);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (linear, served) = runtime.block_on(linear(&dir));
    // Nothing may come from the files instead.
    fs::remove_dir_all(dir.join(".claude/tickets")).unwrap();
    let key = linear.api_key();
    let same = |what: &str, key: &str, code| {
        linear.forget_requests();
        let before = (everything(&dir), all_of(&linear));
        let output = dry_run_on(&served, key, &dir, &[]);
        assert_eq!(output.status.code(), Some(code), "{what}: {output:?}");
        assert!(before.0 == everything(&dir), "{what}: the repository");
        assert!(before.1 == all_of(&linear), "{what}: Linear");
        let kinds: Vec<_> = linear.requests().iter().map(|one| one.kind).collect();
        let reads = |kind: &RequestKind| {
            matches!(kind, RequestKind::Query) || (code == 3 && *kind == RequestKind::Refused)
        };
        assert!(
            !kinds.is_empty() && kinds.iter().all(reads),
            "{what}: {kinds:?}"
        );
        text(&output, &dir)
    };
    let said = same("a plan of tickets", &key, 1);
    assert_eq!(said, of_files, "the same tickets, the same report");

    let said = same("a wrong key", "lin_api_wrong", 3);
    assert!(said.contains("DR-HINTS-MISSING"), "{said}");
    let plan = dir.join(".claude/sprints/demo");
    fs::create_dir_all(&plan).unwrap();
    // The titles of the two tickets are not those of the plan.
    let hints = hints_of(
        &["Paint a wall", "Address a page by its slug"],
        &"0".repeat(40),
    );
    fs::write(plan.join("sprint-hints.json"), hints).unwrap();
    let said = same("a plan of another repository", &key, 2);
    assert!(
        said.contains("DR-TITLE-DRIFT  planned as \"Paint a wall\""),
        "{said}"
    );
}

#[test]
fn what_keeps_a_tracker_from_being_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let dir = demo(folder.path());
    let config = dir.join(".claude/sprint-config.yml");
    fs::rename(&config, folder.path().join("config.yml")).unwrap();
    let linear = ["--tracker", "linear"];
    let said = |more: &[&str], code| {
        let output = dry_run_of_demo(&dir, more);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let root = dir.canonicalize().unwrap().display().to_string();
        text(&output, &dir).replace(&root, "ROOT")
    };
    insta::assert_snapshot!(said(&linear, 3), @r"
    FATAL
      DR-HINTS-MISSING  no hints file, and no tickets: the configuration says which tickets on Linear are meant, and there is none: write .claude/sprint-config.yml, or name one with --config
        → mend that, or run planning
    ");
    insta::assert_snapshot!(said(&["--tickets", "nowhere"], 3), @r"
    FATAL
      DR-HINTS-MISSING  no hints file, and no tickets: there is no ticket folder ROOT/nowhere; name one with --tickets, or use --tracker linear
        → mend that, or run planning
    ");
    fs::write(&config, "branch_base: [").unwrap();
    let invalid = said(&linear, 3);
    assert!(
        invalid.contains("and it cannot be used: cannot use ROOT/.claude/sprint-config.yml"),
        "{invalid}"
    );
    // With a plan the rest is told all the same.
    fs::rename(folder.path().join("config.yml"), &config).unwrap();
    let plan = dir.join(".claude/sprints/demo");
    fs::create_dir_all(&plan).unwrap();
    let head = git(&dir, &["rev-parse", "base"]);
    fs::write(plan.join("sprint-hints.json"), hints(&dir, &head)).unwrap();
    let down = said(&["--tickets", "nowhere"], 2);
    assert!(
        down.contains("DR-LINEAR-DOWN  there is no ticket folder ROOT/nowhere"),
        "{down}"
    );
    assert!(
        down.contains("2 tickets in 2 waves"),
        "the rest is there: {down}"
    );
}

#[test]
fn what_is_no_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let dir = demo(folder.path());
    let plan = dir.join(".claude/sprints/demo");
    fs::create_dir_all(&plan).unwrap();
    let hints = plan.join("sprint-hints.json");
    let refused = |more: &[&str], code, why: &str| {
        let output = dry_run_of_demo(&dir, more);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains(why), "{said}");
    };
    std::os::unix::fs::symlink("/dev/zero", &hints).unwrap();
    refused(&[], 3, "sprint-hints.json is no regular file");
    fs::remove_file(&hints).unwrap();
    fs::write(&hints, vec![b' '; (16 << 20) + 1]).unwrap();
    refused(&[], 3, "the hints file is larger than 16 MiB");
    fs::remove_file(&hints).unwrap();
    refused(&["--config", "/dev/zero"], 2, "it is not a regular file");
    let long = folder.path().join("long.yml");
    fs::write(&long, vec![b'#'; (1 << 20) + 1]).unwrap();
    refused(
        &["--config", long.to_str().unwrap()],
        2,
        "it is larger than 1 MiB",
    );
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
