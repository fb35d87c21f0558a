//! Teams, resolved once.

mod choice;
mod kind;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sprint_core::failure::ErrorKind;
use sprint_core::ports::{Error, Result};

use crate::call_error::{CallError, printable};
use crate::link::Link;
use crate::ops::identity::NoVariables;
use crate::ops::team::{self as ops, ByKey};
use crate::ops::team::{TeamById, TeamByKey, TeamKeys, TeamStates};
use crate::ops::{ById, Next, Operation as _, Page};
use crate::pages::Pages;

pub(crate) use choice::{State, Team};
pub(crate) use kind::{Kind, Life, status};

/// The teams of a workspace, as far as they were asked for.
pub(crate) struct Teams {
    link: Arc<Link>,
    known: Mutex<BTreeMap<String, Arc<Team>>>,
    /// Held while a team is asked for, so that many who want it ask once.
    asking: tokio::sync::Mutex<()>,
}

impl Teams {
    pub(crate) fn new(link: &Arc<Link>) -> Self {
        Self {
            link: Arc::clone(link),
            known: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// The team with this key, as it is now.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid), naming the teams there are, if there is none.
    pub(crate) async fn by_key(&self, key: &str) -> Result<Arc<Team>> {
        let variables = ByKey {
            key: key.to_owned(),
        };
        let asked = self.link.client.read::<TeamByKey>(&variables).await;
        let found = asked.map_err(|error| self.failed(error, key))?.teams.nodes;
        let live = found.into_iter().find(|team| team.retired_at.is_none());
        match live {
            Some(team) => self.keep(team).await,
            None => Err(self.unknown(key).await),
        }
    }

    /// The team with this id, as it was when it was asked for first.
    pub(crate) async fn by_id(&self, id: &str) -> Result<Arc<Team>> {
        if let Some(team) = self.known(id) {
            return Ok(team);
        }
        let _turn = self.asking.lock().await;
        if let Some(team) = self.known(id) {
            return Ok(team);
        }
        let asked = self.link.client.read::<TeamById>(&ById::new(id)).await;
        let team = asked.map_err(|error| self.failed(error, id))?.team;
        self.keep(team).await
    }

    /// Asks anew next time: something of this team is not as it was.
    pub(crate) fn forget(&self, id: &str) {
        self.all().remove(id);
    }

    /// Takes a team in, with all its states.
    async fn keep(&self, team: ops::Team) -> Result<Arc<Team>> {
        let rest = self.more_states(&team.id, &team.states).await;
        let rest = rest.map_err(|error| self.failed(error, team.key.as_str()))?;
        let team = Arc::new(Team::new(team, rest));
        self.all().insert(team.id.clone(), Arc::clone(&team));
        Ok(team)
    }

    async fn more_states(
        &self,
        id: &str,
        first: &Page<ops::State>,
    ) -> Result<Vec<ops::State>, CallError> {
        let mut pages = Pages::new(TeamStates::NAME);
        let mut rest = Vec::new();
        let mut after = pages.next(&first.page_info)?;
        while after.is_some() {
            let id = id.to_owned();
            let variables = Next { id, after };
            let page = self.link.client.read::<TeamStates>(&variables).await?;
            after = pages.next(&page.team.states.page_info)?;
            rest.extend(page.team.states.nodes);
        }
        Ok(rest)
    }

    /// There is no team with this key.
    async fn unknown(&self, key: &str) -> Error {
        let teams = self.link.client.read::<TeamKeys>(&NoVariables {}).await;
        let teams = match teams {
            Ok(data) => data.teams,
            Err(error) => return self.failed(error, key),
        };
        let name = |team: &ops::TeamName| format!("{} ({})", team.key, team.name);
        let mut names: Vec<_> = teams.nodes.iter().map(name).collect();
        names.sort();
        let more = match teams.page_info.has_next_page {
            true => ", and more",
            false => "",
        };
        let names = printable(&names.join(", "));
        let text = format!("the workspace has no such team; the key can see {names}{more}");
        Error::new(ErrorKind::Invalid, "find team", printable(key)).because(text)
    }

    fn failed(&self, error: CallError, subject: &str) -> Error {
        error.during("find team", printable(subject), self.link.client.now())
    }

    fn known(&self, id: &str) -> Option<Arc<Team>> {
        self.all().get(id).map(Arc::clone)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Team>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Teams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Teams").field(&*self.all()).finish()
    }
}
