//! Labels and projects by name.

use serde::{Deserialize, Serialize};

use crate::ops::Page;
use crate::ops::identity::NoVariables;

operation! {
    /// The labels with a name, in any case, of any team.
    LabelsByName, "LabelsByName", writes: false, ByName => Labels, |_| 277
}

operation! {
    /// The labels that a team can use, for an error.
    LabelNames, "LabelNames", writes: false, OfTeam => LabelList, |_| 112
}

operation! {
    /// The projects with a name, in any case.
    ProjectsByName, "ProjectsByName", writes: false, ByName => Projects, |_| 62
}

operation! {
    /// The projects that there are, for an error.
    ProjectNames, "ProjectNames", writes: false, NoVariables => Projects, |_| 122
}

#[derive(Serialize)]
pub(crate) struct ByName {
    pub(crate) name: String,
}

#[derive(Serialize)]
pub(crate) struct OfTeam {
    pub(crate) team: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Labels {
    pub(crate) issue_labels: Page<Label>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Label {
    pub(crate) id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LabelList {
    pub(crate) issue_labels: Page<LabelName>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct LabelName {
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Projects {
    pub(crate) projects: Page<Project>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) name: String,
}
