//! Which ticket blocks which: one relation each, from the blocker to the blocked.

use async_trait::async_trait;
use sprint_core::failure::ErrorKind;
use sprint_core::ports;

use crate::call_error::{CallError, Problem};
use crate::create::building::{Building, stops};
use crate::create::journal::{State, What};
use crate::create::labels::not_applied;
use crate::create::read::{self, BLOCKS};
use crate::create::verify::{Difference, Finding};
use crate::once::{Creation, Found, LOOKS, once};
use crate::ops::Create;
use crate::ops::plan::relations::{Input, PlanRelationCreate, Relation};

/// Sees to it that every relation is there; returns the entries of those that were sent now.
pub(super) async fn build(building: &Building<'_>) -> ports::Result<Vec<usize>> {
    let mut sent = Vec::new();
    let all = building
        .book()
        .journal
        .find(|entry| matches!(entry.what, What::Relation { .. }));
    for at in all {
        prepare(building, at).await?;
        if !building.book().journal.entries[at].is_there() {
            build_one(building, at).await?;
            sent.push(at);
        }
    }
    complete(building)?;
    Ok(sent)
}

/// Of relations that were `sent` now, those that the findings say are missing are taken to be not
/// there after all. Whether there are any.
pub(super) fn doubt(building: &Building<'_>, sent: &[usize], findings: &[Finding]) -> bool {
    let mut book = building.book();
    let mut any = false;
    for at in sent {
        let entry = &mut book.journal.entries[*at];
        let What::Relation { blocker, blocked } = &entry.what else {
            continue;
        };
        let difference = Difference::Blocker(blocker.clone());
        let missing = |finding: &Finding| {
            finding.ticket.as_ref() == Some(blocked) && finding.difference == difference
        };
        if entry.state == State::Confirmed && findings.iter().any(missing) {
            entry.state = State::Sent;
            any = true;
        }
    }
    any
}

/// Brings an entry that was there, or may be, to what can be gone on from.
async fn prepare(building: &Building<'_>, at: usize) -> ports::Result<()> {
    let leaving = {
        let mut book = building.book();
        let entry = &book.journal.entries[at];
        let derived = book.journal.derived(&entry.what, entry.epoch);
        if entry.state != State::Found && entry.id != derived {
            // One of its issues had to be made anew.
            book.at_epoch(at, 0);
            book.journal.entries[at].state = State::Planned;
        }
        if book.journal.entries[at].state == State::TakenBack {
            book.renew(at);
        }
        book.journal.entries[at].state == State::Leaving
    };
    if !leaving {
        return Ok(());
    }
    // A relation that was deleted is not there, and keeps its id.
    for look in 0..LOOKS.len() {
        building.client.wait_for_look(&LOOKS, look).await;
        let found = read::relation(building.client, &building.id(at)).await;
        let found = found.map_err(|error| building.failed(error, "read", "a relation"))?;
        if found.is_some() {
            building.set(at, State::Confirmed);
            return Ok(());
        }
    }
    building.book().renew(at);
    Ok(())
}

async fn build_one(building: &Building<'_>, at: usize) -> ports::Result<()> {
    let (ends, epoch, doubtful) = {
        let book = building.book();
        let entry = &book.journal.entries[at];
        let What::Relation { blocker, blocked } = &entry.what else {
            return Ok(());
        };
        let id = |key| {
            book.journal
                .ticket(key)
                .map(|at| book.journal.entries[at].id.clone())
        };
        let (Some(blocker), Some(blocked)) = (id(blocker), id(blocked)) else {
            return Ok(());
        };
        (Ends { blocker, blocked }, entry.epoch, entry.is_doubtful())
    };
    let creation = RelationCreation {
        building,
        at,
        ends: &ends,
    };
    let error = match once(building.client, &creation, epoch, doubtful).await {
        Ok(created) => {
            settled(building, at, created.entity);
            return Ok(());
        }
        Err(error) => error,
    };
    let (stop, refused) = (stops(error.problem), error.problem == Problem::Invalid);
    let why = error.to_string();
    let error = building.failed(error, "create", subject(building, at));
    if stop || error.kind() == ErrorKind::Fatal {
        return Err(error);
    }
    // Somebody may have related the two already.
    if refused {
        let there = read::blockers(building.client, &ends.blocked).await;
        let there = there.map_err(|error| building.failed(error, "read", "blockers"))?;
        let same = |relation: &&crate::ops::plan::issues::Blocker| {
            relation.r#type == BLOCKS && relation.issue.id == ends.blocker
        };
        if let Some(relation) = there.iter().find(same) {
            settled(building, at, relation.id.clone());
            return Ok(());
        }
    }
    building.set(at, State::Failed { why });
    Ok(())
}

/// Notes that the relation is there under this id.
fn settled(building: &Building<'_>, at: usize, id: String) {
    let mut book = building.book();
    let entry = &mut book.journal.entries[at];
    entry.state = match entry.id == id {
        true => State::Confirmed,
        false => State::Found,
    };
    entry.id = id;
}

fn subject(building: &Building<'_>, at: usize) -> String {
    match &building.book().journal.entries[at].what {
        What::Relation { blocker, blocked } => format!("relation: {blocker} blocks {blocked}"),
        What::Label { .. } | What::Project | What::Ticket { .. } => String::new(),
    }
}

/// An error that names what could not be created, if there is anything.
fn complete(building: &Building<'_>) -> ports::Result<()> {
    let book = building.book();
    let failed = book
        .journal
        .entries
        .iter()
        .find_map(|entry| match (&entry.what, &entry.state) {
            (What::Relation { blocker, blocked }, State::Failed { why }) => {
                Some((format!("relation: {blocker} blocks {blocked}"), why.clone()))
            }
            _ => None,
        });
    drop(book);
    failed.map_or(Ok(()), |(subject, why)| {
        Err(ports::Error::new(ErrorKind::Invalid, "create", subject).because(why))
    })
}

/// The issues of a relation, by id.
struct Ends {
    blocker: String,
    blocked: String,
}

struct RelationCreation<'a, 'b> {
    building: &'a Building<'b>,
    at: usize,
    ends: &'a Ends,
}

impl RelationCreation<'_, '_> {
    fn is_it(&self, relation: &Relation) -> bool {
        relation.r#type == BLOCKS
            && relation.issue.id == self.ends.blocker
            && relation.related_issue.id == self.ends.blocked
    }
}

#[async_trait]
impl Creation for RelationCreation<'_, '_> {
    /// Its id.
    type Entity = String;

    async fn id(&self, epoch: u32) -> Result<String, CallError> {
        self.building.sending(self.at, epoch)
    }

    async fn send(&self, id: &str) -> Result<String, CallError> {
        let input = Input {
            id: id.to_owned(),
            issue_id: self.ends.blocker.clone(),
            related_issue_id: self.ends.blocked.clone(),
            r#type: BLOCKS,
        };
        let variables = Create { input };
        let call = self.building.client.call::<PlanRelationCreate>(&variables);
        let answer = call.await?.issue_relation_create;
        match answer.issue_relation {
            Some(relation) if answer.success && self.is_it(&relation) => Ok(relation.id),
            _ => Err(not_applied("PlanRelationCreate")),
        }
    }

    async fn look(&self, id: &str) -> Result<Option<Found<String>>, CallError> {
        let found = read::relation(self.building.client, id).await?;
        Ok(found.map(|relation| match self.is_it(&relation) {
            true => Found::Ours(relation.id),
            false => Found::Foreign("a relation of other issues".into()),
        }))
    }
}
