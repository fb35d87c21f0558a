//! What a session is started with: every flag and every variable, as one value.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use serde_json::{Value, json};
use sprint_core::id::SessionId;

use crate::claude::readiness::names_tracker;
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
    /// The model used while the first is overloaded or unknown; only where failed requests are
    /// repeated at all.
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
    /// A session with no tools, no servers and no limits, which reads no settings and runs no hooks.
    pub fn new(
        program: impl Into<PathBuf>,
        directory: impl Into<PathBuf>,
        environment: Environment,
        session: Start,
        model: impl Into<String>,
    ) -> Self {
        Self {
            program: program.into(),
            directory: directory.into(),
            environment,
            session,
            model: model.into(),
            fallback_model: None,
            tools: Vec::new(),
            allow: Vec::new(),
            deny: Vec::new(),
            mode: Mode::DontAsk,
            ask_host: false,
            host_servers: Vec::new(),
            http_servers: Vec::new(),
            hooks: Hooks::Disabled,
            setting_sources: Some(Vec::new()),
            schema: None,
            system_prompt: None,
            max_turns: None,
            max_budget_micro_usd: None,
            config_directory: None,
            max_retries: 4,
        }
    }
    /// Why it must not be started, if it must not.
    pub(crate) fn flaw(&self) -> Option<String> {
        let http = self.http_servers.iter().flat_map(|s| [&s.name, &s.url]);
        if let Some(name) = http.chain(&self.host_servers).find(|n| names_tracker(n)) {
            return Some(format!("the MCP server {name} may be the tracker's"));
        }
        if let Some(rule) = self.allow.iter().find(|rule| names_tracker(rule)) {
            return Some(format!("the rule {rule} may allow the tracker"));
        }
        let variables = self.environment.iter().map(|(name, _)| name);
        let mut credentials = variables.filter_map(|name| name.to_str());
        if let Some(name) = credentials.find(|name| names_tracker(name)) {
            return Some(format!(
                "the variable {name} may be the tracker's credential"
            ));
        }
        let servers = self.http_servers.iter().map(|server| &server.name);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let mut names = servers.chain(&self.host_servers);
        if let Some(name) = names.find(|name| name.is_empty() || !name.chars().all(plain)) {
            return Some(format!("{name:?} is no name for an MCP server"));
        }
        let rules = self.allow.iter().chain(&self.deny).chain(&self.tools);
        let mut words = rules.chain([&self.model]).chain(&self.fallback_model);
        words
            .find(|word| word.is_empty() || word.starts_with('-') || word.contains('\0'))
            .map(|word| format!("{word:?} is no model, tool or rule"))
    }

    /// What its credentials look like.
    pub(crate) fn redactor(&self) -> Redactor {
        Redactor::new(self.environment.secrets())
            .and(self.http_servers.iter().map(|server| &server.token))
    }

    /// All variables of the process, but for its mark.
    pub(crate) fn variables(&self) -> Environment {
        let environment = self
            .environment
            .clone()
            .with("TERM", "dumb")
            .with("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
            .with("DISABLE_AUTOUPDATER", "1")
            // A command that runs on after its turn would make turns of its own.
            .with("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1")
            .with("CLAUDE_CODE_MAX_RETRIES", self.max_retries.to_string());
        match &self.config_directory {
            Some(directory) => environment.with("CLAUDE_CONFIG_DIR", directory),
            None => environment,
        }
    }

    /// The command line, without the program: no secret and no prompt is in it.
    pub(crate) fn arguments(&self, files: &Files) -> Vec<OsString> {
        let mut line = Line::default();
        line.flag("-p");
        line.option("--input-format", "stream-json");
        line.option("--output-format", "stream-json");
        line.flag("--verbose");
        line.option("--model", &self.model);
        if let Some(model) = &self.fallback_model {
            line.option("--fallback-model", model);
        }
        match &self.session {
            Start::New(id) => line.option("--session-id", id.as_str()),
            Start::Resume(id) => line.option("--resume", id.as_str()),
        }
        line.flag("--strict-mcp-config");
        if let Some(file) = &files.servers {
            line.option("--mcp-config", file);
        }
        let interactive = INTERACTIVE.into_iter().filter(|_| self.ask_host);
        let deny = NO_TRACKER.into_iter().chain(interactive);
        line.list(
            "--disallowedTools",
            deny.chain(self.deny.iter().map(String::as_str)),
        );
        if !self.allow.is_empty() {
            line.list("--allowedTools", self.allow.iter().map(String::as_str));
        }
        // An empty list is an empty word: no tool at all.
        line.option("--tools", self.tools.join(","));
        line.option("--permission-mode", self.mode.name());
        if self.ask_host {
            line.option("--permission-prompt-tool", "stdio");
        }
        if let Some(sources) = &self.setting_sources {
            let names: Vec<_> = sources.iter().map(|source| source.name()).collect();
            line.option("--setting-sources", names.join(","));
        }
        if self.hooks == Hooks::Disabled {
            line.option("--settings", json!({ "disableAllHooks": true }).to_string());
        }
        if let Some(schema) = &self.schema {
            line.option("--json-schema", schema.to_string());
        }
        match (&self.system_prompt, &files.system_prompt) {
            (Some(SystemPrompt::Append(_)), Some(file)) => {
                line.option("--append-system-prompt-file", file);
            }
            (Some(SystemPrompt::Replace(_)), Some(file)) => {
                line.option("--system-prompt-file", file);
            }
            (None, _) | (_, None) => {}
        }
        if let Some(turns) = self.max_turns {
            line.option("--max-turns", turns.to_string());
        }
        if let Some(budget) = self.max_budget_micro_usd {
            let (dollars, rest) = (budget / 1_000_000, budget % 1_000_000);
            line.option("--max-budget-usd", format!("{dollars}.{rest:06}"));
        }
        line.0
    }

    /// The configuration of the MCP servers on loopback.
    pub(crate) fn servers(&self) -> Value {
        let servers = self.http_servers.iter().map(|server| {
            let configuration = json!({
                "type": "http",
                "url": server.url,
                "headers": { "Authorization": format!("Bearer {}", server.token) },
                // Newer versions would hide the tools behind a search.
                "alwaysLoad": true,
            });
            (server.name.clone(), configuration)
        });
        let servers: serde_json::Map<_, _> = servers.collect();
        json!({ "mcpServers": servers })
    }
}

impl Start {
    /// The session's id.
    pub const fn id(&self) -> &SessionId {
        match self {
            Self::New(id) | Self::Resume(id) => id,
        }
    }
}

impl Mode {
    /// The program's name for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DontAsk => "dontAsk",
            Self::Default => "default",
            Self::BypassPermissions => "bypassPermissions",
        }
    }
}

impl SettingSource {
    const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
            Self::Local => "local",
        }
    }
}

#[derive(Default)]
struct Line(Vec<OsString>);

impl Line {
    fn flag(&mut self, name: &str) {
        self.0.push(name.into());
    }

    fn option(&mut self, name: &str, value: impl Into<OsString>) {
        self.flag(name);
        self.0.push(value.into());
    }

    fn list<'a>(&mut self, name: &str, values: impl Iterator<Item = &'a str>) {
        self.flag(name);
        self.0.extend(values.map(OsString::from));
    }
}

/// Where things are that must not be seen on a command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    /// The MCP servers on loopback.
    pub(crate) servers: Option<PathBuf>,
    /// The system prompt.
    pub(crate) system_prompt: Option<PathBuf>,
}

/// Shows no token.
impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer")
            .field("name", &self.name)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
