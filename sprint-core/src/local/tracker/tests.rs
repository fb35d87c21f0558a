use std::collections::BTreeSet;
use std::sync::Arc;

use futures_executor::block_on;

use super::*;
use crate::run::effect::Step;
use crate::testing::{conformance, sample};

fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, FileTracker) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let tracker = FileTracker::new(folder.path());
    (folder, tracker)
}

fn every_status() -> TicketFilter {
    TicketFilter {
        team: None,
        project: None,
        label: None,
        status: [
            TicketStatus::Todo,
            TicketStatus::InProgress,
            TicketStatus::Done,
            TicketStatus::Cancelled,
        ]
        .into(),
        states: BTreeSet::new(),
    }
}

fn text_of(ticket: &Ticket) -> String {
    let blocked: Vec<&str> = ticket.blocked_by.iter().map(TicketId::as_str).collect();
    let parent = ticket.parent.as_ref().map_or("", TicketId::as_str);
    format!(
        "---\nid: {}\ntitle: {}\nstatus: {}\nlabels: [{}]\nblocked-by: {}\nparent: {parent}\n---\n{}",
        ticket.id,
        ticket.title,
        ticket.status,
        ticket.labels.join(", "),
        blocked.join(", "),
        ticket.body
    )
}

#[test]
fn it_keeps_the_contract() {
    block_on(conformance::tracker::all_without_names(&|tickets| {
        let (folder, tracker) = folder(&[]);
        for ticket in tickets {
            let path = folder.path().join(format!("{}.md", ticket.id));
            fs::write(path, text_of(&ticket)).unwrap();
        }
        Box::new(move || {
            assert!(folder.path().exists());
            Arc::new(tracker.clone())
        })
    }));
}

#[test]
fn a_broken_file_is_reported_and_stops_nothing_else() {
    let good = "---\nid: A-1\ntitle: t\nstatus: todo\n---\n";
    let large = format!("{good}{}", "x".repeat(2 << 20));
    let (folder, tracker) = folder(&[
        ("A-1.md", good),
        ("A-1.comments.md", "no ticket"),
        ("notes.txt", "no ticket"),
        (".A-1.md.tmp", "no ticket"),
        ("A-2.md", "---\nid: A-2\ntitle: t\nstatus: soon\n---\n"),
        ("A-3.md", good),
        ("A-4.md", &large),
        ("README.md", "# Hello\n"),
        ("evil\u{1b}[31m name.md", "---\nid: ../A\n---\n"),
    ]);
    fs::write(folder.path().join("A-5.md"), b"---\nid: A-5\ntitle: \xff\n").unwrap();
    fs::create_dir(folder.path().join("A-6.md")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("A-1.md", folder.path().join("A-7.md")).unwrap();
    let fetched = block_on(tracker.tickets(&every_status())).unwrap();
    let ids: Vec<&str> = fetched.tickets.iter().map(|t| t.id.as_str()).collect();
    assert_eq!(ids, ["A-1"]);
    insta::assert_snapshot!(fetched.malformed.join("\n"), @r#"
    A-2.md: line 4: unknown status "soon"; use Todo, In Progress, Done or Cancelled
    A-3.md: ticket A-1 has to be in a file named A-1.md
    A-4.md: it is larger than 2048 KiB
    A-5.md: line 3: the text is not UTF-8
    A-6.md: it is not a regular file
    A-7.md: it is a symbolic link, which is never followed
    README.md: line 1: the file does not begin with a --- line
    evil\u{1b}[31m name.md: line 3: there is no "title"
    "#);
}

#[test]
fn a_malformed_ticket_is_not_written_to() {
    let text = "---\nid: A-1\ntitle: t\nstatus: soon\n---\n";
    let (folder, tracker) = folder(&[("A-1.md", text)]);
    let id = TicketId::new("A-1").unwrap();
    let key = sample::key(&id, 1, Step::Start);
    let error = block_on(tracker.start(&id, &key)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(
        error.chain().contains("A-1.md: line 4"),
        "{}",
        error.chain()
    );
    let after = fs::read_to_string(folder.path().join("A-1.md")).unwrap();
    assert_eq!(after, text);
}

#[test]
fn a_status_is_changed_in_place() {
    let text = "---\r\nid: A-1\r\nstatus: backlog # soon\r\ntitle: t\r\nmine: 1\r\n---\r\nbody";
    let (folder, tracker) = folder(&[("A-1.md", text)]);
    let id = TicketId::new("A-1").unwrap();
    let key = sample::key(&id, 1, Step::Start);
    block_on(tracker.start(&id, &key)).unwrap();
    let after = fs::read_to_string(folder.path().join("A-1.md")).unwrap();
    assert_eq!(after, text.replace("backlog", "In Progress"));
}

#[test]
fn work_does_not_start_on_what_a_person_finished() {
    for status in ["Done", "Cancelled"] {
        let text = format!("---\nid: A-1\ntitle: t\nstatus: {status}\n---\n");
        let (folder, tracker) = folder(&[("A-1.md", &text)]);
        let id = TicketId::new("A-1").unwrap();
        let key = sample::key(&id, 1, Step::Start);
        block_on(tracker.start(&id, &key)).unwrap();
        let after = fs::read_to_string(folder.path().join("A-1.md")).unwrap();
        assert_eq!(after, text);
    }
}

#[test]
fn writers_do_not_lose_each_others_comments() {
    let (_folder, tracker) = folder(&[("T-1.md", "---\nid: T-1\ntitle: t\nstatus: todo\n---\n")]);
    let id = sample::ticket_id(1);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (tracker, id) = (tracker.clone(), &id);
            scope.spawn(move || {
                for number in 0..5 {
                    let key = sample::key(id, writer * 10 + number, Step::Note);
                    let note = Note {
                        body: key.to_string(),
                    };
                    block_on(tracker.comment(id, &note, &key)).unwrap();
                }
            });
        }
    });
    let file = tracker.comments_text(&id).unwrap();
    assert_eq!(comment_file::parse(&file).len(), 20);
}

#[test]
fn an_id_that_would_name_a_comment_file_is_not_found() {
    let (_folder, tracker) = folder(&[
        ("A-1.md", "---\nid: A-1\ntitle: t\nstatus: todo\n---\n"),
        ("A-1.comments.md", "hello"),
    ]);
    let id = TicketId::new("A-1.comments").unwrap();
    let error = block_on(tracker.reality(&id)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[cfg(unix)]
#[test]
fn linked_comments_are_refused() {
    let (folder, tracker) = folder(&[("T-1.md", "---\nid: T-1\ntitle: t\nstatus: todo\n---\n")]);
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    let link = folder.path().join("T-1.comments.md");
    std::os::unix::fs::symlink(elsewhere.path(), &link).unwrap();
    let id = sample::ticket_id(1);
    let key = sample::key(&id, 1, Step::Note);
    let note = Note { body: "x".into() };
    let error = block_on(tracker.comment(&id, &note, &key)).unwrap_err();
    assert!(error.chain().contains("symbolic link"), "{}", error.chain());
    assert_eq!(fs::read(elsewhere.path()).unwrap(), b"");
}
