//! Tickets on Linear for [`sprint_core`]: exact writes, proven evidence, one shared allowance.
//!
//! [`LinearTracker`] is the [`Tracker`](sprint_core::ports::Tracker) of a team on Linear, over its
//! GraphQL API. [`Plans`] builds a whole plan of tickets there, and takes it back exactly.
//!
//! - **Nothing is believed because it was answered.** A create has an id derived from what it is
//!   for; what became of it is read, whatever the answer was, so nothing is made twice or lost.
//!   Done is Done when it is read back. Evidence is a file with its SHA-256, a comment that ends in a
//!   line for machines, and an attachment that finds both again; all three are read back.
//! - **Text of others stays in its place.** What tools and agents said cannot notify anybody, link
//!   anywhere or pass for evidence.
//! - **The allowance is shared.** All trackers of a user are given one [`Budget`]. Reads wait before
//!   writes do, and what has begun is finished.
//! - **The key goes to Linear and nowhere else**: it is in no error, log or debug output.
//!
//! # Example
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use sprint_core::ports::{SystemClock, Tracker as _};
//! use sprint_linear::transport::Https;
//! use sprint_linear::{Budget, LinearConfig, LinearTracker, Token};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // From your keychain, say; never from a file in the repository.
//! let token = Token::api_key("lin_api_0123456789")?;
//! let config = LinearConfig::new(token).with_team("ENG");
//! let tracker = LinearTracker::new(
//!     config,
//!     Arc::new(Https::new()?),
//!     Arc::new(SystemClock),
//!     Budget::new(),
//! );
//! for item in tracker.check().await {
//!     println!("{item}");
//! }
//! let reality = tracker.reality(&"ENG-12".parse()?).await?;
//! println!("{:?}", reality.status);
//! # Ok(())
//! # }
//! ```
//!
//! # What goes wrong, and where that is shown
//!
//! Rate limits, lost replies, conflicts that are none, lists that lag, writes without effect, pages
//! that never end, text that comes back changed: each has a named test against a local server that
//! executes Linear's published schema. [`Plans`] is tested with a crash before and after every
//! request.

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
