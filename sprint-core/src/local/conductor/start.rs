//! Beginning, ending and removing sprints (C-003 to C-006, C-045).

use std::fs;
use std::time::Duration;

use crate::failure::ErrorKind;
use crate::id::{CommitId, SprintId};
use crate::local::conductor::{Conductor, ConductorError, Inner, advice};
use crate::local::disk::replace;
use crate::local::layout::{make_directory, show};
use crate::local::lease::NetworkFiles;
use crate::local::mount::network_file_system;
use crate::phases::decide::Look;
use crate::phases::event::{Event, SCHEMA_VERSION, Settings, Start};
use crate::phases::graph::PhaseGraph;
use crate::phases::owner::Owner;
use crate::phases::refused::Holder;
use crate::ports::Error;

/// What becomes of agents that are working when their sprint is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// They are left alone: the command is refused.
    Keep,
    /// Their work is void, and a sprint that cannot be read is given up.
    Replace,
}

/// A sprint to begin.
#[derive(Clone, Debug)]
pub struct StartRequest {
    /// Its name; one that nothing has yet if none is given.
    pub id: Option<SprintId>,
    /// Its phases.
    pub graph: PhaseGraph,
    /// Its rules.
    pub settings: Settings,
    /// The commit the work starts from.
    pub base: Option<CommitId>,
    /// Who begins it.
    pub by: Owner,
    /// What becomes of agents that work in the one before.
    pub live: Live,
}

/// A sprint that began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Its name.
    pub sprint: SprintId,
    /// The one before, which is archived now.
    pub archived: Option<SprintId>,
}

impl Conductor {
    /// Begins a sprint and archives the one before. The name in `current` is what begins it: before
    /// it is written the old sprint is active, afterwards the new one, and never neither.
    ///
    /// # Errors
    ///
    /// Agents work in the one before, there is a sprint of this name, the place is on a network file
    /// system, and those of files.
    pub fn start(&self, request: StartRequest) -> Result<Started, ConductorError> {
        let inner = &self.inner;
        inner.layout.prepare()?;
        make_directory(&inner.root())?;
        inner.refuse_network()?;
        let _turn = inner.turn()?;
        let previous = inner.current()?;
        if let Some(previous) = &previous {
            inner.check_replaceable(previous, request.live)?;
        }
        let sprint = inner.claim_name(request.id)?;
        let directory = inner.directory(&sprint);
        for part in ["artifacts", "heartbeats"] {
            make_directory(&directory.join(part))?;
        }
        let start = Start {
            schema_version: SCHEMA_VERSION,
            sprint: sprint.clone(),
            by: request.by,
            base: request.base,
            settings: request.settings,
            phases: request.graph,
        };
        let created = inner.log(&sprint).create(inner.clock.now(), &start);
        created.map_err(|error| inner.failed(&sprint, error))?;
        let path = inner.root().join("current");
        replace(
            &path,
            format!("{sprint}\n").as_bytes(),
            inner.options.durability,
        )
        .map_err(|error| {
            Error::new(ErrorKind::Fatal, "write", show(&path)).because(advice(error))
        })?;
        if let Some(previous) = &previous
            && let Err(error) = inner.archive(previous, Some(sprint.clone()))
        {
            // It is not current any more, so nothing can happen in it. Cleaning up does it again.
            tracing::warn!(%previous, %error, "the archived sprint could not be marked as such");
        }
        let board = inner.read(&sprint)?.board;
        inner.publish(&sprint, &board);
        Ok(Started {
            sprint,
            archived: previous,
        })
    }

    /// Ends the current sprint without another.
    ///
    /// # Errors
    ///
    /// Agents work in it, it is archived already, and those of files.
    pub fn archive(&self, live: Live) -> Result<SprintId, ConductorError> {
        let inner = &self.inner;
        inner.transition(|sprint, look| {
            refuse_live(sprint, look, live)?;
            let event = look.archive()?;
            Ok((vec![event], sprint.clone()))
        })
    }

    /// Removes sprints that were archived at least `age` ago, and says which. The current one is
    /// never removed, and one that cannot be read is left for people to look at.
    ///
    /// # Errors
    ///
    /// Files cannot be removed.
    pub fn clean(&self, age: Duration) -> Result<Vec<SprintId>, ConductorError> {
        let inner = &self.inner;
        inner.check()?;
        let Some(current) = inner.current()? else {
            return Ok(Vec::new());
        };
        let _turn = inner.turn()?;
        let current = inner.current()?.unwrap_or(current);
        let mut removed = Vec::new();
        for sprint in inner.sprints()? {
            if sprint == current || !inner.is_old(&sprint, age) {
                continue;
            }
            let directory = inner.directory(&sprint);
            fs::remove_dir_all(&directory).map_err(|error| {
                Error::new(ErrorKind::Fatal, "remove", show(&directory)).because(advice(error))
            })?;
            removed.push(sprint);
        }
        Ok(removed)
    }

    /// All sprints of the problem there are, in the order of their names.
    ///
    /// # Errors
    ///
    /// The directory cannot be read.
    pub fn sprints(&self) -> Result<Vec<SprintId>, ConductorError> {
        self.inner.check()?;
        self.inner.sprints()
    }
}

impl Inner {
    fn refuse_network(&self) -> Result<(), ConductorError> {
        let place = self.root();
        match network_file_system(&place) {
            Some(kind) if self.options.network == NetworkFiles::Refuse => {
                let refused = Error::new(ErrorKind::Fatal, "coordinate agents in", show(&place));
                Err(refused
                    .because(format!(
                        "it is on a network file system ({kind}), where locks are not reliable; use \
                         a local clone, or accept the risk by forcing it"
                    ))
                    .into())
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check_replaceable(&self, previous: &SprintId, live: Live) -> Result<(), ConductorError> {
        match self.read(previous) {
            Ok(known) if known.board.archived_at().is_some() => Ok(()),
            Ok(known) => self.look(previous, &known.board, |look| {
                refuse_live(previous, look, live)
            }),
            Err(_) if live == Live::Replace => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A directory for a sprint that nothing has yet; called with the turn. One without events is
    /// left from a start that a crash cut off.
    fn claim_name(&self, wanted: Option<SprintId>) -> Result<SprintId, ConductorError> {
        let taken = |sprint: &SprintId| {
            let exists = self.log(sprint).exists();
            exists.map_err(|error| self.failed(sprint, error))
        };
        let sprint = match wanted {
            Some(sprint) if taken(&sprint)? => return Err(ConductorError::Exists { sprint }),
            Some(sprint) => sprint,
            None => loop {
                let token = self.new_token()?;
                let name = format!(
                    "sprint-{}-{}",
                    self.clock.now().compact(),
                    &token.as_str()[..8]
                );
                let invalid =
                    |error| Error::new(ErrorKind::Fatal, "name", "a sprint").because(error);
                let sprint = SprintId::new(name).map_err(invalid)?;
                if !taken(&sprint)? {
                    break sprint;
                }
            },
        };
        make_directory(&self.directory(&sprint))?;
        Ok(sprint)
    }

    /// Marks a sprint as archived, if it is not; called with the turn.
    fn archive(
        &self,
        sprint: &SprintId,
        replaced_by: Option<SprintId>,
    ) -> Result<(), ConductorError> {
        let failed = |error| self.failed(sprint, error);
        let log = self.log(sprint);
        let mut known = log.read(None).map_err(failed)?;
        if known.board.archived_at().is_none() {
            let event = Event::Archive { replaced_by };
            let appended = log.append(&mut known, self.clock.now(), &[event]);
            appended.map_err(failed)?;
        }
        Ok(())
    }

    /// Whether a sprint that is not current was archived long enough ago. One that was not marked
    /// when it should have been is marked now.
    fn is_old(&self, sprint: &SprintId, age: Duration) -> bool {
        match self.log(sprint).exists() {
            // Left from a start that a crash cut off.
            Ok(false) => return true,
            Ok(true) => {}
            Err(_) => return false,
        }
        let archived = self.archive(sprint, None);
        let board = archived
            .ok()
            .and_then(|()| self.log(sprint).read(None).ok());
        let at = board.and_then(|known| known.board.archived_at());
        at.is_some_and(|at| self.clock.now().since(at) >= age)
    }

    fn sprints(&self) -> Result<Vec<SprintId>, ConductorError> {
        let root = self.root();
        let failed = |error| Error::new(ErrorKind::Fatal, "list", show(&root)).because(error);
        let entries = match fs::read_dir(&root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error).into()),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            // Links are not followed: this is the type of the entry itself.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let name = entry.file_name();
                found.extend(name.to_str().and_then(|name| SprintId::new(name).ok()));
            }
        }
        found.sort();
        Ok(found)
    }
}

fn refuse_live(sprint: &SprintId, look: &Look<'_>, live: Live) -> Result<(), ConductorError> {
    let mut holders: Vec<Holder> = look.holders();
    holders.retain(|holder| holder.gone.is_none());
    match holders.is_empty() || live == Live::Replace {
        true => Ok(()),
        false => Err(ConductorError::InUse {
            sprint: sprint.clone(),
            holders,
        }),
    }
}
