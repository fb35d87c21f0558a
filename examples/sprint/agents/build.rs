//! From options to a runner of agents.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use sprint_agents::permission::Mode;
use sprint_agents::profile::Models;
use sprint_agents::{AcpAgent, ByRole, ClaudeAgent, CommandAgent, Environment, Leases};
use sprint_core::domain::agent::Role;
use sprint_core::domain::command::CommandLine;
use sprint_core::domain::config::SprintConfig;
use sprint_core::ports::AgentRunner;
use sprint_core::run::snapshot::Snapshot;
use sprint_core::run::state::Phase;

use crate::agents::{AgentArgs, Agents, Permissions};
use crate::cli::Usage;

/// Credentials of model providers. The tracker's is none of them.
const CREDENTIALS: [&str; 3] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
];

/// The way to the provider, if it is not the usual one, and whether this is a sandbox.
const PROVIDER: [&str; 5] = [
    "ANTHROPIC_BASE_URL",
    "HTTPS_PROXY",
    "NO_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "IS_SANDBOX",
];

/// What every agent and every gate command gets.
pub(crate) struct Surroundings {
    pub(crate) environment: Environment,
    pub(crate) leases: Option<Arc<Leases>>,
    pub(crate) silence: Option<Duration>,
}

impl Surroundings {
    /// Those of a look at agents, without a sprint.
    pub(crate) fn bare(args: &AgentArgs) -> Result<Self> {
        Ok(Self {
            environment: environment(args)?,
            leases: None,
            silence: None,
        })
    }

    /// Those of a sprint, whose state is in this directory.
    pub(crate) fn of(args: &AgentArgs, config: &SprintConfig, state: &Path) -> Result<Self> {
        let leases =
            Leases::of_user(state).context("cannot lease ports and scratch directories")?;
        let silence = Duration::from_secs(config.silence_timeout_s);
        Ok(Self {
            environment: environment(args)?.owned_by(state),
            leases: Some(Arc::new(leases)),
            silence: (!silence.is_zero()).then_some(silence),
        })
    }

    /// Gives ports and scratch directories back, if the sprint is over.
    pub(crate) fn end(&self, snapshot: &Snapshot) {
        let over = matches!(snapshot.sprint.phase, Phase::Complete { .. });
        let Some(leases) = self.leases.as_ref().filter(|_| over) else {
            return;
        };
        if let Err(error) = leases.end(&snapshot.plan.sprint) {
            eprintln!("note: scratch directories of the sprint are left: {error}");
        }
    }
}

/// The agents that are asked for.
pub(crate) async fn runner(
    args: &AgentArgs,
    config: &SprintConfig,
    around: &Surroundings,
) -> Result<Arc<dyn AgentRunner>> {
    let rest = match &args.agents {
        Some(rest) => Some(rest),
        None if args.agent.is_empty() => Some(&Agents::Claude),
        None => None,
    };
    let install = config.install_cmd.as_ref().map(ToString::to_string);
    let commands: Vec<_> = install.into_iter().collect();
    let mut agents = ByRole::new();
    match rest {
        Some(Agents::Claude) => {
            agents = agents.with_rest(Arc::new(claude(args, &commands, around)?));
        }
        Some(Agents::Acp(words)) => {
            agents = agents.with_rest(Arc::new(acp(words, args, commands, around).await?));
        }
        Some(Agents::Command(line)) => {
            let lines = Role::ALL.map(|role| (role, line.clone()));
            agents = agents.with_rest(Arc::new(command(lines.into(), around)));
        }
        None => {}
    }
    for (role, line) in &args.agent {
        let lines = BTreeMap::from([(*role, line.clone())]);
        agents = agents.with(*role, Arc::new(command(lines, around)));
    }
    Ok(Arc::new(agents))
}

/// Claude Code, with the credential of its provider.
pub(crate) fn claude(
    args: &AgentArgs,
    commands: &[String],
    around: &Surroundings,
) -> Result<ClaudeAgent> {
    let program = args.claude.clone().unwrap_or_else(|| "claude".into());
    let environment = provider(args, around.environment.clone());
    let mut agent = ClaudeAgent::new(program, environment)
        .with_mode(mode(args.permissions))
        .with_commands(commands);
    if args.claude_settings {
        agent = agent.with_settings();
    }
    if let Some(limit) = around.silence {
        agent = agent.with_silence_limit(limit);
    }
    if let Some(leases) = &around.leases {
        agent = agent.with_leases(Arc::clone(leases));
    }
    if let Some(scripted) = &args.scripted {
        agent = agent.with_config_directory(&scripted.config_directory);
    }
    Ok(agent)
}

async fn acp(
    words: &[String],
    args: &AgentArgs,
    commands: Vec<String>,
    around: &Surroundings,
) -> Result<AcpAgent> {
    let environment = provider(args, around.environment.clone());
    let mut agent = AcpAgent::find(words.to_vec(), environment)
        .await?
        .with_mode(mode(args.permissions))
        .with_commands(commands);
    if let Some(limit) = around.silence {
        agent = agent.with_silence_limit(limit);
    }
    if let Some(leases) = &around.leases {
        agent = agent.with_leases(Arc::clone(leases));
    }
    Ok(agent)
}

fn command(lines: BTreeMap<Role, CommandLine>, around: &Surroundings) -> CommandAgent {
    let mut agent = CommandAgent::new(lines, around.environment.clone());
    if let Some(limit) = around.silence {
        agent = agent.with_silence_limit(limit);
    }
    if let Some(leases) = &around.leases {
        agent = agent.with_leases(Arc::clone(leases));
    }
    agent
}

/// What agents and gate commands inherit. A credential is never among it.
fn environment(args: &AgentArgs) -> Result<Environment> {
    let environment = Environment::inherit_with(&args.pass_env);
    for name in &args.pass_env {
        if environment.get(name).is_none() {
            let text = format!("--pass-env {name}: it is not set, or looks like a credential");
            return Err(Usage(text).into());
        }
    }
    Ok(environment)
}

/// The environment with the credential of the model provider, and the way to it.
pub(crate) fn provider(args: &AgentArgs, environment: Environment) -> Environment {
    if let Some(scripted) = &args.scripted {
        return environment
            .with("ANTHROPIC_BASE_URL", &scripted.base_url)
            .with_secret("ANTHROPIC_API_KEY", "scripted");
    }
    let set = |names: &'static [&'static str]| {
        let values = names.iter().map(|name| (*name, std::env::var_os(name)));
        values.filter_map(|(name, value)| Some((name, value?)))
    };
    let environment = set(&PROVIDER).fold(environment, |all, (name, value)| all.with(name, value));
    set(&CREDENTIALS).fold(environment, |all, (name, value)| {
        match value.into_string() {
            Ok(value) => all.with_secret(name, value),
            Err(_) => all,
        }
    })
}

/// Puts what the command line says into the configuration of a new sprint.
pub(crate) fn configure(args: &AgentArgs, config: &mut SprintConfig) -> Result<()> {
    for (role, model) in &args.model {
        // Asked here, so that a refusal names the option.
        Models::default()
            .model(*role, Some(model))
            .map_err(|refused| Usage(format!("--model {role}={model}: {refused}")))?;
        config.models.insert(*role, model.clone());
    }
    let limits = [
        (args.max_cost, &mut config.max_cost_cents),
        (args.max_ticket_cost, &mut config.max_ticket_cost_cents),
        (args.max_agent_cost, &mut config.max_agent_cost_cents),
    ];
    for (given, limit) in limits {
        *limit = given.unwrap_or(*limit);
    }
    Ok(())
}

const fn mode(permissions: Permissions) -> Mode {
    match permissions {
        Permissions::Auto => Mode::AutoApprove,
        Permissions::SkipAll => Mode::SkipAll,
        Permissions::Manual => Mode::Manual,
        Permissions::PreConfigured => Mode::PreConfigured,
    }
}
