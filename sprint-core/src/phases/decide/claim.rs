//! Claiming a phase, by name or the next one (spec 5, 6.4, 7.6).

use crate::id::{ClaimToken, PhaseName};
use crate::phases::board::{Claim, State};
use crate::phases::decide::Look;
use crate::phases::event::{Event, Grant};
use crate::phases::owner::{Gone, Owner};
use crate::phases::reason::Reason;
use crate::phases::refused::{Missing, Nothing, Refused};
use crate::phases::standing::Standing;

/// Whether the name of an agent was chosen by somebody, or made up for one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// It was chosen: another name is another agent, in the same process too.
    Chosen,
    /// It was made up: the process says who it is.
    MadeUp,
}

/// Who wants a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Who.
    pub owner: Owner,
    /// Where their name is from.
    pub named: Named,
    /// Why it may be taken from a holder that is there; `None` if it may not.
    pub force: Option<Reason>,
}

impl ClaimRequest {
    /// A claim of an agent with a chosen name that takes nothing from others.
    pub const fn new(owner: Owner) -> Self {
        Self {
            owner,
            named: Named::Chosen,
            force: None,
        }
    }

    fn is_holder(&self, claim: &Claim) -> bool {
        let held = &claim.grant.owner;
        match self.named {
            Named::Chosen => *held == self.owner,
            Named::MadeUp => self.owner.process.is_some() && held.process == self.owner.process,
        }
    }
}

/// How a phase was got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// Nobody had it.
    Fresh,
    /// The same agent had it already; nothing has changed.
    Again,
    /// Its holder was gone.
    Reclaimed {
        /// Who had it.
        from: Owner,
        /// Why they count as gone.
        gone: Gone,
    },
    /// It was taken from a holder.
    Forced {
        /// Who had it.
        from: Owner,
    },
}

/// A phase that was got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The claim.
    pub grant: Grant,
    /// How it was got.
    pub how: How,
    /// What has to be saved before it counts; nothing if the same agent had it already.
    pub event: Option<Event>,
}

impl Look<'_> {
    /// Claims a phase. `token` is what a new claim gets.
    ///
    /// # Errors
    ///
    /// The phase is unknown, complete, waived, failed, claimed or blocked, cannot run beside what is
    /// running, has failed too often, or there is no money left.
    pub fn claim(
        &self,
        phase: &PhaseName,
        request: &ClaimRequest,
        token: ClaimToken,
    ) -> Result<Granted, Refused> {
        let at = self.position(phase)?;
        self.claim_at(at, request, token)
    }

    /// Claims the first phase that can be claimed, in the order of priority. A phase whose holder is
    /// gone can be.
    ///
    /// # Errors
    ///
    /// [`Refused::NothingToClaim`], or the one reason that keeps every ready phase from being
    /// claimed.
    pub fn claim_next(
        &self,
        request: &ClaimRequest,
        token: ClaimToken,
    ) -> Result<Granted, Refused> {
        self.check_open()?;
        match self.claimable().first() {
            Some(at) => {
                let request = ClaimRequest {
                    force: None,
                    ..request.clone()
                };
                self.claim_at(*at, &request, token)
            }
            None => Err(self.why_nothing()),
        }
    }

    /// What can be claimed now, in the order of priority.
    pub fn ready(&self) -> Vec<PhaseName> {
        let names = self.claimable().into_iter();
        names
            .map(|at| self.board.graph().nodes()[at].name.clone())
            .collect()
    }

    /// Why nothing can be claimed; `None` if something can.
    pub fn nothing(&self) -> Option<Refused> {
        self.claimable().is_empty().then(|| self.why_nothing())
    }

    fn claim_at(
        &self,
        at: usize,
        request: &ClaimRequest,
        token: ClaimToken,
    ) -> Result<Granted, Refused> {
        let node = &self.board.graph().nodes()[at];
        let phase = node.name.clone();
        let found = self.board.at(at);
        let grant = Grant {
            phase: phase.clone(),
            epoch: found.epoch.next(),
            token,
            owner: request.owner.clone(),
        };
        match found.state() {
            State::Complete(done) => Err(Refused::Complete {
                phase,
                by: done.by.clone(),
            }),
            State::Waived(waiver) => Err(Refused::Waived {
                phase,
                reason: waiver.reason.clone(),
            }),
            State::Failed(failed) => Err(Refused::Failed {
                phase,
                tag: failed.tag.clone(),
                reason: failed.reason.clone(),
            }),
            State::Claimed(claim) if request.is_holder(claim) => Ok(Granted {
                grant: claim.grant.clone(),
                how: How::Again,
                event: None,
            }),
            State::Claimed(claim) => self.take_over(at, claim, request, grant),
            State::Pending => {
                let missing = self.missing(at);
                if !missing.is_empty() {
                    return Err(Refused::Blocked { phase, missing });
                }
                if !self.board.admits(node.concurrency) {
                    return Err(Refused::InTheWay {
                        phase,
                        class: node.concurrency,
                        holders: self.holders(),
                    });
                }
                self.check_limits(at)?;
                Ok(Granted {
                    grant: grant.clone(),
                    how: How::Fresh,
                    event: Some(Event::Claim(grant)),
                })
            }
        }
    }

    fn take_over(
        &self,
        at: usize,
        claim: &Claim,
        request: &ClaimRequest,
        grant: Grant,
    ) -> Result<Granted, Refused> {
        let from = claim.grant.owner.clone();
        let gone = (self.gone)(claim);
        let (how, event) = match (gone, &request.force) {
            (Some(gone), _) => {
                let how = How::Reclaimed {
                    from: from.clone(),
                    gone,
                };
                let grant = grant.clone();
                (how, Event::Reclaim { grant, from, gone })
            }
            (None, Some(reason)) => {
                let how = How::Forced { from: from.clone() };
                let event = Event::ForceClaim {
                    grant: grant.clone(),
                    from,
                    reason: reason.clone(),
                };
                (how, event)
            }
            (None, None) => {
                return Err(Refused::Claimed {
                    phase: grant.phase,
                    owner: from,
                    since: claim.at,
                });
            }
        };
        self.check_limits(at)?;
        let event = Some(event);
        Ok(Granted { grant, how, event })
    }

    fn claimable(&self) -> Vec<usize> {
        let order = self.board.graph().by_priority().iter().copied();
        order.filter(|at| self.is_claimable(*at)).collect()
    }

    fn is_claimable(&self, at: usize) -> bool {
        let class = self.board.graph().nodes()[at].concurrency;
        let open = match self.board.at(at).state() {
            State::Pending => self.board.admits(class) && self.board.is_free(at),
            State::Claimed(claim) => (self.gone)(claim).is_some(),
            State::Complete(_) | State::Failed(_) | State::Waived(_) => false,
        };
        open && self.board.archived_at().is_none() && self.check_limits(at).is_ok()
    }

    fn why_nothing(&self) -> Refused {
        if let Err(archived) = self.check_open() {
            return archived;
        }
        let holders = self.holders();
        if !holders.is_empty() {
            return Refused::NothingToClaim(Nothing::AllClaimed { holders });
        }
        let nodes = 0..self.board.graph().nodes().len();
        let open = nodes.filter(|at| !self.board.at(*at).state().satisfies());
        // Nobody works: what keeps everything from going on are failures and limits.
        let (mut by, mut limit): (Vec<Missing>, _) = (Vec::new(), None);
        for at in open {
            let missing = self.as_missing(at);
            match missing.standing {
                Standing::Ready => limit = limit.or_else(|| self.check_limits(at).err()),
                Standing::Failed => by.push(missing),
                Standing::Blocked
                | Standing::Claimed
                | Standing::Stale
                | Standing::Complete
                | Standing::Waived => {}
            }
        }
        match limit {
            Some(limit) => limit,
            None if by.is_empty() => Refused::NothingToClaim(Nothing::Complete),
            None => Refused::NothingToClaim(Nothing::Blocked { by }),
        }
    }
}
