//! `sprint reattempt`, `drop`, `approve` and `request-changes`: one decision about one ticket, and
//! the sprint goes on with it.

use anyhow::Result;
use clap::Args;
use sprint_core::id::TicketId;

use crate::agents::AgentArgs;
use crate::cli::{Cli, RunArgs, Usage};
use crate::run;
use crate::tracker::TrackerArgs;
use crate::wire::saved;

/// Options of `reattempt`, `drop` and `approve`.
#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// The ticket.
    ticket: TicketId,
    /// Where the tickets are.
    #[command(flatten)]
    tracker: TrackerArgs,
    /// Who does the work.
    #[command(flatten)]
    agents: AgentArgs,
}

/// Options of `request-changes`.
#[derive(Debug, Args)]
pub(crate) struct ChangesArgs {
    /// The ticket.
    ticket: TicketId,
    /// What has to change.
    #[arg(value_name = "TEXT")]
    what: String,
    /// Where the tickets are.
    #[command(flatten)]
    tracker: TrackerArgs,
    /// Who does the work.
    #[command(flatten)]
    agents: AgentArgs,
}

/// Tries a ticket again.
pub(crate) fn reattempt(cli: &Cli, args: &DecideArgs) -> Result<u8> {
    decide(cli, args, |run, ticket| run.reattempt.push(ticket))
}

/// Takes a ticket out of the sprint.
pub(crate) fn drop_ticket(cli: &Cli, args: &DecideArgs) -> Result<u8> {
    decide(cli, args, |run, ticket| run.drop.push(ticket))
}

/// Approves a ticket in human review.
pub(crate) fn approve(cli: &Cli, args: &DecideArgs) -> Result<u8> {
    decide(cli, args, |run, ticket| run.approve.push(ticket))
}

/// Asks for changes in human review.
pub(crate) fn request_changes(cli: &Cli, args: &ChangesArgs) -> Result<u8> {
    let decision = DecideArgs {
        ticket: args.ticket.clone(),
        tracker: args.tracker.clone(),
        agents: args.agents.clone(),
    };
    decide(cli, &decision, |run, ticket| {
        run.request_changes.push((ticket, args.what.clone()));
    })
}

fn decide(
    cli: &Cli,
    args: &DecideArgs,
    decision: impl FnOnce(&mut RunArgs, TicketId),
) -> Result<u8> {
    let ticket = &args.ticket;
    if !saved(cli)?.1.tickets.contains_key(ticket) {
        return Err(Usage(format!("{ticket} is not in this sprint")).into());
    }
    let mut run = RunArgs {
        agents: args.agents.clone(),
        ..RunArgs::on(args.tracker.clone())
    };
    decision(&mut run, ticket.clone());
    run::run(cli, &run)
}
