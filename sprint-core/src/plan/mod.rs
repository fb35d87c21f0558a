//! From tickets to a plan.

pub mod build;
pub mod sprint_plan;

pub mod csr;
pub mod graph;
pub mod waves;

pub mod conflict;
pub mod edge_cases;
pub mod merge_order;
mod words;
