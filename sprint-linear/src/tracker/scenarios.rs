//! What goes wrong with single tickets, and what then happens; seen on the server.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use local_linear::{Actor, Fault, Team, When};
use sprint_core::domain::evidence::Note;
use sprint_core::domain::reality::Moved;
use sprint_core::domain::ticket::TicketStatus;
use sprint_core::failure::ErrorKind;
use sprint_core::id::TicketId;
use sprint_core::ports::{Clock as _, Error, Tracker as _};
use sprint_core::run::effect::{EffectKey, Step};
use sprint_core::run::proof::Proof;
use sprint_core::testing::sample;

use crate::testing::{Fixture, Side};
use crate::tracker::LinearTracker;

/// A server, a tracker on it, and ticket T-1, which is in work.
struct Scene {
    fixture: Fixture,
    tracker: LinearTracker,
    id: TicketId,
    uuid: String,
}

impl Scene {
    fn new() -> Self {
        Self::in_state("In Progress")
    }

    fn in_state(state: &str) -> Self {
        let fixture = Fixture::new();
        let uuid = fixture.issue("one", state);
        let tracker = LinearTracker::over(fixture.link());
        let id = sample::ticket_id(1);
        // What a tracker knows by heart costs no requests below.
        let known = fixture.run(tracker.reality(&id));
        known.expect("it is there");
        fixture.clock.advance(Duration::from_secs(60));
        fixture.linear.forget_requests();
        Self {
            fixture,
            tracker,
            id,
            uuid,
        }
    }

    fn close(&self) -> Result<(), Error> {
        let (proof, key) = self.close_key();
        self.fixture.run(self.tracker.close(&proof, &key))
    }

    fn close_key(&self) -> (Proof, EffectKey) {
        let proof = sample::proof(&self.id, 'a');
        (proof, sample::key(&self.id, 1, Step::Close))
    }

    fn start(&self) -> Result<(), Error> {
        let key = sample::key(&self.id, 1, Step::Start);
        self.fixture.run(self.tracker.start(&self.id, &key))
    }

    fn status(&self) -> Result<TicketStatus, Error> {
        let reality = self.fixture.run(self.tracker.reality(&self.id));
        reality.map(|reality| reality.status)
    }

    /// The name of the state that the server has.
    fn state(&self) -> String {
        let issue = self
            .fixture
            .linear
            .issues()
            .into_iter()
            .find(|issue| issue.id == self.uuid);
        let issue = issue.expect("it is there");
        let states = self.fixture.linear.states();
        let state = states.into_iter().find(|state| state.id == issue.state);
        state.expect("it has one").name
    }

    fn fault(&self, field: &str, fault: Fault) {
        self.fixture.linear.fault(When::on(field), fault);
    }

    /// The operations since the scene began.
    fn operations(&self) -> Vec<String> {
        let requests = self.fixture.linear.requests();
        requests
            .into_iter()
            .map(|request| request.operation)
            .collect()
    }
}

#[test]
fn closing_is_a_read_a_write_and_a_read_back() {
    let scene = Scene::new();
    scene.close().expect("it works");
    assert_eq!(scene.state(), "Done");
    assert_eq!(
        scene.operations(),
        ["IssueStates", "TeamById", "MoveIssue", "IssueStates"]
    );
    // What was just read answers for a moment, and a ticket that is Done is left alone.
    scene.close().expect("it works");
    assert_eq!(scene.status().expect("it works"), TicketStatus::Done);
    assert_eq!(scene.operations().len(), 4);
    scene.fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(scene.status().expect("it works"), TicketStatus::Done);
    assert_eq!(scene.operations().len(), 5);
}

#[test]
fn starting_moves_what_waits_and_leaves_everything_else_alone() {
    for (state, after) in [
        ("Todo", "In Progress"),
        ("Backlog", "In Progress"),
        ("In Progress", "In Progress"),
        ("Done", "Done"),
        ("Canceled", "Canceled"),
        ("Duplicate", "Duplicate"),
    ] {
        let scene = Scene::in_state(state);
        scene.start().expect("it works");
        assert_eq!(scene.state(), after);
    }
}

#[test]
fn pages_of_a_proxy_are_no_answers_and_not_repeated_in_errors() {
    let scene = Scene::new();
    let page = || Fault::Status {
        code: 502,
        body: "<html>secret page</html>".into(),
    };
    scene.fault("issues", page());
    scene.fault("issueUpdate", page());
    scene.close().expect("both are sent again");
    assert_eq!(scene.state(), "Done");
    scene.fixture.clock.advance(Duration::from_secs(2));
    scene
        .fixture
        .linear
        .fault(When::on("issues").always(), page());
    let error = scene.status().expect_err("it never answers");
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert!(!error.chain().contains("secret"), "{}", error.chain());
}

#[test]
fn an_answer_that_is_lost_after_the_move_is_found_by_reading() {
    for fault in [
        Fault::LostAfter,
        Fault::LostBefore,
        Fault::NullEntity,
        Fault::DuplicateDelivery,
    ] {
        let scene = Scene::new();
        scene.fault("issueUpdate", fault.clone());
        scene.close().expect("it works");
        assert_eq!(scene.state(), "Done", "{fault:?}");
        let into_done = scene.fixture.state("Done");
        let history = scene.fixture.linear.history().into_iter();
        let moves = history.filter(|entry| entry.to_state.as_ref() == Some(&into_done));
        assert_eq!(moves.count(), 1, "{fault:?}");
    }
}

#[test]
fn a_read_from_before_the_write_is_repeated_until_it_shows() {
    let scene = Scene::new();
    scene.fault("issueUpdate", Fault::StaleReads { ms: 6_000 });
    let before = scene.fixture.clock.now();
    scene.close().expect("it shows after a while");
    let waited = scene.fixture.clock.now().since(before).as_secs();
    assert_eq!(waited, 8);
    assert_eq!(scene.status().expect("it works"), TicketStatus::Done);
}

#[test]
fn what_never_shows_is_not_confirmed_and_says_what_does() {
    let scene = Scene::new();
    scene.fault("issueUpdate", Fault::StaleReads { ms: 60_000 });
    let error = scene.close().expect_err("it does not show");
    assert_eq!(error.kind(), ErrorKind::Transient);
    insta::assert_snapshot!(error.chain(), @r#"failed to close ticket T-1: what was written is not confirmed (IssueStates: what was written does not show; the last read showed it in state "In Progress", changed at 2023-11-14T22:13:20Z)"#);
    // It was done all the same, and the next attempt finds it so.
    scene.fixture.clock.advance(Duration::from_secs(60));
    scene.close().expect("it shows");
    assert_eq!(scene.state(), "Done");
}

#[test]
fn an_issue_that_a_list_leaves_out_is_asked_for_by_id() {
    let scene = Scene::new();
    scene.fault("issues", Fault::LaggingLists { ms: 60_000 });
    assert_eq!(scene.status().expect("it works"), TicketStatus::InProgress);
    let second = sample::ticket_id(2);
    let uuid = scene.fixture.issue("two", "Todo");
    scene.tracker.know(&second, &uuid);
    scene.fixture.linear.forget_requests();
    let read = || scene.fixture.run(scene.tracker.reality(&second));
    assert_eq!(read().expect("it is there").status, TicketStatus::Todo);
    assert_eq!(scene.operations(), ["IssueStates", "IssueState"]);
    scene.fixture.clock.advance(Duration::from_secs(2));
    scene.fixture.linear.hide(&uuid);
    assert_eq!(read().expect_err("it is gone").kind(), ErrorKind::NotFound);
}

#[test]
fn what_is_said_to_be_done_and_is_not_is_done_once_more_and_then_an_error() {
    let scene = Scene::new();
    scene.fault("issueUpdate", Fault::NoEffect);
    scene.close().expect("the second time it is done");
    assert_eq!(scene.state(), "Done");

    let scene = Scene::new();
    scene
        .fixture
        .linear
        .fault(When::on("issueUpdate").always(), Fault::NoEffect);
    let error = scene.close().expect_err("it is never done");
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert!(
        error.chain().contains("state \"In Progress\""),
        "{}",
        error.chain()
    );
    let moves = scene
        .operations()
        .into_iter()
        .filter(|name| name == "MoveIssue");
    assert_eq!(moves.count(), 2);
}

#[test]
fn what_is_said_not_to_be_done_is_an_error_at_once() {
    let scene = Scene::new();
    scene.fault("issueUpdate", Fault::SuccessFalse);
    let error = scene.close().expect_err("it said so");
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert_eq!(
        scene.operations().last().map(String::as_str),
        Some("MoveIssue")
    );
    assert_eq!(scene.state(), "In Progress");
}

#[test]
fn a_deleted_ticket_is_not_found_and_not_revived() {
    let scene = Scene::new();
    scene.fixture.linear.trash(&scene.uuid);
    assert_eq!(
        scene.status().expect("it can be read"),
        TicketStatus::Cancelled
    );
    let error = scene.close().expect_err("it is gone");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = scene.start().expect_err("it is gone");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(scene.state(), "In Progress");
    assert!(scene.fixture.linear.issues()[0].trashed);
}

#[test]
fn an_archived_ticket_is_refused_unless_it_is_done() {
    let scene = Scene::new();
    scene.fixture.linear.archive(&scene.uuid);
    let error = scene.close().expect_err("it is archived");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.chain().contains("archived"), "{}", error.chain());
    assert_eq!(scene.state(), "In Progress");

    let scene = Scene::in_state("Done");
    scene.fixture.linear.archive(&scene.uuid);
    assert_eq!(scene.status().expect("it can be read"), TicketStatus::Done);
    scene.close().expect("it is Done as it is");
}

#[test]
fn an_issue_in_another_team_is_moved_by_the_workflow_of_that_team() {
    let scene = Scene::new();
    let other = scene
        .fixture
        .linear
        .add_team(Team::new("Operations", "OPS"));
    scene
        .fixture
        .linear
        .add_state(&other, "Queued", "unstarted");
    scene
        .fixture
        .linear
        .add_state(&other, "Shipped", "completed");
    // The team is known, and then the issue goes elsewhere.
    scene.start().expect("it works");
    scene.fixture.linear.move_team(&scene.uuid, &other);
    scene.close().expect("it works");
    assert_eq!(scene.state(), "Shipped");
    let anew = LinearTracker::over(scene.fixture.link());
    let reality = scene.fixture.run(anew.reality(&scene.id));
    assert_eq!(
        reality.expect("its old name is good").status,
        TicketStatus::Done
    );
}

#[test]
fn an_issue_that_changes_its_team_under_our_hands_is_looked_up_again() {
    let scene = Scene::new();
    let other = scene
        .fixture
        .linear
        .add_team(Team::new("Operations", "OPS"));
    scene
        .fixture
        .linear
        .add_state(&other, "Queued", "unstarted");
    scene
        .fixture
        .linear
        .add_state(&other, "Shipped", "completed");
    let (proof, key) = scene.close_key();
    let closing = scene.tracker.close(&proof, &key);
    // Right after the first read, which showed it in the first team.
    let fixture = &scene.fixture;
    fixture.wire.latency(Duration::from_millis(100));
    let meanwhile = async {
        fixture
            .clock
            .sleep_until(fixture.clock.now().after(Duration::from_millis(150)))
            .await;
        fixture.linear.move_team(&scene.uuid, &other);
    };
    let (closed, ()) = fixture.run(join(closing, meanwhile));
    closed.expect("it works");
    assert_eq!(scene.state(), "Shipped");
}

#[test]
fn a_state_that_was_deleted_is_looked_up_again_and_several_are_an_error() {
    let scene = Scene::in_state("Todo");
    scene.start().expect("it works");
    let done = scene.fixture.state("Done");
    scene.fixture.linear.rename_state(&done, "Finished");
    scene.close().expect("a name is only a name");
    assert_eq!(scene.state(), "Finished");

    let scene = Scene::in_state("Todo");
    scene.start().expect("it works");
    let done = scene.fixture.state("Done");
    scene.fixture.linear.delete_state(&done);
    scene
        .fixture
        .linear
        .add_state(&scene.fixture.team, "Released", "completed");
    scene.close().expect("there is another");
    assert_eq!(scene.state(), "Released");

    let scene = Scene::new();
    scene
        .fixture
        .linear
        .add_state(&scene.fixture.team, "Released", "completed");
    let error = scene.close().expect_err("nobody said which");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    insta::assert_snapshot!(error.chain(), @r#"failed to close ticket T-1: team T has several states of type completed, one has to be configured: "Done" (completed), "Released" (completed)"#);
}

#[test]
fn who_moved_a_ticket_out_of_done_is_told() {
    let scene = Scene::new();
    let moved = || {
        scene
            .fixture
            .run(scene.tracker.moved(&scene.id))
            .expect("it works")
    };
    assert_eq!(moved(), None);
    scene.close().expect("it works");
    assert_eq!(moved(), None);
    let (todo, doing) = (
        scene.fixture.state("Todo"),
        scene.fixture.state("In Progress"),
    );
    let bot = Actor::Bot("GitHub".into());
    scene.fixture.linear.move_issue(&scene.uuid, &doing, bot);
    scene.fixture.clock.advance(Duration::from_secs(60));
    let by = |by: &str, to: &str| {
        Some(Moved {
            by: by.into(),
            to: to.into(),
        })
    };
    assert_eq!(moved(), by("GitHub", "In Progress"));
    scene.close().expect("once more");
    assert_eq!(scene.state(), "Done");
    let person = scene.fixture.linear.add_user("Robin");
    scene.fixture.clock.advance(Duration::from_secs(60));
    scene
        .fixture
        .linear
        .move_issue(&scene.uuid, &todo, Actor::User(person));
    assert_eq!(moved(), by("Robin", "Todo"));
}

#[test]
fn our_own_reopening_is_not_told_as_somebody_elses() {
    let scene = Scene::new();
    scene.close().expect("it works");
    let note = Note {
        body: "it broke the build".into(),
    };
    let key = sample::key(&scene.id, 1, Step::Reopen);
    scene.fixture.clock.advance(Duration::from_secs(60));
    let reopened = scene
        .fixture
        .run(scene.tracker.reopen(&scene.id, &note, &key));
    reopened.expect("it works");
    assert_eq!(scene.state(), "In Progress");
    let moved = scene.fixture.run(scene.tracker.moved(&scene.id));
    assert_eq!(moved.expect("it works"), None);
}

#[test]
fn whatever_request_it_is_stopped_at_a_ticket_is_closed_and_reopened_once() {
    for side in [Side::Before, Side::After] {
        for request in 0.. {
            let scene = Scene::in_state("Done");
            let note = Note {
                body: "it broke the build".into(),
            };
            let key = sample::key(&scene.id, 1, Step::Reopen);
            let reopen = |tracker: Arc<LinearTracker>| {
                let (id, note, key) = (scene.id.clone(), note.clone(), key.clone());
                async move { tracker.reopen(&id, &note, &key).await }
            };
            let tracker = || Arc::new(LinearTracker::over(scene.fixture.link()));
            let ended = scene.fixture.run_until(request, side, reopen(tracker()));
            let all = ended.is_some();
            scene.fixture.run(reopen(tracker())).expect("it works");
            assert_eq!(scene.state(), "In Progress", "{request} {side:?}");
            assert_eq!(
                scene.fixture.linear.comments().len(),
                1,
                "{request} {side:?}"
            );
            if all {
                assert!(request > 4, "it takes more requests");
                break;
            }
        }
    }
}

#[test]
fn tickets_that_are_read_at_the_same_time_share_requests() {
    let fixture = Fixture::new();
    let tracker = LinearTracker::over(fixture.link());
    let ids: Vec<_> = (1..=120).map(sample::ticket_id).collect();
    for id in &ids {
        tracker.know(id, &fixture.issue(id.as_str(), "Todo"));
    }
    fixture.wire.latency(Duration::from_millis(300));
    let reads = ids.iter().map(|id| tracker.reality(id));
    let twice = ids.iter().map(|id| tracker.reality(id));
    let all = fixture.run(join_all(reads.chain(twice)));
    assert!(all.into_iter().all(|read| read.is_ok()));
    let asked = fixture.linear.requests();
    let sizes: Vec<_> = asked
        .iter()
        .filter_map(|request| request.variables["ids"].as_array().map(Vec::len))
        .collect();
    // The first one goes at once; the others wait for it, and then go by fifty.
    assert_eq!(sizes, [1, 50, 50, 20]);
}

#[test]
fn who_goes_away_while_the_request_is_under_way_takes_nobodys_answer_along() {
    let fixture = Fixture::new();
    let tracker = LinearTracker::over(fixture.link());
    let ids: Vec<_> = (1..=3).map(sample::ticket_id).collect();
    for id in &ids {
        tracker.know(id, &fixture.issue(id.as_str(), "Todo"));
    }
    let ended = fixture.run(async {
        let mut leader = Box::pin(tracker.reality(&ids[0]));
        let others = join(tracker.reality(&ids[1]), tracker.reality(&ids[2]));
        fixture.wire.latency(Duration::from_millis(300));
        // The leader has its request under way, the others wait, and the leader goes.
        assert!(futures_util::poll!(&mut leader).is_pending());
        let mut others = Box::pin(others);
        assert!(futures_util::poll!(&mut others).is_pending());
        drop(leader);
        others.await
    });
    assert_eq!(ended.0.expect("it works").status, TicketStatus::Todo);
    assert_eq!(ended.1.expect("it works").status, TicketStatus::Todo);
}

#[test]
fn a_uuid_is_no_identifier_of_a_ticket() {
    let scene = Scene::new();
    let anew = LinearTracker::over(scene.fixture.link());
    let by_uuid = TicketId::new(&scene.uuid).expect("it has the form of an id");
    let error = scene
        .fixture
        .run(anew.reality(&by_uuid))
        .expect_err("it is no identifier");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn nothing_of_the_key_is_in_what_is_shown_of_a_tracker() {
    let scene = Scene::new();
    let key = scene.fixture.linear.api_key();
    assert!(!format!("{:?}", scene.tracker).contains(&key));
    assert_eq!(scene.tracker.to_string(), "Linear team T");
}

#[test]
fn a_comment_that_was_posted_is_in_the_next_read_although_lists_lag() {
    let scene = Scene::new();
    scene.fault("commentCreate", Fault::LaggingLists { ms: 5_000 });
    let note = Note {
        body: "stuck".into(),
    };
    let key = sample::key(&scene.id, 1, Step::Note);
    let posted = scene
        .fixture
        .run(scene.tracker.comment(&scene.id, &note, &key));
    posted.expect("it works");
    let before = scene.fixture.clock.now();
    let comments = scene.fixture.run(scene.tracker.comments(&scene.id));
    assert_eq!(comments.expect("it shows after a while").len(), 1);
    assert!(scene.fixture.clock.now().since(before) >= Duration::from_secs(4));
    // A person may delete it later, and nobody waits for it then.
    let comment = scene.fixture.linear.comments().remove(0).id;
    scene.fixture.linear.delete_comment(&comment);
    scene.fixture.clock.advance(Duration::from_secs(2));
    let before = scene.fixture.clock.now();
    let comments = scene.fixture.run(scene.tracker.comments(&scene.id));
    assert_eq!(comments.expect("it is gone"), []);
    assert_eq!(scene.fixture.clock.now(), before);
}
