//! One more event, or the reason why it cannot follow.

use std::mem;
use std::sync::Arc;

use crate::id::PhaseName;
use crate::phases::board::{Board, Claim, Completion, FailedPhase, Phase, State, Waiver};
use crate::phases::breaker::{Breaker, PastFailure};
use crate::phases::event::{Epoch, Event, Grant, Note, Stale};
use crate::phases::graph::Concurrency;
use crate::time::Timestamp;

/// An event that cannot follow those before it: the log was changed by hand, or is damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event} cannot be: {reason}")]
pub struct Impossible {
    event: &'static str,
    reason: String,
}

impl Impossible {
    pub(super) fn new(event: &Event, reason: impl Into<String>) -> Self {
        Self {
            event: event.name(),
            reason: reason.into(),
        }
    }
}

impl Board {
    /// Takes in what happened at a time. After an error the board is as it was.
    ///
    /// # Errors
    ///
    /// The event cannot follow those before it.
    pub fn apply(&mut self, at: Timestamp, event: &Event) -> Result<(), Impossible> {
        self.try_apply(at, event)
            .map_err(|reason| Impossible::new(event, reason))
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    fn try_apply(&mut self, at: Timestamp, event: &Event) -> Result<(), String> {
        if self.archived_at.is_some() {
            return Err("the sprint was archived before it".into());
        }
        match event {
            Event::SprintStart(_) => Err("the sprint has begun already".into()),
            Event::Claim(grant) => {
                let phase = self.index(&grant.phase)?;
                if self.phases[phase].state != State::Pending {
                    return Err(format!("{} is not pending", grant.phase));
                }
                self.grant(at, phase, grant)
            }
            Event::Reclaim { grant, from, .. } | Event::ForceClaim { grant, from, .. } => {
                let phase = self.index(&grant.phase)?;
                let held = self.claim_of(phase);
                if held.is_none_or(|claim| claim.grant.owner != *from) {
                    return Err(format!("{} is not claimed by {from}", grant.phase));
                }
                self.check_epoch(phase, grant)?;
                self.unclaim(phase);
                self.grant(at, phase, grant)
            }
            Event::Complete {
                phase,
                epoch,
                artifact,
                tree,
            } => {
                let (phase, claim) = self.held(phase, *epoch)?;
                self.unclaim(phase);
                self.phase_mut(phase).state = State::Complete(Completion {
                    by: claim.grant.owner,
                    epoch: *epoch,
                    claimed_at: claim.at,
                    at,
                    artifact: artifact.clone(),
                    tree: tree.clone(),
                });
                self.phase_mut(phase).breaker = Breaker::default();
                if let Some(tree) = tree
                    && self.class(phase) == Concurrency::Write
                {
                    self.loop_guard.completed(tree);
                }
                Ok(())
            }
            Event::Fail {
                phase,
                epoch,
                reason,
                tag,
            } => {
                let (phase, claim) = self.held(phase, *epoch)?;
                self.unclaim(phase);
                let failure = PastFailure {
                    at,
                    tag: tag.clone(),
                    reason: reason.clone(),
                };
                let rule = self.settings().breaker;
                self.phase_mut(phase).breaker.fail(failure, rule);
                self.phase_mut(phase).state = State::Failed(FailedPhase {
                    by: claim.grant.owner,
                    at,
                    reason: reason.clone(),
                    tag: tag.clone(),
                });
                Ok(())
            }
            Event::Release { phase, epoch, .. } => {
                let (phase, _) = self.held(phase, *epoch)?;
                self.unclaim(phase);
                Ok(())
            }
            Event::StaleDetected(Stale { phase, epoch, .. }) => {
                let (phase, _) = self.held(phase, *epoch)?;
                if let State::Claimed(claim) = &mut self.phase_mut(phase).state {
                    claim.stale_told = true;
                }
                Ok(())
            }
            Event::Retry { .. } | Event::Waive { .. } => self.after_failure(at, event),
            Event::Invalidate { phases, .. } => self.invalidate(phases),
            Event::Spend { phase, micro_usd } => {
                self.index(phase)?;
                self.spending.add(phase, *micro_usd);
                Ok(())
            }
            Event::Note(Note::Ship { .. }) => {
                self.shipped_at = Some(at);
                Ok(())
            }
            Event::Note(Note::ConflictResolved { .. } | Note::GateRefused { .. }) => Ok(()),
            Event::Archive { .. } => {
                self.archived_at = Some(at);
                Ok(())
            }
        }
    }

    fn after_failure(&mut self, at: Timestamp, event: &Event) -> Result<(), String> {
        let (Event::Retry { phase, .. } | Event::Waive { phase, .. }) = event else {
            return Ok(());
        };
        let index = self.index(phase)?;
        let found = self.phase_mut(index);
        if !matches!(found.state, State::Failed(_)) {
            return Err(format!("{phase} has not failed"));
        }
        let State::Failed(failed) = mem::take(&mut found.state) else {
            return Ok(());
        };
        if let Event::Waive { by, reason, .. } = event {
            found.state = State::Waived(Waiver {
                by: by.clone(),
                at,
                reason: reason.clone(),
                failed,
            });
        } else if let Event::Retry {
            forced: Some(_), ..
        } = event
        {
            found.breaker.let_through();
        }
        Ok(())
    }

    /// What was complete is pending again; what waits for it must not be complete afterwards.
    fn invalidate(&mut self, phases: &[PhaseName]) -> Result<(), String> {
        for phase in phases {
            let at = self.index(phase)?;
            if !matches!(self.phases[at].state, State::Complete(_)) {
                return Err(format!("{phase} is not complete"));
            }
            let left = self.graph().descendants(phase).into_iter().find(|later| {
                let begun = matches!(
                    self.state(later),
                    Some(State::Complete(_) | State::Claimed(_))
                );
                begun && !phases.contains(later)
            });
            if let Some(left) = left {
                return Err(format!("{left} depends on {phase} and would stay as it is"));
            }
        }
        for phase in phases {
            let at = self.index(phase)?;
            self.phase_mut(at).state = State::Pending;
        }
        Ok(())
    }

    fn index(&self, phase: &PhaseName) -> Result<usize, String> {
        let index = self.graph().position(phase);
        index.ok_or_else(|| format!("there is no phase {phase}"))
    }

    fn phase_mut(&mut self, phase: usize) -> &mut Phase {
        Arc::make_mut(&mut self.phases[phase])
    }

    fn class(&self, phase: usize) -> Concurrency {
        self.graph().nodes()[phase].concurrency
    }

    fn check_epoch(&self, phase: usize, grant: &Grant) -> Result<(), String> {
        let last = self.phases[phase].epoch;
        if grant.epoch != last.next() {
            return Err(format!("claim {} does not follow {last}", grant.epoch));
        }
        let node = &self.graph().nodes()[phase];
        let others = self.claimed.iter().filter(|other| **other != phase);
        let mut classes = others.map(|other| self.class(*other));
        if !self.is_free(phase) {
            return Err(format!("what {} depends on is not done", node.name));
        }
        if self.claimed.contains(&phase) || self.admits(node.concurrency) {
            // A claim that is taken over was admitted when it was first made.
            return Ok(());
        }
        match classes.all(|class| class.admits(node.concurrency)) {
            true => Ok(()),
            false => Err(format!("what is claimed excludes {}", node.name)),
        }
    }

    fn grant(&mut self, at: Timestamp, phase: usize, grant: &Grant) -> Result<(), String> {
        self.check_epoch(phase, grant)?;
        self.phase_mut(phase).epoch = grant.epoch;
        self.phase_mut(phase).state = State::Claimed(Claim {
            grant: grant.clone(),
            at,
            stale_told: false,
        });
        self.claimed.insert(phase);
        self.alone += usize::from(self.class(phase) != Concurrency::Read);
        Ok(())
    }

    /// The claim that has this epoch.
    fn held(&self, phase: &PhaseName, epoch: Epoch) -> Result<(usize, Claim), String> {
        let index = self.index(phase)?;
        let claim = self.claim_of(index);
        match claim.filter(|claim| claim.grant.epoch == epoch) {
            Some(claim) => Ok((index, claim.clone())),
            None => Err(format!("{phase} has no claim with number {epoch}")),
        }
    }

    pub(in crate::phases) fn claim_of(&self, phase: usize) -> Option<&Claim> {
        match &self.phases[phase].state {
            State::Claimed(claim) => Some(claim),
            State::Pending | State::Complete(_) | State::Failed(_) | State::Waived(_) => None,
        }
    }

    fn unclaim(&mut self, phase: usize) {
        if self.claimed.remove(&phase) {
            self.alone -= usize::from(self.class(phase) != Concurrency::Read);
        }
        self.phase_mut(phase).state = State::Pending;
    }
}
