//! A filter in ids.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use sprint_core::domain::config::TicketFilter;
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{Error, Result};
use sprint_core::time::Timestamp;

use crate::call_error::{CallError, printable};
use crate::link::Link;
use crate::ops::identity::NoVariables;
use crate::ops::issues::IssueNode;
use crate::ops::names::{ByName, LabelNames, LabelsByName, OfTeam, ProjectNames, ProjectsByName};
use crate::team::{Life, Team, Teams};

/// A new label takes some seconds to be found by its name.
const LOOKS: [u64; 4] = [0, 500, 1_000, 2_000];

/// What a filter picks, by ids.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) team: Arc<Team>,
    states: BTreeSet<String>,
    /// Any of these; `None` for no matter which.
    labels: Option<BTreeSet<String>>,
    /// One of these; `None` for no matter which.
    projects: Option<BTreeSet<String>>,
}

impl Wanted {
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) for a name that there is not, with those that there are.
    pub(crate) async fn resolve(link: &Link, teams: &Teams, filter: &TicketFilter) -> Result<Self> {
        let key = filter.team.as_ref().or(link.config.team.as_ref());
        let Some(key) = key else {
            let text = "neither the filter nor the configuration names a team by its key";
            return Err(invalid("list tickets", "").because(text));
        };
        let team = teams.by_key(key).await?;
        let states = states(link, &team, filter)?;
        let labels = match &filter.label {
            Some(name) => Some(labels(link, &team, name).await?),
            None => None,
        };
        let projects = match &filter.project {
            Some(name) => Some(projects(link, name).await?),
            None => None,
        };
        Ok(Self {
            team,
            states,
            labels,
            projects,
        })
    }

    /// As an `IssueFilter`.
    pub(crate) fn filter(&self) -> Value {
        let mut filter = json!({
            "team": { "id": { "eq": self.team.id } },
            "state": { "id": { "in": self.states } },
        });
        if let Some(labels) = &self.labels {
            filter["labels"] = json!({ "some": { "id": { "in": labels } } });
        }
        if let Some(projects) = &self.projects {
            filter["project"] = json!({ "id": { "in": projects } });
        }
        filter
    }

    /// As an `IssueFilter`: everything of the team that changed since then.
    pub(crate) fn changed_since(&self, since: Timestamp) -> Value {
        json!({
            "team": { "id": { "eq": self.team.id } },
            "updatedAt": { "gte": since.to_string() },
        })
    }

    /// Whether the filter picks this issue.
    pub(crate) fn picks(&self, node: &IssueNode) -> bool {
        let life = Life::of(node.archived_at.as_deref(), node.trashed);
        let project = node.project.as_ref().map(|project| &project.id);
        let within = |ids: &BTreeSet<String>| project.is_some_and(|id| ids.contains(id));
        let wears = |ids: &BTreeSet<String>| node.label_ids.iter().any(|id| ids.contains(id));
        life == Life::Live
            && node.team.id == self.team.id
            && self.states.contains(&node.state.id)
            && self.labels.as_ref().is_none_or(wears)
            && self.projects.as_ref().is_none_or(within)
    }
}

fn states(link: &Link, team: &Team, filter: &TicketFilter) -> Result<BTreeSet<String>> {
    let unclear = |why| invalid("choose workflow states of team", &team.key).because(why);
    let mut states = BTreeSet::new();
    for status in &filter.status {
        let started = link.config.started_state.as_deref();
        let meant = team.meant_by(*status, started).map_err(unclear)?;
        states.extend(meant.iter().map(|state| state.id.clone()));
    }
    for name in &filter.states {
        states.insert(team.named(name).map_err(unclear)?.id.clone());
    }
    Ok(states)
}

async fn labels(link: &Link, team: &Team, name: &str) -> Result<BTreeSet<String>> {
    let failed = |error: CallError| failed(link, error, "find label", name);
    let variables = ByName {
        name: name.to_owned(),
    };
    for look in 0..LOOKS.len() {
        link.client.wait_for_look(&LOOKS, look).await;
        let found = link.client.read::<LabelsByName>(&variables).await;
        let found = found.map_err(failed)?.issue_labels.nodes.into_iter();
        let found: BTreeSet<_> = found.map(|label| label.id).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let variables = OfTeam {
        team: team.id.clone(),
    };
    let there = link.client.read::<LabelNames>(&variables).await;
    let there = there.map_err(failed)?.issue_labels;
    let names = there.nodes.into_iter().map(|label| label.name);
    Err(unknown(
        "find label",
        name,
        names.collect(),
        there.page_info.has_next_page,
    ))
}

async fn projects(link: &Link, name: &str) -> Result<BTreeSet<String>> {
    let failed = |error: CallError| failed(link, error, "find project", name);
    let variables = ByName {
        name: name.to_owned(),
    };
    let found = link.client.read::<ProjectsByName>(&variables).await;
    let found = found.map_err(failed)?.projects.nodes.into_iter();
    let found: BTreeSet<_> = found.map(|project| project.id).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let there = link.client.read::<ProjectNames>(&NoVariables {}).await;
    let there = there.map_err(failed)?.projects;
    let names = there.nodes.into_iter().map(|project| project.name);
    Err(unknown(
        "find project",
        name,
        names.collect(),
        there.page_info.has_next_page,
    ))
}

fn unknown(doing: &'static str, name: &str, mut there: Vec<String>, more: bool) -> Error {
    there.sort();
    there.dedup();
    let quoted: Vec<_> = there.iter().map(|name| format!("{name:?}")).collect();
    let names = match quoted.as_slice() {
        [] => "there is none at all".to_owned(),
        names => format!(
            "none has this name; there are {}",
            printable(&names.join(", "))
        ),
    };
    let more = if more { ", and more" } else { "" };
    invalid(doing, name).because(format!("{names}{more}"))
}

fn invalid(doing: &'static str, subject: &str) -> Error {
    Error::new(ErrorKind::Invalid, doing, printable(subject))
}

fn failed(link: &Link, error: CallError, doing: &'static str, name: &str) -> Error {
    error.during(doing, printable(name), link.client.now())
}
