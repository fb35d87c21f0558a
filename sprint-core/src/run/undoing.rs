//! What taking back does to the sprint: who may ask for it, and what becomes of the tickets.

use crate::domain::merge::{LandKind, LandSpec, RevertInput, RevertSpec};
use crate::id::{CommitId, TicketId};
use crate::run::SprintRun;
use crate::run::effect::{Done, Step, Work};
use crate::run::event::Event;
use crate::run::failing::stuck;
use crate::run::input::Command;
use crate::run::state::{Ending, Phase};
use crate::run::ticket::{MAX_TIMEOUTS, MergeState, Stage, StuckReason, TakenBack, TicketRun};
use crate::run::undo::{End, UndoRun, UndoTask, Way, closure};

impl SprintRun {
    /// Whether something is being taken back, or landed again.
    pub(super) fn undoes(&self) -> bool {
        let task = self.undo.as_ref().map(|run| &run.task);
        task.is_some_and(|task| *task != UndoTask::Over)
    }

    /// Whether a decision can be followed now. As long as nobody knows what will be on base,
    /// nothing is decided that rests on it.
    pub(super) fn admits(&mut self, command: &Command) -> bool {
        let Some(run) = self.undo.as_ref().filter(|_| self.undoes()) else {
            return true;
        };
        let message = match (command, &run.task) {
            (Command::Continue, _) => return true,
            (Command::Cancel, UndoTask::Revert | UndoTask::Gate { .. }) => {
                self.refuse("cancelled".into());
                return false;
            }
            // Base may have moved already: whether it has must be found out first.
            _ => match run.way {
                Way::Back => format!("{} is being taken back; ask again afterwards", run.asked),
                Way::Again => format!("{} is landing again; ask again afterwards", run.asked),
            },
        };
        self.events.push(Event::Warning { message });
        false
    }

    /// A person has a ticket taken back that landed.
    pub(super) fn take_back(&mut self, id: &TicketId) {
        let merged = |ticket: &TicketRun| matches!(ticket.stage, Stage::Merged { .. });
        if !self.rests() || !self.tickets.get(id).is_some_and(merged) {
            let message = format!(
                "{id} cannot be taken back: it is not merged, or the sprint has not finished"
            );
            return self.events.push(Event::Warning { message });
        }
        let commits: Option<Vec<_>> = self
            .with_dependents(id)
            .into_iter()
            .map(|id| {
                let Stage::Merged { at, .. } = &self.tickets.get(&id)?.stage else {
                    return None;
                };
                self.revert_input("revert", &id, at.clone())
            })
            .collect();
        self.begin_undo(Way::Back, id, commits.unwrap_or_default());
    }

    /// A person has a ticket landed again that was taken back.
    pub(super) fn land_again(&mut self, id: &TicketId) {
        match self.relandable(id) {
            Ok(input) if self.rests() => self.begin_undo(Way::Again, id, vec![input]),
            Ok(_) => {
                let message = format!("{id} cannot land again: the sprint has not finished");
                self.events.push(Event::Warning { message });
            }
            Err(why) => {
                let message = format!("{id} cannot land again: {why}");
                self.events.push(Event::Warning { message });
            }
        }
    }

    /// Nothing runs, and every ticket has come to an end: what goes now pulls nothing away from
    /// under work in progress.
    const fn rests(&self) -> bool {
        matches!(
            self.sprint.phase,
            Phase::Complete {
                ending: Ending::Finished
            }
        )
    }

    fn relandable(&self, id: &TicketId) -> Result<RevertInput, String> {
        let ticket = self.tickets.get(id).filter(|ticket| is_taken_back(ticket));
        let back = ticket.and_then(|ticket| ticket.taken_back.as_ref());
        let back = back.ok_or("it was not taken back")?;
        let reverted_at = back.reverted_at.clone();
        let reverted_at = reverted_at
            .ok_or("it was taken back by other hands, and so it is to be landed by them")?;
        let plan = self.plan.tickets.get(id).ok_or("it is not in the plan")?;
        let missing = plan.dependencies.iter().find(|on| {
            let on = self.tickets.get(*on);
            !on.is_some_and(|on| on.merge == MergeState::Merged)
        });
        if let Some(missing) = missing {
            return Err(format!("it depends on {missing}, which is not on base"));
        }
        let input = self.revert_input("reland", id, reverted_at);
        input.ok_or_else(|| "it is not in the plan".into())
    }

    /// A ticket and every merged one that depends on it, the last one merged first.
    fn with_dependents(&self, id: &TicketId) -> Vec<TicketId> {
        let dependents = |id: &TicketId| self.plan.dependents(id);
        closure(id, dependents, &self.sprint.merge_order)
    }

    fn revert_input(&self, word: &str, id: &TicketId, commit: CommitId) -> Option<RevertInput> {
        let title = self.plan.tickets.get(id)?.ticket.plain_title(60);
        Some(RevertInput {
            ticket: id.clone(),
            commit,
            subject: format!("{word}: {title} ({id})"),
        })
    }

    fn begin_undo(&mut self, way: Way, asked: &TicketId, commits: Vec<RevertInput>) {
        let before = [
            self.integration.as_ref().map(|run| run.probe),
            self.undo.as_ref().map(|run| run.probe),
        ];
        let probe = before.into_iter().flatten().max().unwrap_or(0);
        let base = self.sprint.base_head.clone();
        let run = UndoRun::new(way, asked.clone(), probe, self.at, base, commits);
        self.undo = Some(run);
        self.changed.undo = true;
        self.enter_phase(Phase::Undoing);
    }

    /// The description of the step that is wanted.
    pub(super) fn undo_work(&self) -> Option<Work> {
        let run = self.undo.as_ref()?;
        match &run.task {
            UndoTask::Revert => Some(Work::Revert(RevertSpec {
                base: run.base.clone(),
                commits: run.commits.clone(),
                at: run.at,
            })),
            UndoTask::Gate { commit, tree } => Some(Work::Gate {
                commit: commit.clone(),
                tree: tree.clone(),
                plan: self.gate_plan(MAX_TIMEOUTS),
                earlier: Vec::new(),
            }),
            UndoTask::Land => Some(Work::Land(LandSpec {
                sprint: self.plan.sprint.clone(),
                expected: run.base.clone(),
                tip: run.tip(),
                merges: run.chain.clone(),
                kind: LandKind::Reverts,
            })),
            UndoTask::Over => None,
        }
    }

    /// Takes in an answer to a step.
    pub(super) fn undo_finished(&mut self, done: Done) {
        let Some(run) = &mut self.undo else {
            return;
        };
        self.changed.undo = true;
        let end = match (&run.task, done) {
            (UndoTask::Revert, Done::Reverted(reverted)) => run.reverted(reverted),
            (UndoTask::Gate { .. }, Done::Checked(report)) => {
                let verdict = self.sprint.gate_ran(report);
                let tickets = run.commits.iter().map(|input| input.ticket.clone());
                self.events.push(Event::GateRan {
                    tickets: tickets.collect(),
                    passed: verdict.accepts(),
                    reused: false,
                });
                run.gated(verdict)
            }
            (UndoTask::Land, Done::Landed(landed)) => run.landed(landed),
            (_, _) => Some(End::Refused(
                "the answer to a step has the wrong form".into(),
            )),
        };
        match end {
            None => {}
            Some(End::Refused(why)) => self.refuse(why),
            Some(End::Done) => self.undone(),
        }
    }

    /// A step cannot be done. Whether base has moved may be unknown then, and is found out when a
    /// person has the sprint go on.
    pub(super) fn undo_failed(&mut self, step: Step, message: String) {
        if step == Step::Land {
            self.enter_phase(Phase::Parked { reason: message });
        } else {
            self.refuse(message);
        }
    }

    /// Nothing was moved, and everything is as it was.
    fn refuse(&mut self, why: String) {
        let Some(run) = &mut self.undo else {
            return;
        };
        run.task = UndoTask::Over;
        self.sprint.base_head = run.base.clone();
        let asked = &run.asked;
        let message = match run.way {
            Way::Back => format!("{asked} is not taken back: {why}"),
            Way::Again => format!("{asked} does not land again: {why}"),
        };
        self.events.push(Event::Warning { message });
        self.end_undo();
    }

    fn undone(&mut self) {
        let Some(run) = &mut self.undo else {
            return;
        };
        run.task = UndoTask::Over;
        let (way, asked, made, tip) = (run.way, run.asked.clone(), run.made(), run.tip());
        self.sprint.base_head = tip.clone();
        let tickets = made.iter().map(|(id, _)| id.clone()).collect();
        match way {
            Way::Back => {
                self.events.push(Event::TakenBack { tickets, at: tip });
                self.taken_back(&asked, made);
            }
            Way::Again => {
                self.events.push(Event::Landed { tickets, at: tip });
                for (id, commit) in made {
                    self.landed_again(&id, commit);
                }
            }
        }
        self.end_undo();
    }

    /// Tells the trackers and removes the integration worktree, as at every end.
    fn end_undo(&mut self) {
        (self.changed.sprint, self.changed.undo) = (true, true);
        // Steps have their numbers from integration, which may begin again.
        if let (Some(integration), Some(run)) = (&mut self.integration, &self.undo) {
            integration.probe = integration.probe.max(run.probe);
            self.changed.integration = true;
        }
        self.enter_phase(Phase::Tidying {
            ending: Ending::Finished,
        });
    }

    fn taken_back(&mut self, asked: &TicketId, made: Vec<(TicketId, Option<CommitId>)>) {
        let gone = |id: &TicketId| made.iter().any(|(gone, _)| gone == id);
        self.sprint.merge_order.retain(|id| !gone(id));
        let others: Vec<_> = made.iter().map(|(id, _)| id.to_string()).collect();
        let others: Vec<_> = others
            .into_iter()
            .filter(|id| id != asked.as_str())
            .collect();
        let mut unfinished: Vec<_> = self.waiting_on(asked);
        for (id, commit) in made {
            let mut message = if id != *asked {
                format!("taken back together with {asked}, on which it depends")
            } else if others.is_empty() {
                "taken back by a person".to_owned()
            } else {
                let others = others.join(", ");
                format!("taken back by a person, together with what depends on it: {others}")
            };
            if commit.is_none() {
                message.push_str(" (base had lost it before)");
            }
            unfinished.retain(|other| *other != id);
            self.lose(&id, message, commit);
        }
        for id in unfinished {
            self.lose(
                &id,
                format!("depends on {asked}, which was taken back"),
                None,
            );
        }
    }

    /// What is verified and not merged, and depends on a ticket, directly or not.
    fn waiting_on(&self, id: &TicketId) -> Vec<TicketId> {
        let dependents = |id: &TicketId| self.plan.dependents(id);
        let verified = self
            .tickets
            .iter()
            .filter(|(_, t)| matches!(t.stage, Stage::Verified { .. }));
        let verified: Vec<_> = verified.map(|(id, _)| id.clone()).collect();
        closure(id, dependents, &verified)
    }

    /// A ticket is no longer done: it is reopened, with the reason.
    fn lose(&mut self, id: &TicketId, message: String, commit: Option<CommitId>) {
        self.with_ticket(id, |ticket, cx| {
            if let Stage::Merged {
                checked,
                comment,
                at,
            } = ticket.stage.clone()
            {
                ticket.taken_back = Some(Box::new(TakenBack {
                    checked,
                    comment,
                    merged_at: at,
                    reverted_at: commit,
                }));
            }
            stuck(ticket, StuckReason::TakenBack, message, cx);
            ticket.merge = MergeState::Reverted;
            // It may have been reopened in this attempt already, for an earlier reason.
            ticket.attempt += 1;
            // Reopening it says why.
            ticket.chores.remove(&Step::Note);
            ticket.chores.insert(Step::Reopen);
        });
    }

    /// A ticket is on base again. Its proof is for its own commit, as it was the first time, and
    /// the gate was green on what landed, as it was then; so it is marked Done again.
    fn landed_again(&mut self, id: &TicketId, commit: Option<CommitId>) {
        self.sprint.merge_order.push(id.clone());
        self.with_ticket(id, |ticket, cx| {
            let Some(back) = ticket.taken_back.take() else {
                return;
            };
            ticket.stage = Stage::Merged {
                checked: back.checked,
                comment: back.comment,
                at: commit.unwrap_or(back.merged_at),
            };
            ticket.merge = MergeState::Merged;
            ticket.completed_at = Some(cx.now);
            ticket.attempt += 1;
            ticket.chores.insert(Step::Close);
        });
        self.unblock_dependents(id);
    }
}

/// Whether a ticket stands where it was put when it was taken back.
const fn is_taken_back(ticket: &TicketRun) -> bool {
    matches!(
        ticket.stage,
        Stage::Stuck {
            reason: StuckReason::TakenBack,
            ..
        }
    )
}
