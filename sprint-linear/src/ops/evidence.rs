//! What an issue has of evidence: its comments, and the attachments that index the files.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ops::comments::{COMMENT, Node, PageOf};
use crate::ops::{ById, Create, Named, Page, Success};

operation! {
    /// The first pages of the comments and of the attachments of an issue.
    IssueEvidence, "IssueEvidence", writes: false, FirstPages => EvidenceData,
    |pages| (37 + COMMENT * pages.comments + ATTACHMENT * pages.attachments).div_ceil(10)
}

operation! {
    /// One page of the attachments of an issue.
    IssueAttachments, "IssueAttachments", writes: false, PageOf => AttachmentsData,
    |page| (23 + ATTACHMENT * page.first).div_ceil(10)
}

operation! {
    /// Links something with an issue, or changes the link if there is one to the same address.
    AttachmentCreate, "AttachmentCreate", writes: true, Create<NewAttachment> => CreateData,
    |_| (11 + ATTACHMENT).div_ceil(10)
}

operation! {
    /// Removes a link.
    AttachmentDelete, "AttachmentDelete", writes: true, ById => DeleteData, |_| 2
}

/// Tenths of a point that an attachment costs.
const ATTACHMENT: u32 = 25;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct FirstPages {
    /// The issue, by UUID.
    pub(crate) issue: String,
    pub(crate) comments: u32,
    pub(crate) attachments: u32,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewAttachment {
    pub(crate) issue_id: String,
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) metadata: Value,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EvidenceData {
    pub(crate) issue: Issue,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Issue {
    pub(crate) trashed: Option<bool>,
    pub(crate) archived_at: Option<String>,
    pub(crate) comments: Page<Node>,
    pub(crate) attachments: Page<Attachment>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AttachmentsData {
    pub(crate) issue: IssueAttachment,
}

#[derive(Debug, Deserialize)]
pub(crate) struct IssueAttachment {
    pub(crate) attachments: Page<Attachment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateData {
    pub(crate) attachment_create: Payload,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Payload {
    pub(crate) success: bool,
    pub(crate) attachment: Attachment,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteData {
    pub(crate) attachment_delete: Success,
}

/// A link between an issue and something else.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attachment {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) created_at: String,
    pub(crate) metadata: Value,
    pub(crate) creator: Option<Named>,
}
