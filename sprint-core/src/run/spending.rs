//! What is about to start is counted before it happens, and refused beyond the limits.

use crate::domain::agent::Role;
use crate::run::effect::{EffectId, Step};
use crate::run::ticket::Stage;
use crate::run::{SprintRun, begin};

impl SprintRun {
    /// Counts spending before it happens, and refuses what would go over the limit.
    pub(super) fn starting(&mut self, effects: &[EffectId]) {
        for effect in effects {
            if !self.wants(effect) {
                continue;
            }
            if let Some(role) = role_of(effect.step) {
                if let Some(reason) = self.overspent() {
                    return self.stop(reason);
                }
                self.changed.sprint = true;
                *self.sprint.counters.agents.entry(role).or_default() += 1;
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

    fn overspent(&self) -> Option<String> {
        let config = &self.plan.config;
        let counters = &self.sprint.counters;
        let runs: u64 = counters.agents.values().sum();
        if config.max_agent_runs > 0 && runs >= config.max_agent_runs {
            return Some(format!(
                "the limit of {runs} agent runs is reached (max_agent_runs)"
            ));
        }
        let cents = counters.cost_micro_usd / 10_000;
        (config.max_cost_cents > 0 && cents >= config.max_cost_cents)
            .then(|| format!("the agents have cost {cents} US cents (max_cost_cents)"))
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
        | Step::Close
        | Step::Note
        | Step::Reopen
        | Step::Release => None,
    }
}
