//! How many agents a ticket of the demo takes, beside the 8 to 12 windows per ticket of the
//! original.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;

use scripted_api::TestCli;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::Instant;

/// Notes every start of an agent, then is the program.
const WRAPPER: &str = r#"#!/bin/sh
case " $* " in *" -p "*) echo start >>"$0.starts" ;; esac
exec "$0.program" "$@"
"#;

pub(crate) async fn measure(cli: &TestCli) {
    eprintln!("\nagents per ticket of the demo");
    let Some(sprint) = sprint() else {
        eprintln!("  SKIPPED: build it first, cargo build --release -p examples --example sprint");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let wrapper = folder.path().join("claude");
    fs::write(&wrapper, WRAPPER).expect("a file");
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&wrapper, executable).expect("a file");
    let program = cli.program.canonicalize().expect("a program");
    let link = folder.path().join("claude.program");
    std::os::unix::fs::symlink(program, link).expect("a link");

    let start = Instant::now();
    let output = Command::new(sprint)
        .args(["demo", "--json", "--agents", "claude", "--dir"])
        .arg(folder.path().join("demo"))
        .arg("--claude")
        .arg(&wrapper)
        .env("IS_SANDBOX", "1")
        .stdin(Stdio::null())
        .output()
        .await
        .expect("it runs");
    let took = start.elapsed().as_secs();
    let said = String::from_utf8_lossy(&output.stdout);
    let last: Value =
        serde_json::from_str(said.lines().last().unwrap_or_default()).unwrap_or_default();
    let Some(tickets) = last["summary"]["tickets"].as_array() else {
        let why = String::from_utf8_lossy(&output.stderr);
        eprintln!("  SKIPPED: the demo came to no end: {}", why.trim());
        return;
    };
    let runs = |ticket: &Value| ticket["agent_runs"].as_u64().unwrap_or(0);
    let merged: Vec<_> = tickets.iter().filter(|t| t["result"] == "merged").collect();
    if merged.is_empty() {
        eprintln!("  SKIPPED: no ticket of the demo was merged");
        return;
    }
    let at_once = merged.iter().filter(|ticket| ticket["attempts"] == 1);
    let at_once: Vec<_> = at_once.map(|ticket| runs(ticket)).collect();
    let each: Vec<_> = merged.iter().map(|ticket| runs(ticket)).collect();
    let worked = tickets.iter().filter(|ticket| runs(ticket) > 0).count();
    let all: u64 = tickets.iter().map(runs).sum();
    let starts = fs::read_to_string(folder.path().join("claude.starts")).unwrap_or_default();
    let starts = starts.lines().count();
    let mean = |runs: &[u64]| runs.iter().sum::<u64>() as f64 / runs.len() as f64;
    eprintln!(
        "  {} of {} tickets merged in {took} s",
        merged.len(),
        tickets.len()
    );
    eprintln!(
        "  agent runs per merged ticket {each:?}: {:.1} on average, {:.1} where the first attempt \
         was right; the original: 8 to 12 windows",
        mean(&each),
        mean(&at_once),
    );
    eprintln!(
        "  {starts} programs started for {all} agent runs, context agents among them: {:.1} for \
         each of {worked} tickets that were worked on, {:.2} to {:.2} times the original",
        starts as f64 / worked as f64,
        starts as f64 / worked as f64 / 12.0,
        starts as f64 / worked as f64 / 8.0,
    );
}

/// The program of the demo, if it is built beside this one.
fn sprint() -> Option<PathBuf> {
    let here = std::env::current_exe().ok()?;
    // <target>/<profile>/deps/<bench>
    let sprint = here.ancestors().nth(2)?.join("examples/sprint");
    sprint.is_file().then_some(sprint)
}
