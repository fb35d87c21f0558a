//! Taking landed tickets back off base, and landing them again.
//!
//! A person finds out afterwards that a ticket is bad. The commits that take it back, and what was
//! built on it, are made in memory; the gate runs on the result; if it is green, exactly that
//! lands. If anything is in the way, nothing moves. Landing a ticket again is the same with the
//! commit that took it back.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::merge::{Landed, Merged, RevertInput, Reverted};
use crate::domain::path::listed;
use crate::domain::verdict::Verdict;
use crate::id::{CommitId, TicketId, TreeId};
use crate::run::culprit::Runs;
use crate::run::effect::Step;
use crate::time::Timestamp;

/// Times base may move away under a finished taking back before it is given up.
const MAX_ROUNDS: u32 = 3;

/// One taking back, or landing again, saved after every step of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoRun {
    /// Which of the two.
    pub way: Way,
    /// The ticket a person named.
    pub asked: TicketId,
    /// Time written into the commits, so that making them again makes the same ones.
    pub at: Timestamp,
    /// Which round; base moving away starts a new one.
    pub round: u32,
    /// Counts steps, on from those of integration; part of their effects' names.
    pub probe: u32,
    /// Where base is.
    pub base: CommitId,
    /// What is to be taken back, in order.
    pub commits: Vec<RevertInput>,
    /// The commits that do it.
    pub chain: Vec<Merged>,
    /// Runs of the gate on the last of them. What it said earlier does not count: whoever takes
    /// something back has seen that the gate can miss something.
    pub gate: Runs,
    /// What is being done.
    pub task: UndoTask,
}

/// Off base, or onto it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Tickets are taken back.
    Back,
    /// A ticket that was taken back lands again.
    Again,
}

/// What a taking back is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum UndoTask {
    /// Making the commits in memory.
    Revert,
    /// Running the gate on the last of them.
    Gate {
        /// The commit.
        commit: CommitId,
        /// Its tree.
        tree: TreeId,
    },
    /// Advancing base to it.
    Land,
    /// Nothing more.
    Over,
}

/// How a taking back ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Base is as wanted.
    Done,
    /// Nothing was moved, for this reason.
    Refused(String),
}

impl UndoRun {
    /// Starts. `probe` is the number of the last step before.
    pub(super) fn new(
        way: Way,
        asked: TicketId,
        probe: u32,
        at: Timestamp,
        base: CommitId,
        commits: Vec<RevertInput>,
    ) -> Self {
        Self {
            way,
            asked,
            at,
            round: 1,
            probe: probe + 1,
            base,
            commits,
            chain: Vec::new(),
            gate: Runs::default(),
            task: UndoTask::Revert,
        }
    }

    /// The step that ought to be running, and the attempt number in its name.
    pub(super) const fn wanted(&self) -> Option<(Step, u32)> {
        let step = match self.task {
            UndoTask::Revert => Step::Revert,
            UndoTask::Gate { .. } => Step::Gate,
            UndoTask::Land => Step::Land,
            UndoTask::Over => return None,
        };
        Some((step, self.probe))
    }

    fn enter(&mut self, task: UndoTask) {
        self.probe += 1;
        self.task = task;
    }

    /// Takes in the commits that were made.
    pub(super) fn reverted(&mut self, reverted: Reverted) -> Option<End> {
        if let Some((ticket, paths)) = reverted.conflict {
            let list = listed(&paths);
            return Some(End::Refused(format!(
                "{ticket} clashes with what is on base now, in {list}"
            )));
        }
        self.chain = reverted.merged;
        if reverted.tip == self.base {
            return Some(End::Done);
        }
        let (commit, tree) = (reverted.tip, reverted.tree);
        self.enter(UndoTask::Gate { commit, tree });
        None
    }

    /// Takes in a run of the gate. One red run is not believed.
    pub(super) fn gated(&mut self, verdict: Verdict) -> Option<End> {
        self.gate.add(verdict);
        match self.gate.verdict() {
            Some(true) => self.enter(UndoTask::Land),
            Some(false) => {
                let why = self.gate.complaint();
                let why = why.map_or_else(String::new, |why| format!(": {why}"));
                let what = match self.way {
                    Way::Back => "without it",
                    Way::Again => "with it",
                };
                return Some(End::Refused(format!("base {what} fails the gate{why}")));
            }
            None => self.enter(self.task.clone()),
        }
        None
    }

    /// Takes in what became of landing.
    pub(super) fn landed(&mut self, landed: Landed) -> Option<End> {
        match landed {
            Landed::Yes => return Some(End::Done),
            Landed::CheckoutInTheWay(reason) => return Some(End::Refused(reason)),
            Landed::BaseMoved(base) => {
                self.base = base;
                if self.round >= MAX_ROUNDS {
                    let why = format!("base moved away {MAX_ROUNDS} times");
                    return Some(End::Refused(why));
                }
            }
        }
        self.round += 1;
        self.chain.clear();
        self.gate = Runs::default();
        self.enter(UndoTask::Revert);
        None
    }

    /// Where base is once this has landed.
    pub(super) fn tip(&self) -> CommitId {
        let last = self.chain.last();
        last.map_or_else(|| self.base.clone(), |last| last.commit.clone())
    }

    /// Each ticket with the commit that did it; `None` where there was nothing to do.
    pub(crate) fn made(&self) -> Vec<(TicketId, Option<CommitId>)> {
        let before = [&self.base]
            .into_iter()
            .chain(self.chain.iter().map(|merged| &merged.commit));
        let made = self.chain.iter().zip(before).map(|(merged, before)| {
            let new = (merged.commit != *before).then(|| merged.commit.clone());
            (merged.ticket.clone(), new)
        });
        made.collect()
    }
}

/// What has to go if `ticket` goes: it and every merged ticket that depends on it, directly or
/// not, the last one merged first.
pub fn closure<'a>(
    ticket: &'a TicketId,
    dependents: impl Fn(&TicketId) -> &'a [TicketId],
    merge_order: &[TicketId],
) -> Vec<TicketId> {
    let mut open = vec![ticket];
    let mut all = BTreeSet::new();
    while let Some(next) = open.pop() {
        if all.insert(next) {
            open.extend(dependents(next));
        }
    }
    let merged = merge_order.iter().rev();
    merged.filter(|id| all.contains(id)).cloned().collect()
}

#[cfg(test)]
#[path = "undo_tests.rs"]
mod tests;
