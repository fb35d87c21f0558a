//! What goes wrong while tickets are fetched.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join;
use local_linear::{Fault, NewIssue, Team, When};
use sprint_core::domain::config::TicketFilter;
use sprint_core::domain::reality::Fetched;
use sprint_core::domain::ticket::{Priority, Size, TicketStatus};
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{Clock as _, Error, Tracker as _};

use crate::testing::Fixture;
use crate::tracker::LinearTracker;

fn todo() -> TicketFilter {
    TicketFilter {
        team: None,
        project: None,
        label: None,
        status: [TicketStatus::Todo].into(),
        states: BTreeSet::new(),
    }
}

fn fetch(fixture: &Fixture, filter: &TicketFilter) -> Result<Fetched, Error> {
    let tracker = LinearTracker::over(fixture.link());
    fixture.run(tracker.tickets(filter))
}

fn fetched(fixture: &Fixture, filter: &TicketFilter) -> Fetched {
    fetch(fixture, filter).expect("it works")
}

/// Ids, and after a colon what each waits for.
fn shown(fetched: &Fetched) -> String {
    let tickets = fetched.tickets.iter().map(|ticket| {
        let blockers: Vec<_> = ticket.blocked_by.iter().map(|id| id.as_str()).collect();
        format!("{}:{}", ticket.id, blockers.join("+"))
    });
    tickets.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_page_of_a_long_list_is_read_and_then_what_changed_meanwhile() {
    let fixture = Fixture::new();
    for number in 1..=120 {
        fixture.issue(&format!("ticket {number}"), "Todo");
    }
    fixture.clock.advance(Duration::from_secs(600));
    let tickets = fetched(&fixture, &todo()).tickets;
    assert_eq!(tickets.len(), 120);
    let operations = fixture.linear.requests().into_iter();
    let operations: Vec<_> = operations.map(|request| request.operation).collect();
    assert_eq!(operations, ["TeamByKey", "Issues", "Issues", "Issues"]);
}

#[test]
fn what_people_write_becomes_a_ticket() {
    let fixture = Fixture::new();
    let label = fixture.linear.add_label(None, "Bug");
    let parent = fixture.issue("whole", "Backlog");
    let issue = fixture.linear.add_issue(NewIssue {
        description: Some("## Acceptance Criteria\n\n* \\[ \\] one\n".into()),
        labels: vec![label],
        parent: Some(parent),
        priority: 2,
        state: Some(fixture.state("Todo")),
        ..NewIssue::new(&fixture.team, "part")
    });
    fixture
        .linear
        .edit_issue(&issue, |issue| issue.estimate = Some(8));
    let filter = TicketFilter {
        label: Some("bug".into()),
        ..todo()
    };
    let tickets = fetched(&fixture, &filter).tickets;
    let [ticket] = tickets.as_slice() else {
        panic!("one is picked: {tickets:?}");
    };
    assert_eq!(ticket.acceptance_criteria(), ["one"]);
    assert_eq!(ticket.labels, ["Bug"]);
    assert_eq!(ticket.parent.as_ref().map(|id| id.as_str()), Some("T-1"));
    assert_eq!((ticket.priority, ticket.size), (Priority::High, Size::L));
    assert_eq!(ticket.updated_at, Some(fixture.clock.now()));
}

#[test]
fn projects_and_states_pick_by_their_names_in_any_case() {
    let fixture = Fixture::new();
    let project = fixture.linear.add_project("Apollo", &[&fixture.team]);
    let within = |state: &str| NewIssue {
        project: Some(project.clone()),
        state: Some(fixture.state(state)),
        ..NewIssue::new(&fixture.team, "within")
    };
    fixture.linear.add_issue(within("Todo"));
    fixture.linear.add_issue(within("Backlog"));
    fixture.linear.add_issue(within("Done"));
    fixture.issue("outside", "Todo");
    let filter = TicketFilter {
        project: Some("apollo".into()),
        states: ["backlog".into()].into(),
        ..todo()
    };
    assert_eq!(shown(&fetched(&fixture, &filter)), "T-1: T-2:");
}

#[test]
fn a_name_that_there_is_not_is_an_error_with_those_there_are() {
    let fixture = Fixture::new();
    fixture.linear.add_team(Team::new("Operations", "OPS"));
    fixture.linear.add_label(Some(&fixture.team), "ui");
    fixture.linear.add_project("Apollo", &[&fixture.team]);
    let cases = [
        TicketFilter {
            team: Some("ENG".into()),
            ..todo()
        },
        TicketFilter {
            label: Some("UX".into()),
            ..todo()
        },
        TicketFilter {
            project: Some("Gemini\u{1b}[31m".into()),
            ..todo()
        },
        TicketFilter {
            states: ["QA".into()].into(),
            ..todo()
        },
    ];
    let errors = cases.map(|filter| {
        let error = fetch(&fixture, &filter).expect_err("there is no such name");
        assert_eq!(error.kind(), ErrorKind::Invalid);
        error.chain()
    });
    insta::assert_snapshot!(errors.join("\n"), @r#"
    failed to find team ENG: the workspace has no such team; the key can see OPS (Operations), T (Test)
    failed to find label UX: none has this name; there are "ui"
    failed to find project Gemini [31m: none has this name; there are "Apollo"
    failed to choose workflow states of team T: team T has no state "QA"; it has: "Backlog" (backlog), "Todo" (unstarted), "In Progress" (started), "Done" (completed), "Canceled" (canceled), "Duplicate" (duplicate)
    "#);
}

#[test]
fn a_list_without_an_end_is_an_error_and_no_part_of_it_passes_for_the_whole() {
    for fault in [
        Fault::NullCursor,
        Fault::RepeatedCursor,
        Fault::EndlessPages,
    ] {
        let fixture = Fixture::new();
        for number in 0..3 {
            fixture.issue(&format!("ticket {number}"), "Todo");
        }
        fixture
            .linear
            .fault(When::on("issues").always(), fault.clone());
        let error = fetch(&fixture, &todo()).expect_err("it has no end");
        assert_eq!(error.kind(), ErrorKind::Invalid, "{fault:?}");
    }
}

#[test]
fn a_query_that_is_too_complex_is_asked_with_smaller_pages() {
    let fixture = Fixture::new();
    for number in 0..120 {
        fixture.issue(&format!("ticket {number}"), "Todo");
    }
    fixture
        .linear
        .fault(When::on("issues").times(2), Fault::TooComplex);
    assert_eq!(fetched(&fixture, &todo()).tickets.len(), 120);
    let sizes = fixture.linear.requests().into_iter();
    let sizes: Vec<_> = sizes
        .filter_map(|r| r.variables["first"].as_u64())
        .collect();
    assert_eq!(sizes[..4], [100, 50, 25, 25]);
    fixture
        .linear
        .fault(When::on("issues").always(), Fault::TooComplex);
    assert!(fetch(&fixture, &todo()).is_err());
}

#[test]
fn what_changes_while_pages_are_read_is_read_again() {
    let fixture = Fixture::new();
    let mut issues = Vec::new();
    for number in 0..150 {
        issues.push(fixture.issue(&format!("ticket {number}"), "Todo"));
    }
    fixture.clock.advance(Duration::from_secs(600));
    fixture.wire.latency(Duration::from_secs(1));
    let tracker = LinearTracker::over(fixture.link());
    let meanwhile = async {
        // The team, and the first page, of the newest; the second is on its way.
        let later = fixture.clock.now().after(Duration::from_millis(2_500));
        fixture.clock.sleep_until(later).await;
        fixture.issue("added", "Todo");
        fixture.linear.archive(&issues[149]);
        let (bot, done) = (local_linear::Actor::Bot("x".into()), fixture.state("Done"));
        fixture.linear.move_issue(&issues[148], &done, bot);
        fixture
            .linear
            .edit_issue(&issues[147], |issue| issue.title = "renamed".into());
    };
    let filter = todo();
    let (read, ()) = fixture.run(join(tracker.tickets(&filter), meanwhile));
    let read = read.expect("it works");
    assert_eq!(read.malformed, Vec::<String>::new());
    let ids: BTreeSet<_> = read
        .tickets
        .iter()
        .map(|ticket| ticket.id.as_str())
        .collect();
    assert_eq!((ids.len(), read.tickets.len()), (149, 149), "each once");
    assert!(ids.contains("T-151") && !ids.contains("T-150") && !ids.contains("T-149"));
    assert!(read.tickets.iter().any(|ticket| ticket.title == "renamed"));
}

#[test]
fn a_list_that_never_comes_to_rest_is_told() {
    let fixture = Fixture::new();
    let issue = fixture.issue("busy", "Todo");
    fixture.wire.latency(Duration::from_secs(1));
    let tracker = LinearTracker::over(fixture.link());
    let meanwhile = async {
        for round in 0..10 {
            let later = fixture.clock.now().after(Duration::from_millis(500));
            fixture.clock.sleep_until(later).await;
            fixture
                .linear
                .edit_issue(&issue, |issue| issue.priority = round % 5);
        }
    };
    let filter = todo();
    let (read, ()) = fixture.run(join(tracker.tickets(&filter), meanwhile));
    let read = read.expect("it works");
    assert_eq!(read.tickets.len(), 1);
    assert!(
        read.malformed[0].contains("changed as fast"),
        "{:?}",
        read.malformed
    );
}

#[test]
fn every_blocker_and_label_is_found_however_many_there_are() {
    let fixture = Fixture::new();
    let labels: Vec<_> = (0..130)
        .map(|n| fixture.linear.add_label(None, &format!("l{n:03}")))
        .collect();
    let blocked = fixture.linear.add_issue(NewIssue {
        state: Some(fixture.state("Todo")),
        labels,
        ..NewIssue::new(&fixture.team, "blocked")
    });
    for number in 0..130 {
        let blocker = fixture.issue(&format!("blocker {number}"), "In Progress");
        // Relations of other kinds are in the way.
        let kind = if number % 2 == 0 { "blocks" } else { "related" };
        fixture.linear.add_relation(&blocker, &blocked, kind);
    }
    // What the blocked one blocks does not block it.
    let after = fixture.issue("after", "In Progress");
    fixture.linear.add_relation(&blocked, &after, "blocks");
    let read = fetched(&fixture, &todo());
    assert_eq!(read.tickets[0].blocked_by.len(), 65);
    assert_eq!(read.tickets[0].labels.len(), 130);
    assert_eq!(read.tickets[0].labels[129], "l129");
    assert_eq!(read.tickets.len(), 66, "blockers come along");
}

#[test]
fn blockers_of_blockers_come_along_and_what_cannot_be_seen_is_not_there() {
    let fixture = Fixture::new();
    let ids: Vec<_> = (1..=6)
        .map(|n| fixture.issue(&n.to_string(), if n == 1 { "Todo" } else { "In Progress" }))
        .collect();
    for (blocker, blocked) in [(2, 1), (3, 2), (4, 1), (5, 1), (1, 3), (6, 1)] {
        fixture
            .linear
            .add_relation(&ids[blocker - 1], &ids[blocked - 1], "blocks");
    }
    fixture.linear.trash(&ids[3]);
    fixture.linear.archive(&ids[4]);
    fixture.linear.hide(&ids[5]);
    let read = fetched(&fixture, &todo());
    assert_eq!(
        shown(&read),
        "T-1:T-2+T-4+T-5+T-6 T-2:T-3 T-3:T-1 T-4: T-5:"
    );
    let cancelled = |id: usize| read.tickets[id - 1].status == TicketStatus::Cancelled;
    assert!(cancelled(4) && cancelled(5) && !cancelled(2));
}

#[test]
fn an_issue_that_is_no_ticket_is_told_and_stops_nothing() {
    let fixture = Fixture::new();
    fixture.issue("good", "Todo");
    let odd = fixture.linear.add_state(&fixture.team, "On Hold", "paused");
    fixture.linear.add_issue(NewIssue {
        state: Some(odd),
        ..NewIssue::new(&fixture.team, "strange")
    });
    let urgent = fixture.issue("too urgent", "Todo");
    fixture
        .linear
        .edit_issue(&urgent, |issue| issue.priority = 9);
    let filter = TicketFilter {
        states: ["On Hold".into()].into(),
        ..todo()
    };
    let read = fetched(&fixture, &filter);
    assert_eq!(shown(&read), "T-1:");
    insta::assert_snapshot!(read.malformed.join("\n"), @r#"
    T-2: its state has the unknown type "paused"
    T-3: its priority is 9, which has no meaning
    "#);
}

#[test]
fn pages_of_a_proxy_are_asked_for_again() {
    let fixture = Fixture::new();
    fixture.issue("one", "Todo");
    let page = Fault::Status {
        code: 503,
        body: String::new(),
    };
    fixture.linear.fault(When::on("issues").times(3), page);
    assert_eq!(shown(&fetched(&fixture, &todo())), "T-1:");
}

#[test]
fn answers_with_errors_beside_data_are_no_answers() {
    let fixture = Fixture::new();
    fixture.issue("one", "Todo");
    fixture
        .linear
        .fault(When::on("issues").always(), Fault::Partial);
    assert!(fetch(&fixture, &todo()).is_err());
}
