//! Moving issues from state to state, and who did.

use serde::{Deserialize, Serialize};

use crate::ops::comments::{Bot, Person};
use crate::ops::issues::{OneIssue, StateRef};
use crate::ops::{Next, Page};

operation! {
    /// Moves an issue to a state of its team. Repeating it changes nothing more.
    MoveIssue, "MoveIssue", writes: true, Move => Moved, |_| 4
}

operation! {
    /// A page of an issue's history, newest first.
    IssueMoves, "IssueMoves", writes: false, Next => OneIssue<Moves>, |_| 308
}

#[derive(Serialize)]
pub(crate) struct Move {
    pub(crate) id: String,
    /// The id of the state.
    pub(crate) state: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Moved {
    pub(crate) issue_update: Payload,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Payload {
    pub(crate) success: bool,
    pub(crate) issue: Option<MovedIssue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MovedIssue {
    pub(crate) updated_at: String,
    pub(crate) state: StateRef,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Moves {
    pub(crate) history: Page<Change>,
}

/// A change of an issue; one that left the state alone has no states.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    pub(crate) created_at: String,
    pub(crate) from_state: Option<StateRef>,
    pub(crate) to_state: Option<StateRef>,
    pub(crate) actor: Option<Person>,
    pub(crate) bot_actor: Option<Bot>,
}
