//! The worker's question to the context agent that is alive beside it: the tool `ask_context`.
//!
//! The worker calls the tool, a [`Desk`] puts the question to the [`Respondent`] and hands the
//! answer back. Two transports carry the calls: [`InProcess`] for an agent that speaks MCP over
//! its own pipes, and [`HttpServer`] on the loopback interface for every other.

mod desk;
mod exchange;
#[cfg(test)]
mod fixture;
mod http;
mod in_process;
mod text;
mod token;
mod tool;

pub use desk::{Desk, Lapse, Respondent, Signs};
pub use http::HttpServer;
pub use in_process::InProcess;
pub use token::Token;
pub use tool::{SERVER, TOOL};
