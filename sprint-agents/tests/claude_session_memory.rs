//! Very long lines, in a process of its own: its peak of memory is looked at.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use sprint_agents::Environment;
use sprint_agents::claude::{Deadlines, Launch, NoHost, Outcome, Session, Start, session_id};

/// Says what the real program says when a file of 6 MB is written, eight times over.
const PROGRAM: &str = r#"#!/bin/sh
answer() {
    echo '{"type":"control_response","response":{"subtype":"success","request_id":"'$1'","response":{"mcpServers":[]}}}'
}
read -r line; answer sprint-1
read -r line; answer sprint-2
read -r line
for file in 1 2 3 4 5 6 7 8; do
    printf '{"type":"assistant","message":{"content":[{"type":"tool_use","id":"a","name":"Write","input":{"content":"'
    head -c 6000000 /dev/zero | tr '\0' x
    echo '","file_path":"/large.txt"}}]}}'
    printf '{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"a"}]},"tool_use_result":{"content":"'
    head -c 6000000 /dev/zero | tr '\0' x
    echo '"}}'
done
echo '{"type":"result","subtype":"success","result":"done"}'
read -r line
"#;

/// The most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let words = line.unwrap().split_whitespace().nth(1);
    words.unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_long_line_is_in_memory_once_and_not_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    fs::write(&program, PROGRAM).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let session = Start::New(session_id("memory"));
    let environment = Environment::inherit();
    let launch = Launch::new(program, folder.path(), environment, session, "sonnet");
    let session = Session::start(&launch, Arc::new(NoHost)).await.unwrap();
    let before = peak();
    let minute = Duration::from_secs(60);
    let deadlines = Deadlines {
        wall: minute,
        silence: minute,
    };
    let turn = session.ask("go", deadlines).await;
    let more = peak() - before;
    assert!(matches!(turn.outcome, Outcome::Done { .. }), "{turn:?}");
    assert_eq!(turn.tool_uses.len(), 8);
    // A buffer that doubles as it grows has eight megabytes for a line of six, and four of them
    // may still be there beside it.
    assert!(more < 16 * 1024, "{more} KiB for lines of 6000 KiB");
    session.stop(minute).await.unwrap();
}
