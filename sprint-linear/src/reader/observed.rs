//! An issue as one read showed it.

use sprint_core::domain::ticket::TicketStatus;
use sprint_core::time::Timestamp;

use crate::call_error::{CallError, Problem, printable};
use crate::comments::Stored;
use crate::convert::time;
use crate::ops::Operation as _;
use crate::ops::issues::StateRef;
use crate::ops::states::{IssueState, Seen};
use crate::team::{Life, status};

/// An issue as one read showed it.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub(crate) id: String,
    pub(crate) identifier: String,
    /// The identifiers it had before.
    pub(crate) previous: Vec<String>,
    /// The id of its team.
    pub(crate) team: String,
    pub(crate) state: StateRef,
    pub(crate) life: Life,
    /// The id of the issue that it is a part of.
    pub(crate) parent: Option<String>,
    /// When it changed last, by Linear's clock.
    pub(crate) updated: Timestamp,
    /// All of them, oldest first.
    pub(crate) comments: Vec<Stored>,
    /// When the read began, by our clock.
    pub(crate) begun: Timestamp,
}

impl Observed {
    /// `comments` are all of them, oldest first.
    pub(crate) fn new(
        seen: Seen,
        comments: Vec<Stored>,
        begun: Timestamp,
    ) -> Result<Self, CallError> {
        let drift = |text: String| CallError::new(IssueState::NAME, Problem::Drift, &text);
        let updated = time(&seen.updated_at).map_err(drift)?;
        Ok(Self {
            life: Life::of(seen.archived_at.as_deref(), seen.trashed),
            id: seen.id,
            identifier: seen.identifier,
            previous: seen.previous_identifiers,
            team: seen.team.id,
            state: seen.state,
            parent: seen.parent.map(|parent| parent.id),
            updated,
            comments,
            begun,
        })
    }

    /// Where the ticket stands; the error is a sentence fragment.
    pub(crate) fn status(&self) -> Result<TicketStatus, String> {
        status(&self.state.kind, self.life)
    }

    /// What was seen, for an error.
    pub(crate) fn shown(&self) -> String {
        let life = match self.life {
            Life::Live => "",
            Life::Archived => ", archived",
            Life::Trashed => ", deleted",
        };
        format!(
            "it in state {:?}{life}, changed at {}",
            printable(&self.state.name),
            self.updated
        )
    }
}
