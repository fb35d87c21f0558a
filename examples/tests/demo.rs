//! The real binary on real repositories: the demo's promise, crashes at any point, and what must
//! never be touched.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

use support::{binary, git, sprint};

fn demo(dir: &Path) -> Output {
    sprint(
        dir.parent().unwrap(),
        &["demo", "--dir", dir.to_str().unwrap()],
    )
}

fn state(dir: &Path) -> Value {
    let text = fs::read(dir.join(".claude/sprints/demo/sprint-state.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn ticket_file(dir: &Path, id: &str, suffix: &str) -> String {
    fs::read_to_string(dir.join(format!(".claude/tickets/{id}{suffix}"))).unwrap_or_default()
}

/// What a finished demo comes to, without names that differ from run to run.
fn result(dir: &Path) -> String {
    let state = state(dir);
    let mut lines = vec![format!("phase {}", state["phase"])];
    let mut ids: Vec<_> = state["tickets"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    ids.sort();
    for id in ids {
        let ticket = &state["tickets"][&id];
        let file = ticket_file(dir, &id, ".md");
        let status = file
            .lines()
            .find(|line| line.starts_with("status:"))
            .unwrap()
            .to_owned();
        let comments = ticket_file(dir, &id, ".comments.md");
        let count = |text: &str| {
            comments
                .lines()
                .filter(|line| line.starts_with(text))
                .count()
        };
        lines.push(format!(
            "{id} {} {} {} | {status}, {} evidence, {} stuck, {} reopened",
            ticket["status"],
            ticket["merge_state"],
            ticket["stuck_reason"],
            count("## Implementation Complete"),
            count("## Stuck"),
            count("## Reopened"),
        ));
    }
    let status = sprint(dir, &["status", "--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let resolved = &status["summary"]["resolved"][0];
    lines.push(format!(
        "resolved {} {}",
        resolved["ticket"], resolved["proof"]
    ));
    lines.push(format!("set aside {}", status["summary"]["set_aside"]));
    lines.push(format!("tree {}", git(dir, &["rev-parse", "base^{tree}"])));
    lines.push(git(dir, &["log", "--first-parent", "--format=%s", "base"]));
    lines.join("\n")
}

/// Everything of the user's that a sprint must leave alone: branches other than base and its own,
/// the stash, the index, the files.
fn untouched(dir: &Path) -> String {
    let refs = git(dir, &["for-each-ref", "--format=%(refname) %(objectname)"]);
    let ours = |name: &str| {
        let own = [
            "refs/heads/base ",
            "refs/heads/worktree-",
            "refs/sprint/",
            "refs/tags/",
        ];
        own.iter().any(|prefix| name.starts_with(prefix))
    };
    let refs: Vec<_> = refs.lines().filter(|line| !ours(line)).collect();
    let status = git(dir, &["status", "--porcelain=v1", "--untracked-files=all"]);
    let head = git(dir, &["symbolic-ref", "HEAD"]);
    format!("{}\n{status}\n{head}", refs.join("\n"))
}

#[test]
fn the_demo_ends_as_promised() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    let output = demo(&dir);
    let (table, log) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(3), "{table}{log}");
    for id in 1..=8 {
        assert!(table.contains(&format!("DEMO-{id}")), "{table}");
    }
    insta::assert_snapshot!(sections(&table), @r#"
    Caught:
      L1 worker evidence: 3 test_failure
      L2 mechanical: 1 evidence_mismatch, 1 test_proves_nothing
      L4.5 integration: 1 integration_failed
    Resolved conflicts:
      DEMO-5 with DEMO-4 in hours.txt
        no-drop proof holds: 2 of 2 added lines kept
          hours.txt: ours 1 of 1, theirs 1 of 1
    Set aside and mended:
      DEMO-6: passes alone, fails together with DEMO-3: test failed (exit 1): … [found in 10 gate runs]
    Not merged:
      DEMO-7: stuck (circuit_breaker): the worker's own test run shows failure (exit 1): [worktree-DEMO-7-r2 in …/.claude/worktrees/DEMO-7-r2]
      DEMO-8: blocked by DEMO-7
    "#);

    let state = state(&dir);
    assert_eq!(state["phase"], "complete");
    each_lands_once_with_evidence(&dir);
    let stuck = |id: &str| {
        state["tickets"][id]["stuck_reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(stuck("DEMO-7"), "circuit_breaker");
    assert_eq!(state["tickets"]["DEMO-8"]["status"], "blocked");
    assert_eq!(
        state["tickets"]["DEMO-6"]["loop_count"], 2,
        "fixed in the loop, and once more after it was set aside"
    );
    let comments = ticket_file(&dir, "DEMO-6", ".comments.md");
    assert_eq!(comments.matches("## Reopened").count(), 1, "{comments}");
    assert_eq!(
        fs::read_to_string(dir.join("hours.txt")).unwrap(),
        "# days\nopen Mon-Fri, Sat, Sun\n",
        "both sides of the conflict are there"
    );

    // The user's checkout followed base, and the tree that landed passes its own tests.
    assert_eq!(git(&dir, &["status", "--porcelain"]), "");
    assert!(dir.join("lib/farewell.sh").exists());
    let tests = Command::new("sh")
        .arg("scripts/test.sh")
        .current_dir(&dir)
        .output()
        .unwrap();
    assert!(tests.status.success());

    // Asking again changes nothing and says the same.
    let again = demo(&dir);
    assert_eq!(
        (
            again.status.code(),
            again
                .stdout
                .ends_with(&output.stdout[output.stdout.len() - 40..])
        ),
        (Some(3), true)
    );
    tools_get_the_same(&dir);
}

fn each_lands_once_with_evidence(dir: &Path) {
    let landed = ["DEMO-1", "DEMO-2", "DEMO-3", "DEMO-4", "DEMO-5", "DEMO-6"];
    let log = git(
        dir,
        &["log", "--first-parent", "--merges", "--format=%s", "base"],
    );
    let merged = |id: &str| {
        log.lines()
            .filter(|line| line.ends_with(&format!("({id})")))
            .count()
    };
    for id in landed {
        assert_eq!(merged(id), 1, "{id} is merged once:\n{log}");
        assert!(ticket_file(dir, id, ".md").contains("status: Done"));
        let evidence = ticket_file(dir, id, ".comments.md");
        assert!(
            evidence.contains("## Implementation Complete"),
            "{evidence}"
        );
        assert!(
            evidence.contains("ok 1 - "),
            "raw gate output is in the evidence: {evidence}"
        );
    }
    assert_eq!(log.lines().count(), landed.len());
}

/// What was resolved and mended, as `status --json` has it.
fn tools_get_the_same(dir: &Path) {
    let status = sprint(dir, &["status", "--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let summary = &status["summary"];
    assert_eq!(summary["tickets"].as_array().unwrap().len(), 8);
    let [resolved, aside] = ["resolved", "set_aside"].map(|list| &summary[list][0]);
    assert_eq!(
        (
            &resolved["ticket"],
            &resolved["others"][0],
            &resolved["paths"][0]
        ),
        (&"DEMO-5".into(), &"DEMO-4".into(), &"hours.txt".into())
    );
    assert_eq!(resolved["proof"]["dropped"].as_array().unwrap().len(), 0);
    assert_eq!(
        (&aside["ticket"], &aside["partner"], &aside["mended"]),
        (&"DEMO-6".into(), &"DEMO-3".into(), &true.into())
    );
    assert!(aside["gates"].as_u64().unwrap() > 2, "{aside}");
}

/// What the summary says below its table of what was resolved, mended and left, without the
/// folder and the words of the shell.
fn sections(summary: &str) -> String {
    let sections = summary.split("\n\n").filter(|block| {
        let title = block.lines().next().unwrap_or_default();
        title.ends_with(':')
    });
    let between = |line: &str, from: &str, to: &str| {
        let middle = line.find(from).zip(line.rfind(to));
        let Some((from, to)) = middle.map(|(at, to)| (at + from.len(), to)) else {
            return line.to_owned();
        };
        format!("{}…{}", &line[..from], &line[to..])
    };
    let plain = |line: &str| {
        let line = between(line, " in ", "/.claude/");
        between(&line, "test failed (exit 1): ", " [found")
    };
    let lines = sections.flat_map(|block| block.lines().map(plain));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn killed_at_any_point_it_ends_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let calm = folder.path().join("calm");
    assert_eq!(demo(&calm).status.code(), Some(3));
    let expected = result(&calm);

    // Where to kill comes from a fixed sequence, counted in lines of progress, so that every run
    // of this test kills in the same places; what is in flight then is up to the machine.
    let mut random = 0x2545_F491_4F6C_DD1Du64;
    let mut kills = 0;
    for round in 0..4 {
        let dir = folder.path().join(format!("round-{round}"));
        let before = loop {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let lines = usize::try_from(random % 16).unwrap();
            match run_and_kill_after(&dir, lines) {
                Some(code) => break code,
                None => kills += 1,
            }
        };
        assert_eq!(before, 3, "round {round}");
        assert_eq!(result(&dir), expected, "round {round}");
        assert_eq!(git(&dir, &["status", "--porcelain"]), "");
    }
    assert!(kills >= 20, "only {kills} kills");
}

/// Starts the demo; what it prints comes line by line.
fn start(dir: &Path) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(binary())
        .args(["demo", "--json", "--dir", dir.to_str().unwrap()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

/// Runs the demo and kills it after so many lines of progress. Returns the exit code if it came
/// to its end before.
fn run_and_kill_after(dir: &Path, lines: usize) -> Option<i32> {
    kill_started(start(dir), lines)
}

/// The same with any command that prints lines of progress.
fn kill_after(command: &mut Command, lines: usize) -> Option<i32> {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap()).lines();
    kill_started((child, output), lines)
}

fn kill_started(
    (mut child, mut output): (Child, Lines<BufReader<ChildStdout>>),
    lines: usize,
) -> Option<i32> {
    let mut last = String::new();
    for _ in 0..=lines {
        match output.next() {
            Some(line) => last = line.unwrap(),
            None => {
                let code = child.wait().unwrap().code();
                // Shown if the test fails.
                eprintln!("ended with {code:?}: {last}");
                return code;
            }
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to go on is chosen from outside the test"
)]
/// How many kills: in the place of the usual number, as many as somebody asks for.
fn wanted_kills() -> usize {
    let asked = std::env::var("SPRINT_KILLS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// `sprint resume` on a demo, with the demo's own agent.
fn resume(dir: &Path, options: &[&str]) -> Command {
    let agent = dir.join(".claude/demo-agent.sh");
    let agent = format!("command:sh '{}'", agent.display());
    let mut command = Command::new(binary());
    command
        .current_dir(dir)
        .args(["resume", "--agents", &agent])
        .args(options)
        .stdin(Stdio::null());
    command
}

#[test]
fn resumed_after_any_kill_it_ends_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let calm = folder.path().join("calm");
    assert_eq!(demo(&calm).status.code(), Some(3));
    let expected = result(&calm);

    let mut random = 0x9E37_79B9_7F4A_7C15u64;
    let (mut kills, mut round) = (0, 0);
    while kills < wanted_kills() {
        let dir = folder.path().join(format!("round-{round}"));
        // The first two lines are the start of the sprint: from then on there is one to resume.
        assert_eq!(run_and_kill_after(&dir, 2), None);
        kills += 1;
        let code = loop {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let lines = usize::try_from(random % 16).unwrap();
            let mut command = resume(&dir, &["--yes", "--json"]);
            match kill_after(&mut command, lines) {
                Some(code) => break code,
                None => kills += 1,
            }
        };
        // 0 says that it was over already: the kill came after its last save.
        assert!(matches!(code, 0 | 3), "round {round}: {code}");
        assert_eq!(result(&dir), expected, "round {round}");
        each_lands_once_with_evidence(&dir);
        assert_eq!(git(&dir, &["status", "--porcelain"]), "");
        round += 1;
    }
}

#[test]
fn resume_shows_what_it_would_do_and_changes_nothing_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    assert_eq!(run_and_kill_after(&dir, 12), None);
    let refs = git(&dir, &["for-each-ref"]);
    let before = state(&dir);
    let shown = resume(&dir, &[]).output().unwrap();
    let text = String::from_utf8_lossy(&shown.stdout);
    assert_eq!(shown.status.code(), Some(0), "{text}");
    for word in [
        "TICKET",
        "DEMO-1",
        "DEMO-8",
        "RE_IMPLEMENT",
        "Go on with `sprint resume --yes`",
    ] {
        assert!(text.contains(word), "{word} is not in:\n{text}");
    }
    assert_eq!(git(&dir, &["for-each-ref"]), refs);
    assert_eq!(state(&dir), before);
    let plan = resume(&dir, &["--json"]).output().unwrap();
    let plan: Value = serde_json::from_slice(&plan.stdout).unwrap();
    let tickets = plan["recovery"]["plan"]["tickets"].as_object().unwrap();
    assert_eq!(tickets.len(), 8);
    assert!(tickets.values().all(|row| row["action"].is_string()));
    let unknown = resume(&dir, &["--skip", "NOPE-1"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));

    // What a person decides is what happens.
    let code = resume(&dir, &["--yes", "--skip", "DEMO-7"])
        .output()
        .unwrap();
    assert_eq!(
        code.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&code.stderr)
    );
    let after = state(&dir);
    assert_eq!(after["tickets"]["DEMO-7"]["status"], "skipped");
    assert!(
        after["recovery_metadata"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    );
    let over = resume(&dir, &[]).output().unwrap();
    assert_eq!(over.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&over.stdout).contains("nothing to resume"));
}

#[test]
fn nothing_of_the_users_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    // Create the demo and stop at once; then add what a user may have lying about.
    assert_eq!(run_and_kill_after(&dir, 0), None);
    git(&dir, &["branch", "mine"]);
    fs::write(dir.join("menu.txt"), "my own\n").unwrap();
    git(&dir, &["stash"]);
    fs::write(dir.join("notes.txt"), "untracked\n").unwrap();
    let before = untouched(&dir);
    assert_eq!(demo(&dir).status.code(), Some(3));
    assert_eq!(untouched(&dir), before);
}

#[test]
fn a_dirty_checkout_of_base_is_left_alone_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    assert_eq!(run_and_kill_after(&dir, 0), None);
    fs::write(dir.join("README.md"), "edited\n").unwrap();
    let head = git(&dir, &["rev-parse", "base"]);
    let output = demo(&dir);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains("commit or stash"), "says what to do: {text}");
    assert_eq!(git(&dir, &["rev-parse", "base"]), head, "nothing moved");
    assert_eq!(
        fs::read_to_string(dir.join("README.md")).unwrap(),
        "edited\n"
    );

    git(&dir, &["checkout", "-q", "README.md"]);
    assert_eq!(demo(&dir).status.code(), Some(3));
    assert_ne!(git(&dir, &["rev-parse", "base"]), head);
}

#[test]
fn a_second_run_of_one_problem_is_refused_and_names_the_owner() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    let (mut first, mut lines) = start(&dir);
    lines.next().unwrap().unwrap();
    let second = demo(&dir);
    let error = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{error}");
    assert!(
        error.contains(&format!("process {}", first.id())),
        "{error}"
    );
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(
        demo(&dir).status.code(),
        Some(3),
        "a dead owner's lease is taken over"
    );
}

#[test]
fn ctrl_c_finishes_what_runs_and_the_next_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    let (mut child, mut lines) = start(&dir);
    let working = lines
        .by_ref()
        .any(|line| line.unwrap().contains("implementing"));
    assert!(working);
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let last = lines.map(Result::unwrap).last().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(4));
    let last: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(last["summary"]["outcome"]["state"], "unfinished");
    assert_eq!(demo(&dir).status.code(), Some(3), "the next run goes on");
}

#[test]
fn hostile_tickets_do_nothing_and_stop_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    assert_eq!(run_and_kill_after(&dir, 0), None);
    fs::remove_dir_all(dir.join(".claude/sprints")).unwrap();
    let tickets = dir.join(".claude/tickets");
    for name in fs::read_dir(&tickets).unwrap() {
        fs::remove_file(name.unwrap().path()).unwrap();
    }
    let write = |name: &str, text: &[u8]| fs::write(tickets.join(name), text).unwrap();
    let ticket = |id: &str, title: &str, body: &str| {
        let text = format!("---\nid: {id}\ntitle: {title}\nstatus: Todo\n---\n{body}");
        write(&format!("{id}.md"), text.as_bytes());
    };
    // DEMO-1 and DEMO-4 are what the agent knows how to do; their text is somebody else's.
    let criterion =
        "## Acceptance Criteria\n- [ ] slug lower-cases a title and joins its words with hyphens\n";
    ticket(
        "DEMO-1",
        "$(touch canary) `touch canary` ; touch canary --upload-pack=touch",
        criterion,
    );
    ticket(
        "DEMO-4",
        "../../x %s {} \u{1b}[31m",
        &"$(touch canary)\n".repeat(60_000),
    );
    write("BAD-1.md", b"---\nid: BAD-1\ntitle: \xff\n---\n");
    write("BAD-2.md", b"---\nid: OTHER\ntitle: x\nstatus: Todo\n---\n");
    write(
        "--upload-pack=x.md",
        b"---\nid: --upload-pack=x\ntitle: x\nstatus: Todo\n---\n",
    );
    let agent = ["--agents", "command:sh \"$PWD/../../demo-agent.sh\""];
    let output = sprint(
        &dir,
        &[&["run", "--problem-id", "hostile"], &agent[..]].concat(),
    );
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{log}");
    for name in ["BAD-1.md", "BAD-2.md", "--upload-pack=x.md"] {
        assert!(log.contains(name), "{name} is reported: {log}");
    }
    assert!(
        !log.contains('\u{1b}'),
        "no control characters reach the terminal"
    );
    let canary = Command::new("find")
        .arg(&dir)
        .args(["-name", "canary"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&canary.stdout),
        "",
        "nothing was executed"
    );
    assert_eq!(
        git(
            &dir,
            &["log", "--first-parent", "--merges", "--format=%s", "base"]
        )
        .lines()
        .count(),
        2
    );
}

/// One wrong input, and the words its error must contain.
fn refuses(setup: impl Fn(&Path), args: &[&str], words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    assert_eq!(run_and_kill_after(&dir, 0), None);
    fs::remove_dir_all(dir.join(".claude/sprints")).unwrap();
    setup(&dir);
    let mut all = vec![
        "run",
        "--problem-id",
        "other",
        "--agents",
        "command:sh .claude/demo-agent.sh",
    ];
    all.extend(args);
    let output = sprint(&dir, &all);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        matches!(output.status.code(), Some(1 | 2)),
        "{:?} {error}",
        output.status
    );
    for word in words {
        assert!(error.contains(word), "{word:?} is not in: {error}");
    }
    assert!(!dir.join("canary").exists());
}

#[test]
fn wrong_input_gets_one_clear_error() {
    let config = |text: &'static str| {
        move |dir: &Path| fs::write(dir.join(".claude/sprint-config.yml"), text).unwrap()
    };
    let ticket = |id: &'static str, text: &'static str| {
        move |dir: &Path| fs::write(dir.join(format!(".claude/tickets/{id}.md")), text).unwrap()
    };
    refuses(
        config("branch_base: [base\n"),
        &[],
        &["sprint-config.yml", "line"],
    );
    refuses(
        config("branch_base: base\nbuild_cmd: 'true'\nlint_cmd: 'true'\nmax_loop_iterations: 0\n"),
        &[],
        &["line 4", "max_loop_iterations", "test_cmd"],
    );
    refuses(
        config("branch_base: --upload-pack=touch canary\nbuild_cmd: a\nlint_cmd: a\ntest_cmd: a\n"),
        &[],
        &["line 1", "branch_base"],
    );
    refuses(
        |dir| fs::remove_file(dir.join(".claude/sprint-config.yml")).unwrap(),
        &[],
        &["sprint-config.yml", "branch_base"],
    );
    refuses(
        ticket(
            "DEMO-1",
            "---\nid: DEMO-1\ntitle: x\nstatus: Todo\nblocked-by: [DEMO-2]\n---\n",
        ),
        &[],
        &["DEMO-1", "DEMO-2"],
    );
    refuses(|_| {}, &["--tickets", "nowhere"], &["nowhere", "--tickets"]);
    refuses(|_| {}, &["--agent", "worker"], &["ROLE=COMMAND"]);
}

#[test]
fn roles_without_an_agent_are_refused_where_they_cannot_be_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    assert_eq!(run_and_kill_after(&dir, 0), None);
    let agent = "worker=sh .claude/demo-agent.sh";
    let output = sprint(&dir, &["run", "--problem-id", "other", "--agent", agent]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("completion") || error.contains("review"),
        "{error}"
    );
}
