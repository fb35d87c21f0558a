//! Text and views for people and tools: pure functions of saved state.

pub mod evidence;
mod markdown;
pub mod note;
mod plain;
mod standing;

#[cfg(test)]
mod fixture;
