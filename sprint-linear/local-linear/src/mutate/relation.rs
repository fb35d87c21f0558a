//! Relations between issues.

use super::{Input, Mutator};
use crate::errors::Failure;
use crate::model::Relation;
use crate::resolve::Outcome;
use crate::settings::SameRelation;
use crate::store;

impl Mutator {
    pub(super) fn relation_create(&mut self, input: &Input<'_>) -> Result<Outcome, Failure> {
        input.only(&["id", "issueId", "relatedIssueId", "type"])?;
        let find = |key| {
            let id = input.required(key)?;
            self.store
                .issue(id)
                .map(|issue| issue.id.clone())
                .ok_or_else(|| Failure::not_found("Issue"))
        };
        let (issue, related) = (find("issueId")?, find("relatedIssueId")?);
        let kind = input.required("type")?.to_owned();
        if issue == related {
            return Err(Failure::input("An issue cannot be related to itself."));
        }
        let id = self.claim_id("IssueRelation", input, self.settings.other_conflict_status)?;
        let same = |r: &&std::sync::Arc<Relation>| {
            r.issue == issue && r.related == related && r.kind == kind
        };
        if let Some(first) = self.store.relations.values().find(same) {
            match self.settings.same_relation {
                SameRelation::Doubled => {}
                SameRelation::Refused => {
                    return Err(Failure::input("The issues are related already."));
                }
                SameRelation::First => return Ok(Outcome::Relation(first.id.clone())),
            }
        }
        let seq = self.store.next();
        let relation = Relation {
            id: id.clone(),
            seq,
            issue,
            related,
            kind,
            created_at: self.now,
        };
        store::put(&mut self.store.relations, &id, relation);
        Ok(Outcome::Relation(id))
    }

    pub(super) fn relation_delete(&mut self, id: &str) -> Result<Outcome, Failure> {
        if !self.store.relations.contains_key(id) {
            return Err(Failure::not_found("IssueRelation"));
        }
        store::take(&mut self.store.relations, id);
        Ok(Outcome::Deleted(id.to_owned()))
    }
}
