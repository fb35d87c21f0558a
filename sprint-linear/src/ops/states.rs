//! Where issues stand, and what is written on them.

use serde::Deserialize;

use crate::ops::comments::Node;
use crate::ops::issues::{OneIssue, StateRef};
use crate::ops::{ById, ByIds, Named, Page};

/// So many issues are asked for at once.
pub(crate) const BATCH: usize = 50;

operation! {
    /// Issues by their ids, wherever they are; in no order.
    IssueStates, "IssueStates", fragment: "StandingFields", writes: false, ByIds => IssueList,
    |variables| (variables.first * 1_703 + 12).div_ceil(10)
}

operation! {
    /// One issue by id or identifier, wherever it is.
    IssueState, "IssueState", fragment: "StandingFields", writes: false, ById => OneIssue<Seen>, |_| 171
}

#[derive(Debug, Deserialize)]
pub(crate) struct IssueList {
    pub(crate) issues: Page<Seen>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) identifier: String,
    pub(crate) previous_identifiers: Vec<String>,
    pub(crate) updated_at: String,
    pub(crate) archived_at: Option<String>,
    pub(crate) trashed: Option<bool>,
    pub(crate) team: Named,
    pub(crate) state: StateRef,
    pub(crate) parent: Option<Named>,
    pub(crate) comments: Page<Node>,
}
