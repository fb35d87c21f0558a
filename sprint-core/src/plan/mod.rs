//! From tickets to a plan.

pub mod sprint_plan;
