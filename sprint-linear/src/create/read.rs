//! Reading what a plan made.

use std::collections::BTreeMap;

use crate::call_error::CallError;
use crate::client::Client;
use crate::create::issues::BATCH;
use crate::ops::plan::issues::{Blocker, Issue, PlanIssue, PlanIssueTouches, PlanIssues, Touched};
use crate::ops::plan::relations::{PlanBlockers, PlanRelation, Relation};
use crate::ops::{ById, ByIds, Next, Operation as _};
use crate::pages::Pages;

/// The type of relation that we make, as Linear names it.
pub(super) const BLOCKS: &str = "blocks";

/// Issues by id, in the trash or not; lists may not hold the newest yet.
pub(super) async fn issues(
    client: &Client,
    ids: Vec<String>,
) -> Result<BTreeMap<String, Issue>, CallError> {
    let mut found = BTreeMap::new();
    for ids in ids.chunks(BATCH) {
        let answer = client.read::<PlanIssues>(&ByIds::new(ids.to_vec())).await?;
        let by_id = |issue: Issue| (issue.id.clone(), issue);
        found.extend(answer.issues.nodes.into_iter().map(by_id));
    }
    Ok(found)
}

/// An issue by its id.
pub(super) async fn issue(client: &Client, id: &str) -> Result<Option<Issue>, CallError> {
    let found = client.find::<PlanIssue>(&ById::new(id)).await?;
    Ok(found.map(|data| data.issue))
}

/// Issues by id with what others may have done to them.
pub(super) async fn touches(
    client: &Client,
    ids: &[String],
) -> Result<BTreeMap<String, Touched>, CallError> {
    let mut found = BTreeMap::new();
    for ids in ids.chunks(BATCH) {
        let answer = client
            .read::<PlanIssueTouches>(&ByIds::new(ids.to_vec()))
            .await?;
        let by_id = |issue: Touched| (issue.id.clone(), issue);
        found.extend(answer.issues.nodes.into_iter().map(by_id));
    }
    Ok(found)
}

/// Everything that an issue is the target of.
pub(super) async fn targeted(client: &Client, issue: &Issue) -> Result<Vec<Blocker>, CallError> {
    if !issue.inverse_relations.page_info.has_next_page {
        return Ok(issue.inverse_relations.nodes.clone());
    }
    blockers(client, &issue.id).await
}

/// The same of an issue that was not read.
pub(super) async fn blockers(client: &Client, id: &str) -> Result<Vec<Blocker>, CallError> {
    let (mut all, mut pages, mut after) = (Vec::new(), Pages::new(PlanBlockers::NAME), None);
    loop {
        let id = id.to_owned();
        let variables = Next { id, after };
        let answer = client.read::<PlanBlockers>(&variables).await?;
        let page = answer.issue.inverse_relations;
        all.extend(page.nodes);
        after = pages.next(&page.page_info)?;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// A relation by its id.
pub(super) async fn relation(client: &Client, id: &str) -> Result<Option<Relation>, CallError> {
    let found = client.find::<PlanRelation>(&ById::new(id)).await?;
    Ok(found.map(|data| data.issue_relation))
}
