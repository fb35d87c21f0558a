//! From tickets to a plan.

pub mod edge_cases;
pub mod sprint_plan;
