//! Tickets on Linear for [`sprint_core`].

mod budget;
mod call_error;
mod checkup;
mod client;
mod comments;
mod config;
mod convert;
#[cfg(test)]
mod counting;
mod create;
mod defang;
mod directory;
mod evidence;
mod fetch;
mod files;
mod ids;
mod link;
mod machine;
mod once;
mod ops;
mod pages;
mod reader;
mod team;
#[cfg(test)]
mod testing;
mod token;
mod tracker;
pub mod transport;

pub use budget::{Allowance, Budget, Window};
pub use checkup::CheckItem;
pub use config::LinearConfig;
pub use create::{
    Collision, CreatedPlan, CreatedProject, CreatedTicket, Difference, FileJournal, Finding,
    JournalStore, MemoryJournal, PlannedOperation, Plans, Preview, Survivor, TakenBack, Why,
};
pub use evidence::EvidenceFinding;
pub use token::Token;
pub use tracker::LinearTracker;
