//! From tickets to a plan, and the algorithms a plan and its tickets need.

pub mod build;
pub mod sprint_plan;

pub mod csr;
pub mod graph;
pub mod waves;

pub mod accuracy;
pub mod conflict;
pub mod edge_cases;
pub mod files;
pub mod fixtures;
pub mod imports;
pub mod keywords;
pub mod merge_order;
pub(crate) mod words;
