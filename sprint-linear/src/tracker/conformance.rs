//! The published contract, against the local server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use local_linear::NewIssue;
use sprint_core::domain::ticket::{Priority, Ticket, TicketStatus};
use sprint_core::id::TicketId;
use sprint_core::ports::Tracker;
use sprint_core::testing::conformance::{Open, tracker};
use sprint_core::testing::fake::clock::FakeClock;
use sprint_core::time::Timestamp;

use crate::testing::Fixture;
use crate::tracker::LinearTracker;

#[test]
fn a_team_on_linear_keeps_the_contract_of_trackers() {
    let clock = FakeClock::new(Timestamp::from_millis(1_700_000_000_000));
    let with = |tickets: Vec<Ticket>| {
        let fixture = Fixture::at(&clock);
        // So that not everything happens in the same millisecond.
        fixture.wire.latency(Duration::from_millis(5));
        seed(&fixture, &tickets);
        let open = move || Arc::new(LinearTracker::over(fixture.link())) as Arc<dyn Tracker>;
        Box::new(open) as Open<Arc<dyn Tracker>>
    };
    Fixture::at(&clock).run(tracker::all(&with));
}

/// Puts tickets on the server, as issues with the same identifiers. A blocker that is not among
/// them is an issue that the key cannot see.
fn seed(fixture: &Fixture, tickets: &[Ticket]) {
    let mut labels = BTreeMap::new();
    let mut issues = BTreeMap::new();
    for ticket in tickets {
        let ids = ticket.labels.iter().map(|name| {
            let new = || fixture.linear.add_label(Some(&fixture.team), name);
            labels.entry(name.clone()).or_insert_with(new).clone()
        });
        let state = match ticket.status {
            TicketStatus::Todo => "Todo",
            TicketStatus::InProgress => "In Progress",
            TicketStatus::Done => "Done",
            TicketStatus::Cancelled => "Canceled",
        };
        assert_eq!(ticket.priority, Priority::None);
        let new = NewIssue {
            description: Some(ticket.body.clone()).filter(|body| !body.is_empty()),
            state: Some(fixture.state(state)),
            labels: ids.collect(),
            ..NewIssue::new(&fixture.team, &ticket.title)
        };
        issues.insert(ticket.id.clone(), numbered(fixture, &ticket.id, new));
    }
    for ticket in tickets {
        let id = &issues[&ticket.id].clone();
        if let Some(parent) = &ticket.parent {
            let parent = issues[parent].clone();
            fixture
                .linear
                .edit_issue(id, |issue| issue.parent = Some(parent));
        }
        for blocker in &ticket.blocked_by {
            let unseen = || {
                let issue = numbered(fixture, blocker, NewIssue::new(&fixture.team, "secret"));
                fixture.linear.hide(&issue);
                issue
            };
            let blocker = issues.get(blocker).cloned().unwrap_or_else(unseen);
            fixture.linear.add_relation(&blocker, id, "blocks");
        }
    }
}

/// Adds an issue under the number of a ticket's id.
fn numbered(fixture: &Fixture, id: &TicketId, new: NewIssue) -> String {
    let number = id.as_str().strip_prefix("T-").expect("the team is T");
    let number = number.parse().expect("the number follows");
    fixture
        .linear
        .edit_team(&fixture.team, |team| team.next_number = number);
    fixture.linear.add_issue(new)
}
