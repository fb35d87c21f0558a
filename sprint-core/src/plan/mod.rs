//! From tickets to a plan.

pub mod edge_cases;
pub mod sprint_plan;

pub mod build;
pub mod csr;
pub mod graph;
pub mod waves;
