//! What a conductor does to files, and what files can do to it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::tests::{Place, artifact, do_phase, phase};
use super::*;

#[test]
fn reading_writes_nothing() {
    let (place, conductor) = Place::started("");
    conductor
        .claim(&phase("think"), &place.agent("ann", 1))
        .unwrap()
        .claim
        .keep();
    let before = files(place.root.path());
    let reader = place.open();
    reader.status().unwrap();
    reader.next().unwrap().unwrap_err();
    reader.schedule().unwrap();
    reader.board().unwrap();
    reader.sweep().unwrap();
    reader.sprints().unwrap();
    assert_eq!(files(place.root.path()), before);
    // Nor does a command that is refused.
    reader
        .claim(&phase("think"), &place.agent("bob", 2))
        .unwrap_err();
    reader.batch(&place.agent("bob", 2)).unwrap_err();
    assert_eq!(files(place.root.path()), before);
    // Without any sprint, no command makes a directory.
    let empty = Place::new();
    assert_eq!(empty.open().status().unwrap_err().exit_code(), 3);
    let refused = empty.open().batch(&empty.agent("ann", 1)).unwrap_err();
    insta::assert_snapshot!(refused, @"no sprint is active for the problem default; start one");
    assert!(files(empty.root.path()).is_empty());
}

/// Every file below a directory, with its content and the time it was changed.
fn files(root: &std::path::Path) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            if meta.is_dir() {
                open.push(path);
            } else {
                found.push((
                    path.clone(),
                    fs::read(&path).unwrap(),
                    meta.modified().unwrap(),
                ));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_view_on_disk_follows_and_holds_no_token() {
    let (place, conductor) = Place::started("");
    let claimed = conductor
        .claim(&phase("think"), &place.agent("ann", 1))
        .unwrap();
    let view = fs::read_to_string(place.file(&conductor, "board.json")).unwrap();
    let found: serde_json::Value = serde_json::from_str(&view).unwrap();
    assert_eq!(found["phases"][0]["standing"], "claimed");
    assert!(!view.contains(claimed.claim.grant().token.as_str()));
    let mode = fs::metadata(place.file(&conductor, "events.jsonl"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(
        mode & 0o077,
        0,
        "the events hold tokens, and are for the owner only"
    );
    // It is for looking at: without it, everything goes on.
    fs::remove_file(place.file(&conductor, "board.json")).unwrap();
    fs::create_dir(place.file(&conductor, "board.json")).unwrap();
    claimed.claim.complete(artifact("{}")).unwrap();
}

#[test]
fn links_and_other_things_in_the_place_of_our_files_are_refused() {
    for part in ["current", "lock", "SPRINT/events.jsonl"] {
        let (place, conductor) = Place::started("");
        let sprint = conductor.current().unwrap();
        let path = place
            .layout()
            .conductor()
            .join(part.replace("SPRINT", sprint.as_str()));
        let away = place.root.path().join("away");
        fs::rename(&path, &away).unwrap();
        symlink(&away, &path).unwrap();
        let before = fs::read(&away).unwrap();
        let refused = place
            .open()
            .claim(&phase("think"), &place.agent("ann", 1))
            .unwrap_err();
        assert_eq!(refused.exit_code(), 1, "{part}: {refused}");
        assert_eq!(fs::read(&away).unwrap(), before, "{part}");
    }
    let (place, conductor) = Place::started("");
    let directory = place.layout().conductor();
    let away = place.root.path().join("away");
    fs::rename(&directory, &away).unwrap();
    symlink(&away, &directory).unwrap();
    let refused = conductor.status().unwrap_err().to_string();
    assert!(refused.contains("symbolic link"), "{refused}");
}

#[test]
fn what_is_handed_in_is_a_regular_file_of_the_repository() {
    let place = Place::new();
    let root = place.root.path();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(root.join("good.json"), "{}").unwrap();
    fs::write(elsewhere.path().join("x.json"), "{}").unwrap();
    symlink(root.join("good.json"), root.join("link.json")).unwrap();
    symlink(elsewhere.path(), root.join("dir")).unwrap();
    fs::create_dir(root.join("sub")).unwrap();
    let large = fs::File::create(root.join("large.json")).unwrap();
    large.set_len(MAX_ARTIFACT + 1).unwrap();
    let read = |path: &str| read_artifact(&place.layout(), &root.join(path));
    assert_eq!(read("good.json").unwrap(), b"{}");
    assert_eq!(read("sub/../good.json").unwrap(), b"{}");
    for bad in [
        "link.json",
        "dir/x.json",
        "sub",
        "large.json",
        "nowhere.json",
        "no/where.json",
    ] {
        let error = read(bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{bad}");
    }
    let error = read_artifact(&place.layout(), &elsewhere.path().join("x.json")).unwrap_err();
    let text = error.chain();
    assert!(
        text.contains("is not in") && text.contains("copy it there"),
        "{text}"
    );
}

#[test]
fn a_command_waits_for_others_that_write_and_then_says_who_is_in_the_way() {
    let (place, conductor) = Place::started("");
    let lock = place.layout().conductor().join("lock");
    let held = fs::File::open(&lock).unwrap();
    held.lock().unwrap();
    let busy = conductor
        .claim(&phase("think"), &place.agent("ann", 1))
        .unwrap_err();
    assert!(matches!(busy, ConductorError::Busy { .. }), "{busy}");
    assert!(
        busy.to_string().contains("conductor/lock is locked"),
        "{busy}"
    );
    // Readers do not wait.
    conductor.status().unwrap();
    drop(held);
    drop(
        conductor
            .claim(&phase("think"), &place.agent("ann", 1))
            .unwrap(),
    );
}

#[test]
fn a_damaged_log_is_told_with_its_line_and_can_be_replaced() {
    let (place, conductor) = Place::started("");
    do_phase(&conductor, &place.agent("ann", 1), "think plan");
    let path = place.file(&conductor, "events.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    // A line in the middle is changed by hand.
    fs::write(&path, whole.replacen("think", "thunk", 3)).unwrap();
    let damaged = place.open().status().unwrap_err();
    let text = damaged.to_string().replace(
        place.root.path().canonicalize().unwrap().to_str().unwrap(),
        "ROOT",
    );
    assert!(
        text.contains("is damaged at line 1") || text.contains("is damaged at line 2"),
        "{text}"
    );
    assert!(text.contains("restore the file from a backup"), "{text}");
    let refused = place.open().start(place.request("")).unwrap_err();
    assert_eq!(refused.exit_code(), 1);
    let request = StartRequest {
        live: Live::Replace,
        ..place.request("")
    };
    place.open().start(request).unwrap();
    // Lines that are whole and cannot be are no better.
    let (place, conductor) = Place::started("");
    do_phase(&conductor, &place.agent("ann", 1), "think");
    let path = place.file(&conductor, "events.jsonl");
    let lines: Vec<_> = fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    fs::write(&path, format!("{}\n{}\n", lines[0], lines[2])).unwrap();
    let text = place.open().status().unwrap_err().to_string();
    assert!(
        text.contains("line 2") && text.contains("number 3"),
        "{text}"
    );
}

#[test]
fn a_log_of_a_newer_program_is_refused() {
    let (place, conductor) = Place::started("");
    let path = place.file(&conductor, "events.jsonl");
    let line = serde_json::json!({"seq": 1, "at": "2026-01-01T00:00:00Z",
        "event": {"sprint_start": {"schema_version": 2, "new": true}}});
    fs::write(&path, crate::local::frame::encode(&line).unwrap()).unwrap();
    let text = place.open().status().unwrap_err().to_string();
    assert!(
        text.contains("has version 2, and this program knows 1"),
        "{text}"
    );
}
