//! Teams and their workflow states.

use serde::{Deserialize, Serialize};

use crate::ops::identity::NoVariables;
use crate::ops::{ById, Next, Page};

operation! {
    /// The team with a key, in any case.
    TeamByKey, "TeamByKey", writes: false, ByKey => Teams, |_| 286
}

operation! {
    /// The team with an id.
    TeamById, "TeamById", writes: false, ById => OneTeam, |_| 143
}

operation! {
    /// Another page of a team's states.
    TeamStates, "TeamStates", writes: false, Next => OneTeam<StatesOnly>, |_| 143
}

operation! {
    /// The teams that there are, for an error.
    TeamKeys, "TeamKeys", writes: false, NoVariables => TeamNames, |_| 122
}

#[derive(Serialize)]
pub(crate) struct ByKey {
    pub(crate) key: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Teams {
    pub(crate) teams: Nodes<Team>,
}

/// A list that is short by nature.
#[derive(Debug, Deserialize)]
pub(crate) struct Nodes<T> {
    pub(crate) nodes: Vec<T>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OneTeam<T = Team> {
    pub(crate) team: T,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Team {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) retired_at: Option<String>,
    pub(crate) auto_close_parent_issues: Option<bool>,
    pub(crate) states: Page<State>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StatesOnly {
    pub(crate) states: Page<State>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct State {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `triage backlog unstarted started completed canceled duplicate`, and what is added.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) position: f64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TeamNames {
    pub(crate) teams: Page<TeamName>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TeamName {
    pub(crate) key: String,
    pub(crate) name: String,
}
