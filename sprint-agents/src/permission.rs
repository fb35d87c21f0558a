//! What agents may do without a person: modes, rules made from the sprint's own commands, and the
//! ban on the tracker.
//!
//! Rules are text that the agent's program compares with what it is about to run. They keep an
//! honest agent on the road; they are no wall. What an agent must never reach is kept from it by
//! giving it no credential and no server, and what it did is looked at afterwards.

pub mod ban;
pub mod matrix;
mod question;
mod rules;
pub mod suggestion;

use std::fmt;

use sprint_core::domain::agent::{AgentTask, Role};

pub(crate) use question::question;
pub use rules::BadCommand;
use rules::Rules;

use crate::profile::{Access, Profile};

/// Who decides about tools that nobody decided about before (spec 3.4). It is chosen anew each
/// time a sprint starts or goes on, and never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Rules made from the sprint's commands; everything else is refused.
    AutoApprove,
    /// Nobody: everything is allowed that is not forbidden.
    SkipAll,
    /// A person, each time.
    Manual,
    /// The rules in the user's own settings; everything else is refused.
    PreConfigured,
}

impl Mode {
    /// All modes, the recommended one first.
    pub const ALL: [Self; 4] = [
        Self::AutoApprove,
        Self::SkipAll,
        Self::Manual,
        Self::PreConfigured,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AutoApprove => "auto-approve",
            Self::SkipAll => "skip-all",
            Self::Manual => "manual",
            Self::PreConfigured => "pre-configured",
        }
    }

    /// Reads a mode by its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == text)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the rules of one agent are made from.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// What it is told: its checks, its ticket, where its changes begin.
    pub task: &'a AgentTask,
    /// Configured commands beside the checks, such as the one that installs dependencies.
    pub commands: &'a [&'a str],
    /// How the browser is driven, for an end-to-end agent: `agent-browser`, or what starts it.
    pub browser: Option<&'a str>,
    /// Tools of our own server, by their full names.
    pub own_tools: &'a [&'a str],
}

/// What one agent is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The value of `--permission-mode`.
    pub cli_mode: CliMode,
    /// Whether undecided uses of tools are asked about (`--permission-prompt-tool`). The session has
    /// to be kept then: it goes on when somebody has answered.
    pub asks: bool,
    /// Whether rules in the user's own settings are to count.
    pub reads_settings: bool,
    /// What is allowed, in a stable order.
    pub allow: Vec<String>,
    /// What is forbidden, whatever allows it; in a stable order.
    pub deny: Vec<String>,
}

/// How Claude Code treats what no rule decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CliMode {
    /// It is refused.
    DontAsk,
    /// It is asked about.
    Default,
    /// It is allowed. As root this needs `IS_SANDBOX=1` in the environment.
    BypassPermissions,
}

impl CliMode {
    /// The value of the option.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DontAsk => "dontAsk",
            Self::Default => "default",
            Self::BypassPermissions => "bypassPermissions",
        }
    }
}

/// What an agent with this profile is started with.
///
/// Roles that only read are never let off the rules, and never get more than they need to read:
/// there is nothing in their work that anyone would have to be asked about. Where a person decides,
/// a worker may write to its workspace, which is looked at afterwards anyway, and is asked about
/// everything else.
///
/// # Errors
///
/// A configured command that cannot become a rule which allows this command and nothing else.
pub fn permissions(
    mode: Mode,
    profile: &Profile,
    scope: &Scope<'_>,
) -> Result<Permissions, BadCommand> {
    let writes = profile.access == Access::Write;
    // Only a worker's question can wait for a person; the other roles keep to the rules.
    let asks = mode == Mode::Manual && profile.role == Role::Worker;
    let mut rules = Rules::default();
    match (mode, writes) {
        (Mode::Manual, true) if asks => rules.workspace(),
        (Mode::AutoApprove | Mode::Manual, true) => {
            rules.workspace();
            for command in scope.task.checks.values() {
                rules.command(command)?;
            }
            for command in scope.commands {
                rules.command(command)?;
            }
            rules.git_work();
        }
        (Mode::SkipAll | Mode::PreConfigured, true) => {}
        (_, false) => {
            if profile.role == Role::E2e {
                let driver = scope.browser.unwrap_or("agent-browser");
                rules.with_arguments(&format!("{driver} --session {}", scope.task.ticket))?;
                for command in scope.commands {
                    rules.command(command)?;
                }
            } else if profile.runs_commands() {
                rules.git_reading(&scope.task.work_base);
            }
        }
    }
    for tool in scope.own_tools {
        rules.add(tool);
    }
    let mut deny = Rules::forbidden();
    if asks {
        // They come with the ability to ask, and nobody would answer.
        for tool in ["AskUserQuestion", "EnterPlanMode", "ExitPlanMode"] {
            deny.add(tool);
        }
    }
    Ok(Permissions {
        cli_mode: match mode {
            Mode::SkipAll if writes => CliMode::BypassPermissions,
            Mode::Manual if asks => CliMode::Default,
            Mode::AutoApprove | Mode::SkipAll | Mode::Manual | Mode::PreConfigured => {
                CliMode::DontAsk
            }
        },
        asks,
        reads_settings: mode == Mode::PreConfigured && writes,
        allow: rules.into_vec(),
        deny: deny.into_vec(),
    })
}

#[cfg(test)]
mod tests;
