//! Whether a session is the one that was asked for.

use std::path::{Path, PathBuf};

use crate::claude::launch::{Launch, Mode};
use crate::claude::outcome::Cause;
use crate::claude::protocol::{Init, Server};

/// The tool through which a value of the schema is given.
const ANSWER_TOOL: &str = "StructuredOutput";

/// The families of models, each of which has an alias of its name.
const FAMILIES: [&str; 3] = ["opus", "sonnet", "haiku"];

/// What a session has to be.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    /// Without symbolic links.
    directory: PathBuf,
    session: String,
    models: Vec<String>,
    pub(crate) mode: Mode,
    tools: Vec<String>,
    schema: bool,
    host_servers: Vec<String>,
    http_servers: Vec<String>,
}

impl Expected {
    /// What a session started by `launch` in `directory` has to be.
    pub(crate) fn of(launch: &Launch, directory: &Path) -> Self {
        let models = std::iter::once(&launch.model).chain(&launch.fallback_model);
        let names = launch.http_servers.iter().map(|server| server.name.clone());
        Self {
            directory: directory.to_owned(),
            session: launch.session.id().as_str().to_owned(),
            models: models.cloned().collect(),
            mode: launch.mode,
            tools: launch.tools.clone(),
            schema: launch.schema.is_some(),
            host_servers: launch.host_servers.clone(),
            http_servers: names.collect(),
        }
    }

    pub(crate) const fn wants_value(&self) -> bool {
        self.schema
    }

    /// What the servers it started say about readiness. Those that we play are not among them
    /// before the first turn.
    pub(crate) fn servers(&self, found: &[Server]) -> Servers {
        if let Some(server) = found.iter().find(|server| !self.knows(&server.name)) {
            return Servers::Unasked(server.name.clone());
        }
        let state = |name: &String| {
            let found = found.iter().find(|server| server.name == *name);
            found.map_or("not started", |server| &server.status)
        };
        let waiting: Vec<_> = self
            .http_servers
            .iter()
            .map(|name| (name.clone(), state(name).to_owned()))
            .filter(|(_, state)| state != CONNECTED)
            .collect();
        if waiting.is_empty() {
            return Servers::Ready;
        }
        let coming = |state: &str| matches!(state, "pending" | "not started");
        if waiting.iter().all(|(_, state)| coming(state)) {
            Servers::Pending(waiting)
        } else {
            Servers::Failed(waiting)
        }
    }

    /// What is wrong with a session that describes itself like this.
    pub(crate) fn flaw(&self, init: &Init) -> Option<Cause> {
        let breach = |what| Some(Cause::Breach(what));
        if let Some(name) = tracker(init) {
            return breach(format!("the session can reach the tracker: {name}"));
        }
        if Path::new(&init.cwd) != self.directory {
            return breach(format!("the session runs in {}", init.cwd));
        }
        if init.mode != self.mode.name() {
            return breach(format!("the session's permission mode is {}", init.mode));
        }
        if let Some(tool) = init.tools.iter().find(|tool| !self.offers(tool)) {
            return breach(format!(
                "the session has the tool {tool}, which nobody gave it"
            ));
        }
        let mut servers = init.mcp_servers.iter();
        if let Some(server) = servers.find(|server| !self.knows(&server.name)) {
            let name = &server.name;
            return breach(format!(
                "the session has the MCP server {name}, which nobody gave it"
            ));
        }
        let unexpected = |what| Some(Cause::Unexpected(what));
        let all = self.host_servers.iter().chain(&self.http_servers);
        for name in all {
            let found = init.mcp_servers.iter().find(|server| server.name == *name);
            match found.map(|server| server.status.as_str()) {
                Some(CONNECTED) => {}
                Some(state) => {
                    return Some(Cause::Failed(format!("the MCP server {name} is {state}")));
                }
                None => return Some(Cause::Failed(format!("the MCP server {name} is missing"))),
            }
        }
        if init.session_id != self.session {
            return unexpected(format!("the session is {}", init.session_id));
        }
        if !self.models.iter().any(|model| is_model(model, &init.model)) {
            return unexpected(format!("the session uses the model {}", init.model));
        }
        None
    }

    fn knows(&self, server: &str) -> bool {
        let mut all = self.host_servers.iter().chain(&self.http_servers);
        all.any(|name| name == server)
    }

    fn offers(&self, tool: &str) -> bool {
        let mut servers = self.host_servers.iter().chain(&self.http_servers);
        let known_as = |asked: &str| asked == tool || (asked == "Agent" && tool == "Task");
        self.tools.iter().any(|asked| known_as(asked))
            || (self.schema && tool == ANSWER_TOOL)
            || servers.any(|server| {
                let rest = tool.strip_prefix("mcp__");
                let rest = rest.and_then(|rest| rest.strip_prefix(server.as_str()));
                rest.is_some_and(|rest| rest.starts_with("__"))
            })
    }
}

const CONNECTED: &str = "connected";

/// Whether the MCP servers of a session are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Servers {
    /// All are connected.
    Ready,
    /// Some are not yet: name and state.
    Pending(Vec<(String, String)>),
    /// Some will not be.
    Failed(Vec<(String, String)>),
    /// One of this name is there and must not be.
    Unasked(String),
}

/// Anything in a session that bears the tracker's name.
fn tracker(init: &Init) -> Option<&String> {
    let servers = init.mcp_servers.iter().map(|server| &server.name);
    servers.chain(&init.tools).find(|name| names_tracker(name))
}

/// Whether a name is, or may be, that of the tracker.
pub(crate) fn names_tracker(name: &str) -> bool {
    name.to_ascii_lowercase().contains("linear")
}

/// Whether `found`, a full name, is what was meant by `asked`, an alias or a full name.
fn is_model(asked: &str, found: &str) -> bool {
    let plain = |name: &str| name.split('[').next().unwrap_or(name).to_ascii_lowercase();
    let (asked, found) = (plain(asked), plain(found));
    let family = FAMILIES.into_iter().find(|family| asked.contains(family));
    asked == found || family.is_some_and(|family| found.contains(family))
}

#[cfg(test)]
mod tests;
