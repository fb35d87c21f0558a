//! What an agent is told, as text.
//!
//! Text that comes from tickets, agents, commands and files is quoted in frames that it cannot end:
//! it can be read, and it cannot give orders.

pub mod degradation;
