//! Who moved a ticket out of Done.

use std::time::Duration;

use sprint_core::domain::reality::Moved;
use sprint_core::id::TicketId;
use sprint_core::ports::Result;
use sprint_core::run::effect::{EffectId, Step};
use sprint_core::time::Timestamp;

use crate::call_error::CallError;
use crate::comments::Stored;
use crate::convert::time;
use crate::ops::moves::{Change, IssueMoves};
use crate::ops::{Next, Operation as _};
use crate::pages::Pages;
use crate::team::Kind;
use crate::tracker::LinearTracker;

/// A reopening of ours says so in a comment, which follows that soon.
const SOON: Duration = Duration::from_secs(300);

impl LinearTracker {
    /// The last move out of Done that was not a reopening of ours.
    pub(crate) async fn moved_out(&self, id: &TicketId) -> Result<Option<Moved>> {
        const DOING: &str = "read history of ticket";
        let issue = self.observed(id, DOING).await?;
        let read = self.changes(&issue.id).await;
        let mut changes = read.map_err(|error| self.failed(error, DOING, id))?;
        changes.sort_by(|a, b| b.created_at.cmp(&a.created_at));
        let me = self.link.identity().await;
        let me = &me.map_err(|error| self.failed(error, DOING, id))?.viewer.id;
        let ours = |change: &Change| {
            let by_us = change.actor.as_ref().is_some_and(|actor| actor.id == *me);
            by_us && reopened(&issue.comments, change)
        };
        let last = changes
            .iter()
            .find(|change| left_done(change) && !ours(change));
        Ok(last.map(|change| Moved {
            by: actor(change),
            to: change
                .to_state
                .as_ref()
                .map_or("", |to| &to.name)
                .to_owned(),
        }))
    }

    async fn changes(&self, uuid: &str) -> Result<Vec<Change>, CallError> {
        let mut pages = Pages::new(IssueMoves::NAME);
        let (mut changes, mut after) = (Vec::new(), None);
        loop {
            let id = uuid.to_owned();
            let variables = Next { id, after };
            let page = self.link.client.read::<IssueMoves>(&variables).await?;
            let page = page.issue.history;
            changes.extend(page.nodes);
            after = pages.next(&page.page_info)?;
            if after.is_none() {
                return Ok(changes);
            }
        }
    }
}

fn left_done(change: &Change) -> bool {
    let done = |kind: &str| Kind::parse(kind) == Kind::Completed;
    match (&change.from_state, &change.to_state) {
        (Some(from), Some(to)) => done(&from.kind) && !done(&to.kind),
        _ => false,
    }
}

/// Whether a comment of ours says that we reopened it then. The account that we write with may be
/// a person's own.
fn reopened(comments: &[Stored], change: &Change) -> bool {
    let reopening = |comment: &&Stored| {
        let effect = comment.key().and_then(|key| key.split_once('/'));
        let effect = effect.and_then(|(_, effect)| effect.parse::<EffectId>().ok());
        effect.is_some_and(|effect| effect.step == Step::Reopen)
    };
    let at = |text: &str| time(text).unwrap_or_default();
    let moved = at(&change.created_at);
    let near = |said: Timestamp| said >= moved && said.since(moved) <= SOON;
    comments
        .iter()
        .filter(reopening)
        .any(|comment| near(at(&comment.created)))
}

fn actor(change: &Change) -> String {
    let bot = change.bot_actor.as_ref().and_then(|bot| bot.name.clone());
    let person = change.actor.as_ref().map(|actor| actor.name.clone());
    bot.or(person).unwrap_or_else(|| "an automation".to_owned())
}
