//! What a person decides otherwise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::TicketId;
use crate::resume::decide::{Decision, Mend, Warning};
use crate::resume::facts::{BranchState, Progress, Saved, TicketFacts};
use crate::resume::matrix::Action;

/// Decisions of a person about a sprint that goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices {
    /// Tickets that are Done without evidence are not taken for done.
    #[serde(default)]
    pub strict: bool,
    /// Every stuck ticket is tried again.
    #[serde(default)]
    pub reattempt_stuck: bool,
    /// Decisions about single tickets.
    #[serde(default)]
    pub tickets: BTreeMap<TicketId, Choice>,
}

/// A decision about one ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// It costs no agent: what is not complete leaves the sprint.
    Skip,
    /// It is verified again.
    ReVerify,
    /// It is implemented anew, with a new budget.
    ReImplement,
}

impl Choices {
    /// What becomes of a decision.
    pub fn applied(&self, id: &TicketId, decision: Decision, facts: &TicketFacts) -> Decision {
        let again = self.reattempt_stuck && decision.action == Action::Stuck;
        match self.tickets.get(id) {
            Some(choice) => chosen(*choice, decision, facts),
            None if again => chosen(Choice::ReImplement, decision, facts),
            None => decision,
        }
    }
}

fn chosen(choice: Choice, decision: Decision, facts: &TicketFacts) -> Decision {
    let verifiable = match facts.saved {
        Saved::Complete { landed } => !landed && !facts.on_base,
        Saved::Other(Progress::Answered | Progress::Proven) => true,
        Saved::Stuck | Saved::Other(Progress::Waiting | Progress::Begun) | Saved::Out => false,
    };
    let complete = matches!(facts.saved, Saved::Complete { .. });
    let landed =
        matches!(facts.saved, Saved::Complete { landed: true }) || complete && facts.on_base;
    let (action, mend) = match choice {
        Choice::Skip if complete || facts.saved == Saved::Out => (Action::Skip, Mend::Keep),
        Choice::Skip => (Action::Skip, Mend::Drop),
        Choice::ReVerify if verifiable && facts.branch != BranchState::Gone => {
            (Action::ReVerify, Mend::Recover)
        }
        Choice::ReImplement if !landed && facts.saved != Saved::Out => {
            (Action::ReImplement, Mend::StartOver { renewed: true })
        }
        Choice::ReVerify | Choice::ReImplement => {
            let refused = match (choice, landed, facts.saved) {
                (Choice::ReImplement, true, _) => {
                    "it is on base; `sprint revert` takes it back first"
                }
                (_, true, _) => "it is on base, where the gate passed on what landed",
                (_, _, Saved::Out) => "it is not part of the sprint any more",
                (_, _, _) => "there is no branch with an answer of its worker to verify",
            };
            let mut decision = decision;
            decision.warnings.push(Warning::NotAsked(refused));
            return decision;
        }
    };
    Decision {
        action,
        mend,
        why: "you decided so".into(),
        ..decision
    }
}
