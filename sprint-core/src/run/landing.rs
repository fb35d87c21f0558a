//! From verified tickets to base: when integration begins, and what its answers do to tickets.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::agent::Role;
use crate::domain::merge::Merged;
use crate::domain::path::RepoPath;
use crate::domain::verdict::{Finding, FindingKind, LayerId};
use crate::id::TicketId;
use crate::plan::fixtures::{self, Collision};
use crate::plan::merge_order::{Candidate, MergeOrder};
use crate::run::SprintRun;
use crate::run::effect::{Done, Step};
use crate::run::event::Event;
use crate::run::failing::{Attempt, fail_attempt, stuck};
use crate::run::integrate::{Consequence, Eviction, IntegrationRun, Policy, Ran, Task};
use crate::run::isolation::Strays;
use crate::run::resolve::Resolved;
use crate::run::state::{Ending, Phase};
use crate::run::ticket::{Checked, MergeState, Stage, StuckReason, TicketRun};
use crate::run::verifying::fingerprint;

impl SprintRun {
    /// Moves on when a phase has nothing left to do.
    pub(super) fn settle(&mut self) {
        let settled = self.index.unsettled() == 0 && !self.probe_due;
        if self.sprint.phase == Phase::Tickets && settled {
            self.begin_integration();
        }
        let over = self
            .integration
            .as_ref()
            .is_some_and(|run| run.task == Task::Over);
        let finishing = match &self.sprint.phase {
            Phase::Integrating => over,
            Phase::Tidying {
                ending: Ending::Finished,
            } => true,
            Phase::Preflight
            | Phase::Baseline
            | Phase::Tickets
            | Phase::Parked { .. }
            | Phase::Undoing
            | Phase::Tidying { .. }
            | Phase::Complete { .. } => false,
        };
        let waiting = self
            .integration
            .as_ref()
            .is_some_and(|run| !run.held_back.is_empty());
        if finishing && waiting && self.index.unsettled() == 0 {
            // The ones before them have landed or gone, or it would not be over.
            self.begin_integration();
        } else if finishing {
            // A person may have asked for another try of a ticket while others were landing.
            self.enter_phase(if self.index.unsettled() > 0 {
                Phase::Tickets
            } else {
                Phase::Tidying {
                    ending: Ending::Finished,
                }
            });
        }
    }

    fn begin_integration(&mut self) {
        let verified = |stage: &Stage| matches!(stage, Stage::Verified { .. });
        let ready: BTreeSet<_> = self
            .tickets
            .iter()
            .filter(|(_, t)| verified(&t.stage))
            .map(|(id, _)| id.clone())
            .collect();
        let others = self.tickets.values().any(|ticket| !ticket.is_met());
        if others && !ready.is_empty() && !self.plan.config.partial_merge {
            let message = "nothing is merged: some tickets are stuck and partial_merge is off";
            self.events.push(Event::Warning {
                message: message.into(),
            });
        }
        if ready.is_empty() || others && !self.plan.config.partial_merge {
            for id in ready {
                self.set_merge(&id, MergeState::Skipped);
            }
            return self.enter_phase(Phase::Tidying {
                ending: Ending::Finished,
            });
        }
        let MergeOrder { entries, skipped } = self.merge_order(&ready);
        for (ticket, missing) in skipped {
            self.set_aside(Eviction {
                ticket,
                reason: StuckReason::IntegrationFailed,
                partner: None,
                message: format!("depends on {missing}, which was set aside"),
                gates: 0,
                direct: false,
            });
        }
        let order: Vec<_> = entries.into_iter().map(|entry| entry.ticket).collect();
        self.warn_of_collisions(&order);
        let dependencies = order.iter().filter_map(|id| {
            let on = &self.plan.tickets.get(id)?.dependencies;
            Some((
                id.clone(),
                on.iter().filter(|on| ready.contains(on)).cloned().collect(),
            ))
        });
        let dependencies: BTreeMap<TicketId, BTreeSet<TicketId>> = dependencies.collect();
        let probe = self.integration.as_ref().map_or(0, |run| run.probe);
        let base = self.sprint.base_head.clone();
        let policy = Policy {
            resolves: self.plan.roles.contains(&Role::Conflict),
            partial: self.plan.config.partial_merge,
        };
        let mut run = IntegrationRun::new(probe, self.at, base, order, dependencies, policy);
        if let Some(before) = self.integration.take() {
            run.remember(before);
        }
        self.integration = Some(run);
        self.changed.integration = true;
        self.enter_phase(Phase::Integrating);
    }

    /// Tickets that made up the same names of test data pass alone and may fail together; the gate
    /// on all of them decides (spec 11.4).
    fn warn_of_collisions(&mut self, order: &[TicketId]) {
        let names = |id| {
            let checked = self.tickets.get(id)?.stage.checked()?;
            Some((id, &checked.inspection.fixtures))
        };
        for collision in fixtures::collisions(order.iter().filter_map(names)) {
            let Collision {
                earlier,
                later,
                names,
            } = collision;
            let names: Vec<_> = names.into_iter().collect();
            let message = format!(
                "{earlier} and {later} both make up test data called {}; if they fail together, \
                 {later} should put its id in front",
                names.join(", ")
            );
            self.events.push(Event::Warning { message });
        }
    }

    fn merge_order(&self, ready: &BTreeSet<TicketId>) -> MergeOrder {
        let candidates = ready.iter().filter_map(|id| {
            let plan = self.plan.tickets.get(id)?;
            Some(Candidate {
                ticket: &plan.ticket,
                changed: &self.tickets.get(id)?.stage.checked()?.changed,
                dependencies: &plan.dependencies,
            })
        });
        let merged = |(id, ticket): (&TicketId, &TicketRun)| {
            let on_base = matches!(ticket.stage, Stage::Merged { .. } | Stage::DoneOutside);
            on_base.then(|| id.clone())
        };
        let merged: BTreeSet<_> = self.tickets.iter().filter_map(merged).collect();
        MergeOrder::new(&candidates.collect::<Vec<_>>(), &merged)
    }

    /// Takes in an answer of integration.
    pub(super) fn integration_finished(&mut self, done: Done, strays: &Strays) {
        let Some(mut run) = self.integration.take() else {
            return;
        };
        self.changed.integration = true;
        let consequence = match done {
            Done::Combined(combined) => {
                let touches = |id: &TicketId, path: &RepoPath| self.touches(id, path);
                run.combined(combined, &touches)
            }
            Done::Checked(report) => {
                let verdict = self.sprint.gate_ran(report);
                if matches!(run.task, Task::Resolve(_)) {
                    run.resolution_gated(verdict)
                } else {
                    run.gated(verdict)
                }
            }
            Done::Landed(landed) => run.landed(landed),
            done @ (Done::Plain | Done::Opened(_) | Done::Agent(_) | Done::Inspected(_))
                if matches!(run.task, Task::Resolve(_)) =>
            {
                run.resolution_answered(done, strays, &|id| self.paths_of(id))
            }
            Done::Plain
            | Done::Opened(_)
            | Done::Agent(_)
            | Done::Inspected(_)
            | Done::Refreshed(_)
            | Done::Reverted(_)
            | Done::Probed(_)
            | Done::Collected { .. }
            | Done::Baseline { .. }
            | Done::Judged { .. }
            | Done::Layers(_)
            | Done::Sources(_)
            | Done::Posted(_)
            | Done::NotFoundAgain
            | Done::Closed(_)
            | Done::Swept(_) => Consequence {
                stop: Some("the answer to an integration step has the wrong form".into()),
                ..Consequence::default()
            },
        };
        self.integration = Some(run);
        self.follow(consequence);
    }

    fn follow(&mut self, consequence: Consequence) {
        let Consequence {
            evicted,
            landed,
            gate,
            opened,
            clashed,
            resolved,
            warning,
            park,
            stop,
        } = consequence;
        if let Some((ticket, others)) = clashed {
            self.clash_happened(&ticket, &others);
        }
        if let Some((id, workspace)) = opened {
            self.with_ticket(&id, |ticket, _| ticket.workspaces.push(workspace));
        }
        if let Some(Resolved {
            ticket,
            others,
            paths,
            proof,
            ..
        }) = resolved
        {
            self.events.push(Event::ConflictResolved {
                ticket,
                others,
                paths,
                proof: proof.to_string(),
            });
        }
        if let Some(message) = warning {
            self.events.push(Event::Warning { message });
        }
        if let Some(Ran {
            tickets,
            passed,
            reused,
        }) = gate
        {
            self.events.push(Event::GateRan {
                tickets,
                passed,
                reused,
            });
        }
        for eviction in evicted {
            self.set_aside(eviction);
        }
        self.have_landed(landed);
        if let Some(reason) = park {
            self.enter_phase(Phase::Parked { reason });
        }
        if let Some(reason) = stop {
            self.stop(reason);
        }
    }

    /// Base is where these merges end.
    fn have_landed(&mut self, landed: Vec<Merged>) {
        if let Some(last) = landed.last() {
            let gates = self.integration.as_ref().map(|run| &run.gates);
            let still = gates.and_then(|gates| Some(gates.get(&last.tree)?.known.clone()));
            let (at, tickets) = (last.commit.clone(), landed.iter().map(|m| m.ticket.clone()));
            self.events.push(Event::Landed {
                tickets: tickets.clone().collect(),
                at: at.clone(),
            });
            self.sprint.merge_order.extend(tickets);
            self.sprint.baseline_landed(&at, &last.tree, still.as_ref());
            self.sprint.base_head = at;
        }
        for merged in landed {
            self.with_ticket(&merged.ticket, |ticket, _| {
                if let Stage::Verified { checked, comment } = ticket.stage.clone() {
                    ticket.stage = Stage::Merged {
                        checked,
                        comment,
                        at: merged.commit,
                    };
                    ticket.merge = MergeState::Merged;
                    ticket.chores.insert(Step::Release);
                }
            });
        }
    }

    /// A verified ticket that cannot land is no longer done: it is reopened, with the reason, and
    /// its worker mends it as long as its budget lasts.
    fn set_aside(&mut self, eviction: Eviction) {
        let Eviction {
            ticket: id,
            reason,
            partner,
            message,
            gates,
            direct,
        } = eviction;
        self.events.push(Event::CulpritFound {
            ticket: id.clone(),
            partner: partner.clone(),
            message: message.clone(),
            gates,
        });
        let renames = partner
            .as_ref()
            .and_then(|other| self.shared_names(&id, other));
        let mends = direct && self.plan.config.partial_merge;
        self.with_ticket(&id, |ticket, cx| {
            let Some(checked) = ticket.stage.checked() else {
                return;
            };
            let kind = if reason == StuckReason::MergeConflict {
                FindingKind::MergeConflict
            } else {
                FindingKind::IntegrationFailed
            };
            let attempt = Attempt {
                workspace: checked.workspace.clone(),
                layer: LayerId::Integration,
                findings: vec![Finding::blocking(kind, message.clone())],
                feedback: format!(
                    "your work passed every layer and cannot be merged: {message}{}",
                    renames.unwrap_or_default()
                ),
                fingerprint: Some(fingerprint(&checked.tree, &checked.claim.0)),
            };
            ticket.breaker.set_aside = Some(checked.tree.clone());
            ticket.merge = MergeState::Reverted;
            ticket.completed_at = None;
            if mends {
                fail_attempt(ticket, attempt, cx);
            } else {
                stuck(ticket, reason, message.clone(), cx);
            }
            if let Stage::Stuck { reason: why, .. } = &mut ticket.stage {
                *why = reason;
                // It may have been reopened in this attempt already, for an earlier reason.
                ticket.attempt += 1;
            }
            // Reopening it says why.
            ticket.chores.remove(&Step::Note);
            ticket.chores.insert(Step::Reopen);
        });
    }

    /// What to do about test data of the same name in two tickets, if there is any.
    fn shared_names(&self, ticket: &TicketId, other: &TicketId) -> Option<String> {
        let of = |id| Some(&self.tickets.get(id)?.stage.checked()?.inspection.fixtures);
        let shared: Vec<_> = of(ticket)?.intersection(of(other)?).cloned().collect();
        (!shared.is_empty()).then(|| {
            format!(
                "\nboth use test data called {}: put {ticket} in front of the names of yours",
                shared.join(", ")
            )
        })
    }

    /// Whether a step belongs to the resolution of a conflict.
    pub(super) fn is_resolving(&self, step: Step) -> bool {
        let task = self.integration.as_ref().map(|run| &run.task);
        matches!(task, Some(Task::Resolve(_))) && step != Step::Gate
    }

    /// The ticket whose conflict is being resolved.
    pub(super) fn resolving(&self) -> Option<TicketId> {
        match &self.integration.as_ref()?.task {
            Task::Resolve(resolving) => Some(resolving.clash.ticket.clone()),
            Task::Combine { .. } | Task::Gate { .. } | Task::Land | Task::Over => None,
        }
    }

    /// A conflict agent got where it must not be.
    pub(super) fn resolution_breached(&mut self, why: &str) {
        if let Some(run) = &mut self.integration {
            let consequence = run.resolution_breached(why);
            self.changed.integration = true;
            self.follow(consequence);
        }
    }

    /// A step of a resolution cannot be done.
    pub(super) fn resolution_failed(&mut self, why: &str) {
        if let Some(run) = &mut self.integration {
            let consequence = run.resolution_failed(why);
            self.changed.integration = true;
            self.follow(consequence);
        }
    }

    fn paths_of(&self, id: &TicketId) -> Vec<RepoPath> {
        let ticket = self.tickets.get(id);
        let checked = ticket.and_then(|ticket| ticket.stage.checked());
        checked.map(Checked::paths).unwrap_or_default()
    }

    fn set_merge(&mut self, id: &TicketId, state: MergeState) {
        self.with_ticket(id, |ticket, _| ticket.merge = state);
    }

    fn touches(&self, id: &TicketId, path: &RepoPath) -> bool {
        let checked = self
            .tickets
            .get(id)
            .and_then(|ticket| ticket.stage.checked());
        checked.is_some_and(|checked| checked.changed.iter().any(|change| change.path == *path))
    }
}
