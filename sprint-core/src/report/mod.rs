//! Text and views for people and tools: pure functions of saved state.

pub mod dashboard;
pub mod evidence;
mod markdown;
pub mod note;
pub mod plain;
pub mod progress;
pub mod readiness;
pub mod recovery;
mod shares;
pub mod ship;
mod standing;
pub mod state_view;
pub mod summary;
mod summary_text;
mod ticket_view;

#[cfg(test)]
mod fixture;
