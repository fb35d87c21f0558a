//! A scripted Messages API on loopback, for tests and for the demo.
//!
//! Agents that talk to the Messages API are told its address (`ANTHROPIC_BASE_URL`) and run for
//! real; a script decides what the model says. Nothing leaves the machine, and nothing is random.
//!
//! ```
//! use scripted_api::{Reply, Request, ScriptedApi};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! // The model runs one command, then says what came of it.
//! let api = ScriptedApi::start(|request: &Request| match request.turn() {
//!     0 => Reply::tool("Bash", json!({"command": "echo one"})),
//!     _ => Reply::text(format!("It said {}.", request.tool_results()[0].text)),
//! })
//! .await?;
//! // An agent started with ANTHROPIC_BASE_URL set to this plays the scenario `worker`.
//! let url = api.scenario_url("worker");
//! assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/s/worker"));
//! // What agents asked, in order.
//! assert!(api.requests().is_empty());
//! # Ok(())
//! # }
//! ```

mod body;
mod cli;
#[cfg(unix)]
mod processes;
mod reply;
mod request;
mod server;
mod wire;

pub use cli::{
    PROGRAM_VARIABLE, REQUIRE_VARIABLE, TestCli, claude_for_tests, installed_for_tests,
    stand_in_for_tests, test_environment,
};
#[cfg(unix)]
pub use processes::processes_with;
pub use reply::Reply;
pub use request::{Request, ToolResult};
pub use server::{Script, ScriptedApi};
