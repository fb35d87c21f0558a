//! What the simulator remembers on its own, so that it need not believe what the run machine says
//! about itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::domain::agent::Assignment;
use crate::domain::verdict::FindingKind;
use crate::id::{BranchName, CommitId, TicketId};
use crate::plan::sprint_plan::SprintPlan;
use crate::run::SprintRun;
use crate::run::effect::{EffectId, Lane, Scope, Step, Work};
use crate::run::event::Event;
use crate::run::input::{Command, Input, ReviewDecision};
use crate::run::integrate::Task;
use crate::run::state::{Ending, Phase};
use crate::run::ticket::{MergeState, Stage, TicketRun};
use crate::run::undo::UndoTask;
use crate::testing::sim::coverage::Coverage;
use crate::testing::world::World;
use crate::time::Timestamp;

/// What was seen so far.
#[derive(Clone, Debug)]
pub(super) struct History {
    /// Branches of the user, which stay as they are.
    pub(super) branches: BTreeMap<BranchName, CommitId>,
    /// Where base was last seen.
    pub(super) base: CommitId,
    /// Whether something just happened that may move base.
    pub(super) base_may_move: bool,
    /// Steps that must wait, and until when.
    pub(super) holds: BTreeMap<EffectId, Timestamp>,
    /// No agent starts before this time.
    pub(super) agents_from: Option<Timestamp>,
    /// What each ticket spent since its last new budget.
    pub(super) spent: BTreeMap<TicketId, Spent>,
    /// Workers run for tickets that were complete then.
    pub(super) complete: BTreeMap<TicketId, u64>,
    /// Tickets whose status was written without the engine hearing of it.
    pub(super) unsure: BTreeSet<TicketId>,
    /// Whether a look at the tracker was made that the engine did not hear of in time.
    pub(super) unswept: bool,
    /// Tickets that landed again after they were taken back.
    pub(super) landed_again: BTreeSet<TicketId>,
    /// Tickets whose evidence could not be posted again.
    pub(super) unposted: BTreeSet<TicketId>,
    /// What agents cost whose failures say that they cost nothing.
    pub(super) uncounted: u64,
    /// Whether an answer was folded in that no driver gives: what it cost may be counted for
    /// another run.
    pub(super) miscounted: bool,
    parked: bool,
    moved: u32,
    reattempted: BTreeSet<TicketId>,
    mended: BTreeSet<TicketId>,
}

/// What one ticket spent.
#[derive(Clone, Debug, Default)]
pub(super) struct Spent {
    /// Attempts that failed and count.
    pub(super) failures: u32,
    /// Questions to people.
    pub(super) questions: u32,
    /// Attempts begun by a fresh agent.
    pub(super) fresh: BTreeSet<u32>,
    /// Attempts begun because an agent ran out of context.
    pub(super) continued: BTreeSet<u32>,
}

impl History {
    pub(super) fn new(world: &World, plan: &SprintPlan) -> Self {
        let copy = |(name, commit): (&BranchName, &CommitId)| (name.clone(), commit.clone());
        let tickets = plan.tickets.keys().cloned();
        Self {
            branches: world.with(|state| state.repo.users_branches().map(copy).collect()),
            base: world.with(|state| state.repo.base_head()),
            base_may_move: false,
            holds: BTreeMap::new(),
            agents_from: None,
            spent: tickets.map(|id| (id, Spent::default())).collect(),
            complete: BTreeMap::new(),
            unsure: BTreeSet::new(),
            unswept: false,
            landed_again: BTreeSet::new(),
            unposted: BTreeSet::new(),
            uncounted: 0,
            miscounted: false,
            parked: false,
            moved: 0,
            reattempted: BTreeSet::new(),
            mended: BTreeSet::new(),
        }
    }

    /// An effect may have taken hold without the engine hearing of it.
    pub(super) fn unheard(&mut self, id: &EffectId) {
        self.unswept |= id.step == Step::Sweep;
        if let (Scope::Ticket(ticket), Step::Close | Step::CloseAgain | Step::Reopen) =
            (&id.scope, id.step)
        {
            self.unsure.insert(ticket.clone());
        }
    }

    /// A fact is about to be folded in.
    pub(super) fn command(&mut self, input: &Input, run: &SprintRun) {
        let Input::Command(command) = input else {
            return;
        };
        match command {
            Command::Continue => {
                self.agents_from = None;
                self.holds.retain(|id, _| id.scope != Scope::Sprint);
            }
            Command::Reattempt(id) => {
                let lost = |ticket: &TicketRun| {
                    matches!(ticket.stage, Stage::Stuck { .. } | Stage::Blocked { .. })
                };
                if run.tickets().get(id).is_some_and(lost) {
                    self.forget(id);
                    self.spent.insert(id.clone(), Spent::default());
                    self.reattempted.insert(id.clone());
                }
            }
            Command::Drop(id) => self.forget(id),
            Command::Review { .. }
            | Command::Permit { .. }
            | Command::AcceptRedBase
            | Command::Revert(_)
            | Command::Reland(_)
            | Command::Cancel => {}
        }
    }

    /// The agent of an attempt is started once more, under another name.
    pub(super) fn begins_again(&mut self, ticket: &TicketId, attempt: u32) {
        if let Some(spent) = self.spent.get_mut(ticket) {
            spent.fresh.remove(&attempt);
            spent.continued.remove(&attempt);
        }
    }

    fn forget(&mut self, ticket: &TicketId) {
        self.holds.retain(|id, _| id.ticket_id() != Some(ticket));
    }

    /// Something was saved.
    pub(super) fn events(&mut self, now: Timestamp, events: &[Event], run: &SprintRun) {
        for event in events {
            match event {
                Event::Retrying { effect, in_ms, .. } => {
                    let until = now.after(Duration::from_millis(*in_ms));
                    if effect.step.lane() == Lane::Agent && run.is_paused(Lane::Agent) {
                        self.agents_from = self.agents_from.max(run.sprint().agents_paused_until);
                    } else {
                        self.holds.insert(effect.clone(), until);
                    }
                }
                Event::AttemptFailed { ticket, kind, .. }
                    if *kind != FindingKind::ContextExhaustion =>
                {
                    self.spent.entry(ticket.clone()).or_default().failures += 1;
                }
                Event::Stuck { ticket, .. } => {
                    // Chores go on, and wait as long as they were told to.
                    let chore = |id: &EffectId| {
                        matches!(id.step, Step::Start | Step::Reopen | Step::Release)
                    };
                    self.holds
                        .retain(|id, _| id.ticket_id() != Some(ticket) || chore(id));
                }
                Event::PermissionRequested { ticket, .. } => {
                    self.spent.entry(ticket.clone()).or_default().questions += 1;
                }
                Event::Warning { message } => {
                    self.unswept |= message.starts_with("whether everything is still Done");
                    let (id, said) = message.split_once(": ").unwrap_or_default();
                    let unposted = said.starts_with("could not post_again")
                        || said.starts_with("its evidence was posted again and");
                    self.unposted
                        .extend(TicketId::new(id).ok().filter(|_| unposted));
                }
                Event::AttemptFailed { .. }
                | Event::Asked { .. }
                | Event::Strayed { .. }
                | Event::PhaseChanged { .. }
                | Event::StageChanged { .. }
                | Event::BreakerTripped { .. }
                | Event::Blocked { .. }
                | Event::ReviewRequested { .. }
                | Event::BaselineRan { .. }
                | Event::ControlRan { .. }
                | Event::GateRan { .. }
                | Event::CulpritFound { .. }
                | Event::ConflictResolved { .. }
                | Event::Landed { .. }
                | Event::TakenBack { .. }
                | Event::Stale { .. }
                | Event::Finished { .. } => {}
            }
        }
    }

    /// An effect starts.
    pub(super) fn starts(&mut self, id: &EffectId, work: &Work) {
        let (Work::Agent { task, .. }, Step::Implement) = (work, id.step) else {
            return;
        };
        let spent = self.spent.entry(task.ticket.clone()).or_default();
        match task.assignment {
            Assignment::FreshAgent { .. } => drop(spent.fresh.insert(id.attempt)),
            Assignment::Continue { .. } => drop(spent.continued.insert(id.attempt)),
            Assignment::First | Assignment::Fix { .. } => {}
        }
    }

    /// The state was read from disk: what was not saved did not happen.
    pub(super) fn restored(&mut self, run: &SprintRun) {
        for (id, ticket) in run.tickets() {
            if !ticket.is_met() {
                self.complete.remove(id);
            }
        }
    }

    /// Counts what the state shows.
    pub(super) fn cover(&mut self, run: &SprintRun, world: &World, coverage: &mut Coverage) {
        let parked = matches!(run.sprint().phase, Phase::Parked { .. });
        if self.parked && run.sprint().phase == Phase::Integrating {
            coverage.hit("integration", "parked and continued");
        }
        self.parked = parked;
        if let Some(integration) = run.integration() {
            if integration.round > self.moved.max(1) {
                coverage.hit("integration", "base moved");
            }
            self.moved = integration.round;
            if let Task::Resolve(resolving) = &integration.task
                && resolving.feedback.is_some()
            {
                coverage.hit("integration", "resolution refused");
            }
        }
        if run.undo().is_some_and(|undo| undo.round > 1) {
            coverage.hit("undo", "base moved");
        }
        for (id, ticket) in run.tickets() {
            if let Stage::Checking { remedy, .. } = &ticket.stage {
                if remedy.installed {
                    coverage.hit("remedy", "install");
                }
                if remedy.timeouts > 0 {
                    coverage.hit("remedy", "timeout");
                }
            }
            if ticket.apart {
                coverage.hit("team", "given up");
                if ticket.is_complete() {
                    coverage.hit("team", "done without");
                }
            }
            if !ticket.is_met() {
                self.complete.remove(id);
            } else if !self.complete.contains_key(id) {
                self.complete.insert(id.clone(), workers(world, id));
                if ticket.budget.fresh_agent {
                    coverage.hit("breaker", "a fresh agent succeeded");
                }
                if self.reattempted.contains(id) {
                    coverage.hit("ticket", "succeeded after another try");
                }
            }
            let merged = ticket.merge == MergeState::Merged;
            if merged && ticket.breaker.set_aside.is_some() && self.mended.insert(id.clone()) {
                coverage.hit("integration", "mended");
            }
            if ticket.merge == MergeState::Skipped {
                coverage.hit("integration", "skipped");
            }
        }
        if let Phase::Tidying {
            ending: Ending::SafetyStop { reason },
        } = &run.sprint().phase
        {
            let budget = reason.contains("max_agent_runs") || reason.contains("max_cost_cents");
            coverage.hit("stop", if budget { "budget" } else { "other" });
            if reason.contains("told to fail") {
                coverage.hit("stop", "fatal");
            }
            if reason.contains("red on base") {
                coverage.hit("stop", "base is red");
            }
            if reason.contains("base moved away") {
                coverage.hit("stop", "base moves");
            }
        }
    }

    /// Counts what integration was looking for, or taking back was at.
    pub(super) fn cover_search(&self, run: &SprintRun, coverage: &mut Coverage) {
        match run.undo().map(|undo| &undo.task) {
            Some(UndoTask::Gate { .. }) => coverage.hit("crash during", "gate without a ticket"),
            Some(UndoTask::Land) => coverage.hit("crash during", "landing without a ticket"),
            Some(UndoTask::Revert | UndoTask::Over) | None => {}
        }
        let Some(integration) = run.integration() else {
            return;
        };
        if run.sprint().phase != Phase::Integrating {
            return;
        }
        match &integration.task {
            Task::Combine { tickets } | Task::Gate { tickets, .. } => {
                let what = if tickets.is_empty() {
                    "test of base"
                } else if *tickets == integration.order {
                    "integration"
                } else {
                    "search for a culprit"
                };
                coverage.hit("crash during", what);
            }
            Task::Resolve(_) => coverage.hit("crash during", "resolution"),
            Task::Land | Task::Over => {}
        }
    }

    /// Counts answers to reviews.
    pub(super) const fn answer(decision: &ReviewDecision) -> &'static str {
        match decision {
            ReviewDecision::Approve => "approved",
            ReviewDecision::Skip => "skipped",
            ReviewDecision::RequestChanges(_) => "changes",
        }
    }
}

/// Workers run for a ticket.
pub(super) fn workers(world: &World, id: &TicketId) -> u64 {
    world.with(|state| state.log.workers.get(id).copied().unwrap_or(0))
}
