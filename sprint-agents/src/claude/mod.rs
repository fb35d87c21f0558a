//! Sessions of the Claude Code command line program.
//!
//! A [`Session`] is one process that stays alive between questions. It is started by a [`Launch`],
//! asks its [`Host`] what it may do, and every [`Turn`] has one of the [`Outcome`]s listed there.

mod host;
mod launch;
mod outcome;
mod runner;
mod session;
mod session_id;
mod turn;

pub mod binary;

mod actor;
mod calls;
mod ladder;
mod private;
mod progress;
mod protocol;
mod readiness;
mod wire;

pub use host::{Host, NoHost, Permission, ToolRequest};
pub use launch::{Hooks, HttpServer, Launch, Mode, SettingSource, Start, SystemPrompt};
pub use outcome::{Meaning, Outcome};
pub use runner::ClaudeAgent;
pub use session::{ContextUsage, ControlError, Session, StartError, Stopped};
pub use session_id::session_id;
pub use turn::{Deadlines, Denial, Target, ToolUse, Turn, TurnUsage};
pub use wire::Transcript;
