//! Which issue blocks which.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::ops::plan::issues::Blocker;
use crate::ops::{ById, Create, Named, Next, Page};

operation! {
    /// A relation by its id.
    PlanRelation, "PlanRelation", writes: false, ById => Data, |_| 4
}

operation! {
    /// Creates a relation.
    PlanRelationCreate, "PlanRelationCreate", writes: true, Create<Input> => CreateData, |_| 5
}

operation! {
    /// Deletes a relation. The answer proves nothing.
    PlanRelationDelete, "PlanRelationDelete", writes: true, ById => IgnoredAny, |_| 2
}

operation! {
    /// What blocks an issue, a page of it.
    PlanBlockers, "PlanBlockers", writes: false, Next => BlockersData, |_| 233
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Data {
    pub(crate) issue_relation: Relation,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Relation {
    pub(crate) id: String,
    pub(crate) r#type: String,
    /// Of `blocks`: what blocks.
    pub(crate) issue: Named,
    /// Of `blocks`: what is blocked.
    pub(crate) related_issue: Named,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    pub(crate) id: String,
    pub(crate) issue_id: String,
    pub(crate) related_issue_id: String,
    pub(crate) r#type: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateData {
    pub(crate) issue_relation_create: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payload {
    pub(crate) success: bool,
    pub(crate) issue_relation: Option<Relation>,
}

#[derive(Deserialize)]
pub(crate) struct BlockersData {
    pub(crate) issue: Blocked,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Blocked {
    pub(crate) inverse_relations: Page<Blocker>,
}
