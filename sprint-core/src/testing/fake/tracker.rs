//! A tracker in memory.

use std::fmt;

use async_trait::async_trait;

use crate::domain::config::TicketFilter;
use crate::domain::evidence::{Comment, CommentRef, Note};
use crate::domain::reality::{Fetched, Moved, TicketReality};
use crate::id::TicketId;
use crate::ports::{Result, Tracker};
use crate::run::effect::EffectKey;
use crate::run::proof::Proof;
use crate::testing::world::World;

/// The tracker of a world.
#[derive(Clone, Debug)]
pub struct FakeTracker(World);

impl FakeTracker {
    /// The tracker of `world`.
    pub fn new(world: &World) -> Self {
        Self(world.clone())
    }
}

impl fmt::Display for FakeTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tracker in memory")
    }
}

#[async_trait]
impl Tracker for FakeTracker {
    async fn tickets(&self, filter: &TicketFilter) -> Result<Fetched> {
        let act = self
            .0
            .call("list tickets", "", |state| state.board.tickets(filter));
        act.await
    }

    async fn reality(&self, id: &TicketId) -> Result<TicketReality> {
        let act = self
            .0
            .call("read ticket", id.as_str(), |state| state.board.reality(id));
        act.await
    }

    async fn comments(&self, id: &TicketId) -> Result<Vec<Comment>> {
        let act = self.0.call("read comments of", id.as_str(), |state| {
            state.board.comments(id)
        });
        act.await
    }

    async fn moved(&self, id: &TicketId) -> Result<Option<Moved>> {
        let act = self.0.call("read history of", id.as_str(), |state| {
            state.board.moved(id)
        });
        act.await
    }

    async fn start(&self, id: &TicketId, _: &EffectKey) -> Result<()> {
        let act = self
            .0
            .call("start ticket", id.as_str(), |state| state.board.start(id));
        act.await
    }

    async fn post_evidence(
        &self,
        proof: &Proof,
        comment: &str,
        key: &EffectKey,
    ) -> Result<CommentRef> {
        let id = proof.ticket().as_str();
        let act = self.0.call("post evidence on", id, |state| {
            state.post_evidence(proof, comment, key)
        });
        act.await
    }

    async fn close(&self, proof: &Proof, _: &EffectKey) -> Result<()> {
        let id = proof.ticket().as_str();
        let act = self
            .0
            .call("close ticket", id, |state| state.close_ticket(proof));
        act.await
    }

    async fn reopen(&self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()> {
        let act = self.0.call("reopen ticket", id.as_str(), |state| {
            state.board.reopen(id, note, key)
        });
        act.await
    }

    async fn comment(&self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()> {
        let act = self.0.call("comment on", id.as_str(), |state| {
            state.board.comment(id, note, key)
        });
        act.await
    }
}
