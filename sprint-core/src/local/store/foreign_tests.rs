//! Every kind of state file that may be found, with and without a journal.

use std::fs;

use futures_executor::block_on;

use super::*;
use crate::id::ProblemId;
use crate::testing::sample;

fn layout(root: &tempfile::TempDir) -> Layout {
    Layout::new(root.path(), ProblemId::new("problem").unwrap())
}

fn lease() -> Lease {
    Lease::new(1, Box::new(()))
}

fn ours() -> String {
    String::from_utf8(plain_view(&sample::snapshot(1)).remove(0).bytes).unwrap()
}

const INTERRUPTED: &str = r#"{"sprint_id": "sprint-20250501-101500", "phase": "5-evidence",
    "tickets": {"CLA-1": {"status": "Done"}, "CLA-2": {"status": "in-progress"}}}"#;
const COMPLETE: &str = r#"{"sprint_id": "sprint-20250501-101500", "phase": "complete",
    "tickets": {"CLA-1": {"status": "done"}}}"#;

/// The kinds, and a file of each.
fn kinds() -> Vec<(&'static str, String)> {
    let whole = ours();
    let with = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        whole.replacen(from, to, 2)
    };
    vec![
        ("empty", String::new()),
        ("zeros", "\0\0\0\0".into()),
        ("cut off", whole[..whole.len() / 2].into()),
        ("no JSON", "sprint".into()),
        ("a list", "[]".into()),
        ("another object", "{}".into()),
        ("ours", whole.clone()),
        (
            "ours, edited",
            with(
                "\"schema_version\": 1",
                "\"note\": \"x\",\n  \"schema_version\": 1",
            ),
        ),
        (
            "ours, broken by an edit",
            with("\"revision\": ", "\"revision\": -"),
        ),
        (
            "ours, newer",
            with("\"schema_version\": 1", "\"schema_version\": 9"),
        ),
        (
            "ours, of no version",
            with("\"schema_version\": 1", "\"schema_version\": 0"),
        ),
        ("original, interrupted", INTERRUPTED.into()),
        ("original, complete", COMPLETE.into()),
    ]
}

/// What became of the file and what was said, without the place.
fn tell(root: &tempfile::TempDir, store: &FileStore, file: &str) -> String {
    let mut files = Vec::new();
    for directory in [layout(root).directory(), layout(root).history()] {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let kept = fs::read_to_string(entry.path()).is_ok_and(|text| text == file);
            if kept {
                files.push(entry.file_name().into_string().unwrap());
            }
        }
    }
    files.sort();
    let notes = store.notes().join("; ");
    format!("{notes} [the file is in: {}]", files.join(", "))
}

fn clean(root: &tempfile::TempDir, text: &str) -> String {
    text.replace(&root.path().display().to_string(), "ROOT")
}

#[test]
fn without_a_journal_a_state_file_is_used_kept_or_refused_and_never_written_over() {
    let mut lines = Vec::new();
    for (kind, file) in kinds() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout(&root);
        layout.prepare().unwrap();
        fs::write(layout.state(), &file).unwrap();
        let store = FileStore::new(layout.clone());
        let outcome = match block_on(store.load()) {
            Err(error) => {
                let first = Delta::first(sample::snapshot(1));
                block_on(store.commit(&first, &lease())).unwrap_err();
                format!("refused: {}", error.chain())
            }
            Ok(Some(_)) => {
                let next = sample::delta(&sample::snapshot(1));
                block_on(store.commit(&next, &lease())).unwrap();
                "goes on".to_owned()
            }
            Ok(None) => {
                let first = Delta::first(sample::snapshot(1));
                block_on(store.commit(&first, &lease())).unwrap();
                "a new sprint".to_owned()
            }
        };
        let told = tell(&root, &store, &file);
        lines.push(clean(&root, &format!("{kind}: {outcome}; {told}")));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
empty: refused: failed to read ROOT/.claude/sprints/problem/sprint-state.json: the file is empty: what should be in it was never written; nothing else is stored about this sprint: restore the file from a backup, or set it aside to start anew;  [the file is in: sprint-state.json]
zeros: refused: failed to read ROOT/.claude/sprints/problem/sprint-state.json: the file is empty: what should be in it was never written; nothing else is stored about this sprint: restore the file from a backup, or set it aside to start anew;  [the file is in: sprint-state.json]
cut off: refused: failed to read ROOT/.claude/sprints/problem/sprint-state.json: not valid JSON: EOF while parsing a string at line 75 column 23; nothing else is stored about this sprint: restore the file from a backup, or set it aside to start anew;  [the file is in: sprint-state.json]
no JSON: refused: failed to read ROOT/.claude/sprints/problem/sprint-state.json: not valid JSON: expected value at line 1 column 1; nothing else is stored about this sprint: restore the file from a backup, or set it aside to start anew;  [the file is in: sprint-state.json]
a list: refused: failed to read ROOT/.claude/sprints/problem/sprint-state.json: expected an object, found a list; nothing else is stored about this sprint: restore the file from a backup, or set it aside to start anew;  [the file is in: sprint-state.json]
another object: refused: failed to read ROOT/.claude/sprints/problem/sprint-state.json: it names no phase: neither phase nor dashboard.current_phase; nothing else is stored about this sprint: restore the file from a backup, or set it aside to start anew;  [the file is in: sprint-state.json]
ours: goes on; there is no journal in ROOT/.claude/sprints/problem; going on from sprint-state.json, which may lack the last changes [the file is in: ]
ours, edited: goes on; ROOT/.claude/sprints/problem/sprint-state.json was changed by hand, or written by another version; it is replaced, and kept as ROOT/.claude/sprints/problem/sprint-state.edited.json; there is no journal in ROOT/.claude/sprints/problem; going on from sprint-state.json, which may lack the last changes [the file is in: sprint-state.edited.json]
ours, broken by an edit: refused: failed to read ROOT/.claude/sprints/problem/sprint-state.json: the state under "run" is not as it was written: invalid value: integer `-1`, expected u64 at line 5 column 18; nothing else is stored about this sprint: restore the file from a backup, or set it aside to start anew;  [the file is in: sprint-state.json]
ours, newer: refused: failed to read ROOT/.claude/sprints/problem/sprint-state.json: it was written in format 9, this version reads up to 1; upgrade it; nothing else is stored about this sprint: restore the file from a backup, or set it aside to start anew;  [the file is in: sprint-state.json]
ours, of no version: refused: failed to read ROOT/.claude/sprints/problem/sprint-state.json: it says that it has format 0, which no version of this program wrote; if it was edited by hand, take the change back, else restore it from a backup; nothing else is stored about this sprint: restore the file from a backup, or set it aside to start anew;  [the file is in: sprint-state.json]
original, interrupted: refused: failed to go on from ROOT/.claude/sprints/problem/sprint-state.json: another program wrote it, and its sprint is not complete (sprint-20250501-101500, phase 5-build-gate, 1 of 2 tickets complete); it holds no plan and no verdict to go on from. Finish the sprint there, or set the state aside to start anew: tickets that are Done stay so;  [the file is in: sprint-state.json]
original, complete: a new sprint; ROOT/.claude/sprints/problem/sprint-state.json was written by another program; it is replaced, and kept as ROOT/.claude/sprint-history/sprint-state-sprint-20250501-101500.json; sprint-state.json in ROOT/.claude/sprints/problem is what another program left of a sprint that is complete (sprint-20250501-101500, phase complete, 1 of 1 tickets complete); it goes to ROOT/.claude/sprint-history when a sprint starts [the file is in: sprint-state-sprint-20250501-101500.json]
"#);
}

#[test]
fn beside_a_journal_a_state_file_that_is_not_ours_is_kept() {
    let mut lines = Vec::new();
    for (kind, file) in kinds() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout(&root);
        let first = sample::snapshot(1);
        let store = FileStore::new(layout.clone());
        block_on(store.commit(&Delta::first(first.clone()), &lease())).unwrap();
        drop(store);
        fs::write(layout.state(), &file).unwrap();
        let store = FileStore::new(layout);
        assert_eq!(
            block_on(store.load()).unwrap().as_ref(),
            Some(&first),
            "{kind}"
        );
        block_on(store.commit(&sample::delta(&first), &lease())).unwrap();
        lines.push(format!(
            "{kind}: {}",
            clean(&root, &tell(&root, &store, &file))
        ));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
empty: ROOT/.claude/sprints/problem/sprint-state.json cannot be read: the file is empty: what should be in it was never written; it is replaced, and kept as ROOT/.claude/sprints/problem/sprint-state.unreadable.json [the file is in: sprint-state.unreadable.json]
zeros: ROOT/.claude/sprints/problem/sprint-state.json cannot be read: the file is empty: what should be in it was never written; it is replaced, and kept as ROOT/.claude/sprints/problem/sprint-state.unreadable.json [the file is in: sprint-state.unreadable.json]
cut off: ROOT/.claude/sprints/problem/sprint-state.json cannot be read: not valid JSON: EOF while parsing a string at line 75 column 23; it is replaced, and kept as ROOT/.claude/sprints/problem/sprint-state.unreadable.json [the file is in: sprint-state.unreadable.json]
no JSON: ROOT/.claude/sprints/problem/sprint-state.json cannot be read: not valid JSON: expected value at line 1 column 1; it is replaced, and kept as ROOT/.claude/sprints/problem/sprint-state.unreadable.json [the file is in: sprint-state.unreadable.json]
a list: ROOT/.claude/sprints/problem/sprint-state.json cannot be read: expected an object, found a list; it is replaced, and kept as ROOT/.claude/sprints/problem/sprint-state.unreadable.json [the file is in: sprint-state.unreadable.json]
another object: ROOT/.claude/sprints/problem/sprint-state.json cannot be read: it names no phase: neither phase nor dashboard.current_phase; it is replaced, and kept as ROOT/.claude/sprints/problem/sprint-state.unreadable.json [the file is in: sprint-state.unreadable.json]
ours:  [the file is in: ]
ours, edited: ROOT/.claude/sprints/problem/sprint-state.json was changed by hand, or written by another version; it is replaced, and kept as ROOT/.claude/sprints/problem/sprint-state.edited.json [the file is in: sprint-state.edited.json]
ours, broken by an edit: ROOT/.claude/sprints/problem/sprint-state.json cannot be read: the state under "run" is not as it was written: invalid value: integer `-1`, expected u64 at line 5 column 18; it is replaced, and kept as ROOT/.claude/sprints/problem/sprint-state.unreadable.json [the file is in: sprint-state.unreadable.json]
ours, newer: ROOT/.claude/sprints/problem/sprint-state.json cannot be read: it was written in format 9, this version reads up to 1; upgrade it; it is replaced, and kept as ROOT/.claude/sprints/problem/sprint-state.unreadable.json [the file is in: sprint-state.unreadable.json]
ours, of no version: ROOT/.claude/sprints/problem/sprint-state.json cannot be read: it says that it has format 0, which no version of this program wrote; if it was edited by hand, take the change back, else restore it from a backup; it is replaced, and kept as ROOT/.claude/sprints/problem/sprint-state.unreadable.json [the file is in: sprint-state.unreadable.json]
original, interrupted: ROOT/.claude/sprints/problem/sprint-state.json was written by another program; it is replaced, and kept as ROOT/.claude/sprint-history/sprint-state-sprint-20250501-101500.json [the file is in: sprint-state-sprint-20250501-101500.json]
original, complete: ROOT/.claude/sprints/problem/sprint-state.json was written by another program; it is replaced, and kept as ROOT/.claude/sprint-history/sprint-state-sprint-20250501-101500.json [the file is in: sprint-state-sprint-20250501-101500.json]
"#);
}

#[test]
fn what_was_set_aside_is_whole_and_gone_from_where_it_was() {
    let root = tempfile::tempdir().unwrap();
    let layout = layout(&root);
    let store = FileStore::new(layout.clone());
    assert_eq!(store.set_aside(&lease()).unwrap(), None);
    for _ in 0..2 {
        block_on(store.commit(&Delta::first(sample::snapshot(1)), &lease())).unwrap();
        fs::write(layout.hints(), "{}").unwrap();
        let place = store.set_aside(&lease()).unwrap().unwrap();
        assert_eq!(store.peek().unwrap(), Stored::Nothing);
        assert!(layout.hints().exists(), "what planning left stays");
        let kept: Vec<_> = fs::read_dir(place).unwrap().collect();
        assert_eq!(kept.len(), 2, "{kept:?}");
    }
    assert_eq!(fs::read_dir(layout.history()).unwrap().count(), 2);
}

#[test]
fn a_damaged_journal_can_be_set_aside() {
    let root = tempfile::tempdir().unwrap();
    let layout = layout(&root);
    layout.prepare().unwrap();
    fs::write(layout.directory().join("journal-1.jsonl"), "nothing\n").unwrap();
    let store = FileStore::new(layout);
    assert!(
        store
            .peek()
            .unwrap_err()
            .chain()
            .contains("journal-1.jsonl is damaged at line 1")
    );
    store.set_aside(&lease()).unwrap().unwrap();
    assert_eq!(block_on(store.load()).unwrap(), None);
}
