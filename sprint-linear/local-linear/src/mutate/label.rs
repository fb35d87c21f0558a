//! Labels: names are unique over the whole team, whatever their case.

use super::{Input, Mutator};
use crate::errors::Failure;
use crate::model::{Issue, Label};
use crate::resolve::Outcome;
use crate::store;

impl Mutator {
    pub(super) fn label_create(&mut self, input: &Input<'_>) -> Result<Outcome, Failure> {
        input.only(&["id", "name", "teamId", "color", "description"])?;
        let name = input.required("name")?.to_owned();
        let team = input
            .text("teamId")
            .map(|team| self.team(team))
            .transpose()?
            .map(|team| team.id);
        let id = self.claim_id("IssueLabel", input, self.settings.other_conflict_status)?;
        let meets = |label: &Label| label.team.is_none() || team.is_none() || label.team == team;
        if self
            .store
            .labels
            .values()
            .any(|l| l.name.to_lowercase() == name.to_lowercase() && meets(l))
        {
            let user = "A label with this name exists already.";
            return Err(Failure::new(
                400,
                "INPUT_ERROR",
                "invalid input",
                "duplicate label name",
                user,
            ));
        }
        let label = Label {
            id: id.clone(),
            team,
            name,
            color: input.text("color").unwrap_or("#bec2c8").to_owned(),
            description: input.text("description").map(str::to_owned),
            created_at: self.now,
        };
        store::put(&mut self.store.labels, &id, label);
        Ok(Outcome::Label(id))
    }

    pub(super) fn label_delete(&mut self, id: &str) -> Result<Outcome, Failure> {
        if !self.store.labels.contains_key(id) {
            return Err(Failure::not_found("IssueLabel"));
        }
        store::take(&mut self.store.labels, id);
        let worn: Vec<String> = self
            .store
            .issues
            .values()
            .filter(|i| i.labels.iter().any(|l| l == id))
            .map(|i| i.id.clone())
            .collect();
        for issue in worn {
            self.store
                .edit_issue(&issue, self.now, |issue: &mut Issue| {
                    issue.labels.retain(|label| label != id);
                });
        }
        Ok(Outcome::Deleted(id.to_owned()))
    }
}
