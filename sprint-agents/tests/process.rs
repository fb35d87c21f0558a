//! Supervision, with real processes.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::time::Duration;

use sprint_agents::environment::Environment;
use sprint_agents::process::{Finished, Limits, Process, Streams};
use sprint_core::domain::command::{CommandLine, Exit};
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStdout, Command};

const LONG: Duration = Duration::from_secs(60);

async fn run(
    line: &str,
    directory: &Path,
    stdin: &[u8],
    streams: Streams,
    limits: Limits,
) -> Finished {
    Process {
        line: &CommandLine::new(line).unwrap(),
        directory,
        environment: &Environment::inherit(),
        stdin,
        streams,
        limits,
    }
    .run()
    .await
    .unwrap()
}

async fn merged(line: &str, limits: Limits) -> Finished {
    run(line, Path::new("/"), b"", Streams::Merged, limits).await
}

/// A fifo in `directory`, and a reader that sees its end when the last process that holds it open
/// for writing is gone.
async fn lifeline(directory: &Path) -> (Command, &'static str) {
    let made = Command::new("mkfifo")
        .arg(directory.join("alive"))
        .status()
        .await
        .unwrap();
    assert!(made.success());
    let mut reader = Command::new("cat");
    reader
        .arg(directory.join("alive"))
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true);
    // Every process started below inherits descriptor 9.
    (reader, "exec 9>alive; ")
}

async fn read_to_end(mut pipe: ChildStdout) -> String {
    let mut text = String::new();
    tokio::time::timeout(LONG, pipe.read_to_string(&mut text))
        .await
        .expect("a process of the group is still alive")
        .unwrap();
    text
}

#[tokio::test]
async fn both_streams_are_captured_in_the_order_written() {
    let finished = merged(
        "for i in 1 2 3; do echo out $i; echo err $i >&2; done; exit 3",
        Limits::wall(LONG),
    )
    .await;
    assert_eq!(finished.exit, Exit::Code(3));
    assert_eq!(
        String::from_utf8(finished.stdout).unwrap(),
        "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n"
    );
}

#[tokio::test]
async fn separate_streams_stay_separate() {
    let finished = run(
        "echo out; echo err >&2",
        Path::new("/"),
        b"",
        Streams::Separate,
        Limits::wall(LONG),
    )
    .await;
    assert_eq!(
        (&finished.stdout[..], &finished.stderr[..]),
        (&b"out\n"[..], &b"err\n"[..])
    );
}

#[tokio::test]
async fn large_input_reaches_the_child_whole_and_unread_input_does_no_harm() {
    let input = vec![b'x'; 1 << 20];
    let count = run(
        "wc -c",
        Path::new("/"),
        &input,
        Streams::Merged,
        Limits::wall(LONG),
    )
    .await;
    assert_eq!(String::from_utf8_lossy(&count.stdout).trim(), "1048576");
    let unread = run(
        "exec <&-; echo done",
        Path::new("/"),
        &input,
        Streams::Merged,
        Limits::wall(LONG),
    )
    .await;
    assert_eq!(
        (unread.exit, &unread.stdout[..]),
        (Exit::Code(0), &b"done\n"[..])
    );
}

#[tokio::test]
async fn at_the_wall_limit_the_whole_group_ends() {
    let directory = tempfile::tempdir().unwrap();
    let (mut reader, open) = lifeline(directory.path()).await;
    let mut reader = reader.spawn().unwrap();
    // One grandchild ignores the polite signal.
    let line = format!("{open}echo started >&9; (trap '' TERM; sleep 600; sleep 600) & sleep 600");
    let limits = Limits::wall(Duration::from_secs(1));
    let finished = run(&line, directory.path(), b"", Streams::Merged, limits).await;
    assert_eq!(finished.exit, Exit::TimedOut);
    assert_eq!(
        read_to_end(reader.stdout.take().unwrap()).await,
        "started\n"
    );
}

#[tokio::test]
async fn silence_ends_a_command_and_talking_keeps_it_alive() {
    let silence = Limits {
        silence: Some(Duration::from_secs(1)),
        ..Limits::wall(LONG)
    };
    let silent = merged("echo hello; sleep 600", silence).await;
    assert_eq!(
        (silent.exit, &silent.stdout[..]),
        (Exit::Silent, &b"hello\n"[..])
    );
    let talking = merged("for i in 1 2 3 4 5 6; do echo; sleep 0.2; done", silence).await;
    assert_eq!(talking.exit, Exit::Code(0));
    assert!(talking.duration > Duration::from_secs(1));
}

#[tokio::test]
async fn a_command_that_never_stops_talking_has_a_wall_limit_and_a_cap() {
    let limits = Limits {
        output: 64 * 1024,
        ..Limits::wall(Duration::from_millis(200))
    };
    let finished = merged("yes", limits).await;
    assert_eq!(finished.exit, Exit::TimedOut);
    assert!(finished.stdout.len() <= 64 * 1024 + 64);
    assert!(String::from_utf8_lossy(&finished.stdout).contains("bytes of output left out]\n"));
}

#[tokio::test]
async fn a_grandchild_that_keeps_the_pipe_open_neither_hangs_the_reader_nor_survives() {
    let directory = tempfile::tempdir().unwrap();
    let (mut reader, open) = lifeline(directory.path()).await;
    let mut reader = reader.spawn().unwrap();
    let line = format!("{open}echo started >&9; sleep 600 & echo done");
    let finished = run(
        &line,
        directory.path(),
        b"",
        Streams::Merged,
        Limits::wall(LONG),
    )
    .await;
    assert_eq!(
        (finished.exit, &finished.stdout[..]),
        (Exit::Code(0), &b"done\n"[..])
    );
    assert_eq!(
        read_to_end(reader.stdout.take().unwrap()).await,
        "started\n"
    );
}

#[tokio::test]
async fn a_silent_grandchild_does_not_survive_a_finished_command() {
    let directory = tempfile::tempdir().unwrap();
    let (mut reader, open) = lifeline(directory.path()).await;
    let mut reader = reader.spawn().unwrap();
    let line = format!("{open}echo started >&9; sleep 600 >/dev/null 2>&1 & exit 0");
    let finished = run(
        &line,
        directory.path(),
        b"",
        Streams::Merged,
        Limits::wall(LONG),
    )
    .await;
    assert_eq!(finished.exit, Exit::Code(0));
    assert_eq!(
        read_to_end(reader.stdout.take().unwrap()).await,
        "started\n"
    );
}

#[tokio::test]
async fn dropping_the_future_kills_the_group() {
    let directory = tempfile::tempdir().unwrap();
    let (mut reader, open) = lifeline(directory.path()).await;
    let mut reader = reader.spawn().unwrap();
    let mut alive = reader.stdout.take().unwrap();
    let line = format!("{open}sleep 600 & echo started >&9; sleep 600");
    let mut started = [0; 8];
    tokio::select! {
        _ = run(&line, directory.path(), b"", Streams::Merged, Limits::wall(LONG)) => unreachable!(),
        read = alive.read_exact(&mut started) => { read.unwrap(); }
    }
    assert_eq!(&started, b"started\n");
    assert_eq!(read_to_end(alive).await, "");
}

#[tokio::test]
async fn a_signal_and_endless_limits_are_reported_as_they_are() {
    let finished = merged("kill -9 $$", Limits::wall(Duration::MAX)).await;
    assert_eq!(finished.exit, Exit::Signal(9));
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_an_error() {
    let result = Process {
        line: &CommandLine::new("true").unwrap(),
        directory: Path::new("/nonexistent"),
        environment: &Environment::inherit(),
        stdin: b"",
        streams: Streams::Merged,
        limits: Limits::wall(LONG),
    }
    .run()
    .await;
    assert_eq!(result.unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

#[tokio::test]
async fn the_child_sees_only_the_environment_it_is_given() {
    let environment = Environment::empty()
        .with("PATH", "/usr/bin:/bin")
        .with("A", "$(id) \n'");
    let finished = Process {
        line: &CommandLine::new("env -0 | tr '\\0\\n' '\\n_'").unwrap(),
        directory: Path::new("/"),
        environment: &environment,
        stdin: b"",
        streams: Streams::Merged,
        limits: Limits::wall(LONG),
    }
    .run()
    .await
    .unwrap();
    let mut lines: Vec<_> = std::str::from_utf8(&finished.stdout)
        .unwrap()
        .lines()
        .collect();
    lines.sort_unstable();
    // The shell itself sets these two.
    lines.retain(|line| !line.starts_with("PWD=") && !line.starts_with("_="));
    lines.retain(|line| !line.starts_with("SHLVL=") && !line.starts_with("OLDPWD"));
    // And this is the mark of the run.
    lines.retain(|line| !line.starts_with("SPRINT_RUN="));
    assert_eq!(lines, ["A=$(id) _'", "PATH=/usr/bin:/bin"]);
}

#[tokio::test]
async fn the_shell_is_not_looked_for_on_the_path() {
    let directory = tempfile::tempdir().unwrap();
    let fake = directory.path().join("sh");
    std::fs::write(&fake, "#!/bin/sh\necho fake\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&fake, executable).unwrap();
    let finished = Process {
        line: &CommandLine::new("echo real").unwrap(),
        directory: directory.path(),
        environment: &Environment::empty().with("PATH", directory.path()),
        stdin: b"",
        streams: Streams::Merged,
        limits: Limits::wall(LONG),
    }
    .run()
    .await
    .unwrap();
    assert_eq!(finished.stdout, b"real\n");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_descendant_in_a_session_of_its_own_does_not_survive() {
    let directory = tempfile::tempdir().unwrap();
    let (mut reader, open) = lifeline(directory.path()).await;
    let mut reader = reader.spawn().unwrap();
    // It holds the output open, and nobody waits for it.
    let line = format!("{open}echo started >&9; setsid sh -c 'sleep 600; echo never' & echo done");
    let finished = run(
        &line,
        directory.path(),
        b"",
        Streams::Merged,
        Limits::wall(LONG),
    )
    .await;
    assert_eq!(
        (finished.exit, &finished.stdout[..]),
        (Exit::Code(0), &b"done\n"[..])
    );
    let alive = read_to_end(reader.stdout.take().unwrap()).await;
    assert_eq!(alive, "started\n");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_silent_daemon_does_not_survive_a_limit() {
    let directory = tempfile::tempdir().unwrap();
    let (mut reader, open) = lifeline(directory.path()).await;
    let mut reader = reader.spawn().unwrap();
    let line = format!("{open}echo started >&9; setsid sleep 600 >/dev/null 2>&1 & sleep 600");
    let limits = Limits::wall(Duration::from_secs(1));
    let finished = run(&line, directory.path(), b"", Streams::Merged, limits).await;
    assert_eq!(finished.exit, Exit::TimedOut);
    let alive = read_to_end(reader.stdout.take().unwrap()).await;
    assert_eq!(alive, "started\n");
}
