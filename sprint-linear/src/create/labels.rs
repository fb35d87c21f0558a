//! Labels: found by name, else created. Never deleted, for others may wear them by now.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sprint_core::failure::ErrorKind;
use sprint_core::ports;

use crate::call_error::{CallError, Problem, printable};
use crate::client::Client;
use crate::create::building::{Building, proven};
use crate::create::journal::{State, What};
use crate::once::{Creation, Found, LOOKS};
use crate::ops::plan::labels::{
    Input, Label, ListVariables, PlanLabel, PlanLabelCreate, PlanLabels,
};
use crate::ops::{ById, Create, Operation as _};
use crate::pages::Pages;

/// Labels on a page.
const PAGE: u32 = 250;

/// Sees to it that every label is there.
pub(super) async fn build(building: &Building<'_>) -> ports::Result<()> {
    let open: Vec<_> = {
        let book = building.book();
        let open = |entry: &crate::create::journal::Entry| {
            matches!(entry.what, What::Label { .. }) && !entry.is_there()
        };
        book.journal.find(open)
    };
    if open.is_empty() {
        return Ok(());
    }
    let known = all(building.client, &building.place.team).await;
    let known = known.map_err(|error| building.failed(error, "read", "the labels"))?;
    for at in open {
        one(building, &known, at).await?;
    }
    Ok(())
}

async fn one(
    building: &Building<'_>,
    known: &BTreeMap<String, Label>,
    at: usize,
) -> ports::Result<()> {
    let What::Label { name } = building.book().journal.entries[at].what.clone() else {
        return Ok(());
    };
    if let Some(label) = known.get(&name.to_lowercase()) {
        return found(building, at, label);
    }
    let creation = LabelCreation {
        building,
        at,
        name: &name,
    };
    let Err(error) = proven(building, &creation, at).await else {
        building.set(at, State::Confirmed);
        return Ok(());
    };
    // Lists of labels lag, so there may be one of this name that was not listed: by somebody
    // else, or under an id of ours from before.
    if matches!(error.problem, Problem::Invalid | Problem::Conflict) {
        for look in 0..LOOKS.len() {
            building.client.wait_for_look(&LOOKS, look).await;
            let known = all(building.client, &building.place.team).await;
            let known = known.map_err(|error| building.failed(error, "read", "the labels"))?;
            if let Some(label) = known.get(&name.to_lowercase()) {
                return found(building, at, label);
            }
        }
    }
    Err(building.failed(error, "create label", printable(&name)))
}

fn found(building: &Building<'_>, at: usize, label: &Label) -> ports::Result<()> {
    let unfit = if label.is_group {
        Some("it is a group of labels, which no issue can wear; use another name")
    } else if label.retired_at.is_some() {
        Some("it is retired; restore it, or use another name")
    } else {
        None
    };
    if let Some(why) = unfit {
        let name = printable(&label.name);
        return Err(ports::Error::new(ErrorKind::Invalid, "use label", name).because(why));
    }
    let mut book = building.book();
    let entry = &mut book.journal.entries[at];
    entry.state = match entry.id == label.id {
        true => State::Confirmed,
        false => State::Found,
    };
    entry.id.clone_from(&label.id);
    drop(book);
    Ok(())
}

/// The labels that issues of a team can wear, by name in lower case.
pub(super) async fn all(client: &Client, team: &str) -> Result<BTreeMap<String, Label>, CallError> {
    let (mut labels, mut pages, mut after) = (Vec::new(), Pages::new(PlanLabels::NAME), None);
    loop {
        let variables = ListVariables {
            team: team.to_owned(),
            first: PAGE,
            after,
        };
        let page = client.read::<PlanLabels>(&variables).await?.issue_labels;
        labels.extend(page.nodes);
        after = pages.next(&page.page_info)?;
        if after.is_none() {
            break;
        }
    }
    let by_name = |label: Label| (label.name.to_lowercase(), label);
    Ok(labels.into_iter().map(by_name).collect())
}

struct LabelCreation<'a, 'b> {
    building: &'a Building<'b>,
    at: usize,
    name: &'a str,
}

#[async_trait]
impl Creation for LabelCreation<'_, '_> {
    type Entity = ();

    async fn id(&self, epoch: u32) -> Result<String, CallError> {
        self.building.sending(self.at, epoch)
    }

    async fn send(&self, id: &str) -> Result<(), CallError> {
        let input = Input {
            id: id.to_owned(),
            name: self.name.to_owned(),
            team_id: self.building.place.team.clone(),
        };
        let variables = Create { input };
        let call = self.building.client.call::<PlanLabelCreate>(&variables);
        let answer = call.await?.issue_label_create;
        match answer.issue_label {
            Some(label) if answer.success && label.id == id => Ok(()),
            _ => Err(not_applied("PlanLabelCreate")),
        }
    }

    async fn look(&self, id: &str) -> Result<Option<Found<()>>, CallError> {
        let client = self.building.client;
        let found = client.find::<PlanLabel>(&ById::new(id)).await?;
        Ok(found.map(|data| {
            let label = data.issue_label;
            if label.archived_at.is_some() {
                Found::Burnt
            } else if label.name.to_lowercase() == self.name.to_lowercase() {
                Found::Ours(())
            } else {
                Found::Foreign(format!("the label {}", printable(&label.name)))
            }
        }))
    }
}

/// The error of an answer that says that nothing was done, or leaves out what.
pub(super) fn not_applied(operation: &'static str) -> CallError {
    CallError::new(operation, Problem::NotApplied, "")
}
