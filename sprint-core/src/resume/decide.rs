//! What becomes of one ticket; the rules are in the documentation of the
//! [module](crate::resume).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ticket::TicketStatus;
use crate::resume::facts::{BranchState, Evidence, Progress, Saved, Shown, TicketFacts};
use crate::resume::matrix::{Action, matrix};

/// What is done with a ticket, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// For people.
    pub action: Action,
    /// For the saved state.
    pub mend: Mend,
    /// Why, as a fragment of a sentence.
    pub why: String,
    /// What did not agree, if something did not.
    pub inconsistency: Option<Inconsistency>,
    /// What a person should know besides.
    pub warnings: Vec<Warning>,
}

/// What happens to the saved state of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "mend", rename_all = "snake_case")]
pub enum Mend {
    /// Nothing: it goes on where it was.
    Keep,
    /// It was done outside, and leaves the sprint as done.
    DoneOutside,
    /// It leaves the sprint.
    Drop,
    /// It is marked Done once more, with its proof.
    CloseAgain,
    /// Its evidence is written once more, from the saved verdicts.
    PostAgain,
    /// Its workspace is found or made anew, and what is on its branch is verified.
    Recover,
    /// Its workspace is made anew from its branch, and its worker goes on.
    Reopen,
    /// It is implemented anew on a new branch.
    StartOver {
        /// Whether a person gave it a new budget.
        renewed: bool,
    },
    /// It goes on, and is not Done until it is proven.
    Distrust,
    /// A person has to look: what landed is not on base.
    GiveUp,
}

/// Ways in which state and tracker contradict each other (spec 15.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inconsistency {
    /// Saved as complete, and the tracker shows neither Done nor evidence that holds.
    PhantomComplete,
    /// Saved as complete and proven, and the tracker does not show Done.
    MissingStatusChange,
    /// Saved as complete and Done, and no evidence holds.
    MissingEvidence,
    /// Saved as under way, and the tracker shows Done.
    StaleInProgress,
    /// Saved as under way, not Done, and evidence holds.
    OrphanedEvidence,
}

impl Inconsistency {
    /// The name people read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PhantomComplete => "phantom complete",
            Self::MissingStatusChange => "missing status change",
            Self::MissingEvidence => "missing evidence",
            Self::StaleInProgress => "stale in progress",
            Self::OrphanedEvidence => "orphaned evidence",
        }
    }
}

/// Something a person should know about a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", content = "detail", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Warning {
    /// Done, and nothing proves it.
    DoneWithoutEvidence,
    /// Not at the tracker any more.
    Deleted,
    /// Cancelled at the tracker.
    Cancelled,
    /// There is evidence, and it does not hold.
    EvidenceInvalid(String),
    /// Its branch went on after what was verified; that does not land.
    BranchMoved,
    /// Its branch does not hold the saved commit any more.
    BranchRewritten,
    /// Its branch is gone.
    BranchGone,
    /// Its directory is gone; what was not committed is lost.
    WorktreeGone,
    /// Something in its workspace is not committed; it will be.
    Dirty,
    /// Done outside, while its branch has work that is not on base.
    UnmergedWork,
    /// What a person asked for cannot be done.
    NotAsked(&'static str),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DoneWithoutEvidence => "it is Done and nothing proves it",
            Self::Deleted => "the tracker has it no more",
            Self::Cancelled => "it was cancelled at the tracker",
            Self::EvidenceInvalid(why) => return write!(f, "its evidence does not hold: {why}"),
            Self::BranchMoved => "its branch went on after what was verified; that does not land",
            Self::BranchRewritten => "its branch was rewritten",
            Self::BranchGone => "its branch is gone",
            Self::WorktreeGone => "its directory is gone, with what was not committed",
            Self::Dirty => "something in its workspace is not committed; it will be",
            Self::UnmergedWork => "its branch has work that is not on base; it stays there",
            Self::NotAsked(why) => return write!(f, "not done as you asked: {why}"),
        })
    }
}

/// Decides about one ticket. `strict` takes Done without evidence for not done.
pub fn decide(facts: &TicketFacts, strict: bool) -> Decision {
    let Some(class) = facts.saved.class() else {
        return settled(Mend::Keep, "it is not part of the sprint any more");
    };
    let Shown::There { status, evidence } = &facts.shown else {
        return withdrawn(facts, Warning::Deleted);
    };
    if *status == TicketStatus::Cancelled {
        return withdrawn(facts, Warning::Cancelled);
    }
    let done = *status == TicketStatus::Done && !facts.reopening;
    let cell = matrix(class, done, evidence.is_present());
    let mut decision = match facts.saved {
        Saved::Complete { landed } => complete(facts, landed || facts.on_base, done, evidence),
        Saved::Stuck if done => settled(Mend::DoneOutside, "somebody finished it by hand"),
        Saved::Stuck => Decision {
            action: cell,
            ..settled(
                Mend::Keep,
                "a person has to look at it, or ask for another try",
            )
        },
        Saved::Other(progress) => other(facts, progress, done, evidence, strict),
        Saved::Out => settled(Mend::Keep, "it is not part of the sprint any more"),
    };
    decision.inconsistency = inconsistency(facts, done, evidence);
    warn(&mut decision, facts, done, evidence);
    decision
}

fn settled(mend: Mend, why: &str) -> Decision {
    Decision {
        action: Action::Skip,
        mend,
        why: why.to_owned(),
        inconsistency: None,
        warnings: Vec::new(),
    }
}

fn decided(action: Action, mend: Mend, why: &str) -> Decision {
    Decision {
        action,
        ..settled(mend, why)
    }
}

/// Nobody wants it any more. What is complete may be what others built on, so it stays.
fn withdrawn(facts: &TicketFacts, warning: Warning) -> Decision {
    let complete = matches!(facts.saved, Saved::Complete { .. });
    let (mend, why) = if complete {
        (
            Mend::Keep,
            "it was complete, and others may build on it; `sprint revert` takes it back",
        )
    } else {
        (Mend::Drop, "nobody wants it any more")
    };
    Decision {
        warnings: vec![warning],
        ..settled(mend, why)
    }
}

fn complete(facts: &TicketFacts, landed: bool, done: bool, evidence: &Evidence) -> Decision {
    let proven = *evidence == Evidence::Valid;
    if landed && !facts.on_base {
        let why = "it had landed, and base does not hold it any more";
        return decided(Action::Stuck, Mend::GiveUp, why);
    }
    match (landed, facts.branch, done, proven) {
        (false, BranchState::Gone, _, _) => decided(
            Action::ReImplement,
            Mend::StartOver { renewed: false },
            "what was verified is lost, so a new branch is begun",
        ),
        (false, BranchState::Rewritten, _, _) => decided(
            Action::ReVerify,
            Mend::Recover,
            "what is on its branch now was never verified",
        ),
        (true, _, true, true) => settled(Mend::Keep, "proven, Done and on base"),
        (false, _, true, true) => settled(Mend::Keep, "proven and Done; it waits to land"),
        (_, _, false, true) => decided(
            Action::RepairStatus,
            Mend::CloseAgain,
            "proven, and not Done at the tracker",
        ),
        (true, _, _, false) => decided(
            Action::ReVerify,
            Mend::PostAgain,
            "it is on base and its evidence is not there: it is written again",
        ),
        (false, _, _, false) => decided(
            Action::ReVerify,
            Mend::Recover,
            "nothing at the tracker proves it",
        ),
    }
}

fn other(
    facts: &TicketFacts,
    progress: Progress,
    done: bool,
    evidence: &Evidence,
    strict: bool,
) -> Decision {
    let proven = *evidence == Evidence::Valid;
    let begun = progress != Progress::Waiting;
    let over = Mend::StartOver { renewed: false };
    // The branch first: without it nothing that was saved is worth anything.
    let mended = match (progress, facts.branch) {
        (Progress::Waiting, _) => None,
        (_, BranchState::Gone) => Some((
            Action::ReImplement,
            over,
            "what was done is lost, so a new branch is begun",
        )),
        (Progress::Begun, _) if facts.branch != BranchState::Unknown && !facts.worktree => Some((
            Action::ReImplement,
            Mend::Reopen,
            "its directory is gone, and its branch is there",
        )),
        (Progress::Answered, BranchState::Moved | BranchState::Rewritten)
        | (Progress::Proven, BranchState::Rewritten) => Some((
            Action::ReVerify,
            Mend::Recover,
            "its branch is not where it was when it was looked at",
        )),
        (Progress::Answered, BranchState::Present) if !facts.worktree => Some((
            Action::ReVerify,
            Mend::Recover,
            "its directory is gone, and its branch is there",
        )),
        (Progress::Begun | Progress::Answered | Progress::Proven, _) => None,
    };
    if progress == Progress::Proven && mended.is_none() {
        // Nothing is marked Done whose evidence is not there.
        let mend = if proven { Mend::Keep } else { Mend::PostAgain };
        return if done {
            settled(mend, "every layer had passed, and it is Done")
        } else {
            let why = "every layer had passed; only the tracker is written to";
            decided(Action::ReVerify, mend, why)
        };
    }
    if done && !(strict && !proven && begun) {
        return settled(Mend::DoneOutside, "somebody finished it outside the sprint");
    }
    let (action, mend, why) = mended.unwrap_or(match progress {
        Progress::Waiting => (Action::ReImplement, Mend::Keep, "it was not begun"),
        Progress::Begun => (Action::ReImplement, Mend::Keep, "its worker goes on"),
        Progress::Answered | Progress::Proven => (
            Action::ReVerify,
            Mend::Keep,
            "its worker has answered; the layers go on",
        ),
    });
    let distrusted = done && mend == Mend::Keep;
    decided(action, if distrusted { Mend::Distrust } else { mend }, why)
}

fn inconsistency(facts: &TicketFacts, done: bool, evidence: &Evidence) -> Option<Inconsistency> {
    let proven = *evidence == Evidence::Valid;
    match (facts.saved, done, proven) {
        (Saved::Complete { .. }, true, true) | (Saved::Stuck | Saved::Out, _, _) => None,
        (Saved::Complete { .. }, false, false) => Some(Inconsistency::PhantomComplete),
        (Saved::Complete { .. }, false, true) => Some(Inconsistency::MissingStatusChange),
        (Saved::Complete { .. }, true, false) => Some(Inconsistency::MissingEvidence),
        (Saved::Other(_), true, _) => Some(Inconsistency::StaleInProgress),
        // Evidence of an earlier attempt that was set aside is none of this one.
        (Saved::Other(Progress::Answered | Progress::Proven), false, true) => {
            Some(Inconsistency::OrphanedEvidence)
        }
        (Saved::Other(_), false, _) => None,
    }
}

fn warn(decision: &mut Decision, facts: &TicketFacts, done: bool, evidence: &Evidence) {
    let warnings = &mut decision.warnings;
    let outside = decision.mend == Mend::DoneOutside;
    let complete = matches!(facts.saved, Saved::Complete { .. });
    let under_way = matches!(
        facts.saved,
        Saved::Other(Progress::Begun | Progress::Answered | Progress::Proven)
    );
    if let Evidence::Invalid { why } = evidence
        && (complete || done)
    {
        warnings.push(Warning::EvidenceInvalid(why.clone()));
    } else if done && !complete && *evidence == Evidence::Absent {
        warnings.push(Warning::DoneWithoutEvidence);
    }
    if complete || under_way {
        warnings.extend(match facts.branch {
            BranchState::Moved => Some(Warning::BranchMoved).filter(|_| complete),
            BranchState::Rewritten => Some(Warning::BranchRewritten),
            BranchState::Gone => Some(Warning::BranchGone).filter(|_| !facts.on_base),
            BranchState::Unknown | BranchState::Present => None,
        });
    }
    let there = !matches!(facts.branch, BranchState::Unknown | BranchState::Gone);
    if under_way && there && !facts.worktree {
        warnings.push(Warning::WorktreeGone);
    }
    if under_way && facts.dirty && !outside {
        warnings.push(Warning::Dirty);
    }
    if outside && there && !facts.on_base && facts.saved != Saved::Other(Progress::Waiting) {
        warnings.push(Warning::UnmergedWork);
    }
}
