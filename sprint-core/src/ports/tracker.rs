//! The port to the tracker.

use std::fmt;

use async_trait::async_trait;

use crate::domain::config::TicketFilter;
use crate::domain::evidence::{Comment, CommentRef, Note};
use crate::domain::reality::{Fetched, Moved, TicketReality};
use crate::id::TicketId;
use crate::ports::Result;
use crate::run::effect::EffectKey;
use crate::run::proof::Proof;

/// Reads tickets and writes what became of them. Only the engine holds one.
///
/// # Contract
///
/// - Every write is safe to repeat with the same key: a comment is posted once per key, a status
///   that is already set is left alone.
/// - After `Ok` a write is visible to [`reality`](Self::reality) and [`comments`](Self::comments).
/// - A filter by something that the tracker does not have is
///   [`Invalid`](crate::failure::ErrorKind::Invalid), with the reason, and never passed over.
/// - A ticket that does not exist is [`NotFound`](crate::failure::ErrorKind::NotFound).
/// - A human may edit, move or delete any ticket at any time; nothing here may overwrite such an
///   edit beyond the field being written.
#[async_trait]
pub trait Tracker: fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// The tickets that match, plus any that they are blocked by.
    async fn tickets(&self, filter: &TicketFilter) -> Result<Fetched>;

    /// One ticket as it is now. Its evidence holds no marker of a comment that the tracker says
    /// another account posted: anybody may copy one.
    async fn reality(&self, id: &TicketId) -> Result<TicketReality>;

    /// The comments on a ticket, oldest first. Of comments posted through this port none is left
    /// out that is still there, and each is as it is now, whoever edited it; comments of others
    /// may be left out.
    async fn comments(&self, id: &TicketId) -> Result<Vec<Comment>>;

    /// Who took the ticket out of Done last, if it was ever taken out by somebody else than this
    /// port and the tracker keeps that. For messages to people only: nothing is decided by it.
    async fn moved(&self, id: &TicketId) -> Result<Option<Moved>> {
        let _ = id;
        Ok(None)
    }

    /// Says that work on the ticket has begun: moves it from Todo to In Progress, and leaves any
    /// other status alone.
    async fn start(&self, id: &TicketId, key: &EffectKey) -> Result<()>;

    /// Posts the evidence of `proof`; `comment` is its text and ends in its marker.
    async fn post_evidence(
        &self,
        proof: &Proof,
        comment: &str,
        key: &EffectKey,
    ) -> Result<CommentRef>;

    /// Marks the ticket Done. No proof, no call.
    async fn close(&self, proof: &Proof, key: &EffectKey) -> Result<()>;

    /// Moves a Done ticket back to In Progress and says why.
    async fn reopen(&self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()>;

    /// Posts a comment.
    async fn comment(&self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()>;
}
