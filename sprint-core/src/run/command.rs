//! Decisions of people, and what they change.

use crate::id::TicketId;
use crate::run::SprintRun;
use crate::run::effect::Step;
use crate::run::event::Event;
use crate::run::input::Command;
use crate::run::state::{Ending, Phase};
use crate::run::ticket::{Breaker, MergeState, Stage};
use crate::run::{permission, verifying};

impl SprintRun {
    pub(super) fn command(&mut self, command: Command) {
        if !self.admits(&command) {
            return;
        }
        match command {
            Command::Revert(id) => self.take_back(&id),
            Command::Reland(id) => self.land_again(&id),
            Command::Review { ticket, decision } => {
                self.with_ticket(&ticket, |ticket, cx| verifying::human(ticket, decision, cx));
            }
            Command::Permit {
                ticket,
                digest,
                allowed,
            } => {
                self.with_ticket(&ticket, |ticket, cx| {
                    permission::decide(ticket, &digest, allowed, cx);
                });
            }
            Command::Reattempt(id) => self.reattempt(&id),
            Command::Drop(id) => self.drop_ticket(&id),
            Command::AcceptRedBase => self.accept_red_base(),
            Command::Continue => self.go_on(),
            Command::Cancel => {
                if !matches!(self.sprint.phase, Phase::Complete { .. }) {
                    self.enter_phase(Phase::Tidying {
                        ending: Ending::Cancelled,
                    });
                }
            }
        }
    }

    /// A new budget, a new workspace, and another try; also for whatever waited for it.
    fn reattempt(&mut self, id: &TicketId) {
        let lost = |stage: &Stage| matches!(stage, Stage::Stuck { .. } | Stage::Blocked { .. });
        if !self
            .tickets
            .get(id)
            .is_some_and(|ticket| lost(&ticket.stage))
        {
            let message = format!("{id} is neither stuck nor blocked; nothing to try again");
            return self.events.push(Event::Warning { message });
        }
        self.presume_all_of(id);
        self.with_ticket(id, |ticket, _| {
            if ticket.started_at.is_some() {
                ticket.attempt += 1;
                ticket.generation += 1;
            }
            ticket.budget = ticket.budget.renewed();
            ticket.breaker = Breaker::default();
            ticket.holds.clear();
            ticket.retries.clear();
            ticket.budget_waits.clear();
            // Why it was stuck is no longer news; that it is not Done still is.
            ticket.chores.remove(&Step::Note);
            ticket.session = None;
            ticket.completed_at = None;
            ticket.merge = MergeState::Unmerged;
            ticket.taken_back = None;
        });
        self.requeue(id);
        self.unblock_dependents(id);
        if matches!(
            self.sprint.phase,
            Phase::Complete { .. } | Phase::Parked { .. }
        ) {
            self.enter_phase(Phase::Tickets);
        }
    }

    /// Queues a ticket, unless something it depends on is lost.
    pub(super) fn requeue(&mut self, id: &TicketId) {
        let lost = |on: &&TicketId| {
            self.tickets
                .get(*on)
                .is_some_and(|t| t.is_settled() && !t.is_met())
        };
        let plan = self.plan.tickets.get(id);
        let by = plan
            .and_then(|plan| plan.dependencies.iter().find(lost))
            .cloned();
        self.with_ticket(id, |ticket, _| {
            ticket.stage = by.map_or(Stage::Queued, |by| Stage::Blocked { by });
        });
    }

    pub(super) fn unblock_dependents(&mut self, id: &TicketId) {
        let mut open = vec![id.clone()];
        while let Some(found) = open.pop() {
            for dependent in self.dependents(&found) {
                let waits_for = Stage::Blocked { by: found.clone() };
                if self
                    .tickets
                    .get(&dependent)
                    .is_some_and(|ticket| ticket.stage == waits_for)
                {
                    self.requeue(&dependent);
                    open.push(dependent);
                }
            }
        }
    }

    pub(super) fn drop_ticket(&mut self, id: &TicketId) {
        let now = self.at;
        self.with_ticket(id, |ticket, _| {
            // What others may have built on stays.
            if !ticket.is_complete() {
                ticket.stage = Stage::Dropped;
                ticket.completed_at = Some(now);
                ticket.merge = MergeState::Skipped;
                ticket.chores.retain(|step| *step == Step::Reopen);
                ticket.holds.clear();
            }
        });
    }

    /// Lifts automatic blocks: a parked landing, shared pauses, a safety stop.
    fn go_on(&mut self) {
        self.sprint.agents_paused_until = None;
        self.sprint.holds.clear();
        self.sprint.retries = 0;
        self.changed.sprint = true;
        match self.sprint.phase {
            Phase::Parked { .. } if self.undoes() => self.enter_phase(Phase::Undoing),
            Phase::Parked { .. } if self.waits_for_base() => self.enter_phase(Phase::Baseline),
            Phase::Parked { .. } if self.asks_about_moved() => self.accept_moved(),
            Phase::Parked { .. } => self.enter_phase(Phase::Integrating),
            Phase::Complete {
                ending: Ending::SafetyStop { .. } | Ending::Cancelled,
            } => {
                // Where it was is in the tickets; integration, if it had begun, starts over.
                self.enter_phase(Phase::Tickets);
            }
            Phase::Preflight
            | Phase::Baseline
            | Phase::Tickets
            | Phase::Integrating
            | Phase::Undoing
            | Phase::Tidying { .. }
            | Phase::Complete {
                ending: Ending::Finished,
            } => {}
        }
        self.reindex_sprint();
    }
}
