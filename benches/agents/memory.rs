//! The memory of a live session that waits for its next message, and of us for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use scripted_api::{Reply, Request, TestCli};
use serde_json::json;
use sprint_agents::claude::{NoHost, Outcome, Session};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::stage::{GRACE, LONG, Stage};

const SESSIONS: usize = 4;
const OURS: &str = "/proc/self/smaps_rollup";

pub(crate) async fn measure(cli: &TestCli) {
    eprintln!("\nmemory of a live session, after one turn");
    if !Path::new(OURS).exists() {
        eprintln!("  SKIPPED: there is no /proc/PID/smaps_rollup here");
        return;
    }
    let stage = Stage::set(cli, |_: &Request| Reply::text("Done.")).await;
    let by_hand = by_hand(&stage).await;

    // What the first one makes us set up is there once.
    let first = start(&stage, "first").await;
    let alone = Memory::of(&stage.alive());
    let before = kib(Path::new(OURS), "Rss:");
    let mut sessions = vec![first];
    for number in 1..=SESSIONS {
        sessions.push(start(&stage, &format!("session-{number}")).await);
    }
    let after = kib(Path::new(OURS), "Rss:");
    let all = Memory::of(&stage.alive());
    let each = all.divided(sessions.len() as u64);
    for session in sessions {
        drop(session.stop(GRACE).await);
    }

    let line = |what: &str, memory: &Memory| {
        let (rss, pss) = (memory.rss / 1024, memory.pss / 1024);
        eprintln!(
            "  {what:<52} RSS {rss} MiB, PSS {pss} MiB, {} processes",
            memory.processes
        );
    };
    line("one, held open by hand", &by_hand);
    line("one", &alone);
    line(&format!("each of {}", SESSIONS + 1), &each);
    let more = after.saturating_sub(before) / SESSIONS as u64;
    eprintln!(
        "  one beside one by hand: RSS {:.2} times, PSS {:.2} times; this process grows by {more} KiB per \
         session, the API among it",
        alone.rss as f64 / by_hand.rss as f64,
        alone.pss as f64 / by_hand.pss as f64,
    );
}

/// Memory in KiB.
struct Memory {
    rss: u64,
    pss: u64,
    processes: usize,
}

impl Memory {
    fn of(processes: &[PathBuf]) -> Self {
        let sum = |name| {
            let rollups = processes.iter().map(|path| path.join("smaps_rollup"));
            rollups.map(|rollup| kib(&rollup, name)).sum()
        };
        Self {
            rss: sum("Rss:"),
            pss: sum("Pss:"),
            processes: processes.len(),
        }
    }

    fn divided(&self, sessions: u64) -> Self {
        Self {
            rss: self.rss / sessions,
            pss: self.pss / sessions,
            processes: self.processes,
        }
    }
}

/// The number behind `name` in a file of `/proc`.
fn kib(file: &Path, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut lines = text.lines();
    let number = lines.find_map(|line| line.strip_prefix(name));
    let number = number.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|word| word.parse().ok()).unwrap_or(0)
}

async fn start(stage: &Stage, name: &str) -> Session {
    let session = Session::start(&stage.launch(name), Arc::new(NoHost)).await;
    let session = session.expect("a session");
    let turn = session.ask("Go.", LONG).await;
    assert!(matches!(turn.outcome, Outcome::Done { .. }), "{turn:?}");
    session
}

/// The same program, which someone talks to by hand.
async fn by_hand(stage: &Stage) -> Memory {
    let arguments = ["--input-format", "stream-json", "--verbose"];
    let more = [
        "--output-format",
        "stream-json",
        "--tools",
        "Read,Grep,Glob",
    ];
    let mut command = stage.by_hand(&[arguments.as_slice(), &more].concat());
    let child = command.stdin(Stdio::piped()).spawn();
    let mut child = child.expect("it starts");
    let message = json!({ "type": "user", "message": { "role": "user", "content": "Go." } });
    let mut stdin = child.stdin.take().expect("a pipe");
    let sent = stdin.write_all(format!("{message}\n").as_bytes()).await;
    sent.expect("it reads");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    while let Some(line) = lines.next_line().await.expect("text") {
        if line.contains(r#""type":"result""#) {
            break;
        }
    }
    let memory = Memory::of(&stage.alive());
    drop(stdin);
    child.wait().await.expect("it ends");
    memory
}
