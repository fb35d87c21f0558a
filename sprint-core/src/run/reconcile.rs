//! What a sprint that goes on makes of what is outside: the decisions of [`crate::resume`], applied
//! to the saved state.
//!
//! Deciding and applying look at the state as it is then, so a plan that was shown is what happens
//! unless something changed meanwhile; and a survey that is applied twice changes nothing the
//! second time that the first did not.

mod facts;

use std::collections::BTreeSet;

use crate::domain::agent::Role;
use crate::domain::audit::{AuditBranch, AuditSpec};
use crate::domain::ticket::TicketStatus;
use crate::domain::verdict::LayerId;
use crate::id::{BranchName, CommitId, TicketId};
use crate::resume::record::MOST_RECOVERIES;
use crate::resume::{
    Action, Decision, Drift, Mend, Reconciliation, Recovery, Row, Seen, Survey, decide, drift,
};
use crate::run::SprintRun;
use crate::run::cx::Cx;
use crate::run::effect::Step;
use crate::run::event::Event;
use crate::run::failing::stuck;
use crate::run::integrate::Task;
use crate::run::reconcile::facts::{claim, entry, facts, status, workspace};
use crate::run::state::Phase;
use crate::run::sweep::{Aftermath, Back};
use crate::run::ticket::{Breaker, MergeState, Stage, StuckReason, TicketRun};

impl SprintRun {
    /// What a repository is to be looked at for before the sprint goes on, and whose each branch is.
    pub fn to_audit(&self) -> (Vec<TicketId>, AuditSpec) {
        let known = self.tickets.iter().filter_map(|(id, ticket)| {
            let workspace = workspace(&ticket.stage)?.clone();
            let known = ticket.stage.checked().map(|checked| checked.head.clone());
            Some((id.clone(), AuditBranch { workspace, known }))
        });
        let (tickets, branches) = known.unzip();
        let spec = AuditSpec {
            sprint: self.plan.sprint.clone(),
            base: self.sprint.base_head.clone(),
            branches,
        };
        (tickets, spec)
    }

    /// The branches of every workspace that is saved.
    pub fn branches(&self) -> BTreeSet<&BranchName> {
        let tickets = self.tickets.values();
        let known = tickets.flat_map(|ticket| {
            let there = workspace(&ticket.stage);
            ticket.workspaces.iter().chain(there)
        });
        known.map(|workspace| &workspace.branch).collect()
    }

    /// Says what becomes of every ticket. Changes nothing.
    pub fn reconciliation(&self, survey: &Survey) -> Reconciliation {
        let rows = survey.tickets.iter().filter_map(|(id, seen)| {
            let row = self.row(id, seen, survey)?;
            Some((id.clone(), row))
        });
        Reconciliation {
            drift: drift(&self.sprint.base_head, &survey.base, &self.about_to_land()),
            tickets: rows.collect(),
            orphans: survey.orphans.clone(),
            notes: survey.notes.clone(),
        }
    }

    fn row(&self, id: &TicketId, seen: &Seen, survey: &Survey) -> Option<Row> {
        let ticket = self.tickets.get(id)?;
        let facts = facts(ticket, seen);
        let decision = decide(&facts, survey.choices.strict);
        let decision = survey.choices.applied(id, decision, &facts);
        let head = ticket.stage.checked().map(|checked| &checked.head);
        let lost = facts.on_base && matches!(ticket.stage, Stage::Verified { .. });
        let landed_at = head.filter(|_| lost && !self.lands(survey)).map(|head| {
            let mut since = survey.base.since.iter();
            let merge = since.find(|commit| commit.merged.contains(head));
            merge.map_or_else(|| head.clone(), |merge| merge.commit.clone())
        });
        Some(Row {
            stage: ticket.stage.name(),
            status: status(&seen.shown),
            agents: self.agents_left(ticket, &decision),
            decision,
            landed_at,
            branch: seen.branch.as_ref().map(|branch| branch.facts.clone()),
        })
    }

    /// The commits that the sprint was about to put on base, or has put there.
    fn about_to_land(&self) -> BTreeSet<CommitId> {
        let merges = self.integration.iter().flat_map(|run| &run.chain);
        let merges = merges.map(|merged| merged.commit.clone());
        let undone = self.undo.iter().flat_map(|run| run.made());
        merges
            .chain(undone.filter_map(|(_, commit)| commit))
            .collect()
    }

    /// Whether a landing took hold of which nobody has heard: it is made again, finds that it is
    /// done, and tells the tickets.
    fn lands(&self, survey: &Survey) -> bool {
        let landing = self
            .integration
            .as_ref()
            .filter(|run| self.sprint.phase == Phase::Integrating && run.task == Task::Land);
        let tip = landing.and_then(|run| run.chain.last());
        tip.is_some_and(|tip| {
            let mut since = survey.base.since.iter();
            since.any(|commit| commit.commit == tip.commit)
        })
    }

    /// The fewest agents that run until a ticket is complete.
    fn agents_left(&self, ticket: &TicketRun, decision: &Decision) -> u32 {
        let review = u32::from(self.plan.config.phases.code_review);
        let verify = review + 1;
        let context = u32::from(self.plan.roles.contains(&Role::Context));
        match (decision.action, decision.mend) {
            (Action::Skip | Action::Stuck | Action::RepairStatus, _) | (_, Mend::PostAgain) => 0,
            (Action::ReVerify, Mend::Recover) => verify,
            (Action::ReVerify, _) => {
                let verdicts = ticket.stage.checked().map(|checked| &checked.verdicts);
                let lacks = |layer| verdicts.is_none_or(|known| !known.contains_key(&layer));
                let judged = !matches!(ticket.stage, Stage::Posting(_) | Stage::Closing { .. });
                let review = if lacks(LayerId::Review) { review } else { 0 };
                review + u32::from(judged && lacks(LayerId::Completion))
            }
            (Action::ReImplement, Mend::StartOver { .. }) => context + 1 + verify,
            (Action::ReImplement, _) => {
                let researched = ticket.research.is_some();
                let context = if researched { 0 } else { context };
                context + 1 + verify
            }
        }
    }

    /// A saved sprint goes on, and this is what is outside.
    pub(super) fn reconcile(&mut self, survey: Survey) {
        if !self.sprint.phase.is_reconciled() {
            return self.resumed();
        }
        let reconciliation = self.reconciliation(&survey);
        let phase = self.sprint.phase.name().to_owned();
        let record = Recovery::new(self.at, phase, &reconciliation);
        let recoveries = &mut self.sprint.recoveries;
        recoveries.push(record);
        let surplus = recoveries.len().saturating_sub(MOST_RECOVERIES);
        recoveries.drain(..surplus);
        self.changed.sprint = true;
        let complete = |run: &Self| {
            let tickets = run.tickets.values();
            tickets.filter(|ticket| ticket.is_complete()).count()
        };
        let before = complete(self);
        for (id, row) in &reconciliation.tickets {
            self.mend(id, row);
        }
        let lost = complete(self) < before;
        self.leave_landing(lost);
        self.follow_base(&survey, reconciliation.drift);
        self.resumed();
    }

    /// What was verified and is not any more must not land, and what is to be done goes first.
    fn leave_landing(&mut self, lost: bool) {
        let parked = matches!(self.sprint.phase, Phase::Parked { .. });
        let for_base = parked && (self.waits_for_base() || self.asks_about_moved());
        let integrating = self.sprint.phase == Phase::Integrating;
        let unsettled = self.index.unsettled() > 0;
        if integrating && lost || parked && !for_base && (lost || unsettled) {
            self.enter_phase(Phase::Tickets);
        }
    }

    /// What is on base now is what tickets are brought up to, once the gate has seen it.
    fn follow_base(&mut self, survey: &Survey, drift: Drift) {
        let head = &survey.base.head;
        if drift == Drift::Same || self.lands(survey) || self.undoes() {
            return;
        }
        if drift.is_foreign() {
            let message = format!("{drift}: it is at {head} now");
            self.events.push(Event::Warning { message });
        }
        if self.sprint.phase != Phase::Tickets {
            // Integration finds out by itself, and nothing else is built on base then.
            return;
        }
        let left = |ticket: &TicketRun| {
            let verified = matches!(ticket.stage, Stage::Verified { .. });
            verified || !ticket.is_settled()
        };
        if drift.is_foreign() && self.plan.config.baseline {
            if self.tickets.values().any(left) {
                self.enter_phase(Phase::Baseline);
            }
        } else {
            self.sprint.base_head = head.clone();
            self.changed.sprint = true;
            self.reindex_all();
        }
    }

    fn mend(&mut self, id: &TicketId, row: &Row) {
        let Row {
            status, decision, ..
        } = row;
        let done = *status == Some(TicketStatus::Done);
        if decision.mend != Mend::Keep {
            let Decision { action, why, .. } = decision;
            let message = format!("{id}: {action}: {why}");
            self.events.push(Event::Warning { message });
        }
        for warning in &decision.warnings {
            let message = format!("{id}: {warning}");
            self.events.push(Event::Warning { message });
        }
        if let Some(at) = &row.landed_at {
            self.landed_unheard(id, at);
        }
        let why = decision.why.clone();
        match decision.mend {
            Mend::Keep => {}
            Mend::DoneOutside => self.done_outside(id),
            Mend::Drop => {
                self.presume_all_of(id);
                self.drop_ticket(id);
            }
            Mend::CloseAgain => {
                let untold = |ticket: &TicketRun| {
                    // One that is moved back again and again is the sweep's business.
                    ticket.aftermath == Aftermath::Kept && !ticket.chores.contains(&Step::Close)
                };
                let untold = self.tickets.get(id).is_some_and(untold);
                if let Some(status) = status.filter(|_| untold) {
                    self.close_again(
                        id,
                        &Back {
                            status,
                            moved: None,
                        },
                    );
                }
            }
            Mend::PostAgain => self.with_ticket(id, |ticket, _| post_again(ticket)),
            Mend::Recover => self.recover(id, done.then_some(why)),
            Mend::Reopen => {
                self.presume_all_of(id);
                self.with_ticket(id, |ticket, _| {
                    if let Some(entry) = entry(&ticket.stage) {
                        again(ticket);
                        ticket.stage = Stage::Opening { entry };
                    }
                });
            }
            Mend::StartOver { renewed } => self.start_over(id, renewed, done.then_some(why)),
            Mend::Distrust => {
                self.presume_all_of(id);
                self.with_ticket(id, |ticket, _| {
                    ticket.attempt += 1;
                    doubt(ticket, Some(why));
                });
            }
            Mend::GiveUp => self.with_ticket(id, |ticket, cx| give_up(ticket, why, done, cx)),
        }
    }

    /// Its merge is on base, and that was never saved.
    fn landed_unheard(&mut self, id: &TicketId, at: &CommitId) {
        self.sprint.merge_order.push(id.clone());
        self.with_ticket(id, |ticket, _| {
            if let Stage::Verified { checked, comment } = ticket.stage.clone() {
                ticket.stage = Stage::Merged {
                    checked,
                    comment,
                    at: at.clone(),
                };
                ticket.merge = MergeState::Merged;
                ticket.chores.insert(Step::Release);
            }
        });
    }

    /// Nothing of it lands, its branch stays, and what waited for it waits no more.
    fn done_outside(&mut self, id: &TicketId) {
        self.presume_all_of(id);
        self.with_ticket(id, |ticket, cx| {
            ticket.stage = Stage::DoneOutside;
            ticket.completed_at = Some(cx.now);
            ticket.merge = MergeState::Skipped;
            ticket.chores.clear();
            ticket.holds.clear();
            ticket.retries.clear();
        });
        self.unblock_dependents(id);
    }

    fn recover(&mut self, id: &TicketId, why: Option<String>) {
        self.presume_all_of(id);
        self.with_ticket(id, |ticket, _| {
            let complete = ticket.is_complete();
            let Some(claim) = claim(&ticket.stage) else {
                return;
            };
            again(ticket);
            ticket.stage = Stage::Recovering {
                claim,
                // Others may have built on it as it is.
                settled: complete,
            };
            ticket.completed_at = None;
            ticket.merge = MergeState::Unmerged;
            doubt(ticket, why);
        });
    }

    fn start_over(&mut self, id: &TicketId, renewed: bool, why: Option<String>) {
        self.presume_all_of(id);
        self.with_ticket(id, |ticket, _| {
            again(ticket);
            if ticket.started_at.is_some() {
                ticket.generation += 1;
            }
            if renewed {
                ticket.budget = ticket.budget.renewed();
                ticket.breaker = Breaker::default();
            }
            ticket.breaker.fingerprint = None;
            // Why it was stuck is no longer news.
            ticket.chores.remove(&Step::Note);
            ticket.completed_at = None;
            ticket.merge = MergeState::Unmerged;
            ticket.taken_back = None;
            ticket.stage = Stage::Queued;
            doubt(ticket, why);
        });
        self.requeue(id);
        self.unblock_dependents(id);
    }
}

/// From here on its effects have other names, and what was held or tried belongs to the old ones.
fn again(ticket: &mut TicketRun) {
    ticket.attempt += 1;
    ticket.session = None;
    let chores = &ticket.chores;
    ticket.holds.retain(|step, _| chores.contains(step));
    ticket.retries.retain(|step, _| chores.contains(step));
}

/// A ticket that is Done and not proven is to be moved back, with the reason.
fn doubt(ticket: &mut TicketRun, why: Option<String>) {
    if why.is_some() {
        ticket.chores.insert(Step::Reopen);
        ticket.doubt = why;
    }
}

/// Evidence that is not there is posted, and before the ticket is marked Done.
fn post_again(ticket: &mut TicketRun) {
    if let Stage::Closing { checked, .. } = &ticket.stage {
        ticket.stage = Stage::Posting(checked.clone());
        again(ticket);
    } else if ticket.is_complete() {
        ticket.attempt += 1;
        ticket.chores.insert(Step::PostAgain);
    }
}

fn give_up(ticket: &mut TicketRun, why: String, done: bool, cx: &mut Cx<'_>) {
    stuck(ticket, StuckReason::ProofLost, why, cx);
    ticket.merge = MergeState::Reverted;
    ticket.attempt += 1;
    if done {
        // Reopening it says why.
        ticket.chores.remove(&Step::Note);
        ticket.chores.insert(Step::Reopen);
    }
}
