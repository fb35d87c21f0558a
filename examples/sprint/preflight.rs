//! `sprint preflight`: whether a sprint could start, and what to know before. `sprint run` goes through
//! the same list before it starts a new sprint.

mod confirm;
mod gather;

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Args;
use sprint_core::preflight::facts::Confirmed;
use sprint_core::preflight::{Checklist, check};

pub(crate) use crate::preflight::confirm::confirm_branch;
pub(crate) use crate::preflight::gather::{Sources, gather};

use crate::agents::AgentArgs;
use crate::agents::build::{self, Surroundings};
use crate::cli::Cli;
use crate::run::GitRoot;
use crate::tracker::TrackerArgs;
use crate::{problem, say, wire};

pub(crate) const PREFLIGHT_HELP: &str = "\
Example:

  $ sprint preflight
  ok      branch      main (as configured)
                      4f1c0d9e8b Add the parser
  ok      tracker     tickets: 3 tickets to be done, the first is ENG-1 \"Print\" (Todo)
  -       statement   there is none
  ready to start

Each step is `ok`, `warn` (the sprint can start, and you should know), `FAILED` (it must not start; the
last line says what to do) or `-` (nothing to judge). What comes after a failed step is not judged.

Exit code: 0 if a sprint could start, else 1.";

/// Options of `preflight`.
#[derive(Debug, Args)]
pub(crate) struct PreflightArgs {
    /// Where the tickets are.
    #[command(flatten)]
    pub(crate) tracker: TrackerArgs,
    /// Who does the work.
    #[command(flatten)]
    pub(crate) agents: AgentArgs,
    /// Go without browser tests this once, although the configuration has them.
    #[arg(long)]
    pub(crate) skip_e2e: bool,
}

/// Goes through the list and shows it. Returns the exit code.
pub(crate) fn preflight(cli: &Cli, args: &PreflightArgs) -> Result<u8> {
    let folder = cli.repo.canonicalize();
    let folder = folder.with_context(|| format!("no folder {}", cli.repo.display()))?;
    let root = GitRoot::find(&folder)?.0;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let list = runtime.block_on(look(cli, args, &root))?;
    runtime.shutdown_background();
    show(&list, cli.json)?;
    Ok(if list.is_ready() { 0 } else { crate::ERROR })
}

async fn look(cli: &Cli, args: &PreflightArgs, root: &Path) -> Result<Checklist> {
    let chosen = problem::to_look_at(root, cli.problem_id.as_ref())?;
    let mut config = wire::configuration(root, cli.config.as_ref(), chosen.problem())?;
    build::configure(&args.agents, &mut config)?;
    // Nothing is started, so nothing is needed around it.
    let around = Surroundings::bare(&args.agents)?;
    let agents = build::runner(&args.agents, &config, &around).await?;
    let tracker = args.tracker.open(root, &config, None, None).await?;
    let facts = gather(&Sources {
        chosen: &chosen,
        config: &config,
        tracker,
        teams: agents.capabilities().teams,
        permissions: args.agents.permissions_in_words(),
        skip_e2e: args.skip_e2e,
        confirmed: Confirmed::ByConfiguration,
        look_for_sprint: true,
    })
    .await?;
    Ok(check(&facts))
}

/// Shows the list: on standard output.
pub(crate) fn show(list: &Checklist, json: bool) -> Result<()> {
    if json {
        let value = serde_json::to_value(list)?;
        let ready = list.is_ready();
        say(&serde_json::json!({ "preflight": value, "ready": ready }).to_string());
    } else {
        say(&list.text());
    }
    Ok(())
}
