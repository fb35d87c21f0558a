//! The project that a plan's tickets go into.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::ops::{ById, Create, Page, is_live};

operation! {
    /// Projects of one name.
    PlanProjects, "PlanProjects", writes: false, NameVariables => ListData, |_| 26
}

operation! {
    /// A project by its id, with a page of its issues.
    PlanProject, "PlanProject", writes: false, Variables => Data,
    |variables| (13 * variables.first + 28).div_ceil(10)
}

operation! {
    /// Creates a project.
    PlanProjectCreate, "PlanProjectCreate", writes: true, Create<Input> => CreateData, |_| 3
}

operation! {
    /// Puts a project into the trash. The answer proves nothing.
    PlanProjectDelete, "PlanProjectDelete", writes: true, ById => IgnoredAny, |_| 2
}

#[derive(Serialize)]
pub(crate) struct NameVariables {
    pub(crate) name: String,
}

#[derive(Deserialize)]
pub(crate) struct ListData {
    pub(crate) projects: Projects,
}

#[derive(Deserialize)]
pub(crate) struct Projects {
    pub(crate) nodes: Vec<Listed>,
}

#[derive(Deserialize)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) url: String,
}

#[derive(Serialize)]
pub(crate) struct Variables {
    pub(crate) id: String,
    pub(crate) first: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Data {
    pub(crate) project: Project,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Project {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) content: Option<String>,
    pub(crate) archived_at: Option<String>,
    pub(crate) trashed: Option<bool>,
    /// Those in the trash too.
    pub(crate) issues: Page<Held>,
}

impl Project {
    pub(crate) fn is_live(&self) -> bool {
        is_live(self.archived_at.as_ref(), self.trashed)
    }
}

/// An issue of a project.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Held {
    pub(crate) identifier: String,
    pub(crate) trashed: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) team_ids: Vec<String>,
    /// The line under the name, at most 255 characters.
    pub(crate) description: String,
    /// The long text.
    pub(crate) content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateData {
    pub(crate) project_create: Payload,
}

#[derive(Deserialize)]
pub(crate) struct Payload {
    pub(crate) success: bool,
    pub(crate) project: Option<Created>,
}

#[derive(Deserialize)]
pub(crate) struct Created {
    pub(crate) id: String,
    pub(crate) url: String,
}
