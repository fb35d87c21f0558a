//! A comment that is to be there exactly once.

use async_trait::async_trait;
use sprint_core::run::effect::EffectKey;

use crate::call_error::{CallError, Problem};
use crate::comments::Stored;
use crate::ids::{Kind, Origin};
use crate::link::Link;
use crate::once::{Creation, Found, LOOKS};
use crate::ops::comments::{CommentById, CommentCreate, NewComment};
use crate::ops::{ById, Create, identity};

/// More ids of one comment are not burnt in its life.
const EPOCHS: u32 = 16;

/// A comment for a key, ending in a machine line that names the key.
pub(crate) struct Posting<'a> {
    link: &'a Link,
    me: &'a identity::Data,
    issue: &'a str,
    scope: String,
    effect: String,
    key: String,
    body: String,
}

impl<'a> Posting<'a> {
    pub(crate) async fn new(
        link: &'a Link,
        issue: &'a str,
        key: &EffectKey,
        body: String,
    ) -> Result<Self, CallError> {
        Ok(Self {
            me: link.identity().await?,
            link,
            issue,
            scope: key.sprint.to_string(),
            effect: key.effect.to_string(),
            key: key.to_string(),
            body,
        })
    }

    /// The id in an epoch.
    pub(crate) fn derived(&self, epoch: u32) -> String {
        let origin = Origin {
            organization: &self.me.organization.id,
            scope: &self.scope,
            kind: Kind::Comment,
            key: &self.effect,
        };
        origin.id(epoch)
    }

    /// The epoch of an id, if it is one of ours.
    pub(crate) fn epoch_of(&self, id: &str) -> Option<u32> {
        (0..EPOCHS).find(|epoch| self.derived(*epoch) == id)
    }

    /// The first epoch whose id none of these comments has.
    pub(crate) fn epoch(&self, there: &[Stored]) -> u32 {
        let taken = |epoch: &u32| {
            let id = self.derived(*epoch);
            there.iter().any(|comment| comment.id == id)
        };
        (0..EPOCHS).find(|epoch| !taken(epoch)).unwrap_or(EPOCHS)
    }
}

#[async_trait]
impl Creation for Posting<'_> {
    type Entity = Stored;

    async fn id(&self, epoch: u32) -> Result<String, CallError> {
        Ok(self.derived(epoch))
    }

    async fn send(&self, id: &str) -> Result<Stored, CallError> {
        let input = NewComment {
            id: id.to_owned(),
            issue_id: self.issue.to_owned(),
            body: self.body.clone(),
        };
        let create = Create { input };
        let data = self.link.client.call::<CommentCreate>(&create).await?;
        let made = data.comment_create;
        if made.success && made.comment.id == id {
            return Ok(Stored::of(made.comment, self.me));
        }
        let text = "the answer is about something else";
        Err(CallError::new("CommentCreate", Problem::NotApplied, text))
    }

    async fn look(&self, id: &str) -> Result<Option<Found<Stored>>, CallError> {
        let Some(found) = by_id(self.link, id).await? else {
            return Ok(None);
        };
        Ok(Some(if found.issue.as_deref() != Some(self.issue) {
            Found::Foreign("a comment on another issue".into())
        } else if found.archived {
            Found::Burnt
        } else if !found.by_us {
            Found::Foreign("a comment of somebody else".into())
        } else if found.key() == Some(&self.key) {
            Found::Ours(found)
        } else if found.said.is_some() {
            Found::Foreign("a comment for something else".into())
        } else {
            // Somebody took its last line away: nothing finds it any more.
            Found::Burnt
        }))
    }
}

/// One comment, if it is there.
pub(crate) async fn by_id(link: &Link, id: &str) -> Result<Option<Stored>, CallError> {
    let me = link.identity().await?;
    let found = link.client.find::<CommentById>(&ById::new(id)).await?;
    Ok(found.map(|data| Stored::of(data.comment, me)))
}

/// Reads a comment until it is as it should be, for as long as reads are known to lag; `None` if
/// it never is.
pub(crate) async fn confirmed(
    link: &Link,
    id: &str,
    so: impl Fn(&Stored) -> bool + Send + Sync,
) -> Result<Option<Stored>, CallError> {
    for look in 0..LOOKS.len() {
        link.client.wait_for_look(&LOOKS, look).await;
        if let Some(found) = by_id(link, id).await?.filter(&so) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
