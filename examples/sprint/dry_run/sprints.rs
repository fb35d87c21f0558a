//! Sprints that were started here once, by the files that show them.

use serde_json::Value;
use sprint_core::id::{ProblemId, TicketId};
use sprint_core::local::layout::{Layout, STATE_FILE};
use sprint_core::readiness::SprintFacts;

use super::files::{Place, read};

/// A larger state file is not read, in bytes.
const LARGEST: usize = 64 << 20;

/// How a ticket is called that is finished, in states of any origin (spec 5.2).
const FINISHED: [&str; 3] = ["complete", "done", "Done"];

/// Every sprint of the repository; of the problem itself also one of the old layout. What is no
/// state is passed over: there is no sprint in it to go on with.
pub(super) fn look(layout: &Layout, place: &Place) -> Vec<SprintFacts> {
    let own = layout.problem();
    let entries = std::fs::read_dir(layout.sprints()).into_iter().flatten();
    let names = entries.flatten().map(|entry| entry.file_name());
    let problems = names.filter_map(|name| ProblemId::new(name.to_string_lossy()).ok());
    let mut problems: Vec<_> = problems.filter(|problem| problem != own).collect();
    problems.sort();
    let others = problems.into_iter().filter_map(|problem| {
        let layout = Layout::new(layout.root(), problem.clone());
        sprint(problem, &layout.state())
    });
    let ours = sprint(own.clone(), &place.file(STATE_FILE));
    ours.into_iter().chain(others).collect()
}

fn sprint(problem: ProblemId, path: &std::path::Path) -> Option<SprintFacts> {
    let bytes = read(path, LARGEST).ok().flatten()?;
    let state: Value = serde_json::from_slice(&bytes).ok()?;
    let phase = ["phase", "current_phase"]
        .iter()
        .find_map(|key| state[*key].as_str())?;
    let tickets = state["tickets"].as_object();
    let finished = |ticket: &Value| {
        let status = ticket["status"].as_str().unwrap_or_default();
        FINISHED.contains(&status)
    };
    Some(SprintFacts {
        problem,
        complete: phase == "complete",
        phase: phase.to_owned(),
        finished: tickets
            .into_iter()
            .flatten()
            .filter(|(_, t)| finished(t))
            .count(),
        tickets: tickets
            .into_iter()
            .flatten()
            .filter_map(|(id, _)| TicketId::new(id).ok())
            .collect(),
    })
}
