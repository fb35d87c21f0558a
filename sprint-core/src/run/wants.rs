//! What each ticket and the sprint want now: a match on the state, nothing else.

use crate::id::TicketId;
use crate::run::SprintRun;
use crate::run::effect::{EffectId, Lane, Step};
use crate::run::index::Entry;
use crate::run::state::{Ending, Phase};
use crate::run::ticket::{Stage, TicketRun};
use crate::run::verifying::open_layers;

impl SprintRun {
    /// Brings what one ticket wants up to date.
    pub(super) fn reindex(&mut self, id: &TicketId) {
        let Some(ticket) = self.tickets.get(id) else {
            return;
        };
        let steps = self.ticket_wants(id, ticket);
        let rank = self.plan.tickets.get(id).map_or(u32::MAX, |plan| plan.rank);
        let free = steps
            .into_iter()
            .filter(|step| !ticket.holds.contains_key(step));
        let begins = ticket.stage == Stage::Queued;
        let waits = ticket.stage.waits_for_person();
        let want = |step: Step| {
            // What a ticket wants beside its stage is of the step's own lane.
            let lane = if begins && step == Step::Open {
                Lane::Ticket
            } else {
                step.lane()
            };
            (
                lane,
                rank,
                EffectId::ticket(id.clone(), ticket.attempt, step),
            )
        };
        let holds = ticket.holds.values().copied();
        let entry = Entry {
            wants: free.map(want).collect(),
            deadlines: if self.runs() {
                holds.collect()
            } else {
                Vec::new()
            },
            unsettled: !ticket.is_settled(),
            in_progress: !ticket.is_settled() && !begins && !waits,
            chores: !ticket.chores.is_empty(),
        };
        self.index.replace(Some(id.clone()), entry);
    }

    /// Brings what the sprint as a whole wants up to date.
    pub(super) fn reindex_sprint(&mut self) {
        let held = |step: &Step| self.sprint.holds.contains_key(step);
        let wants = self.sprint_wants().filter(|(step, _)| !held(step));
        let mut deadlines = Vec::new();
        if self.runs() {
            deadlines.extend(self.sprint.holds.values().copied());
            deadlines.extend(self.sprint.agents_paused_until);
        }
        let entry = Entry {
            wants: wants
                .map(|(step, attempt)| (step.lane(), 0, EffectId::sprint(attempt, step)))
                .into_iter()
                .collect(),
            deadlines,
            ..Entry::default()
        };
        self.index.replace(None, entry);
    }

    pub(super) fn reindex_all(&mut self) {
        let ids: Vec<_> = self.tickets.keys().cloned().collect();
        for id in ids {
            self.reindex(&id);
        }
        self.reindex_sprint();
    }

    /// Whether time alone can still change anything.
    const fn runs(&self) -> bool {
        !matches!(
            self.sprint.phase,
            Phase::Complete { .. } | Phase::Parked { .. }
        )
    }

    fn sprint_wants(&self) -> Option<(Step, u32)> {
        match &self.sprint.phase {
            Phase::Preflight => Some((Step::Checkpoint, 1)),
            Phase::Baseline => Some((Step::Baseline, 1)),
            Phase::Integrating => self.integration.as_ref()?.wanted(),
            Phase::Undoing => self.undo.as_ref()?.wanted(),
            Phase::Tidying {
                ending: Ending::Finished,
            } if self.index.with_chores() > 0 => None,
            Phase::Tidying {
                ending: Ending::Finished,
            } => Some(
                self.wanted_sweep()
                    .map_or((Step::Tidy, 1), |number| (Step::Sweep, number)),
            ),
            Phase::Tidying { .. } => Some((Step::Tidy, 1)),
            // Landing waits for a probe, and for no sweep.
            Phase::Tickets if self.probe_due => Some((Step::Probe, self.prediction.probes + 1)),
            Phase::Tickets => Some((Step::Sweep, self.wanted_sweep()?)),
            Phase::Parked { .. } | Phase::Complete { .. } => None,
        }
    }

    fn ticket_wants(&self, id: &TicketId, ticket: &TicketRun) -> Vec<Step> {
        let works = match &self.sprint.phase {
            Phase::Tickets => true,
            Phase::Integrating
            | Phase::Tidying {
                ending: Ending::Finished,
            } => false,
            Phase::Preflight
            | Phase::Baseline
            | Phase::Undoing
            | Phase::Parked { .. }
            | Phase::Tidying { .. }
            | Phase::Complete { .. } => return Vec::new(),
        };
        let mut steps: Vec<Step> = ticket.chores.iter().copied().collect();
        if works {
            steps.extend(self.stage_wants(id, &ticket.stage));
        }
        if ticket.chores.contains(&Step::Reopen) {
            // Done must not be taken back after it is earned anew.
            steps.retain(|step| !matches!(step, Step::Close | Step::CloseAgain));
        }
        if ticket.chores.contains(&Step::PostAgain) {
            // Nothing is marked Done whose evidence is not there.
            steps.retain(|step| !matches!(step, Step::Close | Step::CloseAgain));
        }
        steps
    }

    fn stage_wants(&self, id: &TicketId, stage: &Stage) -> Vec<Step> {
        match stage {
            Stage::Queued if self.is_ready(id) && !self.makes_way(id) => vec![Step::Open],
            Stage::Opening { .. } | Stage::Recovering { .. } => vec![Step::Open],
            Stage::Installing { .. } => vec![Step::Install],
            Stage::Researching { .. } => vec![Step::Research],
            Stage::Implementing { .. } => vec![Step::Implement],
            Stage::Refreshing { .. } => vec![Step::Refresh],
            Stage::Collecting { .. } => vec![Step::Collect],
            Stage::Checking { checked, remedy } => {
                let mut steps = open_layers(checked, &self.plan.layers);
                if remedy.install {
                    let check = steps.iter_mut().filter(|step| **step == Step::Check);
                    check.for_each(|step| *step = Step::Install);
                }
                steps
            }
            Stage::Simplifying(_) => vec![Step::Simplify],
            Stage::Simplified(_) => vec![Step::Collect],
            Stage::Restoring(_) => vec![Step::Restore],
            Stage::ReadingTests(_) => vec![Step::ReadTests],
            Stage::Judging { .. } => vec![Step::Judge],
            Stage::Posting(_) => vec![Step::Post],
            Stage::Closing { .. } => vec![Step::Close],
            Stage::Queued
            | Stage::Blocked { .. }
            | Stage::AwaitingPermission { .. }
            | Stage::AwaitingReview(_)
            | Stage::Verified { .. }
            | Stage::Merged { .. }
            | Stage::Stuck { .. }
            | Stage::Dropped
            | Stage::DoneOutside => Vec::new(),
        }
    }

    /// Whether every ticket it depends on is verified, or done outside.
    pub(super) fn is_ready(&self, id: &TicketId) -> bool {
        let done = |id| self.tickets.get(id).is_some_and(TicketRun::is_met);
        self.plan
            .tickets
            .get(id)
            .is_some_and(|plan| plan.dependencies.iter().all(done))
    }

    /// Lets go of holds whose time has come.
    pub(super) fn lift_holds(&mut self) {
        let now = self.at;
        for owner in self.index.due(now) {
            match owner {
                Some(id) => {
                    if let Some(ticket) = self.tickets.get_mut(&id) {
                        ticket.holds.retain(|_, until| *until > now);
                        self.changed.tickets.insert(id.clone());
                        self.reindex(&id);
                    }
                }
                None => {
                    self.sprint.holds.retain(|_, until| *until > now);
                    self.sprint.agents_paused_until =
                        self.sprint.agents_paused_until.filter(|until| *until > now);
                    self.changed.sprint = true;
                    self.reindex_sprint();
                }
            }
        }
    }
}
