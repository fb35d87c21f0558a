//! What to do with each ticket when a saved sprint goes on.
//!
//! Three things are known of a ticket: what was saved, what the tracker shows, and what is in the
//! repository. None of them is believed alone. [`matrix()`] compares the first two; [`decide()`] makes
//! of that, and of the third, a [`Decision`]: an [`Action`] for people, and a [`Mend`] of the saved
//! state for the run machine. Everything here is a function of values.
//!
//! # The matrix
//!
//! | saved \ tracker | Done, evidence | Done, none | not Done, evidence | not Done, none |
//! | --- | --- | --- | --- | --- |
//! | complete | SKIP | RE_VERIFY | REPAIR_STATUS | RE_VERIFY |
//! | stuck | SKIP | SKIP | STUCK | STUCK |
//! | other | SKIP | SKIP | RE_IMPLEMENT | RE_IMPLEMENT |
//!
//! # What refines it
//!
//! | What is so | Instead |
//! | --- | --- |
//! | there is evidence, and it does not hold ([`crate::evidence`]) | the column without |
//! | Done is only what we wrote and have not taken back yet | the column without Done |
//! | not at the tracker any more, or cancelled there | SKIP: it leaves the sprint, unless it is complete |
//! | complete, not landed, branch gone | RE_IMPLEMENT: a lost branch is never reconstructed |
//! | complete, not landed, branch rewritten | RE_VERIFY of what is there now |
//! | complete, landed, evidence gone | RE_VERIFY against base: the evidence is written again from the saved verdicts |
//! | complete, landed, base lost it | STUCK: somebody moved base back |
//! | other, not Done, the worker has answered | RE_VERIFY: nothing is implemented twice |
//! | other, every layer has passed | RE_VERIFY, or SKIP where it is Done: only the tracker is written, the evidence first |
//! | other, Done without evidence | SKIP with a warning; strict: as if it were not Done |
//!
//! A ticket that was under way goes on in the stage that was saved, and an effect that was in
//! flight is made again under its own name, so most decisions leave the saved state as it is.

pub mod choice;
pub mod decide;
pub mod drift;
pub mod facts;
pub mod matrix;
pub mod reconciliation;
pub mod record;

pub use choice::{Choice, Choices};
pub use decide::{Decision, Inconsistency, Mend, Warning, decide};
pub use drift::{Drift, drift};
pub use facts::{
    BranchState, Evidence, Progress, Saved, Seen, SeenBranch, Shown, Survey, TicketFacts,
};
pub use matrix::{Action, Class, matrix};
pub use reconciliation::{Reconciliation, Row};
pub use record::Recovery;

#[cfg(test)]
mod tests;
