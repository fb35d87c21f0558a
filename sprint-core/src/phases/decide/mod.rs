//! What a transition leads to: an event, or the reason why not. Functions of the board, the time and
//! who is gone (spec 5).

mod claim;
mod mend;
mod settle;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod tests;

use crate::id::PhaseName;
use crate::phases::board::{Board, Claim, State};
use crate::phases::breaker::Circuit;
use crate::phases::budget::BudgetState;
use crate::phases::owner::Gone;
use crate::phases::refused::{Holder, Missing, Refused};
use crate::phases::standing::Standing;
use crate::time::Timestamp;

pub use claim::{ClaimRequest, Granted, How, Named};
pub use settle::Credential;

/// What is looked at when something is decided.
pub struct Look<'a> {
    /// How the sprint stands.
    pub board: &'a Board,
    /// The time.
    pub now: Timestamp,
    /// Why the holder of a claim counts as gone, if it does.
    pub gone: &'a dyn Fn(&Claim) -> Option<Gone>,
}

impl std::fmt::Debug for Look<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Look")
            .field("board", &self.board)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl Look<'_> {
    /// How a phase stands; `None` if there is no such phase.
    pub fn standing(&self, phase: &PhaseName) -> Option<Standing> {
        let at = self.board.graph().position(phase)?;
        Some(self.standing_at(at))
    }

    pub(super) fn standing_at(&self, at: usize) -> Standing {
        match self.board.at(at).state() {
            State::Pending if self.board.is_free(at) => Standing::Ready,
            State::Pending => Standing::Blocked,
            State::Claimed(claim) if (self.gone)(claim).is_some() => Standing::Stale,
            State::Claimed(_) => Standing::Claimed,
            State::Complete(_) => Standing::Complete,
            State::Failed(_) => Standing::Failed,
            State::Waived(_) => Standing::Waived,
        }
    }

    /// What a phase waits for, as far as it is missing.
    pub(super) fn missing(&self, at: usize) -> Vec<Missing> {
        let parents = self.board.graph().parents(at).iter();
        let missing = parents.filter(|parent| !self.board.at(**parent).state().satisfies());
        missing.map(|parent| self.as_missing(*parent)).collect()
    }

    pub(super) fn as_missing(&self, at: usize) -> Missing {
        Missing {
            phase: self.board.graph().nodes()[at].name.clone(),
            standing: self.standing_at(at),
        }
    }

    /// All claims, as what is in the way of something.
    pub fn holders(&self) -> Vec<Holder> {
        let holder = |claim: &Claim| {
            let node = self.board.graph().get(&claim.grant.phase)?;
            Some(Holder {
                phase: node.name.clone(),
                class: node.concurrency,
                owner: claim.grant.owner.clone(),
                gone: (self.gone)(claim),
            })
        };
        self.board.claims().filter_map(holder).collect()
    }

    fn check_open(&self) -> Result<(), Refused> {
        match self.board.archived_at() {
            Some(_) => Err(Refused::Archived {
                sprint: self.board.start().sprint.clone(),
            }),
            None => Ok(()),
        }
    }

    /// The position of a phase in a sprint in which something can still happen.
    fn position(&self, phase: &PhaseName) -> Result<usize, Refused> {
        let board = self.board;
        self.check_open()?;
        let nodes = board.graph().nodes();
        let position = board.graph().position(phase);
        position.ok_or_else(|| Refused::UnknownPhase {
            phase: phase.clone(),
            known: nodes.iter().map(|node| node.name.clone()).collect(),
        })
    }

    /// The limits on failures and costs (spec 12.2, 12.3).
    fn check_limits(&self, at: usize) -> Result<(), Refused> {
        let settings = self.board.settings();
        let breaker = &self.board.at(at).breaker;
        let phase = &self.board.graph().nodes()[at].name;
        if let Circuit::Open { until } = breaker.circuit(self.now, settings.breaker) {
            return Err(Refused::CircuitOpen {
                phase: phase.clone(),
                until,
                history: breaker.history().to_vec(),
            });
        }
        match self.board.spending().state(phase, settings.budget) {
            (BudgetState::Stop, spent_micro_usd, limit_micro_usd) => Err(Refused::OverBudget {
                spent_micro_usd,
                limit_micro_usd,
            }),
            (BudgetState::Continue | BudgetState::Warn, _, _) => Ok(()),
        }
    }
}
