//! Why a transition is refused: what, why, and what to do about it.

use std::fmt;

use serde::Serialize;

use crate::id::{FailureTag, PhaseName, SprintId};
use crate::phases::breaker::PastFailure;
use crate::phases::event::Epoch;
use crate::phases::graph::Concurrency;
use crate::phases::owner::{Gone, Owner};
use crate::phases::reason::Reason;
use crate::phases::standing::Standing;
use crate::time::Timestamp;

/// A phase that another one waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Which.
    pub phase: PhaseName,
    /// How it stands.
    pub standing: Standing,
}

/// A claim that is in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Of which phase.
    pub phase: PhaseName,
    /// What may run beside that.
    pub class: Concurrency,
    /// Whose it is.
    pub owner: Owner,
    /// Why the holder counts as gone, if it does.
    pub gone: Option<Gone>,
}

/// Why there is nothing to claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Nothing {
    /// Every phase is complete or waived.
    Complete,
    /// Others work on everything that could be done.
    AllClaimed {
        /// On what.
        holders: Vec<Holder>,
    },
    /// What is left waits for phases that nobody works on.
    Blocked {
        /// Those, each with how it stands: failed, or refused by a circuit or the budget.
        by: Vec<Missing>,
    },
}

/// Why a transition is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "refused")]
#[non_exhaustive]
pub enum Refused {
    /// The sprint has no such phase.
    UnknownPhase {
        /// What was asked for.
        phase: PhaseName,
        /// What there is.
        known: Vec<PhaseName>,
    },
    /// It is done.
    Complete {
        /// Which.
        phase: PhaseName,
        /// By whom.
        by: Owner,
    },
    /// It was waived.
    Waived {
        /// Which.
        phase: PhaseName,
        /// Why.
        reason: Reason,
    },
    /// It has failed, and nobody has asked for another attempt.
    Failed {
        /// Which.
        phase: PhaseName,
        /// In which way.
        tag: FailureTag,
        /// Why.
        reason: Reason,
    },
    /// It waits for others.
    Blocked {
        /// Which.
        phase: PhaseName,
        /// All that is missing.
        missing: Vec<Missing>,
    },
    /// Another agent has it.
    Claimed {
        /// Which.
        phase: PhaseName,
        /// Who.
        owner: Owner,
        /// Since when.
        since: Timestamp,
    },
    /// Nothing may run beside it, or beside what is running.
    InTheWay {
        /// Which.
        phase: PhaseName,
        /// What may run beside it.
        class: Concurrency,
        /// What is running.
        holders: Vec<Holder>,
    },
    /// It failed too often.
    CircuitOpen {
        /// Which.
        phase: PhaseName,
        /// When it is tried again by itself.
        until: Option<Timestamp>,
        /// The last failures.
        history: Vec<PastFailure>,
    },
    /// There is no money left.
    OverBudget {
        /// Millionths of a US dollar that were spent.
        spent_micro_usd: u64,
        /// How many there are.
        limit_micro_usd: u64,
    },
    /// Nobody has it, so nobody can complete, fail or give it back.
    NotClaimed {
        /// Which.
        phase: PhaseName,
        /// How it stands.
        standing: Standing,
    },
    /// Somebody else has it, or has it by now.
    NotOwner {
        /// Which.
        phase: PhaseName,
        /// Which claim of it is the last.
        epoch: Epoch,
        /// Whose that is.
        owner: Owner,
    },
    /// It has not failed.
    NotFailed {
        /// Which.
        phase: PhaseName,
        /// How it stands.
        standing: Standing,
    },
    /// It is not complete.
    NotComplete {
        /// Which.
        phase: PhaseName,
        /// How it stands.
        standing: Standing,
    },
    /// Somebody works on what was built upon it.
    BuiltUpon {
        /// Which.
        phase: PhaseName,
        /// Who works on what.
        holders: Vec<Holder>,
    },
    /// It failed as often as the rules allow.
    AttemptsUsedUp {
        /// Which.
        phase: PhaseName,
        /// How often it failed.
        attempts: u32,
    },
    /// It has to hand something in.
    ArtifactMissing {
        /// Which.
        phase: PhaseName,
    },
    /// It has nothing to hand in.
    ArtifactUnwanted {
        /// Which.
        phase: PhaseName,
    },
    /// Its holder is there.
    OwnerAlive {
        /// Which.
        phase: PhaseName,
        /// Who.
        owner: Owner,
    },
    /// There is nothing to claim.
    NothingToClaim(Nothing),
    /// The sprint is over, or another took its place.
    Archived {
        /// This one.
        sprint: SprintId,
    },
}

impl Refused {
    /// The exit code of a program that was refused (spec 2.3).
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NotFailed { .. } | Self::NotComplete { .. } => 2,
            Self::UnknownPhase { .. } | Self::Archived { .. } => 3,
            Self::Blocked { .. } | Self::Failed { .. } => 4,
            Self::Claimed { .. }
            | Self::InTheWay { .. }
            | Self::OwnerAlive { .. }
            | Self::BuiltUpon { .. } => 5,
            Self::Complete { .. } | Self::Waived { .. } => 6,
            Self::NotClaimed { .. } | Self::NotOwner { .. } => 7,
            Self::ArtifactMissing { .. } | Self::ArtifactUnwanted { .. } => 8,
            Self::CircuitOpen { .. } | Self::OverBudget { .. } | Self::AttemptsUsedUp { .. } => 9,
            Self::NothingToClaim(_) => 10,
        }
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("nothing to claim: every phase is complete"),
            Self::AllClaimed { holders } => write!(
                f,
                "nothing to claim: {}; wait until one of them ends",
                list(holders.iter().map(Holder::to_string))
            ),
            Self::Blocked { by } => write!(
                f,
                "nothing to claim: {}; retry or waive what failed",
                missing(by)
            ),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is claimed by {}", self.phase, self.owner)?;
        match &self.gone {
            Some(gone) => write!(f, ", who is gone ({gone})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Refused {
    #[expect(clippy::too_many_lines, reason = "one text for each reason")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPhase { phase, known } => write!(
                f,
                "there is no phase {phase} in this sprint; it has {}",
                list(known.iter().map(PhaseName::to_string))
            ),
            Self::Complete { phase, by } => write!(
                f,
                "{phase} is complete, by {by}; invalidate it if it has to be done again"
            ),
            Self::Waived { phase, reason } => {
                write!(f, "{phase} was waived ({reason}); claim another phase")
            }
            Self::Failed { phase, tag, reason } => write!(
                f,
                "{phase} failed ({tag}: {reason}); retry it first, or waive it"
            ),
            Self::Blocked { phase, missing: by } => {
                write!(f, "{phase} is blocked: {}; wait for that", missing(by))
            }
            Self::Claimed {
                phase,
                owner,
                since,
            } => write!(
                f,
                "{phase} already claimed by {owner} since {since}; claim another phase, or take it \
                 over by force with a reason"
            ),
            Self::InTheWay {
                phase,
                class,
                holders,
            } => write!(
                f,
                "{phase} ({}) cannot run beside others: {}; wait until that ends, and free what is \
                 stale",
                class.name(),
                list(holders.iter().map(Holder::to_string))
            ),
            Self::CircuitOpen {
                phase,
                until,
                history,
            } => circuit_open(f, phase, *until, history),
            Self::OverBudget {
                spent_micro_usd,
                limit_micro_usd,
            } => write!(
                f,
                "the budget is used up: {} of {} US dollars are spent; nothing is claimed any more \
                 in this sprint",
                dollars(*spent_micro_usd),
                dollars(*limit_micro_usd)
            ),
            Self::NotClaimed { phase, standing } => write!(
                f,
                "nobody has claimed {phase}, it is {}; claim it first",
                standing.name()
            ),
            Self::NotOwner {
                phase,
                epoch,
                owner,
            } => write!(
                f,
                "{phase} is claimed by {owner} (claim {epoch}), and what you show belongs to no or \
                 an older claim; use the token that claim printed, or claim it again"
            ),
            Self::NotFailed { phase, standing } => write!(
                f,
                "{phase} has not failed, it is {}; there is nothing to retry or waive",
                standing.name()
            ),
            Self::NotComplete { phase, standing } => write!(
                f,
                "{phase} is not complete, it is {}; there is nothing to invalidate",
                standing.name()
            ),
            Self::BuiltUpon { phase, holders } => write!(
                f,
                "{phase} cannot be invalidated now, others work on what depends on it: {}; wait \
                 until that ends, or free it",
                list(holders.iter().map(Holder::to_string))
            ),
            Self::AttemptsUsedUp { phase, attempts } => write!(
                f,
                "{phase} failed {attempts} times, which is as often as it may; retry it by force \
                 with a reason, or waive it"
            ),
            Self::ArtifactMissing { phase } => write!(
                f,
                "{phase} has to hand in an artifact; complete it with one"
            ),
            Self::ArtifactUnwanted { phase } => {
                write!(f, "{phase} hands in no artifact; complete it without one")
            }
            Self::OwnerAlive { phase, owner } => write!(
                f,
                "{phase} is claimed by {owner}, who is there; wait, or use force with a reason"
            ),
            Self::NothingToClaim(nothing) => nothing.fmt(f),
            Self::Archived { sprint } => write!(
                f,
                "the sprint {sprint} is archived, and nothing in it changes any more; start another, or \
                 work in the one that took its place"
            ),
        }
    }
}

fn circuit_open(
    f: &mut fmt::Formatter<'_>,
    phase: &PhaseName,
    until: Option<Timestamp>,
    history: &[PastFailure],
) -> fmt::Result {
    let last = history.iter().rev().take(3).rev();
    let last = list(last.map(|past| format!("{}: {}", past.tag, past.reason)));
    write!(f, "{phase} failed too often ({last}); ")?;
    match until {
        Some(until) => write!(f, "try again after {until}, or retry it by force"),
        None => f.write_str("retry it by force with a reason, or waive it"),
    }
}

fn missing(phases: &[Missing]) -> String {
    list(
        phases
            .iter()
            .map(|missing| format!("{} is {}", missing.phase, missing.standing.name())),
    )
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// Exact to the millionth, without zeros that say nothing.
pub(super) fn dollars(micro_usd: u64) -> String {
    let text = format!("{}.{:06}", micro_usd / 1_000_000, micro_usd % 1_000_000);
    let short = text.trim_end_matches('0');
    // At least cents.
    let point = text.len() - 7;
    text[..short.len().max(point + 3)].to_owned()
}
