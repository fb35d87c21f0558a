//! Issues as tickets: everything that a plan is made from.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ops::{ById, Named, Next, Page};

/// Issues on a page of a list: the cost of one is 67.2 points.
pub(crate) const PAGE: u32 = 100;

operation! {
    /// A page of issues.
    Issues, "Issues", fragment: "TicketFields", writes: false, IssuesPage => IssueList,
    |variables| (variables.first * 672 + 12).div_ceil(10)
}

operation! {
    /// One issue by id or identifier.
    Issue, "Issue", fragment: "TicketFields", writes: false, ById => OneIssue<Value>, |_| 68
}

operation! {
    /// Another page of what an issue is the target of.
    IssueBlockers, "IssueBlockers", writes: false, Next => OneIssue<Blockers>, |_| 233
}

operation! {
    /// Another page of an issue's labels.
    IssueLabels, "IssueLabels", writes: false, Next => OneIssue<Labels>, |_| 123
}

#[derive(Serialize)]
pub(crate) struct IssuesPage {
    /// An `IssueFilter`.
    pub(crate) filter: Value,
    pub(crate) first: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    pub(crate) archived: bool,
}

/// Entries are decoded one by one, so that one that cannot be read does not hide the others.
#[derive(Debug, Deserialize)]
pub(crate) struct IssueList {
    pub(crate) issues: Page<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OneIssue<T> {
    pub(crate) issue: T,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssueNode {
    pub(crate) id: String,
    pub(crate) identifier: String,
    pub(crate) previous_identifiers: Vec<String>,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    /// 0 none, 1 urgent to 4 low.
    pub(crate) priority: f64,
    pub(crate) estimate: Option<f64>,
    pub(crate) updated_at: String,
    pub(crate) archived_at: Option<String>,
    pub(crate) trashed: Option<bool>,
    pub(crate) team: Named,
    pub(crate) state: StateRef,
    pub(crate) project: Option<Named>,
    pub(crate) parent: Option<IssueRef>,
    pub(crate) label_ids: Vec<String>,
    pub(crate) labels: Page<LabelRef>,
    /// Relations of which this issue is the target.
    pub(crate) inverse_relations: Page<Relation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct StateRef {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct IssueRef {
    pub(crate) id: String,
    pub(crate) identifier: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct LabelRef {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// `issue` stands in this relation to the issue that was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Relation {
    /// `blocks duplicate related similar`, and what is added.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// `None` where the key may not see it.
    pub(crate) issue: Option<IssueRef>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Blockers {
    pub(crate) inverse_relations: Page<Relation>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Labels {
    pub(crate) labels: Page<LabelRef>,
}
