//! Text and views for people and tools: pure functions of saved state.

pub mod evidence;
pub mod note;
