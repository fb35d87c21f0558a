//! The project: at most one, created before its issues and taken back after them.

use async_trait::async_trait;
use sprint_core::domain::draft::ProjectDraft;
use sprint_core::ports;

use crate::call_error::{CallError, printable};
use crate::client::Client;
use crate::create::building::{Building, proven};
use crate::create::journal::{Shown, State, What};
use crate::create::labels::not_applied;
use crate::machine::with_line;
use crate::once::{Creation, Found};
use crate::ops::plan::project::{Input, PlanProject, PlanProjectCreate, Project, Variables};
use crate::ops::{Create, Operation as _};
use crate::pages::Pages;

/// Issues on a page of a project's.
pub(super) const PAGE: u32 = 100;
/// The line under a project's name has at most so many characters.
const SUMMARY: usize = 255;

/// Sees to it that the project is there, if the plan has one.
pub(super) async fn build(building: &Building<'_>) -> ports::Result<()> {
    let Some(draft) = &building.draft.plan().project else {
        return Ok(());
    };
    let open = building
        .book()
        .journal
        .find(|entry| entry.what == What::Project && !entry.is_there());
    for at in open {
        let creation = ProjectCreation {
            building,
            at,
            draft,
        };
        if building.book().journal.entries[at].state == State::TakenBack {
            building.book().renew(at);
        }
        let url = proven(building, &creation, at)
            .await
            .map_err(|error| building.failed(error, "create project", printable(&draft.name)))?;
        let mut book = building.book();
        let entry = &mut book.journal.entries[at];
        entry.shown = Some(Shown {
            name: draft.name.clone(),
            url,
        });
        entry.state = State::Confirmed;
    }
    Ok(())
}

/// A project and, of its issues, one page.
pub(super) async fn read(
    client: &Client,
    id: &str,
    first: u32,
    after: Option<String>,
) -> Result<Option<Project>, CallError> {
    let variables = Variables {
        id: id.to_owned(),
        first,
        after,
    };
    let found = client.find::<PlanProject>(&variables).await?;
    Ok(found.map(|data| data.project))
}

/// An issue of a project that is not in the trash, of which `page` is the first page; by its
/// identifier.
pub(super) async fn holds(
    client: &Client,
    id: &str,
    page: Project,
) -> Result<Option<String>, CallError> {
    let (mut page, mut pages) = (page.issues, Pages::new(PlanProject::NAME));
    loop {
        let held = page
            .nodes
            .into_iter()
            .find(|issue| issue.trashed != Some(true));
        if let Some(issue) = held {
            return Ok(Some(issue.identifier));
        }
        let Some(after) = pages.next(&page.page_info)? else {
            return Ok(None);
        };
        match read(client, id, PAGE, Some(after)).await? {
            Some(project) => page = project.issues,
            None => return Ok(None),
        }
    }
}

struct ProjectCreation<'a, 'b> {
    building: &'a Building<'b>,
    at: usize,
    draft: &'a ProjectDraft,
}

#[async_trait]
impl Creation for ProjectCreation<'_, '_> {
    /// Its address.
    type Entity = String;

    async fn id(&self, epoch: u32) -> Result<String, CallError> {
        self.building.sending(self.at, epoch)
    }

    async fn send(&self, id: &str) -> Result<String, CallError> {
        let mark = self.building.book().journal.project_mark();
        let input = Input {
            id: id.to_owned(),
            name: one_line(&self.draft.name),
            team_ids: vec![self.building.place.team.clone()],
            description: one_line(&self.draft.description)
                .chars()
                .take(SUMMARY)
                .collect(),
            content: with_line(&self.draft.description, &mark),
        };
        let variables = Create { input };
        let call = self.building.client.call::<PlanProjectCreate>(&variables);
        let answer = call.await?.project_create;
        match answer.project {
            Some(project) if answer.success && project.id == id => Ok(project.url),
            _ => Err(not_applied("PlanProjectCreate")),
        }
    }

    async fn look(&self, id: &str) -> Result<Option<Found<String>>, CallError> {
        let Some(project) = read(self.building.client, id, 1, None).await? else {
            return Ok(None);
        };
        let book = self.building.book();
        let entry = &book.journal.entries[self.at];
        Ok(Some(if !project.is_live() {
            Found::Burnt
        } else if book.journal.marks(entry, project.content.as_deref()) {
            Found::Ours(project.url)
        } else {
            Found::Foreign(format!("the project {}", printable(&project.name)))
        }))
    }
}

/// A text on one line, without control characters.
pub(super) fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text.chars().map(plain).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
