use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use futures_executor::block_on;

use super::*;
use crate::id::ProblemId;
use crate::testing::{conformance, sample};

fn layout(root: &tempfile::TempDir) -> Layout {
    Layout::new(root.path(), ProblemId::new("problem").unwrap())
}

fn lease(epoch: u64) -> Lease {
    Lease::new(epoch, Box::new(()))
}

/// A store with a first state, and that state.
fn started(layout: &Layout) -> (FileStore, Snapshot) {
    let store = FileStore::new(layout.clone());
    let first = sample::snapshot(2);
    block_on(store.commit(&Delta::first(first.clone()), &lease(1))).unwrap();
    (store, first)
}

fn step(store: &FileStore, state: &Snapshot) -> Snapshot {
    let delta = sample::delta(state);
    block_on(store.commit(&delta, &lease(1))).unwrap();
    sample::after(state, &delta)
}

fn published(layout: &Layout) -> Snapshot {
    let text = fs::read_to_string(layout.state()).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(json["run"].take()).unwrap()
}

#[test]
fn it_keeps_the_contract() {
    block_on(conformance::store::all(&|| {
        let root = tempfile::tempdir().unwrap();
        Box::new(move || Arc::new(FileStore::new(layout(&root))))
    }));
}

#[test]
fn it_keeps_the_contract_when_it_rotates_all_the_time() {
    block_on(conformance::store::all(&|| {
        let root = tempfile::tempdir().unwrap();
        Box::new(move || {
            let mut store = FileStore::new(layout(&root));
            store.limits = Limits {
                rotate_above: 0,
                rotate_factor: 0,
            };
            Arc::new(store)
        })
    }));
}

#[test]
fn a_small_state_is_published_after_every_commit() {
    let root = tempfile::tempdir().unwrap();
    let layout = layout(&root);
    let (store, mut state) = started(&layout);
    for _ in 0..3 {
        state = step(&store, &state);
        assert_eq!(published(&layout), state);
    }
}

#[test]
fn a_large_state_is_published_four_times_a_second_and_when_it_matters() {
    let root = tempfile::tempdir().unwrap();
    let layout = layout(&root);
    let store = FileStore::new(layout.clone());
    let mut state = sample::snapshot(2);
    state.plan = Arc::new({
        let mut plan = (*state.plan).clone();
        plan.warnings = vec!["w".repeat(300 << 10)];
        plan
    });
    block_on(store.commit(&Delta::first(state.clone()), &lease(1))).unwrap();
    let mut commit = |after: u64, phase: Option<Phase>| {
        let mut delta = sample::delta(&state);
        delta.at = Timestamp::from_millis(1000 + after);
        delta.sprint = phase.map(|phase| {
            let mut sprint = state.sprint.clone();
            sprint.phase = phase;
            sprint
        });
        block_on(store.commit(&delta, &lease(1))).unwrap();
        state = sample::after(&state, &delta);
        state.revision
    };
    commit(100, None);
    commit(249, None);
    assert_eq!(published(&layout).revision, 1);
    let due = commit(250, None);
    assert_eq!(published(&layout).revision, due);
    let phase = commit(251, Some(Phase::Tickets));
    assert_eq!(published(&layout).revision, phase);
    let set_back = commit(0, None);
    assert_eq!(published(&layout).revision, set_back);
    let last = commit(1, None);
    assert_eq!(published(&layout).revision, set_back);
    drop(store);
    assert_eq!(published(&layout).revision, last);
}

#[test]
fn without_journals_the_view_is_used_and_a_note_says_so() {
    let root = tempfile::tempdir().unwrap();
    let layout = layout(&root);
    let (store, state) = started(&layout);
    let state = step(&store, &state);
    drop(store);
    for generation in 1..=2 {
        drop(fs::remove_file(
            layout
                .directory()
                .join(format!("journal-{generation}.jsonl")),
        ));
    }
    let store = FileStore::new(layout.clone());
    assert_eq!(block_on(store.load()).unwrap().as_ref(), Some(&state));
    let note = store.notes().join("\n");
    assert!(note.contains("no journal"), "{note}");
    let state = step(&store, &state);
    drop(store);
    fs::remove_file(layout.state()).unwrap();
    let store = FileStore::new(layout);
    assert_eq!(block_on(store.load()).unwrap(), Some(state));
}

#[test]
fn a_change_that_was_cut_off_is_noted_and_kept() {
    let root = tempfile::tempdir().unwrap();
    let layout = layout(&root);
    let (store, state) = started(&layout);
    drop(store);
    let journal = layout.directory().join("journal-1.jsonl");
    let whole = fs::read(&journal).unwrap();
    fs::write(&journal, [&whole, &b"0badc0de {\"seq"[..]].concat()).unwrap();
    let store = FileStore::new(layout.clone());
    assert_eq!(block_on(store.load()).unwrap().as_ref(), Some(&state));
    insta::assert_snapshot!(store.notes().join("\n"), @"journal-1 ends in 14 bytes of a change that was cut off before it was saved; they are ignored, and kept in journal-1.tail when the sprint goes on");
    step(&store, &state);
    let kept = fs::read(layout.directory().join("journal-1.tail")).unwrap();
    assert_eq!(kept, b"0badc0de {\"seq");
}

#[test]
fn a_newer_format_is_refused_with_advice() {
    let root = tempfile::tempdir().unwrap();
    let layout = layout(&root);
    let mut newer = sample::snapshot(1);
    newer.schema_version = SCHEMA_VERSION + 1;
    let store = FileStore::new(layout.clone());
    block_on(store.commit(&Delta::first(newer), &lease(1))).unwrap();
    drop(store);
    let store = FileStore::new(layout.clone());
    let error = block_on(store.load()).unwrap_err();
    insta::assert_snapshot!(error.chain(), @"failed to read state of problem: journal-1.jsonl was written in format 2, this version reads up to 1; upgrade it");
    fs::remove_file(layout.directory().join("journal-1.jsonl")).unwrap();
    let error = block_on(store.load()).unwrap_err();
    assert!(error.chain().contains("upgrade"), "{}", error.chain());
}

#[test]
fn a_failed_write_poisons_the_store_until_it_is_opened_anew() {
    let root = tempfile::tempdir().unwrap();
    let layout = layout(&root);
    let (store, state) = started(&layout);
    drop(store);
    // The first commit of a store begins a generation; a directory in its way makes that fail.
    let obstacle = layout.directory().join("journal-2.jsonl.tmp");
    fs::create_dir(&obstacle).unwrap();
    let store = FileStore::new(layout.clone());
    let delta = sample::delta(&state);
    let error = block_on(store.commit(&delta, &lease(1))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fatal);
    fs::remove_dir(&obstacle).unwrap();
    let error = block_on(store.commit(&delta, &lease(1))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fatal);
    assert_eq!(block_on(store.load()).unwrap().as_ref(), Some(&state));
    drop(store);
    step(&FileStore::new(layout), &state);
}

#[test]
fn a_writer_that_was_replaced_is_told() {
    let root = tempfile::tempdir().unwrap();
    let layout = layout(&root);
    let (old, state) = started(&layout);
    let new = FileStore::new(layout.clone());
    let delta = sample::delta(&state);
    block_on(new.commit(&delta, &lease(2))).unwrap();
    let error = block_on(old.commit(&delta, &lease(1))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let expected = sample::after(&state, &delta);
    assert_eq!(block_on(old.load()).unwrap(), Some(expected));
}

#[test]
fn a_store_that_was_refused_reads_again_before_it_writes() {
    let root = tempfile::tempdir().unwrap();
    let layout = layout(&root);
    let (writer, first) = started(&layout);
    let late = FileStore::new(layout.clone());
    let too_far = sample::delta(&sample::after(&first, &sample::delta(&first)));
    let refused = |delta: &Delta| {
        let error = block_on(late.commit(delta, &lease(1))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
    };
    refused(&too_far);
    let second = step(&writer, &first);
    refused(&sample::delta(&first));
    assert_eq!(block_on(late.load()).unwrap(), Some(second));
}

#[test]
fn a_replaced_writer_does_not_publish_its_old_view() {
    let root = tempfile::tempdir().unwrap();
    let layout = layout(&root);
    let (old, state) = started(&layout);
    old.lock().writing.as_mut().unwrap().view.stale = true;
    let new = FileStore::new(layout.clone());
    let state = step(&new, &state);
    drop(old);
    assert_eq!(published(&layout), state);
}

const DIRECTORY: &str = "SPRINT_TEST_STORE_DIRECTORY";

/// What the next test runs and kills. Does nothing in a normal run of the tests.
#[test]
fn helper_that_commits_for_ever() {
    let Some(root) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let layout = Layout::new(root, ProblemId::new("problem").unwrap());
    let (store, mut state) = started(&layout);
    loop {
        state = step(&store, &state);
        println!("committed {}", state.revision);
    }
}

#[test]
fn a_killed_process_loses_nothing_it_was_told_is_saved() {
    let root = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "local::store::tests::helper_that_commits_for_ever",
        ])
        .arg("--nocapture")
        .env(DIRECTORY, root.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = 0;
    for line in lines {
        // The last line may be cut; then it was not told.
        let line = line.unwrap();
        if let Some(revision) = line.strip_prefix("committed ") {
            told = told.max(revision.parse().unwrap_or(0));
        }
        if told >= 50 {
            // More lines may follow until it is dead; they count too.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    let found = block_on(FileStore::new(layout(&root)).load()).unwrap();
    let revision = found.unwrap().revision;
    assert!(
        (told..=told + 1).contains(&revision),
        "{revision}, told {told}"
    );
}

#[cfg(unix)]
#[test]
fn a_linked_journal_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let layout = layout(&root);
    drop(started(&layout));
    let journal = layout.directory().join("journal-1.jsonl");
    let elsewhere = root.path().join("elsewhere");
    fs::rename(&journal, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &journal).unwrap();
    let error = block_on(FileStore::new(layout).load()).unwrap_err();
    assert!(error.chain().contains("symbolic link"), "{}", error.chain());
}
