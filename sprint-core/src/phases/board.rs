//! How a sprint stands: a fold over its events.

mod apply;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use crate::id::{AgentName, PhaseName};
use crate::phases::breaker::Breaker;
use crate::phases::budget::Spending;
use crate::phases::event::{ArtifactRef, Epoch, Event, Grant, Settings, Start};
use crate::phases::graph::{Concurrency, PhaseGraph};
use crate::phases::loop_guard::LoopGuard;
use crate::phases::owner::Owner;
use crate::phases::reason::Reason;
use crate::time::Timestamp;

pub use apply::Impossible;

/// How a sprint stands, without anything that has to be looked up elsewhere: whether who holds a
/// claim is still there is no part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    start: Arc<Start>,
    started_at: Timestamp,
    archived_at: Option<Timestamp>,
    shipped_at: Option<Timestamp>,
    /// Shared until they change, so that copying a board is cheap.
    phases: Vec<Arc<Phase>>,
    claimed: BTreeSet<usize>,
    /// How many of the claimed ones may not have another beside them.
    alone: usize,
    spending: Spending,
    loop_guard: LoopGuard,
}

/// One phase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phase {
    /// The last claim of it.
    pub(super) epoch: Epoch,
    /// How it stands.
    pub(super) state: State,
    /// Its failures since it was last complete.
    pub(super) breaker: Breaker,
}

/// How a phase stands, as far as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nobody has it.
    #[default]
    Pending,
    /// An agent has it.
    Claimed(Claim),
    /// It is done.
    Complete(Completion),
    /// It could not be done.
    Failed(FailedPhase),
    /// It could not be done, and a person goes on without it.
    Waived(Waiver),
}

/// A claim that somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What was given.
    pub grant: Grant,
    /// When.
    pub at: Timestamp,
    /// Whether it is told already that the holder is gone.
    pub stale_told: bool,
}

/// How a phase was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Completion {
    /// By whom.
    pub by: Owner,
    /// Under which claim.
    pub epoch: Epoch,
    /// Claimed at.
    pub claimed_at: Timestamp,
    /// Done at.
    pub at: Timestamp,
    /// What was handed in.
    pub artifact: Option<ArtifactRef>,
    /// The files as they were then.
    pub tree: Option<crate::id::TreeId>,
}

/// How a phase failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedPhase {
    /// Who reported it.
    pub by: Owner,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// In which way.
    pub tag: crate::id::FailureTag,
}

/// The decision to go on without a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiver {
    /// Who decided.
    pub by: AgentName,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// What was waived.
    pub failed: FailedPhase,
}

impl Board {
    /// The board of a sprint that begins.
    pub fn new(at: Timestamp, start: Start) -> Self {
        let phases = vec![Arc::<Phase>::default(); start.phases.nodes().len()];
        Self {
            start: Arc::new(start),
            started_at: at,
            archived_at: None,
            shipped_at: None,
            phases,
            claimed: BTreeSet::new(),
            alone: 0,
            spending: Spending::default(),
            loop_guard: LoopGuard::default(),
        }
    }

    /// Folds all events of a sprint.
    ///
    /// # Errors
    ///
    /// An event that cannot follow those before it.
    pub fn fold<'a>(
        events: impl IntoIterator<Item = (Timestamp, &'a Event)>,
    ) -> Result<Option<Self>, Impossible> {
        let mut board: Option<Self> = None;
        for (at, event) in events {
            match (&mut board, event) {
                (None, Event::SprintStart(start)) => {
                    board = Some(Self::new(at, Start::clone(start)));
                }
                (None, _) => return Err(Impossible::new(event, "nothing was started before it")),
                (Some(board), _) => board.apply(at, event)?,
            }
        }
        Ok(board)
    }

    /// The definition of the sprint.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// When it began.
    pub const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// When another took its place.
    pub const fn archived_at(&self) -> Option<Timestamp> {
        self.archived_at
    }

    /// When it was last aggregated.
    pub const fn shipped_at(&self) -> Option<Timestamp> {
        self.shipped_at
    }

    /// Its phases and what they wait for.
    pub fn graph(&self) -> &PhaseGraph {
        &self.start.phases
    }

    /// Its rules.
    pub fn settings(&self) -> &Settings {
        &self.start.settings
    }

    /// What it has cost.
    pub const fn spending(&self) -> &Spending {
        &self.spending
    }

    /// Whether phases that should change files do.
    pub const fn loop_guard(&self) -> &LoopGuard {
        &self.loop_guard
    }

    /// How a phase stands, as far as it is stored.
    pub fn state(&self, phase: &PhaseName) -> Option<&State> {
        let at = self.graph().position(phase)?;
        Some(&self.phases[at].state)
    }

    /// The failures of a phase since it was last complete.
    pub fn breaker(&self, phase: &PhaseName) -> Option<&Breaker> {
        let at = self.graph().position(phase)?;
        Some(&self.phases[at].breaker)
    }

    /// The last claim of a phase; 0 if there was none.
    pub fn epoch(&self, phase: &PhaseName) -> Epoch {
        let at = self.graph().position(phase);
        at.map_or_else(Epoch::default, |at| self.phases[at].epoch)
    }

    /// The claims that somebody has, in declared order.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.claimed.iter().filter_map(|at| self.claim_of(*at))
    }

    /// Whether a phase of this class may run beside those that are claimed.
    pub(super) fn admits(&self, class: Concurrency) -> bool {
        self.claimed.is_empty() || (self.alone == 0 && class.admits(Concurrency::Read))
    }

    /// Whether what the phase at `at` waits for is done or waived.
    pub(super) fn is_free(&self, at: usize) -> bool {
        let mut parents = self.graph().parents(at).iter();
        parents.all(|parent| self.phases[*parent].state.satisfies())
    }

    pub(super) fn at(&self, at: usize) -> &Phase {
        &self.phases[at]
    }
}

impl Phase {
    /// How it stands.
    pub const fn state(&self) -> &State {
        &self.state
    }
}

impl State {
    /// Whether what depends on the phase may begin.
    pub const fn satisfies(&self) -> bool {
        match self {
            Self::Complete(_) | Self::Waived(_) => true,
            Self::Pending | Self::Claimed(_) | Self::Failed(_) => false,
        }
    }
}
