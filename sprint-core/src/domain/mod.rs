//! The nouns of a sprint, as plain values. No IO, no time, no decisions.

pub mod agent;
pub mod audit;
pub mod check;
pub mod command;
pub mod config;
pub mod draft;
pub mod evidence;
pub mod failure_patterns;
pub mod hints;
pub mod layer;
pub mod learning;
pub mod markdown;
pub mod merge;
pub mod money;
pub mod path;
pub mod pipeline_state;
pub mod probe;
pub mod reality;
pub mod selection;
pub mod statement;
pub mod stray;
pub mod ticket;
pub mod verdict;
pub mod workspace;
