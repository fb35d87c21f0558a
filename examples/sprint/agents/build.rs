//! From options to a runner of agents.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use sprint_agents::acp::AcpAgent;
use sprint_agents::lease::Leases;
use sprint_agents::permission::Mode;
use sprint_agents::profile::Models;
use sprint_agents::{ByRole, ClaudeAgent, CommandAgent, Environment};
use sprint_core::domain::agent::Role;
use sprint_core::domain::command::CommandLine;
use sprint_core::domain::config::SprintConfig;
use sprint_core::ports::AgentRunner;

use crate::agents::{AgentArgs, Agents, Permissions};
use crate::cli::Usage;

/// Credentials of model providers. The tracker's is none of them.
const CREDENTIALS: [&str; 3] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
];

/// Where the provider is, if it is not where it always is.
const PROVIDER: [&str; 4] = [
    "ANTHROPIC_BASE_URL",
    "HTTPS_PROXY",
    "NO_PROXY",
    "NODE_EXTRA_CA_CERTS",
];

/// What every agent and every gate command gets.
pub(crate) struct Surroundings {
    pub(crate) environment: Environment,
    pub(crate) leases: Arc<Leases>,
    pub(crate) silence: Option<Duration>,
}

/// The agents that are asked for.
pub(crate) fn runner(
    args: &AgentArgs,
    config: &SprintConfig,
    around: &Surroundings,
) -> Result<Arc<dyn AgentRunner>> {
    let mut agents = ByRole::new();
    let rest = match &args.agents {
        Some(rest) => Some(rest),
        None if args.agent.is_empty() => Some(&Agents::Claude),
        None => None,
    };
    match rest {
        Some(Agents::Claude) => agents = agents.with_rest(Arc::new(claude(args, config, around)?)),
        Some(Agents::Acp(words)) => {
            agents = agents.with_rest(Arc::new(acp(words, args, config, around)?));
        }
        Some(Agents::Command(line)) => {
            let commands = Role::ALL.map(|role| (role, line.clone()));
            agents = agents.with_rest(Arc::new(command(commands.into(), around)));
        }
        None => {}
    }
    for (role, line) in &args.agent {
        let commands = BTreeMap::from([(*role, line.clone())]);
        agents = agents.with(*role, Arc::new(command(commands, around)));
    }
    Ok(Arc::new(agents))
}

/// Claude Code, with the credential of its provider.
pub(crate) fn claude(
    args: &AgentArgs,
    config: &SprintConfig,
    around: &Surroundings,
) -> Result<ClaudeAgent> {
    let program = args.claude.clone().unwrap_or_else(|| "claude".into());
    let environment = provider(args, around.environment.clone());
    let mut agent = ClaudeAgent::new(program, environment)
        .with_mode(mode(args.permissions))
        .with_commands(config.install_cmd.as_ref().map(ToString::to_string))
        .with_leases(Arc::clone(&around.leases));
    if args.claude_settings {
        agent = agent.with_settings();
    }
    if let Some(limit) = around.silence {
        agent = agent.with_silence_limit(limit);
    }
    if let Some(scripted) = &args.scripted {
        agent = agent.with_config_directory(&scripted.config_directory);
    }
    Ok(agent)
}

fn acp(
    words: &[String],
    args: &AgentArgs,
    config: &SprintConfig,
    around: &Surroundings,
) -> Result<AcpAgent> {
    todo!()
}

fn command(commands: BTreeMap<Role, CommandLine>, around: &Surroundings) -> CommandAgent {
    let agent = CommandAgent::new(commands, around.environment.clone())
        .with_leases(Arc::clone(&around.leases));
    match around.silence {
        Some(limit) => agent.with_silence_limit(limit),
        None => agent,
    }
}

/// The environment with the credential of the model provider, and the way to it.
fn provider(args: &AgentArgs, environment: Environment) -> Environment {
    if let Some(scripted) = &args.scripted {
        return environment
            .with("ANTHROPIC_BASE_URL", &scripted.base_url)
            .with_secret("ANTHROPIC_API_KEY", "scripted");
    }
    let environment = PROVIDER.into_iter().fold(environment, |environment, name| {
        match std::env::var_os(name) {
            Some(value) => environment.with(name, value),
            None => environment,
        }
    });
    CREDENTIALS.into_iter().fold(environment, |environment, name| {
        match std::env::var_os(name).and_then(|value| value.into_string().ok()) {
            Some(value) => environment.with_secret(name, value),
            None => environment,
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
