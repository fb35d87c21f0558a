//! Every combination of what there may be, and moving the old layout.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::failure::ErrorKind;
use crate::id::{ProblemId, TicketId};
use crate::local::layout::Layout;
use crate::local::problems::{
    Facts, Found, LEGACY_FILES, Marker, Purpose, Resolution, decide, facts, list, migrate,
    others_with,
};

fn id(name: &str) -> ProblemId {
    ProblemId::new(name).unwrap()
}

fn show(facts: &Facts, purpose: &Purpose) -> String {
    let decision = decide(facts, purpose);
    let answer = match decision.resolution {
        Resolution::Use { problem, by } => format!("use {problem}, {by}"),
        Resolution::Migrate { .. } => "migrate".into(),
        Resolution::InPlace { .. } => "read in place".into(),
        Resolution::Stop(stop) => format!("stop: {stop}"),
    };
    let warned = decision
        .warnings
        .iter()
        .map(|w| format!("\n      warning: {w}"));
    format!("{answer}{}", warned.collect::<String>())
}

#[test]
fn every_combination_has_one_answer() {
    let mut lines = Vec::new();
    for given in [None, Some(id("given"))] {
        for marker in [
            Marker::Absent,
            Marker::Names(id("a")),
            Marker::Names(id("gone")),
            Marker::Bad("it is empty".into()),
        ] {
            for directories in [vec![], vec![id("a")], vec![id("a"), id("b")]] {
                for legacy in [vec![], vec![LEGACY_FILES[0]]] {
                    let facts = Facts {
                        given: given.clone(),
                        marker: marker.clone(),
                        directories: directories.clone(),
                        legacy,
                    };
                    let start = |otherwise| show(&facts, &Purpose::Start { otherwise });
                    let (strict, look) = (start(None), show(&facts, &Purpose::Look));
                    let lenient = start(Some(id("default")));
                    let (given, marker) = (&facts.given, &facts.marker);
                    let (found, legacy) = (&facts.directories, !facts.legacy.is_empty());
                    lines.push(format!(
                        "given {given:?}, marker {marker:?}, directories {found:?}, legacy {legacy}\n  \
                         start: {strict}"
                    ));
                    if lenient != strict {
                        lines.push(format!("  start without a planner: {lenient}"));
                    }
                    if look != strict {
                        lines.push(format!("  look: {look}"));
                    }
                }
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn markers_and_names_of_all_kinds_are_looked_at() {
    let root = tempfile::tempdir().unwrap();
    let sprints = root.path().join(".claude/sprints");
    assert_eq!(facts(root.path(), None).unwrap(), Facts::default());
    for name in ["b", "a", ".hidden", "Upper", "x.y", "-x"] {
        fs::create_dir_all(sprints.join(name)).unwrap();
    }
    fs::write(sprints.join("file"), "").unwrap();
    let marker = root.path().join(".claude/active-problem");
    for (text, expected) in [
        ("a\n", Marker::Names(id("a"))),
        ("  a  ", Marker::Names(id("a"))),
        ("", Marker::Bad("it is empty".into())),
        (" \n", Marker::Bad("it is empty".into())),
    ] {
        fs::write(&marker, text).unwrap();
        let found = facts(root.path(), None).unwrap();
        assert_eq!(found.marker, expected, "{text:?}");
        assert_eq!(found.directories, [id("a"), id("b")]);
    }
    for bad in [
        "../x",
        "a/b",
        "a.b",
        "-a",
        "a-",
        "A",
        "a\nb",
        &"x".repeat(41),
        &"x".repeat(9999),
    ] {
        fs::write(&marker, bad).unwrap();
        let found = facts(root.path(), None).unwrap();
        assert!(matches!(found.marker, Marker::Bad(_)), "{bad:?}");
    }
    fs::remove_file(&marker).unwrap();
    fs::create_dir(&marker).unwrap();
    let found = facts(root.path(), None).unwrap();
    assert!(matches!(found.marker, Marker::Bad(_)));
}

fn claude(root: &Path, name: &str, text: &str) {
    fs::create_dir_all(root.join(".claude")).unwrap();
    fs::write(root.join(".claude").join(name), text).unwrap();
}

fn read(root: &Path, name: &str) -> Option<String> {
    fs::read_to_string(root.join(".claude").join(name)).ok()
}

#[test]
fn the_old_layout_is_moved_whole_and_marked() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for name in LEGACY_FILES {
        claude(root, name, name);
    }
    claude(root, "sprint-config.yml", "stays");
    assert_eq!(migrate(root).unwrap(), LEGACY_FILES);
    for name in LEGACY_FILES {
        assert_eq!(
            read(root, &format!("sprints/default/{name}")).as_deref(),
            Some(name)
        );
        assert_eq!(read(root, name), None);
    }
    assert_eq!(read(root, "active-problem").as_deref(), Some("default\n"));
    assert_eq!(read(root, "sprint-config.yml").as_deref(), Some("stays"));
    let found = facts(root, None).unwrap();
    assert_eq!(
        show(&found, &Purpose::Look),
        "use default, named by .claude/active-problem"
    );
}

#[test]
fn a_move_that_was_cut_off_anywhere_goes_on() {
    // Staged so far, linked but not removed, and staged all of it.
    for staged in 0..=LEGACY_FILES.len() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let staging = root.join(".claude/sprints/.migrating");
        fs::create_dir_all(&staging).unwrap();
        for (at, name) in LEGACY_FILES.into_iter().enumerate() {
            if at < staged {
                fs::write(staging.join(name), name).unwrap();
            } else {
                claude(root, name, name);
                if at == staged {
                    fs::hard_link(root.join(".claude").join(name), staging.join(name)).unwrap();
                }
            }
        }
        let found = facts(root, None).unwrap();
        let start = Purpose::Start {
            otherwise: Some(id("default")),
        };
        assert_eq!(show(&found, &start), "migrate", "{staged}");
        migrate(root).unwrap();
        for name in LEGACY_FILES {
            assert_eq!(
                read(root, &format!("sprints/default/{name}")).as_deref(),
                Some(name)
            );
            assert_eq!(read(root, name), None, "{staged} {name}");
        }
        assert!(!staging.exists());
    }
}

#[test]
fn nothing_is_moved_where_something_is_in_the_way() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    claude(root, "sprint-hints.json", "old");
    claude(root, "sprint-state.json", "old");
    fs::create_dir_all(root.join(".claude/sprints/default")).unwrap();
    claude(root, "sprints/default/sprint-state.json", "new");
    let error = migrate(root).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(
        error.chain().contains("not written over"),
        "{}",
        error.chain()
    );
    assert_eq!(read(root, "sprint-hints.json").as_deref(), Some("old"));
    assert_eq!(
        read(root, "sprints/default/sprint-state.json").as_deref(),
        Some("new")
    );
    assert_eq!(read(root, "active-problem"), None);
    fs::remove_file(root.join(".claude/sprint-state.json")).unwrap();
    assert_eq!(migrate(root).unwrap(), ["sprint-hints.json"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_not_moved() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    claude(root, "elsewhere", "x");
    let link = root.join(".claude/sprint-state.json");
    std::os::unix::fs::symlink(root.join(".claude/elsewhere"), link).unwrap();
    let error = migrate(root).unwrap_err();
    assert!(error.chain().contains("no plain file"), "{}", error.chain());
}

#[test]
fn the_old_layout_is_only_ever_read() {
    let root = tempfile::tempdir().unwrap();
    claude(
        root.path(),
        "sprint-state.json",
        "{\"phase\": \"complete\"}",
    );
    let layout = Layout::legacy(root.path());
    assert_eq!(
        layout.state(),
        root.path().join(".claude/sprint-state.json")
    );
    assert_eq!(layout.prepare().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn sprints_are_listed_and_their_tickets_are_theirs() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for (problem, state) in [
        (
            "done",
            r#"{"phase": "complete", "tickets": {"A": {"status": "done"}}}"#,
        ),
        (
            "half",
            r#"{"sprint_id": "sprint-20250501-101500", "phase": "4-merge", "tickets":
               {"A": {"status": "done"}, "B": {"status": "queued"}, "C": {"status": "skipped"}}}"#,
        ),
        ("odd", "{"),
    ] {
        fs::create_dir_all(root.join(".claude/sprints").join(problem)).unwrap();
        claude(root, &format!("sprints/{problem}/sprint-state.json"), state);
    }
    fs::create_dir_all(root.join(".claude/sprints/new")).unwrap();
    let listed = list(root).unwrap();
    let text: Vec<_> = listed.iter().map(ToString::to_string).collect();
    let text = text.join("\n").replace(&root.display().to_string(), "ROOT");
    insta::assert_snapshot!(text, @r#"
done: a sprint, complete, 1/1 complete
half: sprint-20250501-101500, 4-merge, 1/3 complete
new: no sprint
odd: cannot be read: failed to read ROOT/.claude/sprints/odd/sprint-state.json: not valid JSON: EOF while parsing an object at line 1 column 1; nothing else is stored about this sprint: restore the file from a backup, or set it aside to start anew
"#);
    let interrupted = listed.iter().filter(|one| one.is_interrupted());
    assert_eq!(
        interrupted
            .map(|one| one.problem.as_str())
            .collect::<Vec<_>>(),
        ["half"]
    );
    let wanted: BTreeSet<_> = ["A", "C", "D"].map(|t| TicketId::new(t).unwrap()).into();
    let taken = others_with(&listed, &id("new"), &wanted);
    assert_eq!(
        taken.into_iter().collect::<Vec<_>>(),
        [(TicketId::new("A").unwrap(), id("half"))]
    );
    assert!(
        others_with(&listed, &id("half"), &wanted).is_empty(),
        "its own are its own"
    );
    assert!(
        listed
            .iter()
            .all(|one| one.found != Found::Nothing || one.problem == id("new"))
    );
}
