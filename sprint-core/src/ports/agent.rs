//! The port to agents.

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;

use crate::domain::agent::{AgentReport, AgentTask, Role};
use crate::ports::{EffectContext, Result};

/// What a runner can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentCapabilities {
    /// The roles it has an agent for.
    pub roles: BTreeSet<Role>,
    /// Whether a worker and its context teammate can be alive together.
    pub teams: bool,
    /// Whether a session can be continued.
    pub sessions: bool,
}

/// Runs agents.
///
/// # Contract
///
/// - [`run`](Self::run) returns when the agent has ended, one way or another. An agent that ended
///   without an answer in the form of its role is `Ok` with
///   [`Answer::Malformed`](crate::domain::agent::Answer::Malformed): that is the agent's failure,
///   and the engine knows what to do. `Err` is for failures around the agent: it could not be
///   started ([`Invalid`](crate::failure::ErrorKind::Invalid)), the provider limits the rate
///   (`RateLimited`), it ran out of time (`Timeout`).
/// - The agent's current directory is `task.workspace`, and its environment holds no credential
///   of the tracker.
/// - Dropping the future ends the agent and everything it started.
/// - Running the same task twice is safe: the second agent finds what the first left in the
///   workspace.
#[async_trait]
pub trait AgentRunner: fmt::Debug + Send + Sync + 'static {
    /// What this runner can do; the same for its whole life.
    fn capabilities(&self) -> AgentCapabilities;

    /// Runs one agent to its end.
    async fn run(&self, task: &AgentTask, cx: &EffectContext) -> Result<AgentReport>;
}
