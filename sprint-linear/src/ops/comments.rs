//! Comments on an issue, and the writes of one.

use serde::{Deserialize, Serialize};

use crate::ops::{ById, Create, Page};

operation! {
    /// One page of the comments on an issue.
    IssueComments, "IssueComments", writes: false, PageOf => CommentsData,
    |page| (23 + COMMENT * page.first).div_ceil(10)
}

operation! {
    /// One comment.
    CommentById, "CommentById", writes: false, ById => CommentData, |_| COMMENT.div_ceil(10)
}

operation! {
    /// Writes a comment.
    CommentCreate, "CommentCreate", writes: true, Create<NewComment> => CreateData,
    |_| (11 + COMMENT).div_ceil(10)
}

operation! {
    /// Writes a comment anew.
    CommentUpdate, "CommentUpdate", writes: true, Update => UpdateData,
    |_| (11 + COMMENT).div_ceil(10)
}

/// Tenths of a point that a comment costs.
pub(super) const COMMENT: u32 = 41;

/// One page of what an issue has.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PageOf {
    /// The issue, by UUID.
    pub(crate) issue: String,
    pub(crate) first: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
}

/// A comment to be; nothing else may be sent, not even as `null`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewComment {
    pub(crate) id: String,
    pub(crate) issue_id: String,
    pub(crate) body: String,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Update {
    pub(crate) id: String,
    pub(crate) input: NewBody,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct NewBody {
    pub(crate) body: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CommentsData {
    pub(crate) issue: IssueComment,
}

#[derive(Debug, Deserialize)]
pub(crate) struct IssueComment {
    pub(crate) comments: Page<Node>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CommentData {
    pub(crate) comment: Node,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateData {
    pub(crate) comment_create: Payload,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateData {
    pub(crate) comment_update: Payload,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Payload {
    pub(crate) success: bool,
    pub(crate) comment: Node,
}

/// A comment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) created_at: String,
    pub(crate) edited_at: Option<String>,
    pub(crate) archived_at: Option<String>,
    pub(crate) issue_id: Option<String>,
    pub(crate) parent_id: Option<String>,
    pub(crate) user: Option<Person>,
    pub(crate) bot_actor: Option<Bot>,
}

/// A member of the workspace.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// An integration or application.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Bot {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
}
