//! Tickets on Linear for [`sprint_core`].

mod budget;
mod call_error;
mod client;
mod config;
mod ids;
mod link;
mod machine;
mod once;
mod ops;
mod token;
pub mod transport;

pub use budget::{Allowance, Budget, Window};
pub use config::LinearConfig;
pub use token::Token;
