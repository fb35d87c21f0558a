//! What an agent may do, asked use by use.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use sprint_core::domain::agent::{AgentTask, Grant, PermissionRequest};
use sprint_core::id::BlobId;

use crate::ask;
use crate::permission::{BadCommand, Mode, Scope, permissions};
use crate::profile::{Access, Profile};

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
    pub(super) fn is_trackers(&self) -> bool {
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
    /// Whether it may change it without a person seeing each change.
    pub(super) edits: bool,
    /// Commands it may run.
    pub(super) commands: Vec<Command>,
    /// Commands that nobody may run, whatever allows them.
    pub(super) forbidden: Vec<Command>,
    /// What people decided.
    pub(super) grants: Vec<Grant>,
    pub(super) undecided: Undecided,
}

/// Commands that are allowed by one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// This line.
    Line(String),
    /// This line, with any arguments behind it.
    WithArguments(String),
}

/// The rule that allows changes of the workspace.
const EDITS: &str = "Edit(./**)";

impl Command {
    /// Those among rules as text.
    fn among(rules: &[String]) -> Vec<Self> {
        let commands = rules
            .iter()
            .filter_map(|rule| rule.strip_prefix("Bash(")?.strip_suffix(')'));
        commands
            .map(|command| match command.strip_suffix(":*") {
                Some(command) => Self::WithArguments(command.to_owned()),
                None => Self::Line(command.to_owned()),
            })
            .collect()
    }

    /// Whether some part of a line is this command, whatever follows it.
    fn is_in(&self, line: &str) -> bool {
        let (Self::Line(command) | Self::WithArguments(command)) = self;
        line.split([';', '&', '|', '\n', '(', '`']).any(|part| {
            let words = part.split_whitespace();
            let mut words = words.skip_while(|word| word.contains('='));
            command.split(' ').all(|word| words.next() == Some(word))
        })
    }

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
    /// What an agent with this task may do.
    pub(super) fn of(
        mode: Mode,
        task: &AgentTask,
        commands: &[String],
    ) -> Result<Self, BadCommand> {
        let commands: Vec<_> = commands.iter().map(String::as_str).collect();
        let profile = Profile::of(task.role, &task.assignment);
        let scope = Scope {
            task,
            commands: &commands,
            browser: None,
            own_tools: &[],
        };
        let rules = permissions(mode, &profile, &scope)?;
        let given = task.workspace.clone();
        let real = given.canonicalize().ok();
        Ok(Self {
            writes: profile.access == Access::Write,
            edits: rules.allow.iter().any(|rule| rule == EDITS),
            workspace: [given].into_iter().chain(real).collect(),
            commands: Command::among(&rules.allow),
            forbidden: Command::among(&rules.deny),
            grants: task.grants.clone(),
            undecided: match mode {
                // Where the user's settings decide, what they leave open is refused, as it is
                // where rules decide.
                Mode::AutoApprove | Mode::PreConfigured => Undecided::Refuse,
                Mode::SkipAll => Undecided::Allow,
                Mode::Manual => Undecided::Ask,
            },
        })
    }

    /// Nothing at all.
    pub(super) const fn none() -> Self {
        Self {
            writes: false,
            edits: false,
            workspace: Vec::new(),
            commands: Vec::new(),
            forbidden: Vec::new(),
            grants: Vec::new(),
            undecided: Undecided::Refuse,
        }
    }

    pub(super) fn decide(&self, wanted: &Use) -> Decision {
        if wanted.is_trackers() {
            return Decision::Refuse;
        }
        let line = wanted.command().map(str::trim);
        if line.is_some_and(|line| self.forbidden.iter().any(|rule| rule.is_in(line))) {
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
        let covered =
            || line.is_some_and(|line| self.commands.iter().any(|rule| rule.covers(line)));
        let allowed = match wanted.kind {
            Kind::Look => wanted.paths.iter().all(|path| self.is_inside(path)),
            Kind::Change => {
                self.edits
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
