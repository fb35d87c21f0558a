//! The issues of a plan: creating them, reading them back, taking them back.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::ops::{ById, ByIds, Create, Named, Page, Success, is_live};

operation! {
    /// Issues by their ids, in the trash or not, with what a plan says about them.
    PlanIssues, "PlanIssues", fragment: "PlannedFields", writes: false, ByIds => ListData,
    |variables| (534 * variables.first + 12).div_ceil(10)
}

operation! {
    /// The same of one issue, which lists may not hold yet.
    PlanIssue, "PlanIssue", fragment: "PlannedFields", writes: false, ById => Data, |_| 54
}

operation! {
    /// Creates one issue.
    PlanIssueCreate, "PlanIssueCreate", writes: true, Create<Input> => CreateData, |_| 3
}

operation! {
    /// Creates up to 50 issues at once.
    PlanIssueBatchCreate, "PlanIssueBatchCreate", writes: true, Create<BatchInput> => BatchData, |_| 2
}

operation! {
    /// Issues by their ids, with what others may have done to them.
    PlanIssueTouches, "PlanIssueTouches", writes: false, ByIds => TouchesData,
    |variables| (1022 * variables.first + 12).div_ceil(10)
}

operation! {
    /// Puts an issue into the trash. The answer proves nothing.
    PlanIssueDelete, "PlanIssueDelete", writes: true, ById => IgnoredAny, |_| 2
}

#[derive(Deserialize)]
pub(crate) struct ListData {
    pub(crate) issues: Page<Issue>,
}

#[derive(Deserialize)]
pub(crate) struct Data {
    pub(crate) issue: Issue,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Issue {
    pub(crate) id: String,
    pub(crate) identifier: String,
    pub(crate) url: String,
    pub(crate) description: Option<String>,
    pub(crate) archived_at: Option<String>,
    pub(crate) trashed: Option<bool>,
    pub(crate) label_ids: Vec<String>,
    pub(crate) team: Named,
    pub(crate) state: State,
    pub(crate) project: Option<Named>,
    pub(crate) parent: Option<Named>,
    pub(crate) inverse_relations: Page<Blocker>,
}

impl Issue {
    pub(crate) fn is_live(&self) -> bool {
        is_live(self.archived_at.as_ref(), self.trashed)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct State {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A relation, seen from its target.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Blocker {
    pub(crate) id: String,
    pub(crate) r#type: String,
    pub(crate) issue: Named,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    pub(crate) id: String,
    pub(crate) team_id: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) state_id: String,
    pub(crate) priority: u8,
    pub(crate) label_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateData {
    pub(crate) issue_create: Payload,
}

#[derive(Deserialize)]
pub(crate) struct Payload {
    pub(crate) success: bool,
    pub(crate) issue: Option<Created>,
}

/// An issue that was created.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Created {
    pub(crate) id: String,
    pub(crate) identifier: String,
    pub(crate) url: String,
}

#[derive(Serialize)]
pub(crate) struct BatchInput {
    pub(crate) issues: Vec<Input>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchData {
    pub(crate) issue_batch_create: Success,
}

#[derive(Deserialize)]
pub(crate) struct TouchesData {
    pub(crate) issues: Page<Touched>,
}

/// An issue and what others may have done to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Touched {
    pub(crate) id: String,
    pub(crate) identifier: String,
    pub(crate) url: String,
    pub(crate) description: Option<String>,
    pub(crate) archived_at: Option<String>,
    pub(crate) trashed: Option<bool>,
    pub(crate) state: State,
    pub(crate) comments: Page<Said>,
    pub(crate) children: Page<Named>,
}

impl Touched {
    pub(crate) fn is_live(&self) -> bool {
        is_live(self.archived_at.as_ref(), self.trashed)
    }
}

/// A comment.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Said {
    /// Nobody, for one by an integration.
    pub(crate) user: Option<Named>,
}
