//! How a sprint stands, for people and tools.

use serde::Serialize;

use crate::id::{AgentName, PhaseName, SprintId};
use crate::phases::board::State;
use crate::phases::budget::BudgetState;
use crate::phases::decide::Look;
use crate::phases::event::{ArtifactRef, Epoch};
use crate::phases::graph::{Concurrency, SHIP};
use crate::phases::owner::{Gone, Owner};
use crate::phases::reason::Reason;
use crate::phases::refused::Missing;
use crate::phases::standing::Standing;
use crate::time::Timestamp;

/// How a sprint stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SprintView {
    /// Which.
    pub sprint: SprintId,
    /// Since when.
    pub started_at: Timestamp,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
    /// Its phases, in declared order.
    pub phases: Vec<PhaseView>,
    /// What agents work on, in declared order.
    pub current: Vec<PhaseName>,
    /// What can be claimed first.
    pub next: Option<PhaseName>,
    /// What can be claimed, in the order of priority.
    pub ready: Vec<PhaseName>,
    /// What ship waits for.
    pub required_before_ship: Vec<PhaseName>,
    /// Whether ship can be claimed, or is done.
    pub can_ship: bool,
    /// Millionths of a US dollar that were spent.
    pub spent_micro_usd: u64,
    /// What the budget says.
    pub budget: BudgetState,
    /// How many phases in a row that should have changed files ended with the same ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchanged_writes: Option<u32>,
}

/// How a phase stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhaseView {
    /// Which.
    pub name: PhaseName,
    /// How.
    pub standing: Standing,
    /// What may run beside it.
    pub concurrency: Concurrency,
    /// How often it was claimed anew.
    pub epoch: Epoch,
    /// Who has it, or did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Since when it stands so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Why its holder counts as gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone: Option<Gone>,
    /// What it waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// What it handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<ArtifactRef>,
    /// Why it failed or was waived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Who waived it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waived_by: Option<AgentName>,
    /// How often it failed since it was last complete.
    pub failures: u32,
}

impl Look<'_> {
    /// The whole sprint.
    pub fn view(&self) -> SprintView {
        let board = self.board;
        let nodes = 0..board.graph().nodes().len();
        let phases: Vec<_> = nodes.map(|at| self.view_at(at)).collect();
        let ready = self.ready();
        let claims = board.claims();
        let ship = board
            .graph()
            .nodes()
            .iter()
            .find(|node| node.name.as_str() == SHIP);
        let settings = board.settings();
        let budget = ship
            .or_else(|| board.graph().nodes().first())
            .map_or(BudgetState::Continue, |node| {
                board.spending().state(&node.name, settings.budget).0
            });
        SprintView {
            sprint: board.start().sprint.clone(),
            started_at: board.started_at(),
            archived_at: board.archived_at(),
            current: claims.map(|claim| claim.grant.phase.clone()).collect(),
            next: ready.first().cloned(),
            required_before_ship: board.graph().required_before_ship(),
            can_ship: self.can_ship(),
            phases,
            ready,
            spent_micro_usd: board.spending().total(),
            budget,
            unchanged_writes: board.loop_guard().warning(),
        }
    }

    /// Whether ship can be claimed now, or is done (C-058). Without a phase `ship`, whether what it
    /// would wait for is done.
    pub fn can_ship(&self) -> bool {
        let graph = self.board.graph();
        match graph
            .nodes()
            .iter()
            .position(|node| node.name.as_str() == SHIP)
        {
            Some(at) => match self.standing_at(at) {
                Standing::Complete => true,
                Standing::Ready => self.board.admits(graph.nodes()[at].concurrency),
                Standing::Blocked
                | Standing::Claimed
                | Standing::Stale
                | Standing::Failed
                | Standing::Waived => false,
            },
            None => {
                let required = graph.required_before_ship();
                let mut states = required.iter().filter_map(|phase| self.board.state(phase));
                !required.is_empty() && states.all(State::satisfies)
            }
        }
    }

    fn view_at(&self, at: usize) -> PhaseView {
        let node = &self.board.graph().nodes()[at];
        let phase = self.board.at(at);
        let standing = self.standing_at(at);
        let mut view = PhaseView {
            name: node.name.clone(),
            standing,
            concurrency: node.concurrency,
            epoch: phase.epoch,
            owner: None,
            since: None,
            gone: None,
            missing: if standing == Standing::Blocked {
                self.missing(at)
            } else {
                Vec::new()
            },
            artifact: None,
            reason: None,
            waived_by: None,
            failures: phase.breaker.total(),
        };
        match phase.state() {
            State::Pending => {}
            State::Claimed(claim) => {
                view.owner = Some(claim.grant.owner.clone());
                view.since = Some(claim.at);
                view.gone = (self.gone)(claim);
            }
            State::Complete(done) => {
                view.owner = Some(done.by.clone());
                view.since = Some(done.at);
                view.artifact.clone_from(&done.artifact);
            }
            State::Failed(failed) => {
                view.owner = Some(failed.by.clone());
                view.since = Some(failed.at);
                view.reason = Some(failed.reason.clone());
            }
            State::Waived(waiver) => {
                view.owner = Some(waiver.failed.by.clone());
                view.since = Some(waiver.at);
                view.reason = Some(waiver.reason.clone());
                view.waived_by = Some(waiver.by.clone());
            }
        }
        view
    }
}
