//! The tracker of the world.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::config::TicketFilter;
use crate::domain::evidence::{Author, Comment, CommentRef, EvidenceMarker, Note};
use crate::domain::reality::{Fetched, Moved, TicketReality};
use crate::domain::selection::select;
use crate::domain::ticket::{Ticket, TicketStatus};
use crate::domain::verdict::Verdict;
use crate::failure::ErrorKind;
use crate::id::TicketId;
use crate::ports::{Error, Result};
use crate::run::effect::EffectKey;
use crate::run::proof::Proof;
use crate::testing::world::State;
use crate::testing::world::repo::Flaw;

/// The tickets of a tracker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// The tickets there are.
    pub entries: BTreeMap<TicketId, Entry>,
    /// Tickets a person changed; what the engine knows of them may be outdated.
    pub touched: BTreeSet<TicketId>,
    /// How many more evidence comments will be lost, per ticket.
    pub loses_evidence: BTreeMap<TicketId, u32>,
    /// How many more times Done will not be taken, per ticket.
    pub stays_open: BTreeMap<TicketId, u32>,
    /// How many more times an automation moves the ticket out of Done, after somebody saw it there.
    pub moves_back: BTreeMap<TicketId, u32>,
    /// Tickets that were closed, and that no automation has noticed yet.
    pub noticed_next: BTreeSet<TicketId>,
    /// Tickets that an automation moved out of Done last.
    pub moved: BTreeSet<TicketId>,
    /// Tickets whose evidence a person deleted.
    pub unproven: BTreeSet<TicketId>,
    /// Tickets that changed since they were last read.
    pub unread: BTreeSet<TicketId>,
}

/// One ticket on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The ticket.
    pub ticket: Ticket,
    /// Its comments, each with the key it was posted with.
    pub comments: Vec<(String, String)>,
}

impl Entry {
    /// The markers of its evidence.
    pub fn evidence(&self) -> Vec<EvidenceMarker> {
        let bodies = self.comments.iter();
        bodies
            .filter_map(|(_, body)| EvidenceMarker::find(body))
            .collect()
    }

    /// Posts once per key; says whether it did so now.
    fn post(&mut self, key: &EffectKey, body: &str) -> bool {
        let key = key.to_string();
        let new = self.comments.iter().all(|(posted, _)| *posted != key);
        if new {
            self.comments.push((key, body.to_owned()));
        }
        new
    }
}

impl Board {
    pub(super) fn new(tickets: Vec<Ticket>) -> Self {
        let entry = |ticket: Ticket| {
            let comments = Vec::new();
            (ticket.id.clone(), Entry { ticket, comments })
        };
        Self {
            entries: tickets.into_iter().map(entry).collect(),
            ..Self::default()
        }
    }

    /// A person sets a ticket's status.
    pub fn set_status(&mut self, id: &TicketId, status: TicketStatus) {
        self.touched.insert(id.clone());
        self.unread.insert(id.clone());
        self.noticed_next.remove(id);
        if let Some(entry) = self.entries.get_mut(id) {
            entry.ticket.status = status;
        }
    }

    /// A person rewrites a ticket.
    pub fn rewrite(&mut self, id: &TicketId) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.ticket.title.push_str(", but differently");
        }
    }

    /// A person deletes every comment that is evidence.
    pub fn delete_evidence(&mut self, id: &TicketId) {
        self.unproven.insert(id.clone());
        if let Some(entry) = self.entries.get_mut(id) {
            let comments = &mut entry.comments;
            comments.retain(|(_, body)| EvidenceMarker::find(body).is_none());
        }
    }

    /// A person deletes a ticket.
    pub fn delete(&mut self, id: &TicketId) {
        self.touched.insert(id.clone());
        self.unread.insert(id.clone());
        self.entries.remove(id);
    }

    /// The status of a ticket, if it exists.
    pub fn status(&self, id: &TicketId) -> Option<TicketStatus> {
        self.entries.get(id).map(|entry| entry.ticket.status)
    }

    fn find(&mut self, id: &TicketId, operation: &'static str) -> Result<&mut Entry> {
        let missing = || Error::new(ErrorKind::NotFound, operation, id.to_string());
        self.entries.get_mut(id).ok_or_else(missing)
    }

    fn comment_once(&mut self, id: &TicketId, key: &EffectKey, body: &str) -> Result<CommentRef> {
        self.find(id, "comment on")?.post(key, body);
        Ok(CommentRef(key.to_string()))
    }

    fn spend(left: &mut BTreeMap<TicketId, u32>, id: &TicketId) -> bool {
        let left = left.get_mut(id).filter(|left| **left > 0);
        left.is_some_and(|left| {
            *left -= 1;
            true
        })
    }

    pub(crate) fn tickets(&self, filter: &TicketFilter) -> Result<Fetched> {
        let refused = |why| Error::new(ErrorKind::Invalid, "list", "tickets").because(why);
        filter.without_names().map_err(refused)?;
        let entries = self.entries.iter();
        let tickets = entries.map(|(id, entry)| (id.clone(), entry.ticket.clone()));
        Ok(Fetched {
            tickets: select(&tickets.collect(), filter),
            malformed: Vec::new(),
        })
    }

    pub(crate) fn reality(&mut self, id: &TicketId) -> Result<TicketReality> {
        self.unread.remove(id);
        let entry = self.find(id, "read ticket")?;
        let shown = TicketReality {
            status: entry.ticket.status,
            evidence: entry.evidence(),
        };
        // It acts when whoever closed the ticket has seen that it is Done.
        let done = shown.status == TicketStatus::Done && self.noticed_next.remove(id);
        if done && Self::spend(&mut self.moves_back, id) {
            self.find(id, "move ticket")?.ticket.status = TicketStatus::InProgress;
            self.moved.insert(id.clone());
        }
        Ok(shown)
    }

    pub(crate) fn moved(&mut self, id: &TicketId) -> Result<Option<Moved>> {
        self.find(id, "read history of")?;
        let by = |_: &TicketId| Moved {
            by: "pull request automation".into(),
            to: "In Review".into(),
        };
        Ok(self.moved.get(id).map(by))
    }

    pub(crate) fn comments(&mut self, id: &TicketId) -> Result<Vec<Comment>> {
        let posted = self.find(id, "read comments of")?.comments.iter();
        let shown = posted.map(|(key, body)| Comment {
            reference: CommentRef(key.clone()),
            body: body.clone(),
            author: Author::Us,
            edited: false,
        });
        Ok(shown.collect())
    }

    pub(crate) fn start(&mut self, id: &TicketId) -> Result<()> {
        let entry = self.find(id, "start ticket")?;
        // Done is not overwritten: only `reopen` takes that back.
        if entry.ticket.status == TicketStatus::Todo {
            entry.ticket.status = TicketStatus::InProgress;
        }
        Ok(())
    }

    pub(crate) fn reopen(&mut self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()> {
        let entry = self.find(id, "reopen ticket")?;
        // An old reopening that is repeated does not undo a later closing.
        if entry.post(key, &note.body) && entry.ticket.status == TicketStatus::Done {
            entry.ticket.status = TicketStatus::InProgress;
        }
        Ok(())
    }

    pub(crate) fn comment(&mut self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()> {
        self.comment_once(id, key, &note.body).map(drop)
    }
}

impl State {
    pub(crate) fn post_evidence(
        &mut self,
        proof: &Proof,
        comment: &str,
        key: &EffectKey,
    ) -> Result<CommentRef> {
        self.proven(proof, "post_evidence");
        let id = proof.ticket();
        let marked = EvidenceMarker::find(comment).as_ref() == Some(proof.marker());
        self.expect_seen(marked, || {
            format!("post_evidence({id}) with a comment that does not end in its marker")
        });
        if !marked {
            let error = Error::new(ErrorKind::Invalid, "post evidence on", id.as_str());
            return Err(error.because("the comment does not end in the marker of its proof"));
        }
        if Board::spend(&mut self.board.loses_evidence, id) {
            return Ok(CommentRef("lost".into()));
        }
        self.board.comment_once(id, key, comment)
    }

    pub(crate) fn close_ticket(&mut self, proof: &Proof) -> Result<()> {
        self.proven(proof, "close");
        let id = proof.ticket();
        let shown = self
            .board
            .find(id, "close ticket")?
            .evidence()
            .contains(proof.marker());
        let shown = shown || self.board.unproven.contains(id);
        self.expect_seen(shown, || {
            format!("close({id}) without evidence on the ticket")
        });
        let closed = (id.clone(), proof.commit().clone());
        if !self.log.closed.contains(&closed) {
            self.log.closed.push(closed);
        }
        if Board::spend(&mut self.board.stays_open, id) {
            return Ok(());
        }
        self.board.find(id, "close ticket")?.ticket.status = TicketStatus::Done;
        self.board.moved.remove(id);
        self.board.noticed_next.insert(id.clone());
        Ok(())
    }

    /// Compares a proof with what the world itself saw.
    fn proven(&self, proof: &Proof, call: &str) {
        let (id, commit) = (proof.ticket(), proof.commit());
        assert!(
            proof.verdicts().values().all(Verdict::accepts),
            "impossible call: {call}({id}) against a verdict"
        );
        self.expect_seen(self.log.green.contains(proof.tree()), || {
            format!("{call}({id}) for {commit}, on which the gate was never green")
        });
        let tree = self.repo.commits.get(commit).map(|commit| &commit.tree);
        let change = tree.and_then(|tree| tree.get(id.as_str()));
        let flaw = change.and_then(|change| change.flaw.as_ref());
        let proves = !self.checks.control_required || flaw != Some(&Flaw::ProvesNothing);
        self.expect_seen(proves, || {
            format!("{call}({id}) for {commit}, whose tests prove nothing")
        });
        let layered = !self.checks.layer_required || self.log.layered.contains(commit);
        self.expect_seen(layered, || {
            format!("{call}({id}) for {commit}, which no layer of the host accepted")
        });
        let reviewed = !self.checks.review_required || self.log.reviewed.contains(commit);
        self.expect_seen(reviewed, || {
            format!("{call}({id}) for {commit}, which no reviewer accepted")
        });
        self.expect_seen(self.log.complete.contains(commit), || {
            format!("{call}({id}) for {commit}, which is not complete")
        });
    }
}
