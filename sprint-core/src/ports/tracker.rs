//! The port to the tracker.

use std::fmt;

use async_trait::async_trait;

use crate::domain::config::TicketFilter;
use crate::domain::evidence::{CommentRef, Note};
use crate::domain::reality::{Fetched, TicketReality};
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
/// - After `Ok` a write is visible to [`reality`](Self::reality).
/// - A ticket that does not exist is [`NotFound`](crate::failure::ErrorKind::NotFound).
/// - A human may edit, move or delete any ticket at any time; nothing here may overwrite such an
///   edit beyond the field being written.
#[async_trait]
pub trait Tracker: fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// The tickets that match, plus any that they are blocked by.
    async fn tickets(&self, filter: &TicketFilter) -> Result<Fetched>;

    /// One ticket as it is now.
    async fn reality(&self, id: &TicketId) -> Result<TicketReality>;

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
