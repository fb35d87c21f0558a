//! What a session is started with: every flag and every variable, as one value.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sprint_core::id::SessionId;

use crate::environment::Environment;
use crate::redact::Redactor;

/// Tools that stop the agent until a person answers, in a way that only a terminal can.
const INTERACTIVE: [&str; 3] = ["AskUserQuestion", "EnterPlanMode", "ExitPlanMode"];

/// Rules that keep the tracker out, whatever a server calls itself. Always there.
const NO_TRACKER: [&str; 2] = ["mcp__linear", "mcp__*inear*"];

/// One session to start.
///
/// Some things are not a choice, and so not here: the session is live (messages go in and out
/// while the process runs), MCP servers other than those named are never started, the tracker's
/// tools are denied, and the program keeps to the model provider: no updates, no telemetry.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program: a path, or a name to be found in the `PATH` of `environment`.
    pub program: PathBuf,
    /// The current directory; a session can only be resumed from the one it was started in.
    pub directory: PathBuf,
    /// All variables it gets, besides those that follow from the rest of this value.
    pub environment: Environment,
    /// Which session.
    pub session: Start,
    /// The model: an alias (`opus`) or a full name.
    pub model: String,
    /// The model used while the first is overloaded or unknown.
    pub fallback_model: Option<String>,
    /// The built-in tools it is offered; none if empty.
    pub tools: Vec<String>,
    /// Permission rules of what it may do without asking.
    pub allow: Vec<String>,
    /// Permission rules of what it may never do, besides the tracker.
    pub deny: Vec<String>,
    /// What becomes of tool uses that no rule covers.
    pub mode: Mode,
    /// Whether uses that [`Mode::Default`] would refuse are put to the
    /// [`Host`](crate::claude::Host) instead.
    pub ask_host: bool,
    /// Names of MCP servers that the [`Host`](crate::claude::Host) plays, over the session itself.
    pub host_servers: Vec<String>,
    /// MCP servers on loopback.
    pub http_servers: Vec<HttpServer>,
    /// Whether hooks of the user and of the repository run. They run with our rights.
    pub hooks: Hooks,
    /// Which settings files are read; those of the user, the project and the machine if `None`.
    pub setting_sources: Option<Vec<SettingSource>>,
    /// The JSON Schema that an answer has to have.
    pub schema: Option<Value>,
    /// What it is told before everything else.
    pub system_prompt: Option<SystemPrompt>,
    /// Rounds of one turn.
    pub max_turns: Option<u32>,
    /// Millionths of a US dollar that the whole process may spend.
    pub max_budget_micro_usd: Option<u64>,
    /// Where the program keeps settings, credentials and sessions; `~/.claude` if `None`.
    pub config_directory: Option<PathBuf>,
    /// How often a failed request to the provider is repeated before the turn fails. Ten take
    /// three minutes, four take eight seconds.
    pub max_retries: u32,
}

/// Which session a process speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// The one of this id: started, or resumed if an earlier process has started it.
    New(SessionId),
    /// One that exists.
    Resume(SessionId),
}

/// What becomes of a tool use that no rule covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is refused, and the agent told so.
    DontAsk,
    /// It is asked about where somebody can be asked, and refused elsewhere.
    Default,
    /// It is done. Rules that deny still hold.
    BypassPermissions,
}

/// An MCP server reached over HTTP.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpServer {
    /// Its name, a part of the names of its tools: `mcp__<name>__<tool>`.
    pub name: String,
    /// Where it listens.
    pub url: String,
    /// What lets one in.
    pub token: String,
}

/// Whether hooks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hooks {
    /// None does.
    Disabled,
    /// All that are configured do.
    Run,
}

/// A settings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingSource {
    /// The user's, in the configuration directory.
    User,
    /// The one in the repository.
    Project,
    /// The one beside it that is not committed.
    Local,
}

/// The system prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemPrompt {
    /// Follows the program's own.
    Append(String),
    /// Stands in the place of the program's own.
    Replace(String),
}

impl Launch {
    /// What its credentials look like.
    pub(crate) fn redactor(&self) -> Redactor {
        Redactor::new(self.environment.secrets())
            .and(self.http_servers.iter().map(|server| &server.token))
    }

    /// The command line, without the program: no secret and no prompt is in it.
    pub(crate) fn arguments(&self, files: &Files<'_>) -> Vec<OsString> {
        _ = (files, json!(null), INTERACTIVE, NO_TRACKER);
        Vec::new()
    }
}

/// Where things are that must not be seen on a command line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Files<'a> {
    /// The MCP servers on loopback.
    pub(crate) servers: &'a Path,
    /// The system prompt.
    pub(crate) system_prompt: &'a Path,
}

/// Shows no token.
impl std::fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpServer")
            .field("name", &self.name)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
