//! Where a plan goes: the workspace, the team, and the state that its tickets begin in.

use std::sync::Arc;

use sprint_core::failure::ErrorKind;
use sprint_core::ports;

use crate::link::Link;
use crate::team::Teams;

/// Everything that is asked once. Ids are Linear's.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(super) organization: String,
    /// The owner of the key.
    pub(super) viewer: String,
    pub(super) team: String,
    /// The team's name, for people.
    pub(super) team_name: String,
    /// The state that issues are created in.
    pub(super) state: String,
    pub(super) state_name: String,
}

impl Place {
    pub(super) async fn ask(link: &Arc<Link>) -> ports::Result<Self> {
        let Some(key) = &link.config.team else {
            let error = ports::Error::new(ErrorKind::Invalid, "choose", "a team");
            return Err(error.because("a plan needs the key of a team, such as ENG"));
        };
        let now = link.client.now();
        let identity = link.identity().await;
        let identity = identity.map_err(|error| error.during("read", "the workspace", now))?;
        let team = Teams::new(link).by_key(key).await?;
        let state = team.waiting().map_err(|unclear| {
            let subject = "a state for new tickets";
            ports::Error::new(ErrorKind::Invalid, "choose", subject).because(unclear)
        })?;
        Ok(Self {
            organization: identity.organization.id.clone(),
            viewer: identity.viewer.id.clone(),
            team: team.id.clone(),
            team_name: team.name.clone(),
            state: state.id.clone(),
            state_name: state.name.clone(),
        })
    }
}
