//! Tickets in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::domain::config::TicketFilter;
use crate::domain::evidence::{Author, Comment, CommentRef, EvidenceMarker, Note};
use crate::domain::reality::{Fetched, TicketReality};
use crate::domain::selection::select;
use crate::domain::ticket::{Ticket, TicketStatus};
use crate::failure::ErrorKind;
use crate::id::TicketId;
use crate::memory::locked;
use crate::ports::{Error, Result, Tracker};
use crate::run::effect::EffectKey;
use crate::run::proof::Proof;

/// Keeps tickets until the last clone is dropped.
#[derive(Clone, Debug, Default)]
pub struct MemoryTracker {
    stored: Arc<Mutex<Stored>>,
}

#[derive(Debug, Default)]
struct Stored {
    tickets: BTreeMap<TicketId, Ticket>,
    /// Texts by ticket, with their keys, in order.
    comments: BTreeMap<TicketId, Vec<(String, String)>>,
}

impl MemoryTracker {
    /// A tracker with these tickets.
    pub fn new(tickets: impl IntoIterator<Item = Ticket>) -> Self {
        let tracker = Self::default();
        for ticket in tickets {
            tracker.put(ticket);
        }
        tracker
    }

    /// Adds a ticket, or edits it as a person would.
    pub fn put(&self, ticket: Ticket) {
        locked(&self.stored)
            .tickets
            .insert(ticket.id.clone(), ticket);
    }

    /// Deletes a ticket as a person would.
    pub fn remove(&self, id: &TicketId) {
        locked(&self.stored).tickets.remove(id);
    }

    /// A ticket as it is now.
    pub fn ticket(&self, id: &TicketId) -> Option<Ticket> {
        locked(&self.stored).tickets.get(id).cloned()
    }
}

impl Stored {
    fn ticket(&mut self, id: &TicketId) -> Result<&mut Ticket> {
        let missing = || Error::new(ErrorKind::NotFound, "find ticket", id.as_str());
        self.tickets.get_mut(id).ok_or_else(missing)
    }

    /// Posts once per key; says whether it did so now.
    fn post(&mut self, id: &TicketId, key: &EffectKey, text: &str) -> bool {
        let comments = self.comments.entry(id.clone()).or_default();
        let key = key.to_string();
        let new = comments.iter().all(|(posted, _)| *posted != key);
        if new {
            comments.push((key, text.to_owned()));
        }
        new
    }
}

impl fmt::Display for MemoryTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tickets in memory")
    }
}

#[async_trait]
impl Tracker for MemoryTracker {
    async fn tickets(&self, filter: &TicketFilter) -> Result<Fetched> {
        let refused = |why| Error::new(ErrorKind::Invalid, "list", "tickets").because(why);
        filter.without_names().map_err(refused)?;
        Ok(Fetched {
            tickets: select(&locked(&self.stored).tickets, filter),
            malformed: Vec::new(),
        })
    }

    async fn reality(&self, id: &TicketId) -> Result<TicketReality> {
        let mut stored = locked(&self.stored);
        let status = stored.ticket(id)?.status;
        let comments = stored.comments.get(id).into_iter().flatten();
        Ok(TicketReality {
            status,
            evidence: comments
                .filter_map(|(_, text)| EvidenceMarker::find(text))
                .collect(),
        })
    }

    async fn comments(&self, id: &TicketId) -> Result<Vec<Comment>> {
        let mut stored = locked(&self.stored);
        stored.ticket(id)?;
        let comments = stored.comments.get(id).into_iter().flatten();
        let shown = comments.map(|(key, text)| Comment {
            reference: CommentRef(key.clone()),
            body: text.clone(),
            author: Author::Us,
            edited: false,
        });
        Ok(shown.collect())
    }

    async fn start(&self, id: &TicketId, _key: &EffectKey) -> Result<()> {
        let mut stored = locked(&self.stored);
        let ticket = stored.ticket(id)?;
        if ticket.status == TicketStatus::Todo {
            ticket.status = TicketStatus::InProgress;
        }
        Ok(())
    }

    async fn post_evidence(
        &self,
        proof: &Proof,
        comment: &str,
        key: &EffectKey,
    ) -> Result<CommentRef> {
        let id = proof.ticket();
        if EvidenceMarker::find(comment).as_ref() != Some(proof.marker()) {
            let error = Error::new(ErrorKind::Invalid, "post evidence on", id.as_str());
            return Err(error.because("the comment does not end in the marker of its proof"));
        }
        let mut stored = locked(&self.stored);
        stored.ticket(id)?;
        stored.post(id, key, comment);
        Ok(CommentRef(key.to_string()))
    }

    async fn close(&self, proof: &Proof, _key: &EffectKey) -> Result<()> {
        locked(&self.stored).ticket(proof.ticket())?.status = TicketStatus::Done;
        Ok(())
    }

    async fn reopen(&self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()> {
        let mut stored = locked(&self.stored);
        stored.ticket(id)?;
        if stored.post(id, key, &note.body) {
            let ticket = stored.ticket(id)?;
            if ticket.status == TicketStatus::Done {
                ticket.status = TicketStatus::InProgress;
            }
        }
        Ok(())
    }

    async fn comment(&self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()> {
        let mut stored = locked(&self.stored);
        stored.ticket(id)?;
        stored.post(id, key, &note.body);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conformance;

    #[test]
    fn it_keeps_the_contract() {
        futures_executor::block_on(conformance::tracker::all_without_names(&|tickets| {
            let tracker = MemoryTracker::new(tickets);
            Box::new(move || Arc::new(tracker.clone()))
        }));
    }
}
