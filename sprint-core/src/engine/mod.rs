//! The engine: one loop that makes what is running equal to what is wanted.

mod agent_layer;
mod agents;
mod drive;
mod evidence;
mod flights;
mod gates;
mod handle;
mod looks;
pub mod perform;
mod plan;
mod survey;

use std::fmt;
use std::sync::Arc;

use crate::plan::sprint_plan::SprintPlan;
use crate::ports::{
    AgentRunner, BlobStore, Clock, Layer, Lease, Observer, Result, StateStore, Tracker, Vcs,
    Verifier,
};
use crate::resume::{Choices, Survey};
use crate::run::admit::Limits;
use crate::run::input::Input;
use crate::run::snapshot::{Delta, Snapshot};
use crate::run::{Outcome, SprintRun};

pub use agent_layer::AgentLayer;
pub use evidence::verify_evidence;
pub use handle::{Control, Inbox, control};
pub use plan::StartError;
pub use survey::survey;

/// Everything the engine reaches the world through.
#[derive(Clone, Debug)]
pub struct Ports {
    /// Tickets.
    pub tracker: Arc<dyn Tracker>,
    /// Agents.
    pub agents: Arc<dyn AgentRunner>,
    /// The repository.
    pub vcs: Arc<dyn Vcs>,
    /// Gate commands.
    pub verifier: Arc<dyn Verifier>,
    /// Layers of verification that the host adds, each with a name of its own.
    pub layers: Vec<Arc<dyn Layer>>,
    /// Raw output.
    pub blobs: Arc<dyn BlobStore>,
    /// Saved state.
    pub store: Arc<dyn StateStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// How a call to [`Engine::start`] or [`Engine::resume`] ended.
#[derive(Debug)]
pub struct Finished {
    /// The sprint as it was saved last.
    pub run: SprintRun,
    /// Why the call returned.
    pub why: Why,
}

/// Why the engine returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The sprint is over, or rests until a person decides something.
    Outcome(Outcome),
    /// It was asked to let what ran finish and to start nothing new; the sprint can go on later.
    Drained,
}

/// Drives one sprint.
///
/// The future of [`start`](Self::start) holds everything that is in flight: dropping it stops all
/// of it, and [`resume`](Self::resume) with the saved state goes on from there.
pub struct Engine {
    ports: Ports,
    limits: Limits,
    observer: Arc<dyn Observer>,
}

impl Engine {
    /// An engine over these ports.
    pub fn new(ports: Ports, limits: Limits, observer: Arc<dyn Observer>) -> Self {
        Self {
            ports,
            limits,
            observer,
        }
    }

    /// Starts a planned sprint and drives it until it is over or rests.
    ///
    /// # Errors
    ///
    /// A failed save. Nothing new was started after it; what was saved before is intact.
    pub async fn start(
        &self,
        plan: SprintPlan,
        lease: &Lease,
        inbox: &mut Inbox,
    ) -> Result<Finished> {
        let run = SprintRun::start(self.ports.clock.now(), plan);
        self.ports
            .store
            .commit(&Delta::first(run.snapshot()), lease)
            .await?;
        self.drive(run, None, lease, inbox).await
    }

    /// Goes on with a saved sprint, after a look at what is outside: what its tickets are at the
    /// tracker, what is in the repository, and what that comes to ([`crate::resume`]).
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start), and where the tracker or the repository cannot be looked at:
    /// then nothing was started or saved.
    pub async fn resume(
        &self,
        saved: Snapshot,
        lease: &Lease,
        inbox: &mut Inbox,
    ) -> Result<Finished> {
        let survey = self.survey(&saved, Choices::default()).await?;
        self.resume_with(saved, survey, lease, inbox).await
    }

    /// The same, where somebody has looked already, and perhaps asked a person.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub async fn resume_with(
        &self,
        saved: Snapshot,
        survey: Survey,
        lease: &Lease,
        inbox: &mut Inbox,
    ) -> Result<Finished> {
        let run = SprintRun::restore(saved);
        let first = Input::Reconcile(Box::new(survey));
        self.drive(run, Some(first), lease, inbox).await
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("ports", &self.ports)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
