//! Sessions of the Claude Code command line program.
//!
//! A [`Session`] is one process that stays alive between questions. It is started by a [`Launch`],
//! asks its [`Host`] what it may do, and every [`Turn`] has one of the [`Outcome`]s listed there,
//! each of which has one [`Meaning`].
//!
//! Nothing of a session outlives it: neither what its commands have started nor what they have
//! hidden in sessions of their own.
//!
//! # Example
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use sprint_agents::Environment;
//! use sprint_agents::claude::{
//!     Deadlines, Launch, NoHost, Outcome, Session, Start, session_id,
//! };
//!
//! # async fn explain() -> Result<(), Box<dyn std::error::Error>> {
//! let launch = Launch {
//!     tools: ["Read", "Grep", "Glob"].map(String::from).into(),
//!     max_turns: Some(50),
//!     ..Launch::new(
//!         "claude",
//!         "/home/me/project",
//!         Environment::inherit().with_secret("ANTHROPIC_API_KEY", "..."),
//!         Start::New(session_id("demo/ENG-1/1/research")),
//!         "sonnet",
//!     )
//! };
//! let session = Session::start(&launch, Arc::new(NoHost)).await?;
//! let deadlines = Deadlines {
//!     wall: Duration::from_secs(600),
//!     silence: Duration::from_secs(300),
//! };
//! let turn = session.ask("Where is the parser?", deadlines).await;
//! if let Outcome::Done { text, .. } = turn.outcome {
//!     println!("{text}");
//! }
//! session.stop(Duration::from_secs(5)).await;
//! # Ok(())
//! # }
//! ```

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
