//! What a ticket's transition can see and change.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::path::RepoPath;
use crate::plan::sprint_plan::{SprintPlan, TicketPlan};
use crate::run::effect::{EffectId, Step};
use crate::run::event::Event;
use crate::run::state::{Counters, SprintState};
use crate::time::Timestamp;

/// What a ticket's transition may read, and the few things outside the ticket it may change.
pub(super) struct Cx<'a> {
    pub(super) now: Timestamp,
    pub(super) plan: &'a SprintPlan,
    pub(super) ticket: &'a TicketPlan,
    pub(super) sprint: &'a mut SprintState,
    pub(super) sprint_changed: &'a mut bool,
    pub(super) events: &'a mut Vec<Event>,
    /// Set to stop the whole sprint, with the reason.
    pub(super) stop: Option<String>,
}

impl Cx<'_> {
    pub(super) fn counters(&mut self) -> &mut Counters {
        *self.sprint_changed = true;
        &mut self.sprint.counters
    }

    /// The tests that fail on base and are nobody's blame.
    pub(super) fn known_failures(&self) -> Option<&BTreeSet<String>> {
        self.sprint.known_failures()
    }

    /// Whether a file says which dependencies there are.
    pub(super) fn is_manifest(&self, path: &RepoPath) -> bool {
        let manifests = &self.plan.config.dependency_manifests;
        manifests.iter().any(|name| name == path.file_name())
    }

    pub(super) fn pause_agents(&mut self, until: Timestamp) {
        *self.sprint_changed = true;
        self.sprint.pause_agents(until);
    }

    pub(super) fn effect(&self, attempt: u32, step: Step) -> EffectId {
        EffectId::ticket(self.ticket.ticket.id.clone(), attempt, step)
    }

    pub(super) fn retrying(&mut self, attempt: u32, step: Step, message: String, wait: Duration) {
        let in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.events.push(Event::Retrying {
            effect: self.effect(attempt, step),
            message,
            in_ms,
        });
    }
}
