//! The local Linear with tickets on it.

use local_linear::{
    Limits, LocalLinear, NewComment, NewIssue, RequestKind, Served, Team, Unmodelled,
};
use sprint_core::ports::{Clock as _, SystemClock};

/// A running server.
pub(crate) struct Server {
    linear: LocalLinear,
    served: Served,
}

/// What was asked for.
#[derive(Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) requests: u64,
    pub(crate) points: u64,
}

impl Server {
    pub(crate) async fn start(tickets: usize) -> Self {
        let linear = LocalLinear::new(|| SystemClock.now().as_millis());
        // The SDK asks for every field there is.
        linear.settings(|settings| settings.unmodelled = Unmodelled::Empty);
        let served = linear.serve().await.expect("loopback is there");
        linear.limits(Limits {
            requests_per_hour: 1_000_000,
            points_per_hour: 1_000_000_000,
            points_per_request: 1_000_000,
        });
        let team = linear.add_team(Team::new("Test", "T"));
        let states = linear.add_states(&team);
        let labels = ["sprint", "backend"].map(|name| linear.add_label(Some(&team), name));
        let mut issues: Vec<String> = Vec::new();
        for number in 0..tickets {
            let mut issue = NewIssue::new(&team, &format!("ticket {number}"));
            issue.description = Some("## Overview\n\nA few words.\n".repeat(20));
            issue.state = Some(states[1].clone());
            issue.labels = labels.to_vec();
            let id = linear.add_issue(issue);
            for by in issues.iter().rev().take(2) {
                linear.add_relation(by, &id, "blocks");
            }
            if number % 10 == 0 {
                linear.add_comment(NewComment::new(&id, "looks good"));
            }
            issues.push(id);
        }
        Self { linear, served }
    }

    pub(crate) fn key(&self) -> String {
        self.linear.api_key()
    }

    pub(crate) fn url(&self) -> &str {
        self.served.url()
    }

    pub(crate) fn origin(&self) -> &str {
        self.url().trim_end_matches("/graphql")
    }

    /// What was asked for since this was called last.
    pub(crate) fn spent(&self) -> Spent {
        let requests = self.linear.requests();
        self.linear.forget_requests();
        let refused = requests
            .iter()
            .filter(|one| one.kind == RequestKind::Refused);
        assert_eq!(refused.count(), 0, "a request was refused");
        Spent {
            requests: requests.len() as u64,
            points: requests.iter().map(|one| u64::from(one.points)).sum(),
        }
    }
}
