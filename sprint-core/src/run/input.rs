//! Facts coming in.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::id::TicketId;
use crate::resume::Survey;
use crate::run::effect::{Done, EffectId};

/// One fact for the run machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// These effects are about to start. Spending is counted here, before anything runs.
    Starting(Vec<EffectId>),
    /// An effect ended.
    Finished {
        /// Which.
        effect: EffectId,
        /// How.
        outcome: Result<Done, Failure>,
    },
    /// A person or a program decided something.
    Command(Command),
    /// A saved sprint is gone on with; nobody knows what happened outside meanwhile.
    Resumed,
    /// A saved sprint is gone on with, and this is what is outside.
    Reconcile(Box<Survey>),
    /// Time has passed.
    Tick,
}

/// A decision from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Command {
    /// Answers layer 3.5.
    Review {
        /// The ticket.
        ticket: TicketId,
        /// The answer.
        decision: ReviewDecision,
    },
    /// Answers a worker that wants to use a tool.
    Permit {
        /// The ticket.
        ticket: TicketId,
        /// The digest of the request.
        digest: String,
        /// Whether it may. That holds for the rest of the ticket.
        allowed: bool,
    },
    /// Gives a stuck or blocked ticket a new budget and queues it again.
    Reattempt(TicketId),
    /// Takes a ticket out of the sprint.
    Drop(TicketId),
    /// Takes a ticket that landed back off base, with everything merged that depends on it. For
    /// sprints that went through to the end.
    Revert(TicketId),
    /// Lands a ticket again that was taken back.
    Reland(TicketId),
    /// Goes on although tests fail on base: they are nobody's blame.
    AcceptRedBase,
    /// Lifts automatic blocks: parked landings and shared pauses. Where a person is asked about
    /// tickets that are no longer Done at the tracker, it accepts that.
    Continue,
    /// Stops the sprint for good; what is verified stays verified, nothing is merged.
    Cancel,
}

/// A person's answer to a review request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewDecision {
    /// Looks good.
    Approve,
    /// Approved without looking closely; the evidence says so.
    Skip,
    /// Not yet, for this reason.
    RequestChanges(String),
}
