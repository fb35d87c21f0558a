//! From verified tickets to base: when integration begins, and what its answers do to tickets.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::check::CheckReport;
use crate::domain::path::RepoPath;
use crate::domain::verdict::Verdict;
use crate::id::TicketId;
use crate::plan::merge_order::{Candidate, MergeOrder};
use crate::run::SprintRun;
use crate::run::effect::{Done, Step};
use crate::run::event::Event;
use crate::run::integrate::{Consequence, Eviction, IntegrationRun, Task};
use crate::run::layers;
use crate::run::state::{Ending, Phase};
use crate::run::ticket::{MergeState, Stage, TicketRun};

impl SprintRun {
    /// Moves on when a phase has nothing left to do.
    pub(super) fn settle(&mut self) {
        if self.sprint.phase == Phase::Tickets && self.index.unsettled() == 0 {
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
            | Phase::Tickets
            | Phase::Parked { .. }
            | Phase::Tidying { .. }
            | Phase::Complete { .. } => false,
        };
        if finishing {
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
        let others = self.tickets.values().any(|ticket| !ticket.is_complete());
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
        for (id, missing) in skipped {
            let message = format!("{id} is not merged: {missing}, which it depends on, is not");
            self.events.push(Event::Warning { message });
            self.set_merge(&id, MergeState::Skipped);
        }
        let order: Vec<_> = entries.into_iter().map(|entry| entry.ticket).collect();
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
        self.integration = Some(IntegrationRun::new(
            1,
            probe,
            self.at,
            base,
            order,
            dependencies,
        ));
        self.changed.integration = true;
        self.enter_phase(Phase::Integrating);
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
            matches!(ticket.stage, Stage::Merged { .. }).then(|| id.clone())
        };
        let merged: BTreeSet<_> = self.tickets.iter().filter_map(merged).collect();
        MergeOrder::new(&candidates.collect::<Vec<_>>(), &merged)
    }

    /// Takes in an answer of integration.
    pub(super) fn integration_finished(&mut self, done: Done) {
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
                self.sprint.counters.gates += 1;
                run.gated(gate_verdict(report))
            }
            Done::Landed(landed) => run.landed(landed),
            Done::Plain
            | Done::Opened(_)
            | Done::Agent(_)
            | Done::Collected(_)
            | Done::Sources(_)
            | Done::Posted(_)
            | Done::NotFoundAgain
            | Done::Closed(_) => Consequence {
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
            park,
            stop,
        } = consequence;
        if let Some((tickets, passed)) = gate {
            self.events.push(Event::GateRan { tickets, passed });
        }
        for eviction in evicted {
            self.set_aside(eviction);
        }
        if let Some(last) = landed.last() {
            let (at, tickets) = (last.commit.clone(), landed.iter().map(|m| m.ticket.clone()));
            self.events.push(Event::Landed {
                tickets: tickets.clone().collect(),
                at: at.clone(),
            });
            self.sprint.merge_order.extend(tickets);
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
        if let Some(reason) = park {
            self.enter_phase(Phase::Parked { reason });
        }
        if let Some(reason) = stop {
            self.stop(reason);
        }
    }

    /// A verified ticket that cannot land is no longer done: it is reopened, with the reason.
    fn set_aside(&mut self, eviction: Eviction) {
        let Eviction {
            ticket: id,
            reason,
            partner,
            message,
        } = eviction;
        self.events.push(Event::CulpritFound {
            ticket: id.clone(),
            partner,
        });
        self.with_ticket(&id, |ticket, cx| {
            cx.events.push(Event::Stuck {
                ticket: id.clone(),
                reason,
                message: message.clone(),
            });
            ticket.stage = Stage::Stuck { reason, message };
            ticket.merge = MergeState::Reverted;
            ticket.chores.insert(Step::Reopen);
        });
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

/// The gate on a combination decides like layer 2, without claims to compare with.
fn gate_verdict(report: CheckReport) -> Verdict {
    layers::mechanical(report, None, &[])
}
