#[cfg(unix)]
use std::io::{BufRead, BufReader, Write};
#[cfg(unix)]
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use std::fs;
use std::path::Path;

use super::*;
use crate::id::ProblemId;
use crate::testing::conformance;
use crate::time::Timestamp;

#[cfg(unix)]
const DIRECTORY: &str = "SPRINT_TEST_LEASE_DIRECTORY";

fn lease_in(root: &Path) -> FileLease {
    let layout = Layout::new(root, ProblemId::new("problem").expect("valid"));
    FileLease::new(layout, NetworkFiles::Accept)
}

fn owner(pid: u32) -> Owner {
    Owner {
        pid,
        host: "here".into(),
        since: Timestamp::from_millis(0),
    }
}

#[test]
fn it_keeps_the_contract() {
    conformance::lease::all(&|| {
        let root = tempfile::tempdir().unwrap();
        Box::new(move || Arc::new(lease_in(root.path())))
    });
}

/// What [`another_process`] runs. Does nothing in a normal run of the tests.
#[cfg(unix)]
#[test]
fn helper_that_holds_the_lease() {
    let Some(root) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let lease = lease_in(Path::new(&root)).acquire(&owner(7)).unwrap();
    // Reads the same input and writes to the same output, and outlives us.
    let mut child = Command::new("cat").spawn().unwrap();
    println!("holding {}", lease.epoch());
    child.wait().unwrap();
}

/// A process that holds the lease and waits, as does a child of it.
#[cfg(unix)]
fn another_process(root: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "local::lease::tests::helper_that_holds_the_lease",
        ])
        .arg("--nocapture")
        .env(DIRECTORY, root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("holding ") {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "it ended early");
    }
    (child, output)
}

#[cfg(unix)]
#[test]
fn a_killed_owner_is_taken_over_at_once_though_its_child_lives() {
    let root = tempfile::tempdir().unwrap();
    let (mut child, mut output) = another_process(root.path());
    let error = lease_in(root.path()).acquire(&owner(8)).unwrap_err();
    insta::assert_snapshot!(error.chain(), @"failed to take the lease of problem: process 7 on here since 1970-01-01T00:00:00Z is working on this problem; wait until it ends, or stop it, then try again");
    // Taken out before waiting, which would close it and end the grandchild.
    let mut input = child.stdin.take().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let lease = lease_in(root.path()).acquire(&owner(8)).unwrap();
    assert_eq!(lease.epoch(), 2);
    input.write_all(b"are you there\n").unwrap();
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "are you there\n");
}

#[test]
fn a_number_that_cannot_be_read_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let lease = lease_in(root.path());
    drop(lease.acquire(&owner(1)).unwrap());
    for bad in ["", "x", "-1", "18446744073709551615"] {
        fs::write(lease.layout.epoch(), bad).unwrap();
        let error = lease.acquire(&owner(1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Fatal, "{bad:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_linked_lock_file_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let lease = lease_in(root.path());
    lease.layout.prepare().unwrap();
    let elsewhere = root.path().join("elsewhere");
    std::os::unix::fs::symlink(&elsewhere, lease.layout.lock()).unwrap();
    assert!(lease.acquire(&owner(1)).is_err());
    assert!(!elsewhere.exists());
}
