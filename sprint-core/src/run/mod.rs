//! The run machine: a value that is told facts and says what ought to be running.
//!
//! [`SprintRun`] has five verbs. [`apply`](SprintRun::apply) folds one fact in;
//! [`wanted_in`](SprintRun::wanted_in) says what ought to be running now;
//! [`work`](SprintRun::work) describes one of those things in full;
//! [`next_deadline`](SprintRun::next_deadline) says when to come back if nothing happens;
//! [`outcome`](SprintRun::outcome) says whether it is over. What is wanted is a function of the
//! state and of nothing else, so starting, resuming, cancelling and retrying are one path.

pub mod admit;
mod advance;
pub mod baseline;
pub mod breaker;
pub mod classify;
mod command;
pub mod control;
pub mod culprit;
mod cx;
pub mod effect;
pub mod event;
mod failing;
mod index;
pub mod input;
pub mod integrate;
mod isolation;
mod landing;
mod layers;
mod mechanical;
pub mod no_drop;
mod permission;
pub mod predict;
pub mod proof;
mod reconcile;
pub mod resolve;
mod reuse;
mod simplify;
pub mod snapshot;
pub mod spending;
pub mod state;
pub mod sweep;
pub mod team;
pub mod ticket;
pub mod undo;
mod undoing;
mod verifying;
mod wants;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::path::RepoPath;
use crate::failure::{ErrorKind, Failure};
use crate::id::{CommitId, TicketId};
use crate::plan::sprint_plan::SprintPlan;
use crate::run::cx::Cx;
use crate::run::effect::{Done, EffectId, Lane, Scope, Step};
use crate::run::event::Event;
use crate::run::index::Index;
use crate::run::input::Input;
use crate::run::integrate::IntegrationRun;
use crate::run::isolation::Strays;
pub use crate::run::layers::{citations, review};
use crate::run::predict::Prediction;
use crate::run::snapshot::{Delta, SCHEMA_VERSION, Snapshot};
use crate::run::state::{Counters, Ending, Phase, SprintState};
use crate::run::sweep::Aftermath;
use crate::run::ticket::{Stage, TicketRun};
use crate::run::undo::UndoRun;
use crate::time::Timestamp;

/// Retries of a step of the sprint before it stops.
const MAX_RETRIES: u32 = 3;

/// One sprint, as a value.
#[derive(Clone, Debug)]
pub struct SprintRun {
    plan: Arc<SprintPlan>,
    revision: u64,
    at: Timestamp,
    sprint: SprintState,
    tickets: BTreeMap<TicketId, TicketRun>,
    integration: Option<IntegrationRun>,
    undo: Option<UndoRun>,
    prediction: Prediction,
    // Everything below is derived; a restart builds it anew.
    index: Index,
    heads: BTreeMap<TicketId, CommitId>,
    probe_due: bool,
    planned: BTreeMap<TicketId, BTreeSet<RepoPath>>,
    learnings: BTreeMap<(Option<Timestamp>, TicketId), Vec<String>>,
    changed: Changed,
    events: Vec<Event>,
}

/// Which records have changed since the last save.
#[derive(Clone, Debug, Default)]
struct Changed {
    sprint: bool,
    integration: bool,
    undo: bool,
    prediction: bool,
    tickets: BTreeSet<TicketId>,
}

/// How a run ends, or why it rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is over.
    Complete(Ending),
    /// Nothing can move until a person decides something.
    AwaitingHuman {
        /// What they are asked, one line each.
        requests: Vec<String>,
    },
}

impl SprintRun {
    /// Starts a sprint.
    pub fn start(now: Timestamp, plan: SprintPlan) -> Self {
        let tickets = plan.tickets.iter().map(|(id, ticket)| {
            let mut run = TicketRun::queued();
            if let Some(by) = &ticket.unmet {
                run.stage = Stage::Blocked { by: by.clone() };
            }
            (id.clone(), run)
        });
        let sprint = SprintState {
            phase: Phase::Preflight,
            merge_order: Vec::new(),
            base_head: plan.base.clone(),
            baseline: None,
            counters: Counters::default(),
            holds: BTreeMap::new(),
            agents_paused_until: None,
            reserved: BTreeMap::new(),
            retries: 0,
            recoveries: Vec::new(),
            sweep_due: false,
            sweeps: 0,
        };
        let tickets: BTreeMap<_, _> = tickets.collect();
        let blocked: Vec<_> = plan
            .tickets
            .values()
            .filter(|t| t.unmet.is_some())
            .map(|t| t.ticket.id.clone())
            .collect();
        let mut run = Self::restore(Snapshot {
            schema_version: SCHEMA_VERSION,
            revision: 0,
            at: now,
            plan: Arc::new(plan),
            sprint,
            tickets,
            integration: None,
            undo: None,
            prediction: Prediction::default(),
        });
        for id in blocked {
            run.block_dependents(&id);
        }
        run.changed = Changed::default();
        run.events.clear();
        run
    }

    /// Continues from saved state.
    pub fn restore(snapshot: Snapshot) -> Self {
        let Snapshot {
            revision,
            at,
            plan,
            sprint,
            tickets,
            integration,
            undo,
            prediction,
            ..
        } = snapshot;
        let mut run = Self {
            plan,
            revision,
            at,
            sprint,
            tickets,
            integration,
            undo,
            prediction,
            index: Index::default(),
            heads: BTreeMap::new(),
            probe_due: false,
            planned: BTreeMap::new(),
            learnings: BTreeMap::new(),
            changed: Changed::default(),
            events: Vec::new(),
        };
        let done = run
            .tickets
            .iter()
            .filter(|(_, t)| t.is_complete() && !t.learnings.is_empty());
        run.learnings = done
            .map(|(id, t)| ((t.completed_at, id.clone()), t.learnings.clone()))
            .collect();
        run.note_heads();
        run.note_plans();
        run.reindex_all();
        run
    }

    /// The whole state, to be saved.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            schema_version: SCHEMA_VERSION,
            revision: self.revision,
            at: self.at,
            plan: Arc::clone(&self.plan),
            sprint: self.sprint.clone(),
            tickets: self.tickets.clone(),
            integration: self.integration.clone(),
            undo: self.undo.clone(),
            prediction: self.prediction.clone(),
        }
    }

    /// The plan.
    pub fn plan(&self) -> &SprintPlan {
        &self.plan
    }

    /// The plan, shared.
    pub fn plan_shared(&self) -> Arc<SprintPlan> {
        Arc::clone(&self.plan)
    }

    /// The sprint as a whole.
    pub const fn sprint(&self) -> &SprintState {
        &self.sprint
    }

    /// Every ticket.
    pub const fn tickets(&self) -> &BTreeMap<TicketId, TicketRun> {
        &self.tickets
    }

    /// Integration, once it has begun.
    pub const fn integration(&self) -> Option<&IntegrationRun> {
        self.integration.as_ref()
    }

    /// What was taken back last, or is being.
    pub const fn undo(&self) -> Option<&UndoRun> {
        self.undo.as_ref()
    }

    /// What ought to be running in a lane now, most urgent first.
    pub fn wanted_in(&self, lane: Lane) -> impl Iterator<Item = &EffectId> {
        self.index.wanted(lane)
    }

    /// Everything that ought to be running now.
    pub fn wanted(&self) -> impl Iterator<Item = &EffectId> {
        Lane::ALL
            .into_iter()
            .flat_map(|lane| self.index.wanted(lane))
    }

    /// Whether this effect ought to be running now.
    pub fn wants(&self, id: &EffectId) -> bool {
        self.index.wants(id)
    }

    /// How many tickets have begun and not come to an end; one that waits for a person does not
    /// count.
    pub fn in_progress(&self) -> usize {
        self.index.in_progress()
    }

    /// Whether nothing new may start in a lane for now.
    pub fn is_paused(&self, lane: Lane) -> bool {
        lane == Lane::Agent && self.sprint.agents_paused_until.is_some()
    }

    /// When to send [`Input::Tick`] if nothing else happens first.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.index.next_deadline()
    }

    /// How it ended, or why it rests; `None` while something can move.
    pub fn outcome(&self) -> Option<Outcome> {
        if let Phase::Complete { ending } = &self.sprint.phase {
            return Some(Outcome::Complete(ending.clone()));
        }
        if !self.index.is_idle() {
            return None;
        }
        let mut requests = Vec::new();
        if let Phase::Parked { reason } = &self.sprint.phase {
            requests.push(reason.clone());
        }
        for (id, ticket) in &self.tickets {
            requests.extend(ticket.request().map(|request| format!("{id}: {request}")));
        }
        Some(Outcome::AwaitingHuman { requests })
    }

    /// Folds one fact in. Total: it never fails and never panics, and what no longer applies only
    /// leaves an [`Event::Stale`]. Returns what to tell once the change is saved.
    #[must_use]
    pub fn apply(&mut self, now: Timestamp, input: Input) -> Vec<Event> {
        // A clock that is set back must not bring holds back.
        self.at = self.at.max(now);
        match input {
            Input::Starting(effects) => self.starting(&effects),
            Input::Finished { effect, outcome } => self.finished(&effect, outcome),
            Input::Command(command) => self.command(command),
            Input::Resumed => self.resumed(),
            Input::Reconcile(survey) => self.reconcile(*survey),
            Input::Tick => {}
        }
        self.lift_holds();
        self.settle();
        self.reindex_sprint();
        std::mem::take(&mut self.events)
    }

    /// Everything that changed since the last call, to be saved before anything new starts;
    /// `None` if nothing did.
    pub fn take_delta(&mut self) -> Option<Delta> {
        let changed = std::mem::take(&mut self.changed);
        let runs = changed.integration || changed.undo || changed.prediction;
        if !changed.sprint && !runs && changed.tickets.is_empty() {
            return None;
        }
        self.revision += 1;
        let record = |id: TicketId| Some((id.clone(), self.tickets.get(&id)?.clone()));
        Some(Delta {
            revision: self.revision,
            at: self.at,
            full: None,
            sprint: changed.sprint.then(|| self.sprint.clone()),
            tickets: changed.tickets.into_iter().filter_map(record).collect(),
            integration: self
                .integration
                .as_ref()
                .filter(|_| changed.integration)
                .cloned(),
            undo: self.undo.as_ref().filter(|_| changed.undo).cloned(),
            prediction: changed.prediction.then(|| self.prediction.clone()),
        })
    }

    fn finished(&mut self, effect: &EffectId, outcome: Result<Done, Failure>) {
        let since = self.settle_spending(effect, &outcome);
        if !self.wants(effect) {
            self.events.push(Event::Stale {
                effect: effect.clone(),
            });
            return;
        }
        match &effect.scope {
            Scope::Sprint => self.sprint_finished(effect.step, outcome, since),
            Scope::Ticket(id) => {
                let strays = outcome.as_ref().ok().map(|done| self.strays(done, since));
                self.with_ticket(id, |ticket, cx| {
                    if ticket.stage == Stage::Queued && effect.step == Step::Open {
                        begin(ticket, cx);
                    }
                    if let Ok(Done::Agent(report) | Done::Judged { report, .. }) = &outcome
                        && let Some(strays) = &strays
                        && !isolation::holds(ticket, effect.step, report, strays, cx)
                    {
                        return;
                    }
                    advance::finished(ticket, effect.step, outcome, cx);
                });
            }
        }
    }

    /// What an agent that started then did to its surroundings.
    fn strays(&self, done: &Done, since: Option<Timestamp>) -> Strays {
        let (Done::Agent(report) | Done::Judged { report, .. }) = done else {
            return Strays::default();
        };
        // It had come to an end before the agent began, and has not gone on since.
        let at_rest = |id: &TicketId| {
            self.tickets.get(id).is_some_and(|ticket| {
                let ended = ticket.completed_at.filter(|_| ticket.is_settled());
                ended.is_some_and(|ended| since.is_some_and(|since| ended < since))
            })
        };
        Strays::of(report, &at_rest)
    }

    fn sprint_finished(
        &mut self,
        step: Step,
        outcome: Result<Done, Failure>,
        since: Option<Timestamp>,
    ) {
        self.changed.sprint = true;
        let done = match outcome {
            Ok(done) => done,
            Err(failure) => return self.sprint_failed(step, failure),
        };
        self.sprint.retries = 0;
        match (step, done) {
            (Step::Checkpoint, _) if self.plan.config.baseline => {
                self.enter_phase(Phase::Baseline);
            }
            (Step::Checkpoint, _) => self.enter_phase(Phase::Tickets),
            (
                Step::Baseline,
                Done::Baseline {
                    commit,
                    tree,
                    report,
                },
            ) => self.baseline_finished(commit, tree, report),
            (Step::Tidy, _) => self.complete(),
            (Step::Sweep, Done::Swept(shown)) => self.swept(shown),
            (Step::Sweep, _) => self.unswept("the answer to sweep has the wrong form".into()),
            (_, done) if self.sprint.phase == Phase::Undoing => self.undo_finished(done),
            (Step::Probe, Done::Probed(found)) => self.probed(*found),
            (_, done) => {
                let strays = self.strays(&done, since);
                if let Some(id) = self.resolving() {
                    self.with_ticket(&id, |ticket, cx| isolation::tell(ticket, &strays, cx));
                }
                self.integration_finished(done, &strays);
            }
        }
    }

    fn sprint_failed(&mut self, step: Step, failure: Failure) {
        self.sprint.retries += 1;
        let retries = self.sprint.retries;
        let fatal = failure.kind == ErrorKind::Fatal;
        let hopeless = fatal || retries > MAX_RETRIES;
        let message = format!("could not {step}: {failure}");
        if failure.kind == ErrorKind::Breach && self.is_resolving(step) {
            self.sprint.retries = 0;
            self.resolution_breached(&message);
        } else if !fatal && self.is_resolving(step) && (hopeless || !failure.kind.may_pass()) {
            self.sprint.retries = 0;
            self.resolution_failed(&message);
        } else if step == Step::Probe && (hopeless || !failure.kind.may_pass()) && !fatal {
            self.sprint.retries = 0;
            self.unpredicted(message);
        } else if step == Step::Sweep && (hopeless || !failure.kind.may_pass()) {
            self.sprint.retries = 0;
            self.unswept(format!(
                "whether everything is still Done is unknown: {message}"
            ));
        } else if step == Step::Tidy && hopeless {
            self.events.push(Event::Warning { message });
            self.complete();
        } else if hopeless && self.sprint.phase == Phase::Undoing {
            self.undo_failed(step, message);
        } else if hopeless {
            self.stop(message);
        } else {
            let effect = EffectId::sprint(1, step);
            let wait = if let ErrorKind::RateLimited { retry_after_ms } = failure.kind {
                failing::rate_limit(retries, retry_after_ms)
            } else {
                failing::backoff(&effect, retries)
            };
            let until = self.at.after(wait);
            if step.lane() == Lane::Agent {
                self.sprint.pause_agents(until);
            } else {
                self.sprint.holds.insert(step, until);
            }
            let in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            self.events.push(Event::Retrying {
                effect,
                message,
                in_ms,
            });
        }
    }

    /// Changes one ticket, and draws the conclusions for the tickets around it.
    fn with_ticket(&mut self, id: &TicketId, change: impl FnOnce(&mut TicketRun, &mut Cx<'_>)) {
        let (Some(ticket), Some(plan)) = (self.tickets.get_mut(id), self.plan.tickets.get(id))
        else {
            return;
        };
        let before = (ticket.stage.name(), ticket.attempt, ticket.is_complete());
        let met = ticket.is_met();
        let learned = (ticket.completed_at, id.clone());
        let mut cx = Cx {
            now: self.at,
            plan: &self.plan,
            ticket: plan,
            sprint: &mut self.sprint,
            sprint_changed: &mut self.changed.sprint,
            events: &mut self.events,
            stop: None,
        };
        change(ticket, &mut cx);
        let stop = cx.stop;
        if before.2 && !ticket.is_complete() {
            // What comes next is another closing.
            ticket.aftermath = Aftermath::default();
            for step in [Step::PostAgain, Step::CloseAgain] {
                ticket.chores.remove(&step);
                ticket.holds.remove(&step);
                ticket.forget_retries(step);
            }
        }
        let (stage, attempt) = (ticket.stage.name(), ticket.attempt);
        let is_met = ticket.is_met();
        let (complete, lost) = (ticket.is_complete(), ticket.is_settled() && !is_met);
        if complete && !before.2 {
            let key = (ticket.completed_at, id.clone());
            if !ticket.learnings.is_empty() {
                self.learnings.insert(key, ticket.learnings.clone());
            }
        } else if !complete && before.2 {
            self.learnings.remove(&learned);
        }
        self.changed.tickets.insert(id.clone());
        if (stage, attempt) != (before.0, before.1) {
            let stage = stage.to_owned();
            self.events.push(Event::StageChanged {
                ticket: id.clone(),
                stage,
                attempt,
            });
        }
        self.note_head(id);
        self.reindex(id);
        if self.plan.config.avoid_conflicts && stage != before.0 {
            self.reindex_queued();
        }
        if is_met != met {
            for dependent in self.dependents(id) {
                self.reindex(&dependent);
            }
        }
        if lost {
            self.block_dependents(id);
        }
        if let Some(reason) = stop {
            self.stop(reason);
        }
    }

    fn dependents(&self, id: &TicketId) -> Vec<TicketId> {
        self.plan.dependents(id).to_vec()
    }

    /// Marks every queued ticket that waits for `lost`, directly or not, as blocked by it.
    fn block_dependents(&mut self, lost: &TicketId) {
        let mut open = vec![lost.clone()];
        while let Some(by) = open.pop() {
            for id in self.dependents(&by) {
                let Some(ticket) = self.tickets.get_mut(&id) else {
                    continue;
                };
                if ticket.stage != Stage::Queued {
                    continue;
                }
                ticket.stage = Stage::Blocked { by: by.clone() };
                self.events.push(Event::Blocked {
                    ticket: id.clone(),
                    by: by.clone(),
                });
                self.changed.tickets.insert(id.clone());
                self.reindex(&id);
                open.push(id);
            }
        }
    }

    /// Stops the sprint because going on could lose work or spend without end.
    fn stop(&mut self, reason: String) {
        self.events.push(Event::Warning {
            message: format!("stopping: {reason}"),
        });
        self.enter_phase(Phase::Tidying {
            ending: Ending::SafetyStop { reason },
        });
    }

    fn enter_phase(&mut self, phase: Phase) {
        let finishes = matches!(
            phase,
            Phase::Tidying {
                ending: Ending::Finished
            }
        );
        if self.sprint.phase != phase {
            self.sprint.phase = phase;
            self.sprint.retries = 0;
            self.changed.sprint = true;
            self.events.push(Event::PhaseChanged {
                phase: self.sprint.phase.name().to_owned(),
            });
            if finishes {
                self.sweep_is_due();
            }
            self.reindex_all();
        }
    }

    fn complete(&mut self) {
        if let Phase::Tidying { ending } = &self.sprint.phase {
            let ending = ending.clone();
            self.events.push(Event::Finished {
                outcome: ending.to_string(),
            });
            self.enter_phase(Phase::Complete { ending });
        }
    }
}

/// A queued ticket begins.
fn begin(ticket: &mut TicketRun, cx: &Cx<'_>) {
    ticket.started_at = Some(cx.now);
    ticket.chores.insert(Step::Start);
    ticket.stage = Stage::Opening {
        entry: crate::domain::agent::Assignment::First,
    };
}
