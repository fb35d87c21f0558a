//! `sprint revert` and `sprint reland`: landed tickets off base, and onto it again.

use anyhow::{Result, bail};
use clap::Args;
use sprint_core::id::TicketId;
use sprint_core::run::input::Command;
use sprint_core::run::snapshot::Snapshot;
use sprint_core::run::ticket::Stage;

use crate::cli::{Cli, RunArgs, Usage};
use crate::run;
use crate::tracker::TrackerArgs;
use crate::wire::saved;

/// Options of `revert` and `reland`.
#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    /// The ticket.
    ticket: TicketId,
    /// Where the tickets are.
    #[command(flatten)]
    tracker: TrackerArgs,
}

/// Takes a ticket back that landed. The exit code says whether base is without it.
pub(crate) fn revert(cli: &Cli, args: &UndoArgs) -> Result<u8> {
    decide(cli, args, Command::Revert(args.ticket.clone()))?;
    if is_merged(&saved(cli)?.1, &args.ticket) {
        bail!("{} is still on base; the reason is above", args.ticket);
    }
    Ok(0)
}

/// Lands a ticket again that was taken back. The exit code says whether it is on base.
pub(crate) fn reland(cli: &Cli, args: &UndoArgs) -> Result<u8> {
    decide(cli, args, Command::Reland(args.ticket.clone()))?;
    if !is_merged(&saved(cli)?.1, &args.ticket) {
        bail!("{} is not on base; the reason is above", args.ticket);
    }
    Ok(0)
}

fn decide(cli: &Cli, args: &UndoArgs, command: Command) -> Result<u8> {
    if !saved(cli)?.1.tickets.contains_key(&args.ticket) {
        return Err(Usage(format!("{} is not in this sprint", args.ticket)).into());
    }
    let args = RunArgs {
        undo: Some(command),
        ..RunArgs::on(args.tracker.clone())
    };
    run::run(cli, &args)
}

fn is_merged(saved: &Snapshot, ticket: &TicketId) -> bool {
    let ticket = saved.tickets.get(ticket);
    ticket.is_some_and(|ticket| matches!(ticket.stage, Stage::Merged { .. }))
}
