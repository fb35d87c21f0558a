//! A Linear that is played inside the demo, with the demo's tickets on it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use local_linear::{LocalLinear, NewIssue, RequestKind, Served, Team};
use sprint_core::domain::config::TicketFilter;
use sprint_core::domain::ticket::TicketStatus;
use sprint_core::local::tracker::FileTracker;
use sprint_core::ports::{Clock as _, SystemClock, Tracker as _};

use crate::tracker::{Kind, TrackerArgs};

/// The team's key; the tickets' names begin with it.
const TEAM: &str = "DEMO";

/// A running Linear.
#[derive(Debug)]
pub(super) struct Played {
    linear: LocalLinear,
    served: Served,
}

impl Played {
    /// Starts it, with the tickets of a folder on it.
    pub(super) async fn start(tickets: &Path) -> Result<Self> {
        let linear = LocalLinear::new(|| SystemClock.now().as_millis());
        let served = linear
            .serve()
            .await
            .context("cannot play Linear on this machine")?;
        let team = linear.add_team(Team::new("Demo", TEAM));
        let states = linear.add_states(&team);
        let mut labels: BTreeMap<String, String> = BTreeMap::new();
        let mut issues = BTreeMap::new();
        let all = TicketFilter::in_status([TicketStatus::Todo]);
        let tickets = FileTracker::new(tickets).tickets(&all).await?.tickets;
        for ticket in &tickets {
            let mut issue = NewIssue::new(&team, &ticket.title);
            issue.description = Some(ticket.body.clone());
            // Backlog comes before Todo.
            issue.state = Some(states[1].clone());
            issue.priority = ticket.priority.number().into();
            for label in &ticket.labels {
                let id = labels.entry(label.clone());
                let id = id.or_insert_with(|| linear.add_label(Some(&team), label));
                issue.labels.push(id.clone());
            }
            issues.insert(ticket.id.clone(), linear.add_issue(issue));
        }
        for ticket in &tickets {
            for blocker in &ticket.blocked_by {
                if let (Some(by), Some(blocked)) = (issues.get(blocker), issues.get(&ticket.id)) {
                    linear.add_relation(by, blocked, "blocks");
                }
            }
        }
        Ok(Self { linear, served })
    }

    /// The options with which a run finds it.
    pub(super) fn tracker(&self) -> TrackerArgs {
        let url = self.served.url();
        TrackerArgs {
            tracker: Kind::Linear,
            linear_url: Some(url.trim_end_matches("/graphql").to_owned()),
            demo_key: Some(self.linear.api_key()),
            ..TrackerArgs::folder(Path::new(""))
        }
    }

    /// What is on it, and what that took.
    pub(super) fn tell(&self) -> String {
        let states: BTreeMap<_, _> = self
            .linear
            .states()
            .into_iter()
            .map(|state| (state.id, state.name))
            .collect();
        let comments = self.linear.comments();
        let mut text = String::from("On Linear:\n");
        for issue in self.linear.issues() {
            let state = states.get(&issue.state).map_or("?", String::as_str);
            let of_it = comments.iter().filter(|comment| comment.issue == issue.id);
            let evidence = of_it.filter(|comment| comment.body.contains("`sprint-evidence/"));
            let evidence = evidence.count();
            text.extend([format!(
                "  {:7}{state:12}{evidence} evidence\n",
                issue.identifier
            )]);
        }
        let requests = self.linear.requests();
        let of = |kind| requests.iter().filter(|one| one.kind == kind).count();
        let points: u64 = requests.iter().map(|one| u64::from(one.points)).sum();
        text.extend([format!(
            "  {} queries, {} mutations, {points} points; {} files up, {} down\n",
            of(RequestKind::Query),
            of(RequestKind::Mutation),
            of(RequestKind::Upload),
            of(RequestKind::Download),
        )]);
        text
    }
}
