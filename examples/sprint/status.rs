//! `sprint status`: where a sprint stands, read without disturbing it.

use anyhow::{Context as _, Result};
use sprint_core::ports::StateStore as _;
use sprint_core::report::summary::Summary;

use crate::cli::Cli;
use crate::{problem, say, wire};

/// Prints the state of the sprint. Returns the exit code that running it would end with now.
pub(crate) fn status(cli: &Cli) -> Result<u8> {
    let root = cli
        .repo
        .canonicalize()
        .with_context(|| format!("no folder {}", cli.repo.display()))?;
    let chosen = problem::to_look_at(&root, cli.problem_id.as_ref())?;
    let problem = chosen.problem().clone();
    let store = wire::store(chosen.layout);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let saved = runtime.block_on(store.load())?;
    let Some(saved) = saved else {
        if cli.json {
            say(&serde_json::json!({ "problem": problem, "summary": null }).to_string());
        } else {
            say(&format!(
                "no sprint has run for {problem}; start one with `sprint run`"
            ));
        }
        return Ok(0);
    };
    let summary = Summary::new(&saved, None);
    if cli.json {
        say(&serde_json::json!({ "problem": problem, "summary": summary }).to_string());
    } else {
        say(summary.text(100).trim_end());
    }
    Ok(0)
}
