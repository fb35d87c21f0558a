//! What there is of each problem: for choices, and to keep sprints apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use crate::domain::pipeline_state::PipelineState;
use crate::id::{ProblemId, SprintId, TicketId};
use crate::local::layout::Layout;
use crate::local::lock::is_held;
use crate::local::problems::facts::directories;
use crate::local::store::{FileStore, Stored};
use crate::ports::Result;
use crate::run::snapshot::Snapshot;
use crate::run::state::{Ending, Phase};
use crate::run::ticket::Stage;

/// A problem that has a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The problem.
    pub problem: ProblemId,
    /// Its sprint.
    pub found: Found,
    /// Whether an engine is working on it now.
    pub live: bool,
}

/// What is stored about a sprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A sprint.
    Sprint {
        /// Its id, as far as it has one.
        sprint: Option<SprintId>,
        /// The phase, in the pipeline's spelling.
        phase: &'static str,
        /// Whether it went to its end, or a person cancelled it. One that stopped for safety did not.
        over: bool,
        /// Proven tickets.
        complete: usize,
        /// All tickets.
        total: usize,
        /// Tickets that nobody else may take as long as it is not over.
        owned: BTreeSet<TicketId>,
    },
    /// Something that cannot be read; the text says why.
    Unreadable(String),
}

impl Listed {
    /// Whether a sprint of it can go on.
    pub const fn is_interrupted(&self) -> bool {
        matches!(self.found, Found::Sprint { over: false, .. })
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = &self.problem;
        match &self.found {
            Found::Nothing => write!(f, "{problem}: no sprint"),
            Found::Unreadable(reason) => write!(f, "{problem}: cannot be read: {reason}"),
            Found::Sprint {
                sprint,
                phase,
                complete,
                total,
                ..
            } => {
                let sprint = sprint.as_ref().map_or("a sprint", SprintId::as_str);
                write!(
                    f,
                    "{problem}: {sprint}, {phase}, {complete}/{total} complete"
                )
            }
        }?;
        if self.live {
            f.write_str(", running")?;
        }
        Ok(())
    }
}

/// Every problem of the repository at `root`, by id, with what is stored about it. What cannot be read
/// is listed as such and hides no other.
pub fn list(root: &Path) -> Result<Vec<Listed>> {
    let problems = directories(&Layout::legacy(root).sprints())?;
    let look = |problem: ProblemId| {
        let layout = Layout::new(root, problem.clone());
        let live = is_held(&layout.lock());
        let found = match FileStore::new(layout).peek() {
            Ok(Stored::Nothing) => Found::Nothing,
            Ok(Stored::Ours(snapshot)) => of_ours(&snapshot),
            Ok(Stored::Foreign(state)) => of_foreign(&state),
            Err(error) => Found::Unreadable(error.chain()),
        };
        Listed {
            problem,
            found,
            live,
        }
    };
    Ok(problems.into_iter().map(look).collect())
}

/// Which of these tickets belong to a sprint of another problem that is not over (spec C-37).
pub fn others_with(
    listed: &[Listed],
    problem: &ProblemId,
    tickets: &BTreeSet<TicketId>,
) -> BTreeMap<TicketId, ProblemId> {
    let mut taken = BTreeMap::new();
    for other in listed.iter().filter(|other| other.problem != *problem) {
        if let Found::Sprint {
            over: false, owned, ..
        } = &other.found
        {
            for ticket in owned.intersection(tickets) {
                taken.insert(ticket.clone(), other.problem.clone());
            }
        }
    }
    taken
}

fn of_ours(snapshot: &Snapshot) -> Found {
    let proven = |stage: &&Stage| matches!(stage, Stage::Verified { .. } | Stage::Merged { .. });
    let stages = || snapshot.tickets.values().map(|ticket| &ticket.stage);
    let over = match &snapshot.sprint.phase {
        Phase::Complete { ending } => match ending {
            Ending::Finished | Ending::Cancelled => true,
            Ending::SafetyStop { .. } => false,
        },
        Phase::Preflight
        | Phase::Baseline
        | Phase::Tickets
        | Phase::Integrating
        | Phase::Parked { .. }
        | Phase::Undoing
        | Phase::Tidying { .. } => false,
    };
    let owned = snapshot
        .tickets
        .iter()
        .filter(|(_, t)| t.stage != Stage::Dropped);
    Found::Sprint {
        sprint: Some(snapshot.plan.sprint.clone()),
        phase: snapshot.sprint.phase.name(),
        over,
        complete: stages().filter(proven).count(),
        total: snapshot.tickets.len(),
        owned: owned.map(|(id, _)| id.clone()).collect(),
    }
}

fn of_foreign(state: &PipelineState) -> Found {
    let (complete, total) = state.progress();
    Found::Sprint {
        sprint: state.sprint.clone(),
        phase: state.phase.name(),
        over: state.is_complete(),
        complete,
        total,
        owned: state.owned().cloned().collect(),
    }
}
