//! Moving an issue to a state of its team, and seeing it there.
//!
//! | What happens | What follows |
//! | --- | --- |
//! | answered | read back until it shows |
//! | no answer | read; if it does not show, sent again: setting a state twice is setting it |
//! | answered as done, and it is not | sent once more, then an error |
//! | the state or the issue is not where it was | both are looked up again, once |

use std::sync::Arc;

use sprint_core::failure::ErrorKind;
use sprint_core::id::TicketId;
use sprint_core::ports::{Error, Result};

use crate::call_error::{CallError, Problem};
use crate::convert::time;
use crate::ops::Operation as _;
use crate::ops::moves::{Move, MoveIssue};
use crate::reader::Observed;
use crate::team::{State, Team};
use crate::tracker::{LinearTracker, live};

/// Requests without a usable answer.
const SENDS: u32 = 4;
/// Times that something answered as done may turn out not to be.
const ROUNDS: u32 = 2;

/// Where an issue is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// In work.
    Started,
    /// Finished.
    Done,
}

impl LinearTracker {
    /// Moves a live issue; returns when it shows.
    pub(crate) async fn move_to(
        &self,
        mut issue: Arc<Observed>,
        target: Target,
        doing: &'static str,
        id: &TicketId,
    ) -> Result<()> {
        let mut first = true;
        loop {
            let state = self.target(&issue, target, doing, id).await?;
            let error = match self.set(&issue.id, &state).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // A state that was deleted, or an issue that went to another team or to the trash.
            let elsewhere = matches!(error.problem, Problem::NotFound | Problem::Invalid);
            if !(elsewhere && first) {
                return Err(self.failed(error, doing, id));
            }
            first = false;
            self.teams().forget(&issue.team);
            let again = self.reader.fresh(&issue.id).await;
            issue = again.map_err(|error| self.failed(error, doing, id))?;
            self.teams().forget(&issue.team);
            live(&issue, doing, id)?;
        }
    }

    /// The state of the team that is meant. Teams change; before it is an error that there is
    /// none, the team is looked at anew.
    async fn target(
        &self,
        issue: &Observed,
        target: Target,
        doing: &'static str,
        id: &TicketId,
    ) -> Result<State> {
        let config = &self.link.config;
        let choose = |team: &Team| match target {
            Target::Started => team.started(config.started_state.as_deref()).cloned(),
            Target::Done => team.done(config.done_state.as_deref()).cloned(),
        };
        let mut team = self.teams().by_id(&issue.team).await?;
        let mut chosen = choose(&team);
        if chosen.is_err() {
            self.teams().forget(&issue.team);
            team = self.teams().by_id(&issue.team).await?;
            chosen = choose(&team);
        }
        if target == Target::Done && team.auto_closes_parents && issue.parent.is_some() {
            let ticket = id.as_str();
            tracing::warn!(
                ticket,
                "Linear completes its parent if this is the last part"
            );
        }
        let unclear = |why| Error::new(ErrorKind::Invalid, doing, id.as_str()).because(why);
        chosen.map_err(unclear)
    }

    /// Sets the state and reads it back.
    async fn set(&self, uuid: &str, state: &State) -> Result<(), CallError> {
        let client = &self.link.client;
        let variables = Move {
            id: uuid.to_owned(),
            state: state.id.clone(),
        };
        let mut sends = 0;
        let mut rounds = 0;
        loop {
            sends += 1;
            let answered = match client.call::<MoveIssue>(&variables).await {
                Ok(data) => data.issue_update,
                // Setting a state twice is setting it.
                Err(error) if sends < SENDS && error.problem.may_be_repeated() => {
                    client.back_off(sends).await;
                    let seen = self.reader.fresh(uuid).await?;
                    if seen.state.id == state.id {
                        self.reader.wrote(uuid, Some(seen.updated));
                        return Ok(());
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            if !answered.success {
                let text = "it said so itself";
                return Err(CallError::new(MoveIssue::NAME, Problem::NotApplied, text));
            }
            let issue = answered.issue;
            let updated = issue.as_ref().and_then(|i| time(&i.updated_at).ok());
            self.reader.wrote(uuid, updated);
            let refused = issue.is_some_and(|issue| issue.state.id != state.id);
            let there = |seen: &Observed| seen.state.id == state.id;
            let seen = match refused {
                true => self.reader.fresh(uuid).await,
                false => self.reader.settled(uuid, there).await,
            };
            let error = match seen {
                Ok(seen) if there(&seen) => return Ok(()),
                Ok(seen) => {
                    let text = format!("the last read showed {}", seen.shown());
                    CallError::new(MoveIssue::NAME, Problem::NotApplied, &text)
                }
                Err(error) if error.problem == Problem::NotConfirmed => error,
                Err(error) => return Err(error),
            };
            rounds += 1;
            if rounds >= ROUNDS {
                return Err(error);
            }
        }
    }
}
