//! Building a plan on Linear, and taking it back exactly.
//!
//! A plan is many requests, and any of them may be lost, refused, or carried out without an
//! answer. So everything that is going to be created has an id before anything is sent, ids are
//! derived from the plan, and a journal says which of them may be there. After any interruption
//! the same call goes on: what is there is found under its id, and what is not is sent.
//!
//! | Step | Requests |
//! | --- | --- |
//! | labels | one for each that is not there by name, whatever its case |
//! | project | one |
//! | tickets | one for up to 50; parents before their children |
//! | relations | one each, from the ticket that blocks to the one that is blocked |
//! | verify | one for up to 50 tickets |
//!
//! Nothing is known as ours by its label, its title or its age: only by its id in the journal and
//! the machine line in its text. [`Plans::take_back`] touches nothing else, and of that only what
//! nobody has worked on since.

mod building;
mod issues;
mod journal;
mod journal_store;
mod labels;
mod mark;
mod place;
mod preview;
mod project;
mod read;
mod relations;
mod rollback;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sprint_core::domain::draft::{CheckedDraft, PlanDraft};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BlobId, DraftKey, TicketId};
use sprint_core::ports::{self, Clock};

use crate::budget::{Budget, LONGEST};
use crate::config::LinearConfig;
use crate::create::building::Building;
use crate::create::journal::{Book, Journal, What};
use crate::create::place::Place;
use crate::link::Link;
use crate::transport::Transport;

pub use journal_store::{FileJournal, JournalStore, MemoryJournal};
pub use preview::{Collision, PlannedOperation, Preview};
pub use rollback::{Survivor, TakenBack, Why};
pub use verify::{Difference, Finding};

/// Builds plans in a team, and takes them back.
///
/// What is created has ids that are derived from the plan, and a journal says before each request
/// which of them may be there. So after any interruption the same call goes on, and creates
/// nothing twice. One call at a time for one journal.
#[derive(Clone, Debug)]
pub struct Plans {
    link: Arc<Link>,
}

/// A plan that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedPlan {
    /// Its tickets.
    pub tickets: BTreeMap<DraftKey, CreatedTicket>,
    /// Its project, if it has one.
    pub project: Option<CreatedProject>,
    /// What is not as the plan says, although everything was created: somebody, or an automation
    /// of the team, has changed it since.
    pub findings: Vec<Finding>,
}

/// A ticket that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedTicket {
    /// The identifier that people use.
    pub id: TicketId,
    /// Linear's own id, which stays when the identifier changes.
    pub uuid: String,
    /// Where people see it.
    pub url: String,
}

/// A project that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedProject {
    /// Linear's id.
    pub uuid: String,
    /// Where people see it.
    pub url: String,
}

impl Plans {
    /// Plans in the team that `config` names. Nothing is sent yet.
    pub fn new(
        config: LinearConfig,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        budget: Budget,
    ) -> Self {
        let link = Link::open(config, transport, clock, budget);
        // Holds are waited out as long as they are ever told: it takes longer to find out what
        // became of a plan than to let it be finished.
        Self {
            link: Arc::new(link.patient(LONGEST)),
        }
    }

    /// What [`create`](Self::create) would do, without writing anything, at Linear or here.
    ///
    /// # Errors
    ///
    /// If the team cannot be used, the journal is of something else, or Linear cannot be asked.
    pub async fn preview(
        &self,
        draft: &CheckedDraft,
        journal: &mut dyn JournalStore,
    ) -> ports::Result<Preview> {
        let place = Place::ask(&self.link).await?;
        let book = Book::open(journal, &place, draft)?;
        preview::preview(&self.link.client, &place, draft, &book.journal).await
    }

    /// Creates the plan, or goes on creating it: everything is there exactly once after `Ok`,
    /// however often this was interrupted.
    ///
    /// # Errors
    ///
    /// Whatever the error is, the journal says what may be there; the same call goes on from it,
    /// and [`take_back`](Self::take_back) removes it. Nothing is begun if Linear allows less than
    /// twice the requests that are needed. `RateLimited` tells when to go on. `Invalid` needs a
    /// person: the plan of the workspace allows no more, a ticket is refused, or the journal is of
    /// something else.
    pub async fn create(
        &self,
        draft: &CheckedDraft,
        journal: &mut dyn JournalStore,
    ) -> ports::Result<CreatedPlan> {
        let client = &self.link.client;
        let place = Place::ask(&self.link).await?;
        let mut book = Book::open(journal, &place, draft)?;
        preview::affordable(client, draft, &book.journal)?;
        book.save()?;
        let building = Building::new(client, &place, draft, book);
        let built = build(&building).await;
        let saved = building.save();
        let findings = built.map_err(|error| {
            let error = Interrupted(error);
            let subject = draft.plan().problem.as_str();
            ports::Error::new(error.0.kind(), "create the plan for", subject).because(error)
        })?;
        saved?;
        created(&building.book().journal, findings)
    }

    /// Takes back what a journal says that we made and nobody has touched since; what stays is in
    /// the answer. A later call goes on with that. Labels stay.
    ///
    /// # Errors
    ///
    /// If there is no journal, it is of something else, or Linear cannot be asked what is there.
    pub async fn take_back(&self, journal: &mut dyn JournalStore) -> ports::Result<TakenBack> {
        let place = Place::ask(&self.link).await?;
        let book = Book::reopen(journal, &place)?;
        rollback::take_back(&self.link.client, &place, book).await
    }
}

async fn build(building: &Building<'_>) -> ports::Result<Vec<Finding>> {
    labels::build(building).await?;
    project::build(building).await?;
    issues::build(building).await?;
    let sent = relations::build(building).await?;
    building.save()?;
    let findings = verify::check(building).await?;
    if !relations::doubt(building, &sent, &findings) {
        return Ok(findings);
    }
    relations::build(building).await?;
    verify::check(building).await
}

fn created(journal: &Journal, findings: Vec<Finding>) -> ports::Result<CreatedPlan> {
    let mut plan = CreatedPlan {
        tickets: BTreeMap::new(),
        project: None,
        findings,
    };
    for entry in &journal.entries {
        let (uuid, shown) = (entry.id.clone(), entry.shown.as_ref());
        let url = shown.map(|shown| shown.url.clone()).unwrap_or_default();
        match &entry.what {
            What::Ticket { key, .. } => {
                let name = shown.map(|shown| shown.name.as_str()).unwrap_or_default();
                let id = TicketId::new(name).map_err(|error| {
                    let doing = "read the identifier of ticket";
                    ports::Error::new(ErrorKind::Invalid, doing, key.as_str()).because(error)
                })?;
                let ticket = CreatedTicket { id, uuid, url };
                plan.tickets.insert(key.clone(), ticket);
            }
            What::Project => plan.project = Some(CreatedProject { uuid, url }),
            What::Label { .. } | What::Relation { .. } => {}
        }
    }
    Ok(plan)
}

/// SHA-256 of a plan, in hexadecimal.
fn digest(plan: &PlanDraft) -> String {
    let json = serde_json::to_vec(plan).expect("plans are plain data");
    BlobId::of(&json).to_string()
}

/// Why a plan is not complete, and what to do about it.
#[derive(Debug)]
struct Interrupted(ports::Error);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what was created is in the journal: go on with it later, or take it back")
    }
}

impl std::error::Error for Interrupted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
