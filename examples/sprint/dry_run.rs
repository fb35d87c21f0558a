//! `sprint dry-run`: whether a sprint would get off the ground. Reads, and changes nothing.

mod commands;
mod files;
mod gather;
mod plan;
mod sprints;

use anyhow::{Context as _, Result};
use clap::Args;
use sprint_core::readiness::{Finding, Severity, assess};
use sprint_core::report::readiness;

use crate::cli::Cli;
use crate::run::GitRoot;
use crate::say;
use crate::tracker::TrackerArgs;
use files::Place;
use gather::Gathered;

/// Exit code where there is nothing to report on.
const STOPPED: u8 = 3;

/// What `sprint dry-run --help` teaches.
pub(crate) const DRY_RUN_HELP: &str = "\
The plan is .claude/sprints/ID/sprint-hints.json where planning left one. Without it the plan is \
made of the tickets that linear_filter picks: files are listed in their sections \"Files to Create\" \
and \"Files to Modify\", and dependencies are those of the tracker.

Example: the demo, before it is run

  $ sprint demo --dir /tmp/demo --create-only
  $ sprint dry-run --repo /tmp/demo --problem-id demo
  ...
  3. Files
    LEVEL  FILE       TICKETS (WAVE)
    HIGH   hours.txt  DEMO-4 modifies (1), DEMO-5 modifies (1)
  ...
  WARNING (1)
    DR-GHOST-DEP  lib/say.sh is imported by files in no ticket: lib/greet.sh (DEMO-6)
        → add the importers to the scope, or keep what they use
  ...
  Verdict: READY_WITH_WARNINGS

The verdict counts: READY without CRITICAL and HIGH findings, READY_WITH_WARNINGS with one or two \
HIGH, else NOT_READY. WARNING and INFO never change it.

Files are looked at as they are on base, for that is what tickets start from. No command of the gate \
is run.

Exit codes: 0 READY · 1 READY_WITH_WARNINGS · 2 NOT_READY, or wrong usage · 3 nothing to report on, \
or an error";

/// Options of `dry-run`.
#[derive(Debug, Args)]
pub(crate) struct DryRunArgs {
    /// Where the tickets are.
    #[command(flatten)]
    pub(crate) tracker: TrackerArgs,
}

/// Prints the report. Every error is code 3, for 1 and 2 are verdicts.
pub(crate) fn dry_run(cli: &Cli, args: &DryRunArgs) -> u8 {
    match report(cli, args) {
        Ok(code) => code,
        Err(error) => {
            if cli.json {
                say(&serde_json::json!({ "error": format!("{error:#}") }).to_string());
            } else {
                eprintln!("error: {error:#}");
            }
            STOPPED
        }
    }
}

fn report(cli: &Cli, args: &DryRunArgs) -> Result<u8> {
    let root = cli
        .repo
        .canonicalize()
        .with_context(|| format!("no folder {}", cli.repo.display()))?;
    let root = GitRoot::find(&root)?.0;
    let place = Place::find(&root, cli.problem_id.as_ref())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let gathered = gather::gather(&root, place, cli.config.as_ref(), &args.tracker);
    let report = match runtime.block_on(gathered)? {
        Gathered::Facts(facts) => assess(&facts),
        Gathered::Stopped(finding) => {
            stopped(cli, &finding);
            return Ok(STOPPED);
        }
    };
    if cli.json {
        let mut document = serde_json::to_value(&report)?;
        document["exit_code"] = report.verdict.exit_code().into();
        say(&document.to_string());
    } else {
        say(readiness::readiness(&report).trim_end());
    }
    Ok(report.verdict.exit_code())
}

fn stopped(cli: &Cli, finding: &Finding) {
    if cli.json {
        let document = serde_json::json!({ "findings": [finding], "exit_code": STOPPED });
        say(&document.to_string());
    } else {
        say(&format!(
            "{}\n  {}",
            Severity::Fatal,
            readiness::finding(finding)
        ));
    }
}
