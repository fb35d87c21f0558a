//! Starting a new sprint: in the place of an old one, and beside those of other problems.

use std::time::Duration;

use anyhow::Result;
use sprint_core::domain::config::SprintConfig;
use sprint_core::engine::Engine;
use sprint_core::failure::ErrorKind;
use sprint_core::id::ProblemId;
use sprint_core::local::claim::{Claiming, Taken, claim};
use sprint_core::local::layout::Layout;
use sprint_core::local::store::{FileStore, Stored};
use sprint_core::plan::sprint_plan::SprintPlan;
use sprint_core::ports::{Error, Lease};
use sprint_core::run::snapshot::Snapshot;
use sprint_core::run::ticket::{Stage, TicketRun};

use crate::cli::Usage;

/// How often a start is tried while others start, and how long it waits in between.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);

/// Moves whatever is stored out of the way, with a note of what is given up.
pub(crate) fn discard(store: &FileStore, lease: &Lease) -> Result<()> {
    if let Ok(Stored::Ours(saved)) = store.peek() {
        let verified = |(_, run): &(_, &TicketRun)| matches!(run.stage, Stage::Verified { .. });
        for (ticket, _) in saved.tickets.iter().filter(verified) {
            eprintln!(
                "warning: {ticket} is verified and not merged; a new sprint will not merge it"
            );
        }
    }
    if let Some(place) = store.set_aside(lease)? {
        eprintln!("note: what was there is in {}", place.display());
    }
    Ok(())
}

/// Why what is stored cannot be gone on with, and what to do.
pub(crate) fn unusable(error: Error) -> anyhow::Error {
    anyhow::anyhow!(
        "{}\n`sprint run --discard` starts anew and keeps what is there in .claude/sprint-history",
        error.chain()
    )
}

/// Why an interrupted sprint is not replaced.
pub(crate) fn unfinished(saved: &Snapshot) -> Usage {
    Usage(format!(
        "{} of {} is not complete ({}); go on with it without --new, or set it aside with --discard",
        saved.plan.sprint,
        saved.plan.problem,
        saved.sprint.phase.name()
    ))
}

/// Makes the plan of a new sprint.
pub(crate) struct Planner<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) layout: &'a Layout,
    /// The store of the engine, which gives the lock back with its first save.
    pub(crate) claiming: &'a Claiming,
}

impl Planner<'_> {
    /// Plans, and sees that nobody else has the tickets. From then on nobody else in the repository
    /// can start until the plan is saved.
    pub(crate) async fn plan(
        &self,
        problem: &ProblemId,
        config: &SprintConfig,
    ) -> Result<SprintPlan> {
        for _ in 0..TRIES {
            let plan = self.engine.plan(problem.clone(), config.clone()).await?;
            let tickets = plan.tickets.keys().cloned().collect();
            match claim(self.layout, &plan.sprint, &tickets) {
                Ok(lock) => {
                    self.claiming.hold(lock);
                    return Ok(plan);
                }
                Err(Taken::SprintId(..)) => tokio::time::sleep(PAUSE).await,
                Err(Taken::Port(error)) if error.kind() == ErrorKind::Transient => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        anyhow::bail!("other sprints of this repository are starting all the time; try again")
    }
}
