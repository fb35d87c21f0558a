//! Creating, changing and deleting issues.

use serde_json::Value;

use super::state::take_number;
use super::{BATCH, Input, Mutator, default_state, move_team, note, set_state};
use crate::errors::Failure;
use crate::model::{Issue, Team};
use crate::resolve::Outcome;
use crate::{ids, markdown, store, time};

/// How deep sub-issues nest.
const DEPTH: usize = 10;

impl Mutator {
    pub(super) fn issue_create(&mut self, input: &Input<'_>) -> Result<String, Failure> {
        input.only(&[
            "id",
            "teamId",
            "title",
            "description",
            "stateId",
            "labelIds",
            "priority",
            "projectId",
            "parentId",
            "estimate",
            "assigneeId",
            "createdAt",
        ])?;
        let team = self.team(input.required("teamId")?)?;
        let title = input.required("title")?.trim().to_owned();
        let id = self.claim_id("Issue", input, self.settings.issue_conflict_status)?;
        let state = match input.text("stateId") {
            Some(state) => state.to_owned(),
            None => team
                .triage_state
                .clone()
                .or_else(|| default_state(&self.store, &team))
                .ok_or_else(|| Failure::input("The team has no states."))?,
        };
        let number = take_number(&mut self.store, &team.id);
        let mut issue = Issue {
            seq: self.store.next(),
            identifier: format!("{}-{number}", team.key),
            number,
            previous_identifiers: Vec::new(),
            title,
            description: input
                .text("description")
                .map(markdown::rewrite)
                .filter(|text| !text.is_empty()),
            state: self.state_of(&team.id, &state)?,
            priority: priority(input)?.unwrap_or(0),
            estimate: input.number("estimate"),
            labels: Vec::new(),
            project: None,
            parent: None,
            assignee: self.assignee(input.text("assigneeId"))?,
            creator: self.viewer.clone(),
            created_at: self.now,
            updated_at: self.now,
            started_at: None,
            completed_at: None,
            canceled_at: None,
            archived_at: None,
            trashed: false,
            team: team.id.clone(),
            id: id.clone(),
        };
        if let Some(text) = input.text("createdAt") {
            issue.created_at = time::parse(text, self.now)
                .filter(|at| *at <= self.now)
                .ok_or_else(|| Failure::input("createdAt must be a time in the past"))?;
        }
        for label in input.texts("labelIds").unwrap_or_default() {
            self.add_label(&mut issue, &label)?;
        }
        issue.project = input
            .text("projectId")
            .map(|id| self.project_of(&team.id, id))
            .transpose()?;
        issue.parent = input
            .text("parentId")
            .map(|parent| self.parent_of(&id, parent))
            .transpose()?;
        self.stamp(&mut issue);
        store::put(&mut self.store.issues, &id, issue);
        Ok(id)
    }

    pub(super) fn issue_batch_create(&mut self, input: &Input<'_>) -> Result<Outcome, Failure> {
        input.only(&["issues"])?;
        let inputs = input
            .given("issues")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        if inputs.is_empty() || inputs.len() > BATCH {
            return Err(Failure::input(format!(
                "issues must contain between 1 and {BATCH} elements"
            )));
        }
        let own: Vec<&str> = inputs
            .iter()
            .filter_map(|i| i.get("id")?.as_str())
            .collect();
        let mut created = Vec::new();
        for one in inputs {
            let inside = one
                .get("parentId")
                .and_then(Value::as_str)
                .is_some_and(|parent| own.contains(&parent));
            if inside && !self.settings.parents_in_batch {
                return Err(Failure::not_found("Issue"));
            }
            created.push(self.issue_create(&Input::new("IssueCreateInput", one.as_object()))?);
        }
        Ok(Outcome::Issues(created))
    }

    pub(super) fn issue_update(&mut self, id: &str, input: &Input<'_>) -> Result<String, Failure> {
        input.only(&[
            "title",
            "description",
            "stateId",
            "labelIds",
            "addedLabelIds",
            "removedLabelIds",
            "priority",
            "projectId",
            "parentId",
            "estimate",
            "assigneeId",
            "teamId",
        ])?;
        let Some(found) = self.store.issue(id) else {
            return Err(Failure::not_found("Issue"));
        };
        let id = found.id.clone();
        if found.archived_at.is_some() {
            return Err(Failure::input("An archived issue cannot be edited."));
        }
        if let Some(team) = input.text("teamId") {
            let (team, me) = (self.team(team)?.id, self.me());
            move_team(&mut self.store, &id, &team, me, self.now)?;
        }
        let Some(mut issue) = self.store.issues.get(&id).map(|issue| Issue::clone(issue)) else {
            return Err(Failure::not_found("Issue"));
        };
        if input.given("title").is_some() {
            issue.title = input.required("title")?.trim().to_owned();
        }
        if input.given("description").is_some() {
            issue.description = input
                .text("description")
                .map(markdown::rewrite)
                .filter(|text| !text.is_empty());
        }
        issue.priority = priority(input)?.unwrap_or(issue.priority);
        if input.given("estimate").is_some() {
            issue.estimate = input.number("estimate");
        }
        if input.given("assigneeId").is_some() {
            issue.assignee = self.assignee(input.text("assigneeId"))?;
        }
        if input.given("projectId").is_some() {
            issue.project = input
                .text("projectId")
                .map(|project| self.project_of(&issue.team, project))
                .transpose()?;
        }
        if input.given("parentId").is_some() {
            issue.parent = input
                .text("parentId")
                .map(|parent| self.parent_of(&id, parent))
                .transpose()?;
        }
        self.change_labels(&mut issue, input)?;
        issue.updated_at = self.now;
        store::put(&mut self.store.issues, &id, issue);
        if input.given("stateId").is_some() {
            let (state, me) = (input.required("stateId")?, self.me());
            set_state(&mut self.store, &id, state, me, self.now)?;
        }
        Ok(id)
    }

    pub(super) fn issue_batch_update(
        &mut self,
        ids: Option<&Value>,
        input: &Input<'_>,
    ) -> Result<Outcome, Failure> {
        let ids = ids
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        if ids.is_empty() || ids.len() > BATCH {
            return Err(Failure::input(format!(
                "ids must contain between 1 and {BATCH} elements"
            )));
        }
        let mut changed = Vec::new();
        for id in ids.iter().filter_map(Value::as_str) {
            if !ids::is_uuid(id) {
                return Err(Failure::input("each value in ids must be a UUID"));
            }
            changed.push(self.issue_update(id, input)?);
        }
        Ok(Outcome::Issues(changed))
    }

    pub(super) fn issue_delete(&mut self, id: &str, permanently: bool) -> Result<Outcome, Failure> {
        let Some(found) = self.store.issue(id) else {
            return Err(Failure::not_found("Issue"));
        };
        let (id, now) = (found.id.clone(), self.now);
        if permanently {
            if !self.settings.admin {
                return Err(Failure::new(
                    403,
                    "FORBIDDEN",
                    "forbidden",
                    "Forbidden",
                    "Only administrators may do that.",
                ));
            }
            store::take(&mut self.store.issues, &id);
            return Ok(Outcome::IssueTrashed(id));
        }
        if !found.trashed {
            self.store.edit_issue(&id, now, |issue| {
                issue.archived_at = Some(now);
                issue.trashed = true;
            });
            let me = self.me();
            note(&mut self.store, &id, me, now, |entry| entry.trashed = true);
        }
        Ok(Outcome::IssueTrashed(id))
    }

    fn change_labels(&self, issue: &mut Issue, input: &Input<'_>) -> Result<(), Failure> {
        let (added, removed) = (input.texts("addedLabelIds"), input.texts("removedLabelIds"));
        if let Some(all) = input.texts("labelIds") {
            if added.is_some() || removed.is_some() {
                return Err(Failure::input(
                    "labelIds cannot be combined with addedLabelIds or removedLabelIds",
                ));
            }
            issue.labels.clear();
            all.iter()
                .try_for_each(|label| self.add_label(issue, label))?;
        }
        added
            .unwrap_or_default()
            .iter()
            .try_for_each(|label| self.add_label(issue, label))?;
        let removed = removed.unwrap_or_default();
        issue.labels.retain(|label| !removed.contains(label));
        Ok(())
    }

    fn add_label(&self, issue: &mut Issue, id: &str) -> Result<(), Failure> {
        let Some(label) = self.store.labels.get(id) else {
            return Err(Failure::not_found("IssueLabel"));
        };
        if label.team.as_ref().is_some_and(|team| *team != issue.team) {
            return Err(Failure::input(
                "The label is not available in the team of the issue.",
            ));
        }
        if !issue.labels.contains(&label.id) {
            issue.labels.push(label.id.clone());
        }
        Ok(())
    }

    /// The team with this UUID or key.
    pub(super) fn team(&self, id: &str) -> Result<Team, Failure> {
        self.store
            .teams
            .values()
            .find(|team| team.id == id || team.key == id)
            .map(|team| Team::clone(team))
            .ok_or_else(|| Failure::not_found("Team"))
    }

    fn state_of(&self, team: &str, id: &str) -> Result<String, Failure> {
        match self.store.states.get(id) {
            None => Err(Failure::not_found("WorkflowState")),
            Some(state) if state.team != team || state.archived_at.is_some() => Err(
                Failure::input("The state does not belong to the team of the issue."),
            ),
            Some(state) => Ok(state.id.clone()),
        }
    }

    fn project_of(&self, team: &str, id: &str) -> Result<String, Failure> {
        match self.store.projects.get(id) {
            Some(project) if project.archived_at.is_some() => {
                Err(Failure::input("The project is archived."))
            }
            Some(project) if project.teams.iter().any(|t| t == team) => Ok(project.id.clone()),
            Some(_) => Err(Failure::input(
                "The team of the issue does not take part in the project.",
            )),
            None => Err(Failure::not_found("Project")),
        }
    }

    fn parent_of(&self, child: &str, id: &str) -> Result<String, Failure> {
        let Some(parent) = self.store.issue(id) else {
            return Err(Failure::not_found("Issue"));
        };
        if parent.archived_at.is_some() {
            return Err(Failure::input("The parent is archived."));
        }
        let mut above = Some(parent);
        for _ in 0..=DEPTH {
            match above {
                None => return Ok(parent.id.clone()),
                Some(issue) if issue.id == child => break,
                Some(issue) => {
                    above = issue
                        .parent
                        .as_ref()
                        .and_then(|id| self.store.issues.get(id));
                }
            }
        }
        Err(Failure::input(
            "An issue cannot be its own ancestor, nor nested more than 10 levels deep.",
        ))
    }

    fn assignee(&self, id: Option<&str>) -> Result<Option<String>, Failure> {
        match id {
            Some(id) if self.store.users.contains_key(id) => Ok(Some(id.to_owned())),
            Some(_) => Err(Failure::not_found("User")),
            None => Ok(None),
        }
    }

    /// Sets the times that belong to the state of a new issue.
    fn stamp(&self, issue: &mut Issue) {
        let at = Some(self.now);
        match self.store.states.get(&issue.state).map(|s| s.kind.as_str()) {
            Some("started") => issue.started_at = at,
            Some("completed") => issue.completed_at = at,
            Some("canceled" | "duplicate") => issue.canceled_at = at,
            _ => {}
        }
    }
}

fn priority(input: &Input<'_>) -> Result<Option<i64>, Failure> {
    match input.number("priority") {
        Some(p) if !(0..=4).contains(&p) => Err(Failure::input("priority must be between 0 and 4")),
        other => Ok(other),
    }
}
