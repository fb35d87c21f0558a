//! `sprint agents check`: whether the agents can be used here.

use anyhow::Result;
use clap::Args;
use sprint_agents::checkup::{Checkup, Standing};
use sprint_agents::{AcpAgent, Environment};
use sprint_core::ports::AgentRunner as _;

use crate::agents::build::{self, Surroundings};
use crate::agents::{AgentArgs, Agents};
use crate::checks::{self, Line};
use crate::cli::{Cli, Usage};

/// Options of `agents check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Which agents, and how.
    #[command(flatten)]
    agents: AgentArgs,
}

/// Looks at the agents and says how each thing stands. The exit code says whether all is well.
pub(crate) fn check(cli: &Cli, args: &CheckArgs) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let found = runtime.block_on(look(&args.agents))?;
    let line = |one: &Checkup| Line {
        standing: one.standing.name(),
        what: one.what,
        found: one.found.clone(),
    };
    checks::show(cli, 13, &found.iter().map(line).collect::<Vec<_>>());
    let bad = found.iter().any(|one| one.standing == Standing::Bad);
    Ok(if bad { crate::ERROR } else { 0 })
}

async fn look(args: &AgentArgs) -> Result<Vec<Checkup>> {
    let around = Surroundings::bare(args)?;
    match &args.agents {
        None | Some(Agents::Claude) => Ok(build::claude(args, &[], &around)?.check().await),
        Some(Agents::Acp(words)) => {
            let environment = build::provider(args, around.environment);
            Ok(vec![greet(words.clone(), environment).await])
        }
        Some(Agents::Command(line)) => Err(Usage(format!(
            "`{line}` is any program; there is nothing to be checked but to run it"
        ))
        .into()),
    }
}

/// Starts an agent that speaks ACP, as far as its first words. That a key to the tracker keeps it from
/// being started is a part of it.
async fn greet(words: Vec<String>, environment: Environment) -> Checkup {
    let (standing, found) = match AcpAgent::find(words, environment).await {
        Ok(agent) => {
            let name = agent.name().unwrap_or("an agent without a name");
            let offers = agent.capabilities();
            let teams = ["without", "with"][usize::from(offers.teams)];
            let sessions = ["without", "with"][usize::from(offers.sessions)];
            let found = format!("{name}: {teams} teammates, {sessions} sessions to go on with");
            (Standing::Good, found)
        }
        Err(error) => (Standing::Bad, error.chain()),
    };
    Checkup {
        what: "protocol",
        standing,
        found,
    }
}
