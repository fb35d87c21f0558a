//! Saved state: the whole of it, and changes to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::TicketId;
use crate::plan::sprint_plan::SprintPlan;
use crate::run::integrate::IntegrationRun;
use crate::run::predict::Prediction;
use crate::run::state::SprintState;
use crate::run::ticket::TicketRun;
use crate::run::undo::UndoRun;
use crate::time::Timestamp;

/// The version of the saved form. A greater one is refused with advice to upgrade.
pub const SCHEMA_VERSION: u32 = 1;

/// The oldest version that can be read. Fields that came later have defaults; a version that needs
/// more than that to be read gets a function that makes the next version of it.
const OLDEST_SCHEMA: u32 = 1;

/// A saved state of a version that this program cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadVersion {
    /// A newer program wrote it.
    #[error("was written in format {0}, this version reads up to {SCHEMA_VERSION}; upgrade it")]
    Newer(u32),
    /// No program wrote it.
    #[error(
        "says that it has format {0}, which no version of this program wrote; if it was edited by \
         hand, take the change back, else restore it from a backup"
    )]
    Unknown(u32),
}

/// Whether a state of this version can be read.
pub const fn check_version(version: u32) -> Result<(), BadVersion> {
    if version > SCHEMA_VERSION {
        Err(BadVersion::Newer(version))
    } else if version < OLDEST_SCHEMA {
        Err(BadVersion::Unknown(version))
    } else {
        Ok(())
    }
}

/// The whole state of a sprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Grows by one with every change.
    pub revision: u64,
    /// When the last change happened.
    pub at: Timestamp,
    /// The plan; never changes.
    pub plan: Arc<SprintPlan>,
    /// The sprint as a whole.
    pub sprint: SprintState,
    /// Each ticket.
    pub tickets: BTreeMap<TicketId, TicketRun>,
    /// Integration, once it has begun.
    pub integration: Option<IntegrationRun>,
    /// What was taken back last, or is being.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<UndoRun>,
    /// What is expected of pairs of tickets, and what happened.
    #[serde(default)]
    pub prediction: Prediction,
}

/// A change of the state: the records that changed, whole. It says what the state *is*, not what
/// happened, so a newer version can read what an older one wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// The revision it leads to.
    pub revision: u64,
    /// When.
    pub at: Timestamp,
    /// The whole state, in the first delta of a sprint only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full: Option<Box<Snapshot>>,
    /// The sprint as a whole, if it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sprint: Option<SprintState>,
    /// Tickets that changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tickets: BTreeMap<TicketId, TicketRun>,
    /// Integration, if it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<IntegrationRun>,
    /// What is being taken back, if that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<UndoRun>,
    /// What is expected of pairs of tickets, if that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Prediction>,
}

/// A delta does not follow the state it is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("change {found} does not follow revision {stored}")]
pub struct OutOfOrder {
    /// The revision there is.
    pub stored: u64,
    /// The revision that came.
    pub found: u64,
}

impl Delta {
    /// A first delta: the whole state.
    pub fn first(snapshot: Snapshot) -> Self {
        Self {
            revision: snapshot.revision,
            at: snapshot.at,
            full: Some(Box::new(snapshot)),
            sprint: None,
            tickets: BTreeMap::new(),
            integration: None,
            undo: None,
            prediction: None,
        }
    }
}

impl Snapshot {
    /// Folds a change in. A delta that carries the whole state replaces everything.
    pub fn absorb(&mut self, delta: &Delta) -> Result<(), OutOfOrder> {
        if let Some(full) = &delta.full {
            *self = (**full).clone();
            return Ok(());
        }
        if delta.revision != self.revision + 1 {
            return Err(OutOfOrder {
                stored: self.revision,
                found: delta.revision,
            });
        }
        self.revision = delta.revision;
        self.at = delta.at;
        if let Some(sprint) = &delta.sprint {
            self.sprint = sprint.clone();
        }
        for (id, ticket) in &delta.tickets {
            self.tickets.insert(id.clone(), ticket.clone());
        }
        if let Some(integration) = &delta.integration {
            self.integration = Some(integration.clone());
        }
        if let Some(undo) = &delta.undo {
            self.undo = Some(undo.clone());
        }
        if let Some(prediction) = &delta.prediction {
            self.prediction = prediction.clone();
        }
        Ok(())
    }
}
