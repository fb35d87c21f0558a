//! What people do about phases that failed or are out of date (spec 5), and what a watcher tells.

use crate::id::{AgentName, PhaseName};
use crate::phases::board::State;
use crate::phases::decide::Look;
use crate::phases::event::{Event, Note, Stale};
use crate::phases::reason::Reason;
use crate::phases::refused::Refused;

impl Look<'_> {
    /// Lets a failed phase be claimed again, as often as the rules allow; with a reason, once more.
    ///
    /// # Errors
    ///
    /// It has not failed, or as often as it may.
    pub fn retry(&self, phase: &PhaseName, force: Option<Reason>) -> Result<Event, Refused> {
        let at = self.failed(phase)?;
        let attempts = self.board.at(at).breaker.total();
        if force.is_none() && attempts >= self.board.settings().max_attempts {
            let phase = phase.clone();
            return Err(Refused::AttemptsUsedUp { phase, attempts });
        }
        Ok(Event::Retry {
            phase: phase.clone(),
            forced: force,
        })
    }

    /// Goes on without a failed phase.
    ///
    /// # Errors
    ///
    /// It has not failed.
    pub fn waive(
        &self,
        phase: &PhaseName,
        by: &AgentName,
        reason: Reason,
    ) -> Result<Event, Refused> {
        self.failed(phase)?;
        Ok(Event::Waive {
            phase: phase.clone(),
            by: by.clone(),
            reason,
        })
    }

    /// What has to be pending again if a complete phase is to be: that, and every complete one that
    /// depends on it.
    ///
    /// # Errors
    ///
    /// It is not complete, or somebody works on what depends on it.
    pub fn invalidate(&self, phase: &PhaseName) -> Result<Vec<PhaseName>, Refused> {
        let at = self.position(phase)?;
        let is_complete =
            |phase: &PhaseName| matches!(self.board.state(phase), Some(State::Complete(_)));
        if !is_complete(phase) {
            return Err(Refused::NotComplete {
                phase: phase.clone(),
                standing: self.standing_at(at),
            });
        }
        let later = self.board.graph().descendants(phase);
        let mut holders = self.holders();
        holders.retain(|holder| later.contains(&holder.phase));
        if !holders.is_empty() {
            return Err(Refused::BuiltUpon {
                phase: phase.clone(),
                holders,
            });
        }
        let later = later.into_iter().filter(is_complete);
        Ok(std::iter::once(phase.clone()).chain(later).collect())
    }

    /// What a watcher has to tell: each claim whose holder is gone, once.
    pub fn sweep(&self) -> Vec<Stale> {
        let untold = self.board.claims().filter(|claim| !claim.stale_told);
        let stale = untold.filter_map(|claim| {
            Some(Stale {
                phase: claim.grant.phase.clone(),
                epoch: claim.grant.epoch,
                gone: (self.gone)(claim)?,
            })
        });
        stale.collect()
    }

    /// Counts what was paid for a phase, in millionths of a US dollar. It is counted whatever the
    /// budget says: it was paid.
    ///
    /// # Errors
    ///
    /// There is no such phase.
    pub fn spend(&self, phase: &PhaseName, micro_usd: u64) -> Result<Event, Refused> {
        self.position(phase)?;
        let phase = phase.clone();
        Ok(Event::Spend { phase, micro_usd })
    }

    /// Takes in what was decided elsewhere, as it is.
    ///
    /// # Errors
    ///
    /// The sprint is archived.
    pub fn record(&self, note: Note) -> Result<Event, Refused> {
        self.check_open()?;
        Ok(Event::Note(note))
    }

    /// Ends the sprint without another.
    ///
    /// # Errors
    ///
    /// The sprint is archived.
    pub fn archive(&self) -> Result<Event, Refused> {
        self.check_open()?;
        Ok(Event::Archive { replaced_by: None })
    }

    fn failed(&self, phase: &PhaseName) -> Result<usize, Refused> {
        let at = self.position(phase)?;
        match self.board.at(at).state() {
            State::Failed(_) => Ok(at),
            State::Pending | State::Claimed(_) | State::Complete(_) | State::Waived(_) => {
                Err(Refused::NotFailed {
                    phase: phase.clone(),
                    standing: self.standing_at(at),
                })
            }
        }
    }
}
