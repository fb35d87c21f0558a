//! What a plan is going to do and to cost.

use std::fmt;

use sprint_core::domain::draft::CheckedDraft;
use sprint_core::failure::ErrorKind;
use sprint_core::ports;
use sprint_core::time::Timestamp;

use crate::budget::{Allowance, Window};
use crate::call_error::printable;
use crate::client::Client;
use crate::create::issues::BATCH;
use crate::create::journal::{Entry, Journal, What};
use crate::create::labels;
use crate::create::place::Place;
use crate::ops::plan::project::{NameVariables, PlanProjects};

/// What creating a plan would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The name of the team.
    pub team: String,
    /// The name of the state that tickets begin in.
    pub state: String,
    /// What would be created, in that order. What is there already is left out.
    pub operations: Vec<PlannedOperation>,
    /// Projects of the same name, which would be beside that of the plan.
    pub collisions: Vec<Collision>,
    /// Requests that are needed if nothing goes wrong.
    pub requests: u64,
    /// What Linear allows at the moment, if it has told.
    pub allowance: Option<Allowance>,
}

/// Something that would be created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlannedOperation {
    /// A label, which the team lacks.
    Label(String),
    /// A project.
    Project(String),
    /// A ticket.
    Ticket {
        /// Its key in the plan.
        key: String,
        /// Its title.
        title: String,
        /// The key of the ticket that it is a part of.
        parent: Option<String>,
    },
    /// That a ticket blocks another.
    Relation {
        /// The key of the one that has to be done first.
        blocker: String,
        /// The key of the one that waits.
        blocked: String,
    },
}

/// A project that has the name already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
}

impl Preview {
    /// Whether Linear allows twice what is needed, or has not told what it allows.
    pub fn is_affordable(&self) -> bool {
        self.allowance
            .is_none_or(|allowance| allowance.requests.remaining >= 2 * self.requests)
    }
}

impl fmt::Display for PlannedOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(name) => write!(f, "create label {}", printable(name)),
            Self::Project(name) => write!(f, "create project {}", printable(name)),
            Self::Ticket { key, title, parent } => {
                write!(f, "create ticket {key}: {}", printable(title))?;
                match parent {
                    Some(parent) => write!(f, " (part of {parent})"),
                    None => Ok(()),
                }
            }
            Self::Relation { blocker, blocked } => write!(f, "say that {blocker} blocks {blocked}"),
        }
    }
}

pub(super) async fn preview(
    client: &Client,
    place: &Place,
    draft: &CheckedDraft,
    journal: &Journal,
) -> ports::Result<Preview> {
    let now = client.now();
    let labels = labels::all(client, &place.team).await;
    let labels = labels.map_err(|error| error.during("read", "the labels", now))?;
    let planned = |entry: &&Entry| match &entry.what {
        What::Label { name } => !entry.is_there() && !labels.contains_key(&name.to_lowercase()),
        What::Project | What::Ticket { .. } | What::Relation { .. } => !entry.is_there(),
    };
    let plan = draft.plan();
    let operations = journal.entries.iter().filter(planned).filter_map(|entry| {
        Some(match &entry.what {
            What::Label { name } => PlannedOperation::Label(name.clone()),
            What::Project => PlannedOperation::Project(plan.project.as_ref()?.name.clone()),
            What::Ticket { key, parent } => PlannedOperation::Ticket {
                key: key.to_string(),
                title: plan
                    .tickets
                    .iter()
                    .find(|ticket| ticket.key == *key)?
                    .title
                    .clone(),
                parent: parent.as_ref().map(ToString::to_string),
            },
            What::Relation { blocker, blocked } => PlannedOperation::Relation {
                blocker: blocker.to_string(),
                blocked: blocked.to_string(),
            },
        })
    });
    let mut preview = Preview {
        team: place.team_name.clone(),
        state: place.state_name.clone(),
        operations: operations.collect(),
        collisions: Vec::new(),
        requests: needed(draft, journal),
        allowance: None,
    };
    if let Some(project) = &plan.project {
        let variables = NameVariables {
            name: project.name.clone(),
        };
        let found = client.read::<PlanProjects>(&variables).await;
        let found = found.map_err(|error| error.during("read", "projects", now))?;
        let ours = journal.find(|entry| entry.what == What::Project);
        let ours = |id: &str| ours.iter().any(|at| journal.entries[*at].id == id);
        let others = found
            .projects
            .nodes
            .into_iter()
            .filter(|project| !ours(&project.id));
        preview.collisions = others
            .map(|project| Collision {
                name: project.name,
                url: project.url,
            })
            .collect();
    }
    preview.allowance = client.budget().allowance(client.now());
    Ok(preview)
}

/// Requests that are needed to complete a journal, if nothing goes wrong.
fn needed(draft: &CheckedDraft, journal: &Journal) -> u64 {
    let batches = |count: usize| count.div_ceil(BATCH) as u64;
    let mut requests = 1; // the list of labels
    let mut tickets = 0;
    for level in draft.levels() {
        let open = level.iter().filter(|ticket| {
            let at = journal.ticket(&ticket.key);
            at.is_none_or(|at| !journal.entries[at].is_there())
        });
        // Each batch is sent and read back.
        requests += 2 * batches(open.count());
        tickets += level.len();
    }
    let single = journal.find(|entry| match entry.what {
        What::Label { .. } | What::Project | What::Relation { .. } => !entry.is_there(),
        What::Ticket { .. } => false,
    });
    let proven = journal.find(|entry| match entry.what {
        What::Label { .. } | What::Project => !entry.is_there(),
        What::Relation { .. } | What::Ticket { .. } => false,
    });
    let project = u64::from(draft.plan().project.is_some());
    requests + (single.len() + proven.len()) as u64 + project + batches(tickets)
}

/// An error if Linear allows less than twice the requests that are needed.
pub(super) fn affordable(
    client: &Client,
    draft: &CheckedDraft,
    journal: &Journal,
) -> ports::Result<()> {
    let now = client.now();
    let Some(Allowance { requests, .. }) = client.budget().allowance(now) else {
        return Ok(());
    };
    let needed = 2 * needed(draft, journal);
    if requests.remaining >= needed {
        return Ok(());
    }
    let (kind, why) = short(requests, needed, now);
    let subject = draft.plan().problem.as_str();
    Err(ports::Error::new(kind, "begin the plan for", subject).because(why))
}

fn short(
    Window {
        limit, remaining, ..
    }: Window,
    needed: u64,
    now: Timestamp,
) -> (ErrorKind, String) {
    let wanted = format!("{needed} requests are wanted, twice what is needed");
    if needed > limit {
        let why = format!("{wanted}, and Linear allows {limit} an hour: divide the plan");
        return (ErrorKind::Invalid, why);
    }
    let missing = needed - remaining;
    let wait = std::time::Duration::from_millis(missing * 3_600_000 / limit.max(1) + 1);
    let until = now.after(wait);
    let why =
        format!("{wanted}, and Linear allows {remaining} at the moment; try again at {until}");
    (ErrorKind::rate_limited(Some(wait)), why)
}
