//! Comments: posted exactly once per key, and read back for what they say.
//!
//! What is posted ends in a machine line, by which it is found again; its id is derived from the
//! key, so that the service itself refuses a second one. Before anything is sent the comments that
//! are there are looked through: a comment under the next id is never posted beside the first.

mod line;
mod posting;
mod stored;

use sprint_core::domain::evidence::CommentRef;
use sprint_core::ports;
use sprint_core::run::effect::EffectKey;

use crate::call_error::{CallError, Problem};
use crate::defang::defang;
use crate::link::Link;
use crate::machine;
use crate::once::once;
use crate::ops::Operation as _;
use crate::ops::comments::{IssueComments, Node, PageOf};
use crate::pages::Pages;

pub(crate) use line::{EvidenceLine, FileLine, NoteLine};
pub(crate) use posting::{Posting, by_id, confirmed};
pub(crate) use stored::{Said, Stored};

/// Bytes of a comment, its machine line included. No limit of Linear's is known; nobody reads more.
pub(crate) const LARGEST: usize = 64 << 10;
/// Bytes kept for the machine line.
pub(crate) const LINE: usize = 4 << 10;
/// Bytes of a note's text.
const NOTE: usize = 16 << 10;
/// Entries on a page of a list.
pub(crate) const PAGE: u32 = 100;

/// Posts a note on an issue, unless one with this key is there.
///
/// # Errors
///
/// If it is not known to be there: see [`once`].
pub(crate) async fn post_note(
    link: &Link,
    issue: &str,
    key: &EffectKey,
    text: &str,
) -> ports::Result<CommentRef> {
    let posted = noted(link, issue, key, text).await;
    posted.map_err(|error| error.during("comment on", subject(key), link.client.now()))
}

/// Whose comments have this key, as people call it.
pub(crate) fn subject(key: &EffectKey) -> String {
    let ticket = key.effect.ticket_id();
    ticket.map_or_else(|| key.to_string(), ToString::to_string)
}

async fn noted(
    link: &Link,
    issue: &str,
    key: &EffectKey,
    text: &str,
) -> Result<CommentRef, CallError> {
    let there = of_issue(link, issue).await?;
    let name = key.to_string();
    if let Some(found) = there.iter().find(|comment| comment.key() == Some(&name)) {
        return Ok(found.reference());
    }
    let line = NoteLine { key: name.clone() };
    let body = machine::with_line(&defang(text, NOTE), &line);
    let posting = Posting::new(link, issue, key, body).await?;
    let created = once(&link.client, &posting, posting.epoch(&there), false).await?;
    let so = |found: &Stored| found.key() == Some(&name);
    match confirmed(link, &created.entity.id, so).await? {
        Some(found) => Ok(found.reference()),
        None => {
            let text = "the comment cannot be read";
            Err(CallError::new("CommentCreate", Problem::NotConfirmed, text))
        }
    }
}

/// All comments on an issue, oldest first.
///
/// # Errors
///
/// If they cannot be read, all of them.
pub(crate) async fn of_issue(link: &Link, issue: &str) -> Result<Vec<Stored>, CallError> {
    let nodes = pages(link, issue, None).await?;
    stored(link, nodes).await
}

/// What Linear answered, as comments, oldest first.
pub(crate) async fn stored(link: &Link, nodes: Vec<Node>) -> Result<Vec<Stored>, CallError> {
    let me = link.identity().await?;
    let mut all: Vec<_> = nodes.into_iter().map(|node| Stored::of(node, me)).collect();
    // Pages may overlap where somebody comments meanwhile.
    all.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
    all.dedup_by(|a, b| a.id == b.id);
    Ok(all)
}

/// The comments on an issue from a cursor on; all of them from `None`.
pub(crate) async fn pages(
    link: &Link,
    issue: &str,
    mut after: Option<String>,
) -> Result<Vec<Node>, CallError> {
    let (mut all, mut pages) = (Vec::new(), Pages::new(IssueComments::NAME));
    loop {
        let page = PageOf {
            issue: issue.to_owned(),
            first: PAGE,
            after,
        };
        let data = link.client.read::<IssueComments>(&page).await?;
        let comments = data.issue.comments;
        all.extend(comments.nodes);
        after = pages.next(&comments.page_info)?;
        if after.is_none() {
            return Ok(all);
        }
    }
}

#[cfg(test)]
#[path = "comments/tests.rs"]
mod tests;
