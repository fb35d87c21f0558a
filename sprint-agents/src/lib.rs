//! Agents and verifiers for [`sprint_core`]: any program as an agent, gate commands as proof.
//!
//! [`CommandAgent`] runs a command line per role and speaks JSON with it; [`CommandVerifier`] runs
//! the gate and reports what it saw. Both stand on [`process`]: children that are limited in time
//! and output, get only the [`environment`] they are given, and never outlive the call that
//! started them. Whatever they print passes through [`redact`] before it is stored or shown.
//!
//! # Platforms
//!
//! Unix only for now: supervision rests on process groups and signals. Elsewhere the crate
//! compiles and is empty.
//!
//! # Example
//!
//! A shell one-liner as the context agent:
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use sprint_agents::{CommandAgent, Environment};
//! use sprint_core::domain::agent::{AgentTask, Answer, Claimed, ContextResult, Role, RoleResult};
//! use sprint_core::domain::command::CommandLine;
//! use sprint_core::id::BlobId;
//! use sprint_core::ports::{AgentRunner, BlobStore, EffectContext, Result};
//! use sprint_core::run::effect::EffectKey;
//!
//! /// Forgets what it is given; yours should not.
//! #[derive(Debug)]
//! struct Forgetful;
//!
//! impl BlobStore for Forgetful {
//!     fn store(&self, _: &mut dyn std::io::Read) -> Result<BlobId> {
//!         Ok(BlobId::new("0".repeat(64)).expect("64 digits"))
//!     }
//!     fn open(&self, _: &BlobId) -> Result<Box<dyn std::io::Read + Send>> {
//!         Ok(Box::new(std::io::empty()))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
//! let line = CommandLine::new(r#"grep -q ENG-1; echo '{"report":"start in src/lib.rs"}'"#);
//! let commands = BTreeMap::from([(Role::Context, line.ok_or("blank line")?)]);
//! let agent = CommandAgent::new(commands, Environment::inherit());
//!
//! let workspace = tempfile::tempdir()?;
//! let task: AgentTask = serde_json::from_value(serde_json::json!({
//!     "schema_version": 1, "key": "demo/ENG-1/1/research", "role": "context",
//!     "ticket": "ENG-1", "title": "Greet", "description": "Print a greeting.",
//!     "workspace": workspace.path(), "branch": "eng-1", "work_base": "0".repeat(40),
//!     "attempt": 1, "assignment": { "kind": "first" }, "checks": {}, "learnings": [],
//!     "changed": [], "commit_prefix": "feat", "timeout_s": 60
//! }))?;
//! let cx = EffectContext {
//!     key: EffectKey {
//!         sprint: "sprint-20260131-090500".parse()?,
//!         effect: "ENG-1/1/research".parse()?,
//!     },
//!     blobs: Arc::new(Forgetful),
//! };
//!
//! let report = agent.run(&task, &cx).await?;
//! let expected = ContextResult { report: "start in src/lib.rs".into() };
//! assert_eq!(report.answer, Answer::Result(Claimed(RoleResult::Context(expected))));
//! # Ok(())
//! # }
//! ```

#![cfg(unix)]

pub mod acp;
pub mod ask;
mod by_role;
pub mod checkup;
pub mod claude;
pub mod command_agent;
mod spoken;
pub mod verify;

pub mod permission;
pub mod profile;
pub mod prompt;
pub mod schema;

pub mod environment;
pub mod lease;
pub mod orphans;
pub mod process;
pub mod redact;

mod capture;
mod output;
mod pipes;
mod spool;
mod strays;

pub use acp::AcpAgent;
pub use by_role::ByRole;
pub use claude::ClaudeAgent;
pub use command_agent::CommandAgent;
pub use environment::Environment;
pub use lease::Leases;
pub use redact::Redactor;
pub use verify::CommandVerifier;
