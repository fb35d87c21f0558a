//! What an issue has of evidence.

use serde::Deserialize;

use crate::call_error::CallError;
use crate::comments::{self, PAGE, Stored};
use crate::link::Link;
use crate::ops::Operation as _;
use crate::ops::comments::PageOf;
use crate::ops::evidence::{Attachment, FirstPages, IssueAttachments, IssueEvidence};
use crate::pages::Pages;

/// Comments and attachments on the first page: more are rare, and a point each is paid for room.
const FIRST: u32 = 50;

/// All comments and all attachments of an issue.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    /// Whether somebody deleted the issue.
    pub(crate) trashed: bool,
    pub(crate) archived: bool,
    /// Oldest first.
    pub(crate) comments: Vec<Stored>,
    /// The attachments that index evidence of ours.
    pub(crate) indexes: Vec<Index>,
}

/// An attachment that we made as an index of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    /// The attachment, by UUID.
    pub(crate) id: String,
    /// Where the file is.
    pub(crate) url: String,
    pub(crate) facts: Facts,
}

/// What an index says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Facts {
    pub(crate) key: String,
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
    /// The comment, by UUID.
    pub(crate) comment: String,
    /// SHA-256 of the comment's body as Linear had stored it.
    pub(crate) body: String,
}

/// Reads everything; one operation where an issue has no more than is usual.
///
/// # Errors
///
/// If it cannot be read, all of it.
pub(crate) async fn read(link: &Link, issue: &str) -> Result<Trail, CallError> {
    let first = FirstPages {
        issue: issue.to_owned(),
        comments: FIRST,
        attachments: FIRST,
    };
    let first = link.client.read::<IssueEvidence>(&first).await?.issue;
    let mut nodes = first.comments.nodes;
    let after = Pages::new(IssueEvidence::NAME).next(&first.comments.page_info)?;
    if after.is_some() {
        nodes.extend(comments::pages(link, issue, after).await?);
    }
    let mut attachments = first.attachments.nodes;
    let after = Pages::new(IssueEvidence::NAME).next(&first.attachments.page_info)?;
    attachments.extend(attachments_from(link, issue, after).await?);
    let me = &link.identity().await?.viewer.id;
    let ours = |a: &Attachment| a.creator.as_ref().is_some_and(|creator| creator.id == *me);
    let index = |a: Attachment| {
        let facts = serde_json::from_value(a.metadata).ok()?;
        Some(Index {
            id: a.id,
            url: a.url,
            facts,
        })
    };
    attachments.sort_by(|a, b| (&a.created_at, &a.id).cmp(&(&b.created_at, &b.id)));
    attachments.dedup_by(|a, b| a.id == b.id);
    Ok(Trail {
        trashed: first.trashed == Some(true),
        archived: first.archived_at.is_some(),
        comments: comments::stored(link, nodes).await?,
        indexes: attachments
            .into_iter()
            .filter(ours)
            .filter_map(index)
            .collect(),
    })
}

async fn attachments_from(
    link: &Link,
    issue: &str,
    mut after: Option<String>,
) -> Result<Vec<Attachment>, CallError> {
    let (mut all, mut pages) = (Vec::new(), Pages::new(IssueAttachments::NAME));
    while after.is_some() {
        let page = PageOf {
            issue: issue.to_owned(),
            first: PAGE,
            after,
        };
        let data = link.client.read::<IssueAttachments>(&page).await?;
        let page = data.issue.attachments;
        all.extend(page.nodes);
        after = pages.next(&page.page_info)?;
    }
    Ok(all)
}
