//! Sprints that were started here once.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use sprint_core::domain::pipeline_state::{self, MAX_STATE_BYTES};
use sprint_core::id::ProblemId;
use sprint_core::local::layout::STATE_FILE;
use sprint_core::local::problems::{Found, list};
use sprint_core::readiness::SprintFacts;

use super::files::{Place, read};

/// Every sprint of the repository, the one of an old layout too. One of this problem that cannot be
/// read is unfinished, for a sprint will not go over it; one of another is told and passed over.
pub(super) fn look(root: &Path, place: &Place) -> Result<Vec<SprintFacts>> {
    let mut sprints = Vec::new();
    for listed in list(root)? {
        match listed.found {
            Found::Nothing => {}
            Found::Sprint {
                phase,
                over,
                complete,
                total,
                owned,
                ..
            } => sprints.push(SprintFacts {
                problem: listed.problem,
                phase: phase.to_owned(),
                complete: over,
                finished: complete,
                total,
                tickets: owned,
            }),
            Found::Unreadable(why) if listed.problem == place.problem => {
                sprints.push(unreadable(listed.problem, &why));
            }
            Found::Unreadable(why) => {
                eprintln!("warning: the sprint of {}: {why}", listed.problem);
            }
        }
    }
    if !place.legacy.is_empty() {
        sprints.extend(legacy(place)?);
    }
    Ok(sprints)
}

fn legacy(place: &Place) -> Result<Option<SprintFacts>> {
    let Some(bytes) = read(&place.file(STATE_FILE), MAX_STATE_BYTES)? else {
        return Ok(None);
    };
    let problem = place.problem.clone();
    Ok(Some(match pipeline_state::parse(&bytes) {
        Err(error) => unreadable(problem, &error.to_string()),
        Ok(state) => {
            let (finished, total) = state.progress();
            SprintFacts {
                problem,
                phase: state.phase.name().to_owned(),
                complete: state.is_complete(),
                finished,
                total,
                tickets: state.owned().cloned().collect(),
            }
        }
    }))
}

fn unreadable(problem: ProblemId, why: &str) -> SprintFacts {
    SprintFacts {
        problem,
        phase: format!("unknown, for its state cannot be read: {why}"),
        complete: false,
        finished: 0,
        total: 0,
        tickets: BTreeSet::new(),
    }
}
