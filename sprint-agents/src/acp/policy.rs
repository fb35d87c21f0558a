//! What an agent may do, asked use by use.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use sprint_core::domain::agent::{Grant, PermissionRequest};
use sprint_core::id::BlobId;

use crate::ask;

/// One use of a tool, as the agent describes it. All of it is untrusted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Use {
    /// The tool's name where the agent tells it, else what it calls the use.
    pub(super) tool: String,
    pub(super) kind: Kind,
    /// The files it is about.
    pub(super) paths: Vec<PathBuf>,
    pub(super) input: Option<Value>,
}

/// What a use does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// Looks at files, or thinks.
    Look,
    /// Changes files.
    Change,
    /// Runs a command.
    Execute,
    /// Anything else.
    #[default]
    Other,
}

impl Use {
    fn command(&self) -> Option<&str> {
        self.input.as_ref()?.get("command")?.as_str()
    }

    /// Whether this is a tool of the tracker. What merely speaks of it, such as a search, is not.
    fn is_trackers(&self) -> bool {
        let tool = self.tool.to_lowercase();
        tool.contains("linear") && (self.kind == Kind::Other || tool.starts_with("mcp_"))
    }

    /// The same use as something a person can decide about.
    pub(super) fn request(&self) -> PermissionRequest {
        let whole = match (self.command(), &self.input) {
            (Some(command), _) => command.to_owned(),
            (None, Some(input)) => input.to_string(),
            (None, None) => String::new(),
        };
        let digest = BlobId::of(
            [self.tool.as_bytes(), b"\0", whole.as_bytes()]
                .concat()
                .as_slice(),
        );
        PermissionRequest {
            tool: self.tool.clone(),
            input: whole,
            digest: digest.to_string(),
        }
    }
}

/// What becomes of a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allow,
    Refuse,
    /// A person is to decide; the agent stops here.
    Ask,
}

/// What becomes of a use that no rule decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "modes come with the permission module")
)]
pub(super) enum Undecided {
    Refuse,
    Allow,
    Ask,
}

/// What one agent may do.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// Whether it may change its workspace.
    pub(super) writes: bool,
    /// Its workspace, by every name that leads there.
    pub(super) workspace: Vec<PathBuf>,
    /// Commands it may run.
    pub(super) commands: Vec<Command>,
    /// What people decided.
    pub(super) grants: Vec<Grant>,
    pub(super) undecided: Undecided,
}

/// Commands that are allowed by one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "rules come with the permission module")
)]
pub(super) enum Command {
    /// This line.
    Line(String),
    /// This line, with any arguments behind it.
    WithArguments(String),
}

impl Command {
    fn covers(&self, line: &str) -> bool {
        match self {
            Self::Line(allowed) => line == allowed,
            Self::WithArguments(allowed) => {
                line.strip_prefix(allowed.as_str()).is_some_and(|rest| {
                    (rest.is_empty() || rest.starts_with(' ')) && rest.chars().all(is_plain)
                })
            }
        }
    }
}

/// Whether a character means nothing to a shell. Quotes do, but they only join words.
fn is_plain(c: char) -> bool {
    !c.is_control() && !";&|<>$`\\(){}*?[]!#~".contains(c)
}

impl Policy {
    /// Nothing at all.
    pub(super) const fn none() -> Self {
        Self {
            writes: false,
            workspace: Vec::new(),
            commands: Vec::new(),
            grants: Vec::new(),
            undecided: Undecided::Refuse,
        }
    }

    pub(super) fn decide(&self, wanted: &Use) -> Decision {
        if wanted.is_trackers() {
            return Decision::Refuse;
        }
        if is_ask(&wanted.tool) {
            return Decision::Allow;
        }
        let digest = wanted.request().digest;
        if let Some(grant) = self
            .grants
            .iter()
            .find(|grant| grant.request.digest == digest)
        {
            return match grant.allowed {
                true => Decision::Allow,
                false => Decision::Refuse,
            };
        }
        let line = wanted.command().map(str::trim);
        let covered =
            || line.is_some_and(|line| self.commands.iter().any(|rule| rule.covers(line)));
        let allowed = match wanted.kind {
            Kind::Look => wanted.paths.iter().all(|path| self.is_inside(path)),
            // In manual mode a person sees every change.
            Kind::Change => {
                self.writes
                    && self.undecided != Undecided::Ask
                    && !wanted.paths.is_empty()
                    && wanted.paths.iter().all(|path| self.is_own_file(path))
            }
            Kind::Execute => covered(),
            Kind::Other => false,
        };
        match self.undecided {
            _ if allowed => Decision::Allow,
            _ if !self.writes => Decision::Refuse,
            Undecided::Refuse => Decision::Refuse,
            Undecided::Allow => Decision::Allow,
            Undecided::Ask => Decision::Ask,
        }
    }

    fn is_inside(&self, path: &Path) -> bool {
        let climbs = path.components().any(|part| part == Component::ParentDir);
        !climbs
            && (path.is_relative() || self.workspace.iter().any(|place| path.starts_with(place)))
    }

    /// Inside, and nothing that rules what agents or git do.
    fn is_own_file(&self, path: &Path) -> bool {
        let ruling = |part: Component<'_>| {
            let name = part.as_os_str().to_ascii_lowercase();
            [".git", ".claude", ".mcp.json", "opencode.json", ".opencode"]
                .iter()
                .any(|ruling| name == *ruling)
        };
        let within = self
            .workspace
            .iter()
            .find_map(|place| path.strip_prefix(place).ok())
            .unwrap_or(path);
        self.is_inside(path) && !within.components().any(ruling)
    }
}

/// Whether this is our own tool, by one of the names agents give it.
fn is_ask(tool: &str) -> bool {
    let (server, name) = (ask::SERVER, ask::TOOL);
    tool == name
        || tool == format!("mcp__{server}__{name}")
        || tool == format!("{server}_{name}")
        || tool == format!("{server}/{name}")
}

#[cfg(test)]
mod tests;
