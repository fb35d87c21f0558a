//! What happens while the engine is down, and what it makes of that when it goes on.

use futures_util::FutureExt as _;

use crate::domain::audit::AuditBranch;
use crate::domain::ticket::TicketStatus;
use crate::engine::survey;
use crate::failure::ErrorKind;
use crate::id::TicketId;
use crate::resume::{Choices, Drift, Mend, Survey};
use crate::run::ticket::Stage;
use crate::testing::sim::Sim;
use crate::testing::world::{Fault, When};

impl Sim {
    /// The process looks around before it goes on; `None` if it could not.
    pub(super) fn survey(&mut self) -> Option<Survey> {
        if self.stormy() && self.rng.chance(self.faults.down) {
            self.while_down();
        }
        let fails = self.strikes(self.faults.effects / 4);
        let fault = fails.then(|| Fault {
            skip: u32::try_from(self.rng.below(8)).unwrap_or(0),
            when: When::Before,
            kind: ErrorKind::Transient,
        });
        self.world.arm(fault);
        let choices = Choices {
            strict: self.rng.chance(10),
            ..Choices::default()
        };
        let looked =
            survey(&*self.ports.vcs, &*self.ports.tracker, &self.run, choices).now_or_never();
        self.world.arm(None);
        let looked = looked.unwrap_or_else(|| panic!("a look waits, and the fakes never do"));
        if looked.is_err() {
            assert!(fails, "broken rule: a look failed by itself: {looked:?}");
            self.coverage.hit("resume", "the look failed");
        }
        looked.ok()
    }

    /// Whether the sprint looks at what is outside when it goes on.
    pub(super) const fn looks_outside(&self) -> bool {
        self.run.sprint().phase.is_reconciled()
    }

    /// People, or their programs, change things.
    fn while_down(&mut self) {
        if !self.looks_outside() {
            return;
        }
        for _ in 0..=self.rng.below(3) {
            match self.rng.below(9) {
                0 => self.meddle(),
                1 => self.with_ticket("cancels", |sim, id| {
                    sim.world
                        .with(|state| state.board.set_status(id, TicketStatus::Cancelled));
                }),
                2 => self.move_base(),
                3 | 4 => self.with_ticket("deletes evidence", |sim, id| {
                    sim.world.with(|state| state.board.delete_evidence(id));
                }),
                5 => self.with_branch("deletes a branch", |sim, branch| {
                    let name = &branch.workspace.branch;
                    sim.world.with(|state| state.repo.delete_branch(name));
                }),
                6 => self.with_branch("moves a branch", |sim, branch| {
                    let name = &branch.workspace.branch;
                    sim.world.with(|state| state.repo.commit_by_hand(name));
                }),
                7 => self.with_branch("rewrites a branch", |sim, branch| {
                    let workspace = &branch.workspace;
                    sim.world.with(|state| state.repo.amend_by_hand(workspace));
                }),
                _ => self.with_branch("loses a directory", |sim, branch| {
                    let path = &branch.workspace.path;
                    sim.world.with(|state| state.repo.lose(path));
                }),
            }
        }
    }

    fn with_ticket(&mut self, what: &'static str, deed: impl FnOnce(&Self, &TicketId)) {
        let tickets: Vec<_> = self.run.tickets().keys().cloned().collect();
        if let Some(id) = self.rng.pick(&tickets).cloned() {
            self.coverage.hit("down", what);
            deed(self, &id);
        }
    }

    fn with_branch(&mut self, what: &'static str, deed: impl FnOnce(&Self, &AuditBranch)) {
        let (_, spec) = self.run.to_audit();
        if let Some(branch) = self.rng.pick(&spec.branches).cloned() {
            self.coverage.hit("down", what);
            deed(self, &branch);
        }
    }

    /// Counts what is decided.
    pub(super) fn cover_survey(&mut self, survey: &Survey) {
        if !self.looks_outside() {
            return;
        }
        let plan = self.run.reconciliation(survey);
        self.coverage.hit(
            "base",
            match plan.drift {
                Drift::Same => "same",
                Drift::ByUs { .. } => "by us",
                Drift::ByOthers { .. } => "by others",
                Drift::Rewritten => "rewritten",
            },
        );
        for (id, row) in &plan.tickets {
            self.coverage.hit("resume", row.decision.action.name());
            if row.landed_at.is_some() {
                self.coverage.hit("mend", "landed unheard");
            }
            let stage = &self.run.tickets()[id].stage;
            if matches!(row.decision.mend, Mend::Reopen | Mend::Distrust) {
                let attempt = self.run.tickets()[id].attempt;
                self.history.begins_again(id, attempt);
            }
            self.coverage.hit(
                "mend",
                match row.decision.mend {
                    Mend::Keep => "keep",
                    Mend::DoneOutside => "done outside",
                    Mend::Drop => "drop",
                    Mend::CloseAgain => "close again",
                    Mend::PostAgain if matches!(stage, Stage::Closing { .. }) => "post first",
                    Mend::PostAgain => "post again",
                    Mend::Recover => "recover",
                    Mend::Reopen => "reopen",
                    Mend::StartOver { .. } => "start over",
                    Mend::Distrust => "distrust",
                    Mend::GiveUp => "give up",
                },
            );
        }
    }
}
