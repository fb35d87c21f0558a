//! Projects.

use super::{Input, Mutator};
use crate::errors::Failure;
use crate::model::Project;
use crate::resolve::Outcome;
use crate::{markdown, store};

/// The longest short description, in characters.
const DESCRIPTION: usize = 255;

impl Mutator {
    pub(super) fn project_create(&mut self, input: &Input<'_>) -> Result<Outcome, Failure> {
        input.only(&["id", "name", "teamIds", "description", "content"])?;
        let name = input.required("name")?.to_owned();
        let description = input.text("description").unwrap_or_default().to_owned();
        if description.chars().count() > DESCRIPTION {
            return Err(Failure::input(format!(
                "description must be shorter than or equal to {DESCRIPTION} characters"
            )));
        }
        let mut teams = Vec::new();
        for team in input.texts("teamIds").unwrap_or_default() {
            teams.push(self.team(&team)?.id);
        }
        if teams.is_empty() {
            return Err(Failure::input("teamIds must not be empty"));
        }
        let id = self.claim_id("Project", input, self.settings.other_conflict_status)?;
        let project = Project {
            teams,
            name,
            description,
            content: input.text("content").map(markdown::rewrite),
            creator: self.viewer.clone(),
            created_at: self.now,
            updated_at: self.now,
            archived_at: None,
            trashed: false,
            id: id.clone(),
        };
        store::put(&mut self.store.projects, &id, project);
        Ok(Outcome::Project(id))
    }

    pub(super) fn project_delete(&mut self, id: &str) -> Result<Outcome, Failure> {
        let Some(project) = self.store.projects.get(id) else {
            return Err(Failure::not_found("Project"));
        };
        let mut project = Project::clone(project);
        project.archived_at = project.archived_at.or(Some(self.now));
        project.trashed = true;
        store::put(&mut self.store.projects, id, project);
        Ok(Outcome::ProjectTrashed(id.to_owned()))
    }
}
