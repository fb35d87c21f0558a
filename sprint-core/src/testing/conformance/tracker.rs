//! The contract of [`Tracker`].

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::config::TicketFilter;
use crate::domain::evidence::{Author, EvidenceTrailer, Note};
use crate::domain::reality::TicketReality;
use crate::domain::ticket::{Ticket, TicketStatus};
use crate::failure::ErrorKind;
use crate::id::TicketId;
use crate::ports::Tracker;
use crate::run::effect::Step;
use crate::testing::conformance::Open;
use crate::testing::sample;

type Tickets = Arc<dyn Tracker>;

const WORKS: &str = "the call works";

/// Every check, and that a filter by what a tracker without projects and named states does not have
/// is refused.
pub async fn all_without_names(with: &(dyn Fn(Vec<Ticket>) -> Open<Tickets> + Sync)) {
    all(with).await;
    names_are_refused(with(three_tickets())).await;
}

/// Every check that any tracker passes. `with` makes a tracker that holds exactly these tickets.
pub async fn all(with: &(dyn Fn(Vec<Ticket>) -> Open<Tickets> + Sync)) {
    tickets_are_filtered_and_bring_their_blockers(with(blocked_tickets())).await;
    writes_show_and_repeat_safely(with(three_tickets())).await;
    evidence_needs_the_marker_of_its_proof(with(three_tickets())).await;
    reopening_is_done_once(with(three_tickets())).await;
    comments_hold_any_text(with(three_tickets())).await;
    comments_are_read_as_they_were_posted(with(three_tickets())).await;
    missing_tickets_are_not_found(with(three_tickets())).await;
}

fn three_tickets() -> Vec<Ticket> {
    (1..=3).map(sample::ticket).collect()
}

/// 1 waits for 2 (done), which waited for 10 (cancelled); 3 is labelled; 4 waits for 1 and 99.
fn blocked_tickets() -> Vec<Ticket> {
    let blocked = |number, by: &[usize]| {
        let mut ticket = sample::ticket(number);
        ticket.blocked_by = by.iter().copied().map(sample::ticket_id).collect();
        ticket
    };
    let mut tickets = vec![
        blocked(1, &[2]),
        blocked(2, &[10]),
        blocked(3, &[]),
        blocked(4, &[1, 99]),
        blocked(10, &[2]),
    ];
    tickets[1].status = TicketStatus::Done;
    tickets[2].labels = vec!["ui".into(), "two words".into()];
    tickets[2].parent = Some(sample::ticket_id(1));
    tickets[3].status = TicketStatus::InProgress;
    tickets[4].status = TicketStatus::Cancelled;
    tickets[4].body = "## Overview\n\n- [ ] `f`: x → expected: y\n".into();
    tickets
}

/// Also, for a tracker that has neither projects nor states with names of their own: filters that
/// ask for them are refused, and never picked by as if they said nothing.
pub async fn names_are_refused(open: Open<Tickets>) {
    let project = TicketFilter {
        project: Some("Apollo".into()),
        ..in_states(&[TicketStatus::Todo])
    };
    let state = TicketFilter {
        states: ["Ready for work".into()].into(),
        ..in_states(&[TicketStatus::Todo])
    };
    for (filter, name) in [(project, "Apollo"), (state, "Ready for work")] {
        let error = open().tickets(&filter).await.expect_err("it has no names");
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.chain().contains(name), "{}", error.chain());
    }
}

fn in_states(status: &[TicketStatus]) -> TicketFilter {
    TicketFilter {
        team: None,
        project: None,
        label: None,
        status: status.iter().copied().collect(),
        states: BTreeSet::new(),
    }
}

/// Status and label pick tickets; blockers come along whatever their state; sorted by id.
pub async fn tickets_are_filtered_and_bring_their_blockers(open: Open<Tickets>) {
    let tracker = open();
    let cases: [(&[TicketStatus], Option<&str>, &[usize]); 5] = [
        (&[TicketStatus::Todo], None, &[1, 2, 3, 10]),
        (&[TicketStatus::InProgress], None, &[1, 2, 4, 10]),
        (&[TicketStatus::Todo], Some("ui"), &[3]),
        (&[TicketStatus::Done], Some("ui"), &[]),
        (
            &[TicketStatus::Done, TicketStatus::Cancelled],
            None,
            &[2, 10],
        ),
    ];
    for (status, label, expected) in cases {
        let filter = TicketFilter {
            label: label.map(str::to_owned),
            ..in_states(status)
        };
        let fetched = tracker.tickets(&filter).await.expect(WORKS);
        assert_eq!(fetched.malformed, Vec::<String>::new());
        let all = blocked_tickets();
        let expected = expected.iter().map(|number| {
            let id = sample::ticket_id(*number);
            let found = all.iter().find(|ticket| ticket.id == id);
            found.expect("the case names tickets there are")
        });
        let found = fetched.tickets.iter().cloned().map(|mut ticket| {
            ticket.updated_at = None;
            ticket
        });
        assert_eq!(
            found.collect::<Vec<_>>(),
            expected.cloned().collect::<Vec<_>>()
        );
    }
}

/// Each write is seen afterwards, and doing it again changes nothing.
pub async fn writes_show_and_repeat_safely(open: Open<Tickets>) {
    let id = sample::ticket_id(2);
    let proof = sample::proof(&id, 'a');
    let comment = sample::evidence(&proof, "all good");
    let mut references = Vec::new();
    for _ in 0..2 {
        let key = sample::key(&id, 1, Step::Start);
        open().start(&id, &key).await.expect(WORKS);
        assert_eq!(reality(&open, &id).await.status, TicketStatus::InProgress);
    }
    for _ in 0..2 {
        let key = sample::key(&id, 1, Step::Post);
        let posted = open().post_evidence(&proof, &comment, &key).await;
        references.push(posted.expect(WORKS));
        assert_eq!(reality(&open, &id).await.evidence, [proof.marker().clone()]);
    }
    assert_eq!(references[0], references[1]);
    for _ in 0..2 {
        let key = sample::key(&id, 1, Step::Close);
        open().close(&proof, &key).await.expect(WORKS);
        assert_eq!(reality(&open, &id).await.status, TicketStatus::Done);
    }
    let second = sample::proof(&id, 'b');
    let comment = sample::evidence(&second, "again");
    let key = sample::key(&id, 2, Step::Post);
    let posted = open().post_evidence(&second, &comment, &key).await;
    assert_ne!(posted.expect(WORKS), references[0]);
    let both = [proof.marker().clone(), second.marker().clone()];
    assert_eq!(reality(&open, &id).await.evidence, both);
    let other = reality(&open, &sample::ticket_id(1)).await;
    assert_eq!(other.status, TicketStatus::Todo);
    assert_eq!(other.evidence, []);
}

/// A comment that does not end in the marker of the proof is refused.
pub async fn evidence_needs_the_marker_of_its_proof(open: Open<Tickets>) {
    let id = sample::ticket_id(1);
    let proof = sample::proof(&id, 'a');
    let other = sample::evidence(&sample::proof(&id, 'b'), "");
    let key = sample::key(&id, 1, Step::Post);
    for wrong in ["", "looks good", &other] {
        let error = open().post_evidence(&proof, wrong, &key).await;
        let error = error.expect_err("the comment is no evidence");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    assert_eq!(reality(&open, &id).await.evidence, []);
}

/// Repeating an old reopening does not undo a later closing.
pub async fn reopening_is_done_once(open: Open<Tickets>) {
    let id = sample::ticket_id(1);
    let proof = sample::proof(&id, 'a');
    let close = sample::key(&id, 1, Step::Close);
    let reopen = sample::key(&id, 1, Step::Reopen);
    let note = note("it broke the build");
    open().close(&proof, &close).await.expect(WORKS);
    open().reopen(&id, &note, &reopen).await.expect(WORKS);
    assert_eq!(reality(&open, &id).await.status, TicketStatus::InProgress);
    open().close(&proof, &close).await.expect(WORKS);
    open().reopen(&id, &note, &reopen).await.expect(WORKS);
    assert_eq!(reality(&open, &id).await.status, TicketStatus::Done);
}

/// Whatever a comment says, it is one comment, and evidence only if it is evidence.
pub async fn comments_hold_any_text(open: Open<Tickets>) {
    let id = sample::ticket_id(1);
    let proof = sample::proof(&id, 'a');
    let forged = sample::evidence(&sample::proof(&id, 'f'), "");
    let post = sample::key(&id, 9, Step::Post);
    // A comment that would end the one it is in, and begin another under the key of the evidence.
    let framed = format!(
        "<!-- /sprint-comment -->\n<!-- sprint-comment key={post} -->\n{forged}\n<!-- /sprint-comment -->"
    );
    let texts = [
        "",
        "\n\n",
        "---\nid: X\n---",
        &framed,
        "日本\u{0}\u{1b}[31m\r\n",
    ];
    for (attempt, text) in (1..).zip(texts) {
        let key = sample::key(&id, attempt, Step::Note);
        for _ in 0..2 {
            open().comment(&id, &note(text), &key).await.expect(WORKS);
        }
        assert_eq!(reality(&open, &id).await.evidence, [], "{text:?}");
    }
    let comment = sample::evidence(&proof, &framed);
    let posted = open().post_evidence(&proof, &comment, &post).await;
    posted.expect(WORKS);
    let reality = reality(&open, &id).await;
    assert_eq!(reality.evidence, [proof.marker().clone()]);
    assert_eq!(reality.status, TicketStatus::Todo);
}

/// Comments come back oldest first, each once, under the reference that posting it gave, and
/// evidence with all that its trailer says.
pub async fn comments_are_read_as_they_were_posted(open: Open<Tickets>) {
    let id = sample::ticket_id(2);
    assert_eq!(open().comments(&id).await.expect(WORKS), []);
    let proof = sample::proof(&id, 'a');
    let evidence = sample::evidence(&proof, "it\n\n```text\nworks\n```");
    let (first, second) = (
        sample::key(&id, 1, Step::Note),
        sample::key(&id, 1, Step::Post),
    );
    let mut reference = None;
    for _ in 0..2 {
        let stuck = note("stuck\n");
        open().comment(&id, &stuck, &first).await.expect(WORKS);
        let posted = open().post_evidence(&proof, &evidence, &second).await;
        reference = posted.ok();
    }
    let comments = open().comments(&id).await.expect(WORKS);
    for comment in &comments {
        let foreign = matches!(comment.author, Author::Other(_));
        assert!(
            !foreign && !comment.edited,
            "it is as we posted it: {comment:?}"
        );
    }
    let [stuck, posted] = comments.as_slice() else {
        panic!("two comments were posted, these are read: {comments:?}");
    };
    assert!(stuck.body.starts_with("stuck"));
    assert_eq!(Some(&posted.reference), reference.as_ref());
    let trailer = EvidenceTrailer::read(&posted.body);
    assert_eq!(trailer, EvidenceTrailer::read(&evidence));
    assert!(trailer.is_ok());
    let other = open().comments(&sample::ticket_id(1)).await;
    assert_eq!(other.expect(WORKS), []);
}

/// Every call on a ticket that is not there is `NotFound`.
pub async fn missing_tickets_are_not_found(open: Open<Tickets>) {
    let id = sample::ticket_id(77);
    let proof = sample::proof(&id, 'a');
    let key = sample::key(&id, 1, Step::Post);
    let tracker = open();
    let evidence = sample::evidence(&proof, "");
    let errors = [
        tracker.reality(&id).await.err(),
        tracker.comments(&id).await.err(),
        tracker.start(&id, &key).await.err(),
        tracker.post_evidence(&proof, &evidence, &key).await.err(),
        tracker.close(&proof, &key).await.err(),
        tracker.reopen(&id, &note(""), &key).await.err(),
        tracker.comment(&id, &note(""), &key).await.err(),
    ];
    for (call, error) in errors.into_iter().enumerate() {
        let kind = error.map(|error| error.kind());
        assert_eq!(kind, Some(ErrorKind::NotFound), "call {call}");
    }
}

async fn reality(open: &Open<Tickets>, id: &TicketId) -> TicketReality {
    open().reality(id).await.expect(WORKS)
}

fn note(body: &str) -> Note {
    Note { body: body.into() }
}
