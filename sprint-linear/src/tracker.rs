//! Tickets on Linear, as the port wants them.

mod history;
mod moving;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sprint_core::domain::config::TicketFilter;
use sprint_core::domain::evidence::{Comment, CommentRef, EvidenceMarker, Note};
use sprint_core::domain::reality::{Fetched, Moved, TicketReality};
use sprint_core::domain::ticket::TicketStatus;
use sprint_core::domain::verdict::LayerId;
use sprint_core::failure::ErrorKind;
use sprint_core::id::TicketId;
use sprint_core::ports::{BlobStore, Clock, Error, Result, Tracker};
use sprint_core::run::effect::EffectKey;
use sprint_core::run::proof::Proof;

use crate::budget::Budget;
use crate::call_error::{CallError, printable};
use crate::comments;
use crate::config::LinearConfig;
use crate::directory::Directory;
use crate::evidence::{self, Evidence, EvidenceFinding};
use crate::fetch;
use crate::ids::is_uuid;
use crate::link::Link;
use crate::reader::{Observed, Reader};
use crate::team::{Life, Teams};
use crate::tracker::moving::Target;
use crate::transport::Transport;

/// The tickets of a team on Linear.
///
/// What it promises is in [`Tracker`]; how it keeps that where Linear does not help:
///
/// - Reads lag behind writes. What was written is read back until it shows, for 15 seconds.
/// - Issues are known by their UUIDs. Identifiers change when an issue moves to another team; the
///   one that a ticket was known by stays good.
/// - Reads of single issues that are wanted at the same time go in one request.
/// - A deleted or archived issue is never revived.
///
/// Dropping a call leaves nothing half done that the same call does not finish.
pub struct LinearTracker {
    link: Arc<Link>,
    teams: Teams,
    reader: Reader,
    directory: Directory,
    outputs: Option<Arc<dyn BlobStore>>,
}

impl LinearTracker {
    /// A tracker that sends requests by `transport`, as far as `budget` has any left. Trackers of
    /// one user share a budget.
    pub fn new(
        config: LinearConfig,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        budget: Budget,
    ) -> Self {
        Self::over(Arc::new(Link::open(config, transport, clock, budget)))
    }

    pub(crate) fn over(link: Arc<Link>) -> Self {
        Self {
            teams: Teams::new(&link),
            reader: Reader::new(&link),
            directory: Directory::default(),
            outputs: None,
            link,
        }
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) const fn teams(&self) -> &Teams {
        &self.teams
    }

    /// The same tracker, which uploads raw outputs from `outputs` with the evidence.
    #[must_use]
    pub fn with_outputs(self, outputs: Arc<dyn BlobStore>) -> Self {
        Self {
            outputs: Some(outputs),
            ..self
        }
    }

    /// Tells that a ticket is the issue with this UUID, which saves a request.
    pub fn know(&self, id: &TicketId, uuid: &str) {
        self.directory.know(id, uuid);
    }

    /// Reads all evidence on a ticket with its files, and says what is wrong with it.
    ///
    /// # Errors
    ///
    /// If it cannot be read. That something is not there is a finding.
    pub async fn check_evidence(&self, id: &TicketId) -> Result<Vec<EvidenceFinding>> {
        const DOING: &str = "check evidence of ticket";
        let uuid = self.uuid(id, DOING).await?;
        let found = evidence::check(&self.link, &uuid).await;
        found.map_err(|error| self.failed(error, DOING, id))
    }

    /// Puts something off that the allowance has no room for at the moment.
    fn begin(&self, doing: &'static str, id: &TicketId) -> Result<()> {
        let may = self.link.client.begin(doing);
        may.map_err(|error| self.failed(error, doing, id))
    }

    /// The issue of a ticket.
    async fn uuid(&self, id: &TicketId, doing: &'static str) -> Result<String> {
        if let Some(uuid) = self.directory.uuid(id) {
            return Ok(uuid);
        }
        let none = |why: String| Error::new(ErrorKind::NotFound, doing, id.as_str()).because(why);
        if is_uuid(id.as_str()) {
            // Linear would answer with that issue, and it would be known by two ids.
            return Err(none("it is not the identifier of an issue".to_owned()));
        }
        let read = self.reader.by_identifier(id.as_str()).await;
        let observed = read.map_err(|error| self.failed(error, doing, id))?;
        let mut names = observed.previous.iter().chain([&observed.identifier]);
        if !names.any(|name| name == id.as_str()) {
            let other = printable(&observed.identifier);
            return Err(none(format!("Linear answers with issue {other}")));
        }
        self.directory
            .learn(&observed.id, &observed.identifier, &observed.previous);
        self.directory.know(id, &observed.id);
        Ok(observed.id.clone())
    }

    /// The issue of a ticket as it is now.
    async fn observed(&self, id: &TicketId, doing: &'static str) -> Result<Arc<Observed>> {
        let uuid = self.uuid(id, doing).await?;
        let read = self.reader.recent(&uuid).await;
        let observed = read.map_err(|error| self.failed(error, doing, id))?;
        let (now, previous) = (&observed.identifier, &observed.previous);
        self.directory.learn(&observed.id, now, previous);
        Ok(observed)
    }

    fn status(&self, issue: &Observed, doing: &'static str, id: &TicketId) -> Result<TicketStatus> {
        let unknown = |why| Error::new(ErrorKind::Invalid, doing, id.as_str()).because(why);
        issue.status().map_err(unknown)
    }

    fn failed(&self, error: CallError, doing: &'static str, id: &TicketId) -> Error {
        error.during(doing, id.as_str(), self.link.client.now())
    }

    /// Posts a note and remembers that it has to show.
    async fn post(&self, uuid: &str, key: &EffectKey, note: &Note) -> Result<()> {
        let posted = comments::post_note(&self.link, uuid, key, &note.body).await?;
        self.reader.posted(uuid, &posted.0);
        Ok(())
    }
}

/// Refuses what can no longer be worked on.
fn live(issue: &Observed, doing: &'static str, id: &TicketId) -> Result<()> {
    let refused = |kind, why| Err(Error::new(kind, doing, id.as_str()).because(why));
    match issue.life {
        Life::Live => Ok(()),
        Life::Trashed => refused(ErrorKind::NotFound, "the issue was deleted"),
        Life::Archived => refused(
            ErrorKind::Invalid,
            "the issue is archived; restore it first",
        ),
    }
}

#[async_trait]
impl Tracker for LinearTracker {
    async fn tickets(&self, filter: &TicketFilter) -> Result<Fetched> {
        fetch::tickets(&self.link, &self.teams, &self.directory, filter).await
    }

    async fn reality(&self, id: &TicketId) -> Result<TicketReality> {
        const DOING: &str = "read ticket";
        let issue = self.observed(id, DOING).await?;
        Ok(TicketReality {
            status: self.status(&issue, DOING, id)?,
            evidence: markers(&issue),
        })
    }

    async fn comments(&self, id: &TicketId) -> Result<Vec<Comment>> {
        let issue = self.observed(id, "read comments of ticket").await?;
        let there = issue.comments.iter().filter(|comment| !comment.archived);
        Ok(there.cloned().map(|c| c.into_comment()).collect())
    }

    async fn start(&self, id: &TicketId, _: &EffectKey) -> Result<()> {
        const DOING: &str = "start ticket";
        self.begin(DOING, id)?;
        let issue = self.observed(id, DOING).await?;
        live(&issue, DOING, id)?;
        match self.status(&issue, DOING, id)? {
            TicketStatus::Todo => self.move_to(issue, Target::Started, DOING, id).await,
            TicketStatus::InProgress | TicketStatus::Done | TicketStatus::Cancelled => Ok(()),
        }
    }

    async fn post_evidence(
        &self,
        proof: &Proof,
        comment: &str,
        key: &EffectKey,
    ) -> Result<CommentRef> {
        const DOING: &str = "post evidence on ticket";
        self.begin(DOING, proof.ticket())?;
        let uuid = self.uuid(proof.ticket(), DOING).await?;
        let mechanical = proof.verdicts().get(&LayerId::Mechanical);
        let evidence = Evidence {
            key,
            marker: proof.marker(),
            runs: mechanical.map_or(&[], |verdict| &verdict.runs),
            comment,
        };
        let posted = evidence::post(&self.link, &uuid, evidence, self.outputs.as_ref()).await?;
        self.reader.posted(&uuid, &posted.0);
        Ok(posted)
    }

    async fn close(&self, proof: &Proof, _: &EffectKey) -> Result<()> {
        const DOING: &str = "close ticket";
        let id = proof.ticket();
        self.begin(DOING, id)?;
        let issue = self.observed(id, DOING).await?;
        // Whoever moved it on from Done, to Released perhaps, knows better.
        if issue.status() == Ok(TicketStatus::Done) {
            return Ok(());
        }
        live(&issue, DOING, id)?;
        self.move_to(issue, Target::Done, DOING, id).await
    }

    async fn reopen(&self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()> {
        const DOING: &str = "reopen ticket";
        self.begin(DOING, id)?;
        let issue = self.observed(id, DOING).await?;
        let uuid = issue.id.clone();
        let name = key.to_string();
        let mut comments = issue.comments.iter();
        if comments.any(|comment| comment.key() == Some(&name)) {
            return Ok(());
        }
        live(&issue, DOING, id)?;
        if issue.status() == Ok(TicketStatus::Done) {
            self.move_to(issue, Target::Started, DOING, id).await?;
        }
        self.post(&uuid, key, note).await
    }

    async fn comment(&self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()> {
        const DOING: &str = "comment on ticket";
        self.begin(DOING, id)?;
        let uuid = self.uuid(id, DOING).await?;
        self.post(&uuid, key, note).await
    }

    async fn moved(&self, id: &TicketId) -> Result<Option<Moved>> {
        self.moved_out(id).await
    }
}

/// What the evidence on an issue that we posted is about, oldest first.
fn markers(issue: &Observed) -> Vec<EvidenceMarker> {
    let there = issue.comments.iter().filter(|comment| !comment.archived);
    there.filter_map(|comment| comment.marker()).collect()
}

impl fmt::Display for LinearTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.link.config.team {
            Some(team) => write!(f, "Linear team {}", printable(team)),
            None => f.write_str("Linear"),
        }
    }
}

impl fmt::Debug for LinearTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinearTracker")
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod scenarios;
