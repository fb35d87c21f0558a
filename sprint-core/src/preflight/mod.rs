//! Phase 0: what has to be true before a sprint starts (spec 6).
//!
//! Pure: [`facts`] are gathered at the edge, [`check()`] says what they mean, step by step in a fixed
//! order, and [`Checklist::text`] shows it to people. After the first step that fails, no other is judged.

pub mod check;
pub mod coordination;
pub mod facts;
pub mod step;
mod text;

#[cfg(test)]
mod tests;

pub use crate::preflight::check::check;
pub use crate::preflight::facts::Facts;
pub use crate::preflight::step::{Checked, Checklist, Outcome, Step};
