//! Labels that a plan uses.

use serde::{Deserialize, Serialize};

use crate::ops::{ById, Create, Named, Page};

operation! {
    /// The labels of a team and of the workspace, a page of them.
    PlanLabels, "PlanLabels", writes: false, ListVariables => ListData,
    |variables| (14 * variables.first + 12).div_ceil(10)
}

operation! {
    /// A label by its id.
    PlanLabel, "PlanLabel", writes: false, ById => Data, |_| 2
}

operation! {
    /// Creates a label.
    PlanLabelCreate, "PlanLabelCreate", writes: true, Create<Input> => CreateData, |_| 3
}

#[derive(Serialize)]
pub(crate) struct ListVariables {
    pub(crate) team: String,
    pub(crate) first: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListData {
    pub(crate) issue_labels: Page<Label>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Data {
    pub(crate) issue_label: Label,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Label {
    pub(crate) id: String,
    pub(crate) name: String,
    /// A group of labels, which no issue can wear.
    pub(crate) is_group: bool,
    /// A retired label can be worn, but not put on.
    pub(crate) retired_at: Option<String>,
    /// Not asked for in lists: those hold none.
    #[serde(default)]
    pub(crate) archived_at: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) team_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateData {
    pub(crate) issue_label_create: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payload {
    pub(crate) success: bool,
    pub(crate) issue_label: Option<Named>,
}
