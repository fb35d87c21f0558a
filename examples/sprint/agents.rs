//! Who does the work: which agents, on which models, with which permissions.

pub(crate) mod build;
pub(crate) mod check;

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use sprint_agents::permission::suggestion::Suggestion;
use sprint_core::domain::agent::Role;
use sprint_core::domain::command::CommandLine;

use crate::cli::Cli;
use crate::money::amount;
use crate::{say, wire};

/// Options about agents.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AgentArgs {
    /// The agents: `claude`; `acp:COMMAND` for a program that speaks the Agent Client Protocol; or
    /// `command:COMMAND` for any program that reads its task as JSON on standard input and answers
    /// with JSON on the last line of its output.
    /// Default: `claude`, or what `--agent` names and nothing else.
    #[arg(long, value_name = "AGENTS")]
    pub(crate) agents: Option<Agents>,
    /// The program for one role (context, worker, review, completion, …) in the place of
    /// `--agents`, spoken to as `command:` ones are; may be repeated.
    #[arg(long, value_name = "ROLE=COMMAND", value_parser = role_command)]
    pub(crate) agent: Vec<(Role, CommandLine)>,
    /// The model for one role, in the place of the one that the configuration names; may be
    /// repeated. Models of the haiku family are refused.
    #[arg(long, value_name = "ROLE=MODEL", value_parser = role_model)]
    pub(crate) model: Vec<(Role, String)>,
    /// What agents may do without asking. It is never remembered: say it at every start.
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    pub(crate) permissions: Permissions,
    /// What the whole sprint may cost, in US dollars.
    #[arg(long, value_name = "USD", value_parser = cents)]
    pub(crate) max_cost: Option<u64>,
    /// What one ticket may cost, in US dollars.
    #[arg(long, value_name = "USD", value_parser = cents)]
    pub(crate) max_ticket_cost: Option<u64>,
    /// What one run of one agent may cost, in US dollars.
    #[arg(long, value_name = "USD", value_parser = cents)]
    pub(crate) max_agent_cost: Option<u64>,
    /// The Claude Code program.
    /// Default: `claude`, found by `PATH`.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) claude: Option<PathBuf>,
    /// Let the Claude settings of the user and of the repository take effect: hooks, which run with
    /// your rights, instructions, skills.
    #[arg(long)]
    pub(crate) claude_settings: bool,
    /// Hand this environment variable to agents, beside the usual ones; may be repeated. Names that
    /// look like credentials are refused.
    #[arg(long, value_name = "NAME")]
    pub(crate) pass_env: Vec<String>,
    /// A model that is played inside this program, in the place of a provider's.
    #[arg(skip)]
    pub(crate) scripted: Option<Scripted>,
}

/// Where a model that is played inside this program can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    pub(crate) base_url: String,
    /// Keeps what the agents' program stores apart from the user's own.
    pub(crate) config_directory: PathBuf,
}

/// Which agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Agents {
    /// Claude Code.
    Claude,
    /// A program that speaks the Agent Client Protocol, with its arguments.
    Acp(Vec<String>),
    /// Any program.
    Command(CommandLine),
}

impl FromStr for Agents {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "claude" {
            return Ok(Self::Claude);
        }
        match text.split_once(':') {
            Some(("acp", line)) => {
                let words = shell_words::split(line).map_err(|error| format!("{line}: {error}"))?;
                if words.is_empty() {
                    return Err("acp: needs a program, for example `acp:opencode acp`".into());
                }
                Ok(Self::Acp(words))
            }
            Some(("command", line)) => command_line(line).map(Self::Command),
            Some(_) | None => Err(format!(
                "{text:?} is none of `claude`, `acp:COMMAND` and `command:COMMAND`"
            )),
        }
    }
}

/// What agents may do without asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Permissions {
    /// The configured commands, editing inside the worktree, and committing; nothing else.
    #[default]
    Auto,
    /// Everything. Only for a machine that may be thrown away.
    SkipAll,
    /// Editing inside the worktree; anything else waits for a person: the ticket is parked, and
    /// `--permit TICKET` or `--deny TICKET` decides.
    Manual,
    /// What your own Claude settings allow.
    PreConfigured,
}

impl AgentArgs {
    /// What agents may do without asking, for people.
    pub(crate) const fn permissions_in_words(&self) -> &'static str {
        match self.permissions {
            Permissions::Auto => "auto: configured commands, edits in the worktree, commits",
            Permissions::SkipAll => "skip-all: everything, without asking",
            Permissions::Manual => "manual: edits in the worktree; a person is asked for the rest",
            Permissions::PreConfigured => "pre-configured: what your own settings allow",
        }
    }
}

/// Prints the rules that agents of this sprint need.
pub(crate) fn permissions(cli: &Cli) -> anyhow::Result<u8> {
    let root = cli.repo.canonicalize()?;
    let problem = wire::problem(&root, cli.problem_id.as_ref())?;
    let config = wire::configuration(&root, cli.config.as_ref(), &problem)?;
    say(&Suggestion::of(&config)?.agent_settings());
    Ok(0)
}

fn command_line(text: &str) -> Result<CommandLine, String> {
    CommandLine::new(text).ok_or_else(|| "the command is empty".to_owned())
}

fn role(text: &str, example: &str) -> Result<(Role, String), String> {
    let (role, value) = text
        .split_once('=')
        .ok_or_else(|| format!("expected {example}"))?;
    let role = Role::parse(role).ok_or_else(|| {
        let names = Role::ALL.map(Role::name).join(", ");
        format!("{role:?} is not a role; roles are {names}")
    })?;
    Ok((role, value.to_owned()))
}

fn role_command(text: &str) -> Result<(Role, CommandLine), String> {
    let (role, line) = role(text, "ROLE=COMMAND, for example worker=./agent.sh")?;
    Ok((role, command_line(&line)?))
}

fn role_model(text: &str) -> Result<(Role, String), String> {
    let (role, model) = role(text, "ROLE=MODEL, for example worker=opus")?;
    if model.trim().is_empty() {
        return Err(format!("the model for {role} is empty"));
    }
    Ok((role, model))
}

/// Dollars, with at most two digits behind the point, as cents.
fn cents(text: &str) -> Result<u64, String> {
    let cents = amount(text, 2)?;
    if cents == 0 {
        return Err("a limit of nothing would let nothing begin".into());
    }
    Ok(cents)
}
