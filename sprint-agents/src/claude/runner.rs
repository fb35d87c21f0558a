//! Claude Code as the agent of every role.

mod answering;
mod check;
mod host;
mod report;
mod run;
mod setup;
mod starts;
mod team;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sprint_core::domain::agent::{AgentReport, AgentTask, Role};
use sprint_core::ports::{AgentCapabilities, AgentRunner, EffectContext, Result};
use tokio::time::Instant;

use crate::claude::runner::run::Run;
use crate::claude::runner::setup::{Place, Setup};
use crate::claude::runner::starts::Starts;
use crate::environment::Environment;
use crate::lease::Leases;
use crate::permission::Mode;
use crate::profile::Models;
use crate::prompt::degradation;
use crate::redact::Redactor;

/// How long each step of ending a session may take.
const GRACE: Duration = Duration::from_secs(5);

const RUN: &str = "run agent";

/// Runs Claude Code, one live session per agent.
///
/// A worker whose task asks for a teammate gets one: a context agent in a session of its own, in
/// the same workspace, that has read the code before the worker begins and answers its questions
/// (the tool `ask_context`) while it works.
///
/// # What agents cannot do
///
/// - Reach the tracker: there is no credential in their environment, no MCP server but ours is
///   started, and tools of the tracker are denied. All three are looked at when a session begins
///   and after it has ended; a breach fails the ticket.
/// - Bring their own settings: those of the user and of the repository, hooks among them, are not
///   read unless [`with_settings`](Self::with_settings) asks for it.
/// - Outlive their run: whatever a session has started is ended with it.
///
/// What they may do without asking is decided by the [`Mode`] and by rules made from the sprint's
/// own commands. Rules are text and no wall; what an agent did is verified afterwards, and files
/// that it says it wrote elsewhere are reported as strays.
///
/// # Example
///
/// ```no_run
/// use std::sync::Arc;
///
/// use sprint_agents::{ClaudeAgent, Environment};
///
/// # fn key() -> String { String::new() }
/// let environment = Environment::inherit().with_secret("ANTHROPIC_API_KEY", key());
/// let agents = Arc::new(ClaudeAgent::new("claude", environment));
/// ```
#[derive(Clone, Debug)]
pub struct ClaudeAgent {
    program: PathBuf,
    environment: Environment,
    models: Models,
    mode: Mode,
    commands: Vec<String>,
    settings: bool,
    config_directory: Option<PathBuf>,
    silence: Option<Duration>,
    leases: Option<Arc<Leases>>,
    redactor: Redactor,
    max_retries: u32,
    starts: Starts,
}

impl ClaudeAgent {
    /// Agents that are this program, a path or a name found by `PATH`, with these variables. The
    /// credential of the model provider is among them; the tracker's must not be.
    pub fn new(program: impl Into<PathBuf>, environment: Environment) -> Self {
        Self {
            program: program.into(),
            redactor: Redactor::new(environment.secrets()),
            environment,
            models: Models::default(),
            mode: Mode::AutoApprove,
            commands: Vec::new(),
            settings: false,
            config_directory: None,
            silence: None,
            leases: None,
            max_retries: 4,
            starts: Starts::new(),
        }
    }

    /// The same agents, on these models where a task names none.
    #[must_use]
    pub fn with_models(mut self, models: Models) -> Self {
        self.models = models;
        self
    }

    /// The same agents, in another permission mode.
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// The same agents, which may also run these commands, besides the checks of their task: the
    /// one that installs dependencies, for example.
    #[must_use]
    pub fn with_commands<S: Into<String>>(mut self, commands: impl IntoIterator<Item = S>) -> Self {
        self.commands.extend(commands.into_iter().map(Into::into));
        self
    }

    /// The same agents, with the settings of the user and of the repository in effect: hooks,
    /// which run with our rights, instructions, skills, permission rules.
    #[must_use]
    pub fn with_settings(mut self) -> Self {
        self.settings = true;
        self
    }

    /// The same agents, which keep settings, credentials and sessions in this directory rather
    /// than in `~/.claude`.
    #[must_use]
    pub fn with_config_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.config_directory = Some(directory.into());
        self
    }

    /// The same agents, ended when they show no sign of life for this long while no tool runs.
    #[must_use]
    pub fn with_silence_limit(mut self, limit: Duration) -> Self {
        self.silence = Some(limit);
        self
    }

    /// The same agents, with ports and a scratch directory of their ticket's.
    #[must_use]
    pub fn with_leases(mut self, leases: Arc<Leases>) -> Self {
        self.leases = Some(leases);
        self
    }

    /// The same agents, with these values redacted too.
    #[must_use]
    pub fn with_redacted<S: AsRef<str>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        self.redactor = self.redactor.and(secrets);
        self
    }

    /// The same agents, whose failed requests to the provider are repeated this often before the
    /// run fails; the engine tries again later. Four take about eight seconds.
    #[must_use]
    pub fn with_max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }
}

#[async_trait]
impl AgentRunner for ClaudeAgent {
    fn capabilities(&self) -> AgentCapabilities {
        AgentCapabilities {
            roles: Role::ALL.into(),
            teams: true,
            sessions: true,
        }
    }

    async fn run(&self, task: &AgentTask, cx: &EffectContext) -> Result<AgentReport> {
        let place = Place::of(self, task, cx).await?;
        let setup = Setup::of(self, task, place)?;
        let run = Run {
            agent: self,
            task,
            cx,
            started: Instant::now(),
        };
        run.to_the_end(&setup).await
    }
}

fn subject(task: &AgentTask) -> String {
    format!("{} with Claude Code", task.role)
}

/// The names of the signs that an answer comes from memory.
fn signs(answer: &str) -> Vec<String> {
    let signals = degradation::signals(answer).into_iter();
    signals.map(|signal| signal.name().to_owned()).collect()
}
