//! What is about to start is counted before it happens, and refused beyond the limits (decision B7).
//!
//! As much as an agent may cost is reserved before it starts, and the reservation goes when it ends.
//! A run that nobody heard the end of may have cost all of it, and counts as if it had.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::agent::{Role, Usage};
use crate::domain::money;
use crate::failure::{ErrorKind, Failure};
use crate::id::TicketId;
use crate::run::effect::{Done, EffectId, Step};
use crate::run::failing::stuck;
use crate::run::ticket::{Stage, StuckReason};
use crate::run::{SprintRun, begin};
use crate::time::Timestamp;

/// Millionths of a dollar in a cent.
const CENT: u64 = 10_000;

/// An agent that was started and of which nothing was heard yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// What is kept for it, in millionths of a US dollar; 0 where its cost has no limit.
    pub micro_usd: u64,
    /// When it started.
    pub since: Timestamp,
}

/// What agents of one role used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// What they cost, in millionths of a US dollar, as far as it is known.
    pub cost_micro_usd: u64,
    /// Tokens, both ways.
    pub tokens: u64,
}

/// Whether there is money for an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purse {
    /// There is, or there never will be and it is to be refused.
    Decided,
    /// Not before another agent ends, which may cost less than is kept for it.
    Later,
}

/// What is left for agents while others run.
pub(crate) struct Funds<'a> {
    run: &'a SprintRun,
    pending: Vec<(&'a EffectId, u64)>,
}

/// Whose limit is reached, and how that is told.
enum Refusal {
    Sprint(String),
    Ticket(TicketId, String),
}

impl SprintRun {
    /// Counts spending before it happens, and refuses what would go over the limit.
    pub(super) fn starting(&mut self, effects: &[EffectId]) {
        for effect in effects {
            if !self.wants(effect) {
                continue;
            }
            if let Some(role) = role_of(effect.step) {
                self.presume(effect);
                match self.refusal(effect) {
                    Some(Refusal::Sprint(reason)) => return self.stop(reason),
                    Some(Refusal::Ticket(id, reason)) => {
                        self.with_ticket(&id, |ticket, cx| {
                            stuck(ticket, StuckReason::OverBudget, reason, cx);
                        });
                        continue;
                    }
                    None => {}
                }
                self.changed.sprint = true;
                *self.sprint.counters.agents.entry(role).or_default() += 1;
                let reservation = Reservation {
                    micro_usd: self.agent_limit(),
                    since: self.at,
                };
                self.sprint.reserved.insert(effect.clone(), reservation);
            }
            let Some(id) = effect.ticket_id().cloned() else {
                continue;
            };
            self.with_ticket(&id, |ticket, cx| {
                ticket.budget.agent_runs += u64::from(role_of(effect.step).is_some());
                if effect.step == Step::Open && ticket.stage == Stage::Queued {
                    begin(ticket, cx);
                }
            });
        }
    }

    /// What one agent may cost, in millionths of a dollar; 0 means no limit.
    fn agent_limit(&self) -> u64 {
        self.plan.config.max_agent_cost_cents * CENT
    }

    /// What is spent by all agents, or by those of one ticket since a person last gave it a new
    /// budget; with what is kept for effects that `counts` says yes to.
    fn spent(&self, ticket: Option<&TicketId>, counts: &dyn Fn(&EffectId) -> bool) -> u64 {
        let known = match ticket.map(|id| self.tickets.get(id)) {
            None => {
                let counters = &self.sprint.counters;
                counters
                    .cost_micro_usd
                    .saturating_add(counters.presumed_micro_usd)
            }
            Some(ticket) => ticket.map_or(0, |ticket| ticket.budget.spent()),
        };
        let mine = |effect: &EffectId| ticket.is_none() || effect.ticket_id() == ticket;
        let reserved = self.sprint.reserved.iter();
        let reserved = reserved.filter(|(effect, _)| mine(effect) && counts(effect));
        known.saturating_add(reserved.map(|(_, kept)| kept.micro_usd).sum())
    }

    /// The limits that an agent has to stay within, in cents, each with whose it is.
    fn limits_of<'a>(&self, effect: &'a EffectId) -> Vec<(Option<&'a TicketId>, u64)> {
        let config = &self.plan.config;
        let sprint = (None, config.max_cost_cents);
        let ticket = effect.ticket_id();
        let ticket = ticket.map(|id| (Some(id), config.max_ticket_cost_cents));
        let limits = [Some(sprint), ticket].into_iter().flatten();
        limits.filter(|(_, cents)| *cents > 0).collect()
    }

    fn refusal(&self, effect: &EffectId) -> Option<Refusal> {
        let config = &self.plan.config;
        let runs: u64 = self.sprint.counters.agents.values().sum();
        if config.max_agent_runs > 0 && runs >= config.max_agent_runs {
            return Some(Refusal::Sprint(format!(
                "the limit of {runs} agent runs is reached (max_agent_runs)"
            )));
        }
        for (ticket, cents) in self.limits_of(effect) {
            let spent = self.spent(ticket, &|_| true);
            if money::fits(spent, self.agent_limit(), cents.saturating_mul(CENT)) {
                continue;
            }
            let another = match config.max_agent_cost_cents {
                0 => String::new(),
                more => format!(", and another may cost {more}"),
            };
            let spent = spent / CENT;
            return Some(match ticket {
                None => Refusal::Sprint(format!(
                    "the agents have cost {spent} US cents{another} (max_cost_cents)"
                )),
                Some(id) => {
                    let told = format!(
                        "its agents have cost {spent} US cents of {cents}{another} \
                         (max_ticket_cost_cents)"
                    );
                    Refusal::Ticket(id.clone(), told)
                }
            });
        }
        None
    }

    /// What is left for agents while these effects run.
    pub(crate) fn funds(&self, running: &BTreeSet<EffectId>) -> Funds<'_> {
        let reserved = self.sprint.reserved.iter();
        let pending = reserved.filter(|(effect, _)| running.contains(*effect));
        Funds {
            run: self,
            pending: pending
                .map(|(effect, kept)| (effect, kept.micro_usd))
                .collect(),
        }
    }

    /// An earlier run under this name, if there was one, may have cost all that was kept for it.
    fn presume(&mut self, effect: &EffectId) {
        if let Some(kept) = self.sprint.reserved.remove(effect) {
            self.charge(effect, None, Usage::default(), kept.micro_usd);
        }
    }

    /// What was kept for agents of a ticket that nobody waits for any more counts as spent.
    pub(super) fn presume_all_of(&mut self, id: &TicketId) {
        let reserved = self.sprint.reserved.keys();
        let of_ticket = reserved.filter(|effect| effect.ticket_id() == Some(id));
        for effect in of_ticket.cloned().collect::<Vec<_>>() {
            self.presume(&effect);
        }
    }

    /// An agent has ended: what it cost takes the place of what was kept for it. Returns when it
    /// started. An answer that nobody waits for counts as well, once.
    pub(super) fn settle_spending(
        &mut self,
        effect: &EffectId,
        outcome: &Result<Done, Failure>,
    ) -> Option<Timestamp> {
        let role = role_of(effect.step)?;
        let kept = self.sprint.reserved.remove(effect);
        let heard = kept.is_some() || self.wants(effect);
        match outcome {
            Ok(Done::Agent(report) | Done::Judged { report, .. }) if heard => {
                self.charge(effect, Some(role), report.usage, 0);
            }
            Err(failure) if heard => {
                let kept = kept.map_or(0, |kept| kept.micro_usd);
                let usage = Usage {
                    cost_micro_usd: failure.cost_micro_usd.unwrap_or(0),
                    ..Usage::default()
                };
                let unknown = failure.cost_micro_usd.is_none() && may_have_cost(failure.kind);
                let presumed = if unknown { kept } else { 0 };
                self.charge(effect, Some(role), usage, presumed);
            }
            Ok(_) | Err(_) => {}
        }
        self.changed.sprint |= kept.is_some();
        kept.map(|kept| kept.since)
    }

    fn charge(&mut self, effect: &EffectId, role: Option<Role>, usage: Usage, presumed: u64) {
        self.changed.sprint = true;
        let counters = &mut self.sprint.counters;
        let cost = usage.cost_micro_usd;
        counters.cost_micro_usd = counters.cost_micro_usd.saturating_add(cost);
        counters.presumed_micro_usd = counters.presumed_micro_usd.saturating_add(presumed);
        if let Some(role) = role {
            let used = counters.used.entry(role).or_default();
            used.cost_micro_usd = used.cost_micro_usd.saturating_add(cost);
            used.tokens = used.tokens.saturating_add(usage.tokens);
        }
        if let Some(id) = effect.ticket_id() {
            self.with_ticket(&id.clone(), |ticket, _| {
                let budget = &mut ticket.budget;
                budget.cost_micro_usd = budget.cost_micro_usd.saturating_add(cost);
                budget.presumed_micro_usd = budget.presumed_micro_usd.saturating_add(presumed);
            });
        }
    }
}

impl<'a> Funds<'a> {
    /// Whether an agent may start now; what may is counted as running from then on.
    pub(crate) fn admits(&mut self, effect: &'a EffectId) -> bool {
        let decided = self.look(effect) == Purse::Decided;
        if decided {
            self.pending.push((effect, self.run.agent_limit()));
        }
        decided
    }

    pub(crate) fn look(&self, effect: &EffectId) -> Purse {
        let run = self.run;
        let later = run.limits_of(effect).into_iter().any(|(ticket, cents)| {
            let settled = |effect: &EffectId| !self.pending.iter().any(|(id, _)| *id == effect);
            let sure = run.spent(ticket, &settled);
            let mine = |id: &EffectId| ticket.is_none() || id.ticket_id() == ticket;
            let pending = self.pending.iter().filter(|(id, _)| mine(id));
            let pending: u64 = pending.map(|(_, kept)| kept).sum();
            let new = run.agent_limit();
            let limit = cents.saturating_mul(CENT);
            let all = sure.saturating_add(pending);
            pending > 0 && !money::fits(all, new, limit) && money::fits(sure, new, limit)
        });
        if later { Purse::Later } else { Purse::Decided }
    }
}

/// Whether an agent may have cost something before it failed like this: it began, and its provider
/// did not turn it away.
pub(crate) const fn may_have_cost(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::RateLimited { .. }
        | ErrorKind::NotFound
        | ErrorKind::Invalid
        | ErrorKind::Unsupported => false,
        ErrorKind::Transient
        | ErrorKind::Timeout
        | ErrorKind::Conflict
        | ErrorKind::Breach
        | ErrorKind::Fatal => true,
    }
}

const fn role_of(step: Step) -> Option<Role> {
    match step {
        Step::Research => Some(Role::Context),
        Step::Implement => Some(Role::Worker),
        Step::Simplify => Some(Role::Simplifier),
        Step::Review => Some(Role::Review),
        Step::Judge => Some(Role::Completion),
        Step::Resolve => Some(Role::Conflict),
        Step::Checkpoint
        | Step::Baseline
        | Step::Combine
        | Step::Gate
        | Step::Probe
        | Step::Inspect
        | Step::Remember
        | Step::Revert
        | Step::Land
        | Step::Sweep
        | Step::Tidy
        | Step::Start
        | Step::Open
        | Step::Install
        | Step::Refresh
        | Step::Collect
        | Step::Restore
        | Step::Check
        | Step::Control
        | Step::Layers
        | Step::ReadTests
        | Step::Post
        | Step::PostAgain
        | Step::Close
        | Step::CloseAgain
        | Step::Note
        | Step::Reopen
        | Step::Release => None,
    }
}
