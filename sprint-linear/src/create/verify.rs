//! Reading everything back and comparing it with the plan.

use std::collections::BTreeMap;
use std::fmt;

use sprint_core::id::DraftKey;
use sprint_core::ports;

use crate::call_error::{CallError, printable};
use crate::create::building::Building;
use crate::create::issues::BATCH;
use crate::create::journal::{Journal, Shown, What};
use crate::create::{project, read};
use crate::once::LOOKS;
use crate::ops::plan::issues::Issue;

/// Something at Linear that is not as the plan says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The ticket; `None` for the project.
    pub ticket: Option<DraftKey>,
    /// How it differs.
    pub difference: Difference,
}

/// How something differs from the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// It cannot be found.
    Missing,
    /// It is in the trash or archived.
    Deleted,
    /// Its text does not end in the line by which we know it.
    Unmarked,
    /// It is in another team.
    Team,
    /// It is in another project, or in none.
    Project,
    /// It has another parent, or none.
    Parent,
    /// It is in this state.
    State(String),
    /// It lacks this label.
    Label(String),
    /// It is not blocked by this ticket.
    Blocker(DraftKey),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ticket {
            Some(key) => write!(f, "ticket {key} ")?,
            None => f.write_str("the project ")?,
        }
        match &self.difference {
            Difference::Missing => f.write_str("cannot be found"),
            Difference::Deleted => f.write_str("is deleted or archived"),
            Difference::Unmarked => f.write_str("lacks the line by which it is known as ours"),
            Difference::Team => f.write_str("is in another team"),
            Difference::Project => f.write_str("is not in the project of the plan"),
            Difference::Parent => f.write_str("is not below the parent of the plan"),
            Difference::State(state) => write!(f, "is in state {state} already"),
            Difference::Label(label) => write!(f, "lacks the label {label}"),
            Difference::Blocker(key) => write!(f, "is not blocked by {key}"),
        }
    }
}

/// What differs, after reads have had the time to catch up with what was written.
pub(super) async fn check(building: &Building<'_>) -> ports::Result<Vec<Finding>> {
    let tickets = building
        .book()
        .journal
        .find(|entry| matches!(entry.what, What::Ticket { .. }));
    let mut findings = project(building).await?;
    for batch in tickets.chunks(BATCH) {
        findings.extend(check_batch(building, batch).await?);
    }
    Ok(findings)
}

async fn project(building: &Building<'_>) -> ports::Result<Vec<Finding>> {
    let of_project = building
        .book()
        .journal
        .find(|entry| entry.what == What::Project);
    let mut findings = Vec::new();
    for at in of_project {
        for look in 0..LOOKS.len() {
            building.client.wait_for_look(&LOOKS, look).await;
            let found = project::read(building.client, &building.id(at), 1, None).await;
            let found = found.map_err(|error| building.failed(error, "verify", "the project"))?;
            let journal = &building.book().journal;
            let difference = match found {
                None => Some(Difference::Missing),
                Some(project) if !project.is_live() => Some(Difference::Deleted),
                Some(project) => {
                    let marked = journal.marks(&journal.entries[at], project.content.as_deref());
                    (!marked).then_some(Difference::Unmarked)
                }
            };
            let ticket = None;
            findings = difference
                .map(|difference| Finding { ticket, difference })
                .into_iter()
                .collect();
            if findings.is_empty() {
                break;
            }
        }
    }
    Ok(findings)
}

async fn check_batch(building: &Building<'_>, batch: &[usize]) -> ports::Result<Vec<Finding>> {
    let failed = |error: CallError| building.failed(error, "verify", "the tickets");
    let mut findings = Vec::new();
    for look in 0..LOOKS.len() {
        building.client.wait_for_look(&LOOKS, look).await;
        let ids: Vec<_> = batch.iter().map(|at| building.id(*at)).collect();
        let mut found = read::issues(building.client, ids.clone())
            .await
            .map_err(failed)?;
        if look + 1 == LOOKS.len() {
            // Lists lag more than reads by id.
            for id in ids
                .iter()
                .filter(|id| !found.contains_key(*id))
                .cloned()
                .collect::<Vec<_>>()
            {
                let issue = read::issue(building.client, &id).await.map_err(failed)?;
                found.extend(issue.map(|issue| (id, issue)));
            }
        }
        let mut blockers = BTreeMap::new();
        for issue in found.values() {
            let all = read::targeted(building.client, issue)
                .await
                .map_err(failed)?;
            let all = all
                .into_iter()
                .filter(|relation| relation.r#type == read::BLOCKS);
            blockers.insert(
                issue.id.clone(),
                all.map(|relation| relation.issue.id).collect(),
            );
        }
        let mut book = building.book();
        findings.clear();
        for at in batch {
            let issue = found.get(&book.journal.entries[*at].id);
            findings.extend(differences(building, &book.journal, *at, issue, &blockers));
            if let Some(issue) = issue {
                book.journal.entries[*at].shown = Some(Shown {
                    name: issue.identifier.clone(),
                    url: issue.url.clone(),
                });
            }
        }
        if findings.is_empty() {
            break;
        }
    }
    Ok(findings)
}

fn differences(
    building: &Building<'_>,
    journal: &Journal,
    at: usize,
    issue: Option<&Issue>,
    blockers: &BTreeMap<String, Vec<String>>,
) -> Vec<Finding> {
    let What::Ticket { key, parent } = &journal.entries[at].what else {
        return Vec::new();
    };
    let finding = |difference| Finding {
        ticket: Some(key.clone()),
        difference,
    };
    let Some(issue) = issue else {
        return vec![finding(Difference::Missing)];
    };
    if !issue.is_live() {
        return vec![finding(Difference::Deleted)];
    }
    let id_of = |at: usize| &journal.entries[at].id;
    let mut different = Vec::new();
    if !journal.marks(&journal.entries[at], issue.description.as_deref()) {
        different.push(Difference::Unmarked);
    }
    if issue.team.id != journal.team {
        different.push(Difference::Team);
    }
    let project = journal.find(|entry| entry.what == What::Project);
    let project = project.first().copied().map(id_of);
    if issue.project.as_ref().map(|project| &project.id) != project {
        different.push(Difference::Project);
    }
    let parent = parent
        .as_ref()
        .and_then(|key| journal.ticket(key))
        .map(id_of);
    if issue.parent.as_ref().map(|parent| &parent.id) != parent {
        different.push(Difference::Parent);
    }
    if issue.state.id != journal.state {
        different.push(Difference::State(printable(&issue.state.name)));
    }
    let draft = building
        .draft
        .plan()
        .tickets
        .iter()
        .find(|draft| draft.key == *key);
    let wanted = draft
        .map(|draft| building.draft.labels(draft))
        .unwrap_or_default();
    for label in wanted {
        let of_name = |name: &str| name.to_lowercase() == label.to_lowercase();
        let of_name =
            journal.find(|entry| matches!(&entry.what, What::Label { name } if of_name(name)));
        if !of_name
            .into_iter()
            .any(|at| issue.label_ids.contains(id_of(at)))
        {
            different.push(Difference::Label(label.to_owned()));
        }
    }
    let there = blockers
        .get(&issue.id)
        .map(Vec::as_slice)
        .unwrap_or_default();
    for blocker in draft.into_iter().flat_map(|draft| &draft.blocked_by) {
        let id = journal.ticket(blocker).map(id_of);
        if !id.is_some_and(|id| there.contains(id)) {
            different.push(Difference::Blocker(blocker.clone()));
        }
    }
    different.into_iter().map(finding).collect()
}
