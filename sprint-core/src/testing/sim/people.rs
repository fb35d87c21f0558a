//! What goes wrong between two steps, and what people do about it.

use std::time::Duration;

use crate::domain::command::CheckKind;
use crate::id::TicketId;
use crate::run::Outcome;
use crate::run::baseline::Standing;
use crate::run::effect::Lane;
use crate::run::input::{Command, Input, ReviewDecision};
use crate::run::state::{Ending, Phase};
use crate::run::ticket::Stage;
use crate::testing::sim::scenario::Scenario;
use crate::testing::sim::{Sim, faults};
use crate::testing::world::repo::Flaw;

impl Sim {
    /// Something goes wrong, perhaps; the facts that come of it.
    pub(super) fn misfortune(&mut self) -> Option<Vec<Input>> {
        let faults = self.faults;
        if !self.stormy() {
            return None;
        }
        if self.rng.chance(faults.takeovers) {
            self.taken_over();
            return Some(Vec::new());
        }
        if self.rng.chance(20) {
            self.old_engine_saves();
        }
        if self.rng.chance(faults.humans) {
            self.meddle();
        }
        if self.rng.chance(faults.base_moves) {
            self.move_base();
        }
        if self.rng.chance(faults.checkout) {
            let dirty = self.rng.chance(50);
            self.world.with(|state| state.repo.checkout_dirty = dirty);
        }
        if self.rng.chance(faults.limits) {
            self.limits = Scenario::limits(&mut self.rng);
        }
        if self.rng.chance(faults.jumps) {
            let jump = self.rng.next() % 3_600_000;
            self.world.clock().advance(Duration::from_millis(jump));
            return Some(vec![Input::Tick]);
        }
        if self.rng.chance(faults.cancels) {
            if !self.running.is_empty() {
                self.coverage.hit("cancel", "in mid-flight");
            }
            return Some(vec![Input::Command(Command::Cancel)]);
        }
        if self.rng.chance(faults.commands) {
            let tickets = self.tickets();
            let asked = self.rng.chance(30).then(|| self.permit()).flatten();
            let command = asked.or_else(|| faults::command(&mut self.rng, &tickets));
            return command.map(|command| vec![Input::Command(command)]);
        }
        if !self.late.is_empty() && self.rng.chance(20) {
            let at = self.rng.below(self.late.len());
            let (effect, outcome) = self.late.swap_remove(at);
            // The driver hears of an effect once; this answers one that was started again.
            self.history.miscounted |= effect.step.lane() == Lane::Agent;
            return Some(vec![Input::Finished { effect, outcome }]);
        }
        None
    }

    fn tickets(&self) -> Vec<TicketId> {
        self.run.tickets().keys().cloned().collect()
    }

    /// A person changes a ticket on the tracker.
    pub(super) fn meddle(&mut self) {
        use crate::domain::ticket::TicketStatus::{Done, Todo};
        let tickets = self.tickets();
        let Some(id) = self.rng.pick(&tickets).cloned() else {
            return;
        };
        let deed = self.rng.below(4);
        self.coverage
            .hit("human", ["edits", "closes", "reopens", "deletes"][deed]);
        self.world.with(|state| match deed {
            0 => state.board.rewrite(&id),
            1 => state.board.set_status(&id, Done),
            2 => state.board.set_status(&id, Todo),
            _ => state.board.delete(&id),
        });
    }

    /// A person commits to base.
    pub(super) fn move_base(&mut self) {
        let flaw = self.rng.chance(15).then(|| Flaw::Fails {
            check: CheckKind::Test,
            text: "test of base FAILED".into(),
        });
        let tickets = self.tickets();
        let clashes = self
            .rng
            .chance(30)
            .then(|| self.rng.pick(&tickets).cloned())
            .flatten();
        self.history.base_may_move = true;
        self.world.with(|state| {
            state.repo.edit_base(flaw);
            let edit = format!("edit-{}", state.repo.edits);
            state
                .repo
                .conflicts
                .extend(clashes.map(|id| (edit, id.to_string())));
        });
    }

    /// What people do when the sprint rests or is over; `None` if nothing.
    pub(super) fn after(&mut self, outcome: &Outcome) -> Option<Vec<Input>> {
        match outcome {
            Outcome::AwaitingHuman { requests } => {
                assert!(!requests.is_empty(), "rests, and asks for nothing");
                for (id, ticket) in self.run.tickets() {
                    let asked = requests
                        .iter()
                        .any(|text| text.starts_with(&format!("{id}: ")));
                    let waits = ticket.stage.waits_for_person();
                    assert!(asked || !waits, "{id} waits, and nobody is told");
                }
                Some(vec![Input::Command(self.answer())])
            }
            Outcome::Complete(ending) => {
                if let Some(command) = self.regret() {
                    return Some(vec![Input::Command(command)]);
                }
                let again = self.stormy() && self.rng.chance(5 * self.faults.commands);
                if !again {
                    return None;
                }
                let stopped = !matches!(ending, Ending::Finished);
                if stopped && self.rng.chance(50) {
                    return Some(vec![Input::Command(Command::Continue)]);
                }
                let tickets = self.tickets();
                let id = self.rng.pick(&tickets)?.clone();
                Some(vec![Input::Command(Command::Reattempt(id))])
            }
        }
    }

    /// Somebody finds out that a ticket is bad, or that it was right after all.
    fn regret(&mut self) -> Option<Command> {
        let decided = self.rng.chance(20) && self.regrets < 4;
        let tickets = self.run.tickets().iter();
        let known: Vec<_> = tickets
            .filter_map(|(id, ticket)| match (&ticket.stage, &ticket.taken_back) {
                (Stage::Merged { .. }, _) => Some(Command::Revert(id.clone())),
                (_, Some(_)) => Some(Command::Reland(id.clone())),
                (_, None) => None,
            })
            .collect();
        let command = self.rng.pick(&known)?.clone();
        self.regrets += u32::from(decided);
        decided.then_some(command)
    }

    /// A decision about a tool that an agent wants to use.
    fn permit(&mut self) -> Option<Command> {
        let asked = self.run.tickets().iter().find_map(|(id, ticket)| {
            let Stage::AwaitingPermission { request, .. } = &ticket.stage else {
                return None;
            };
            Some((id.clone(), request.digest.clone()))
        });
        let (ticket, digest) = asked?;
        Some(Command::Permit {
            ticket,
            digest,
            allowed: self.rng.chance(70),
        })
    }

    fn answer(&mut self) -> Command {
        if matches!(self.run.sprint().phase, Phase::Parked { .. }) {
            let red = self.run.sprint().baseline.as_deref();
            let red =
                red.filter(|base| base.standing() != Standing::Green && base.known.is_empty());
            if let Some(base) = red.filter(|base| !base.landed) {
                let nameable = matches!(base.standing(), Standing::Nameable(_));
                if nameable && self.rng.chance(50) {
                    self.coverage.hit("baseline", "accepted");
                    return Command::AcceptRedBase;
                }
                self.coverage.hit("baseline", "repaired");
                self.history.base_may_move = true;
                self.world.with(|state| state.repo.repair_base());
            }
            if !self.stormy() || self.rng.chance(70) {
                self.world.with(|state| state.repo.checkout_dirty = false);
            }
            return Command::Continue;
        }
        if let Some(command) = self.permit() {
            return command;
        }
        let waits = |stage: &Stage| matches!(stage, Stage::AwaitingReview(_));
        let mut tickets = self.run.tickets().iter();
        let found = tickets
            .find(|(_, ticket)| waits(&ticket.stage))
            .map(|(id, _)| id.clone());
        match found {
            Some(ticket) if self.stormy() => faults::review(&mut self.rng, ticket),
            Some(ticket) => Command::Review {
                ticket,
                decision: ReviewDecision::Approve,
            },
            None => Command::Continue,
        }
    }
}
