//! `sprint tracker check`: whether the tracker can be used, without writing to it.

use anyhow::Result;
use clap::Args;
use sprint_core::domain::config::{SprintConfig, TicketFilter};
use sprint_core::domain::ticket::TicketStatus;
use sprint_core::ports::{Clock as _, SystemClock, Tracker as _};
use sprint_linear::CheckItem;

use crate::checks::{self, Line};
use crate::cli::Cli;
use crate::run::GitRoot;
use crate::tracker::{Kind, TrackerArgs};
use crate::wire;

/// Options of `tracker check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Which tracker, and how.
    #[command(flatten)]
    tracker: TrackerArgs,
}

/// Looks at the tracker and says how each thing stands. The exit code says whether all is well.
pub(crate) fn check(cli: &Cli, args: &CheckArgs) -> Result<u8> {
    let root = GitRoot::find(&cli.repo.canonicalize()?)?.0;
    let problem = wire::problem(&root, cli.problem_id.as_ref())?;
    let config = wire::configuration(&root, cli.config.as_ref(), &problem)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let lines = runtime.block_on(async {
        match args.tracker.tracker {
            Kind::Files => files(&root, &args.tracker).await,
            Kind::Linear => linear(&args.tracker, &config).await,
        }
    })?;
    checks::show(cli, 11, &lines);
    let bad = lines.iter().any(|line| line.standing == BAD);
    Ok(if bad { crate::ERROR } else { 0 })
}

const GOOD: &str = "ok";
const REMARK: &str = "note";
const BAD: &str = "bad";

/// How many tickets there are, and which cannot be read.
async fn files(root: &std::path::Path, args: &TrackerArgs) -> Result<Vec<Line>> {
    let all = TicketFilter::in_status([
        TicketStatus::Todo,
        TicketStatus::InProgress,
        TicketStatus::Done,
        TicketStatus::Cancelled,
    ]);
    let tracker = args.files(root)?;
    let fetched = tracker.tickets(&all).await?;
    let mut lines = vec![Line {
        standing: GOOD,
        what: "tickets",
        found: format!("{} in {tracker}", fetched.tickets.len()),
    }];
    lines.extend(fetched.malformed.into_iter().map(|found| Line {
        standing: BAD,
        what: "ticket",
        found,
    }));
    Ok(lines)
}

async fn linear(args: &TrackerArgs, config: &SprintConfig) -> Result<Vec<Line>> {
    let (tracker, budget) = args.linear(config).await?;
    let mut lines: Vec<_> = tracker.check().await.iter().map(line).collect();
    let now = SystemClock.now();
    if budget.allowance(now).is_some() {
        let every = budget.poll_interval(1, now).as_secs();
        lines.push(Line {
            standing: GOOD,
            what: "looking",
            found: format!("a sprint alone may look every {every} s"),
        });
    }
    Ok(lines)
}

fn line(item: &CheckItem) -> Line {
    let (standing, what) = match item {
        CheckItem::Identity { .. } => (GOOD, "key"),
        CheckItem::Team { .. } => (GOOD, "team"),
        CheckItem::State { .. } => (GOOD, "state"),
        CheckItem::Reading => (GOOD, "reading"),
        CheckItem::Allowance(_) => (GOOD, "allowance"),
        CheckItem::Failed { .. } => (BAD, "failed"),
        CheckItem::Remark(_) | _ => (REMARK, "remark"),
    };
    Line {
        standing,
        what,
        found: item.to_string(),
    }
}
