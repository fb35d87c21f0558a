//! Which sprint is meant (spec 4.4).

use std::fs;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use anyhow::{Result, bail};
use sprint_core::id::ProblemId;
use sprint_core::local::layout::Layout;
use sprint_core::ports::StateStore as _;
use sprint_core::run::snapshot::Snapshot;

use super::is_over;
use crate::cli::{Cli, Usage};
use crate::{say, wire};

/// The sprint to go on with: the one of the problem that was named; else the only one that is not
/// over; of several, the one that a person picks, the marked problem first. If all are over, the
/// marked one, or the only one.
pub(super) fn find(cli: &Cli, root: &Path) -> Result<(ProblemId, Snapshot)> {
    if let Some(problem) = &cli.problem_id {
        return match load(root, problem)? {
            Some(saved) => Ok((problem.clone(), saved)),
            None => Err(Usage(nothing(&format!("there is no sprint of {problem}"))).into()),
        };
    }
    let marker = fs::read_to_string(root.join(".claude/active-problem")).unwrap_or_default();
    let marked = ProblemId::new(marker.trim()).ok();
    let mut all = Vec::new();
    for problem in problems(root) {
        if let Some(saved) = load(root, &problem)? {
            all.push((problem, saved));
        }
    }
    // The marked one first; the others stay in order.
    all.sort_by_key(|(problem, _)| Some(problem) != marked.as_ref());
    let (open, over): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, saved)| !is_over(saved));
    match open.len() {
        0 => match over.into_iter().next() {
            Some(last) => Ok(last),
            None => Err(Usage(nothing("no sprint was started here")).into()),
        },
        1 => open
            .into_iter()
            .next()
            .map_or_else(|| bail!("no sprint"), Ok),
        _ => pick(cli, open),
    }
}

fn nothing(what: &str) -> String {
    format!("{what}, or its state was deleted; start one with `sprint run`")
}

fn load(root: &Path, problem: &ProblemId) -> Result<Option<Snapshot>> {
    let store = wire::store(Layout::new(root, problem.clone()));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let saved = runtime.block_on(store.load())?;
    Ok(saved)
}

fn problems(root: &Path) -> Vec<ProblemId> {
    let entries = fs::read_dir(root.join(".claude/sprints")).into_iter();
    let names = entries.flatten().flatten();
    let mut found: Vec<_> = names
        .filter_map(|entry| ProblemId::new(entry.file_name().to_string_lossy()).ok())
        .collect();
    found.sort();
    found
}

/// Several sprints are not over: a person picks one.
fn pick(cli: &Cli, open: Vec<(ProblemId, Snapshot)>) -> Result<(ProblemId, Snapshot)> {
    let lines: Vec<_> = (1..).zip(&open).map(line).collect();
    let list = lines.join("\n");
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if cli.json || !terminal {
        let text = format!("several sprints are not over; name one with --problem-id:\n{list}");
        return Err(Usage(text).into());
    }
    say(&format!(
        "Several sprints are not over:\n{list}\n\nWhich one? [1]"
    ));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    let at = match answer.trim() {
        "" => Ok(1),
        text => text.parse::<usize>(),
    };
    let chosen = at.ok().and_then(|at| at.checked_sub(1));
    let chosen = chosen.and_then(|at| open.into_iter().nth(at));
    chosen.map_or_else(|| Err(Usage("that is none of them".into()).into()), Ok)
}

fn line((number, (problem, saved)): (usize, &(ProblemId, Snapshot))) -> String {
    let complete = saved.tickets.values().filter(|ticket| ticket.is_complete());
    format!(
        "  {number}  {problem}: {}, {} of {} complete",
        saved.sprint.phase.name(),
        complete.count(),
        saved.tickets.len()
    )
}
