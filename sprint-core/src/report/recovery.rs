//! What becomes of each ticket when a saved sprint goes on, as plain text (spec 15.6).

use crate::report::{plain, standing};
use crate::resume::{Action, Reconciliation, Row};
use crate::run::snapshot::Snapshot;

/// The plan as text: where the sprint was, a table that fits into `width` columns, why each ticket
/// is treated as it is, and what a person should know besides.
pub fn text(saved: &Snapshot, plan: &Reconciliation, width: usize) -> String {
    let mut blocks = vec![head(saved, plan), table(saved, plan, width), counts(plan)];
    let why: Vec<_> = standing::in_order(&plan.tickets)
        .into_iter()
        .map(|(id, row)| format!("  {id}: {}", plain::line(&row.decision.why, 200)))
        .collect();
    blocks.push(format!("Why:\n{}", why.join("\n")));
    let branches: Vec<_> = standing::in_order(&plan.tickets)
        .into_iter()
        .filter(|(_, row)| row.decision.action != Action::Skip)
        .filter_map(|(id, row)| Some(format!("  {id}: {}", branch(row)?)))
        .collect();
    if !branches.is_empty() {
        blocks.push(format!("Branches:\n{}", branches.join("\n")));
    }
    let notes = notes(plan);
    if !notes.is_empty() {
        blocks.push(format!("Please note:\n{}", notes.join("\n")));
    }
    blocks.join("\n\n") + "\n"
}

fn head(saved: &Snapshot, plan: &Reconciliation) -> String {
    let (sprint, problem) = (&saved.plan.sprint, &saved.plan.problem);
    let times = match saved.sprint.recoveries.len() {
        0 => String::new(),
        1 => ", resumed once before".into(),
        times => format!(", resumed {times} times before"),
    };
    format!(
        "{sprint} of problem {problem}\nstarted {}, interrupted in {}{times}\n{}: {}",
        saved.plan.started_at,
        standing::phase(saved),
        saved.plan.config.branch_base,
        plan.drift
    )
}

/// The title comes last: it is the only column whose width on the screen is unknown.
fn table(saved: &Snapshot, plan: &Reconciliation, width: usize) -> String {
    let head = ["TICKET", "STATE", "TRACKER", "ACTION", "AGENTS"].map(str::to_owned);
    let mut rows = vec![(head, String::from("TITLE"))];
    for (id, row) in standing::in_order(&plan.tickets) {
        let title = saved.plan.tickets.get(id);
        let title = title.map_or_else(String::new, |plan| plain::line(&plan.ticket.title, 200));
        let tracker = row
            .status
            .map_or("gone", crate::domain::ticket::TicketStatus::label);
        let agents = match row.agents {
            0 => "0".to_owned(),
            least => format!("{least}+"),
        };
        let cells = [
            id.to_string(),
            row.stage.to_owned(),
            tracker.to_owned(),
            row.decision.action.to_string(),
            agents,
        ];
        rows.push((cells, title));
    }
    let widths: Vec<usize> = (0..5)
        .map(|n| rows.iter().map(|(row, _)| row[n].len()).max().unwrap_or(0))
        .collect();
    let lines = rows.iter().map(|(row, title)| {
        let cells = row.iter().zip(&widths);
        let line: String = cells
            .map(|(cell, width)| format!("{cell:<width$}  "))
            .collect();
        let room = width.saturating_sub(line.len()).max(10);
        line + &plain::cut(title, room)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn counts(plan: &Reconciliation) -> String {
    let counts: Vec<_> = Action::ALL
        .into_iter()
        .map(|action| (action, plan.with(action).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(action, count)| format!("{count} {action}"))
        .collect();
    let (from, to) = plan.saved_usd();
    let saved = if to > 0 {
        format!("; not doing the skipped ones again saves an estimated ${from} to ${to}")
    } else {
        String::new()
    };
    let agents = match plan.agents() {
        0 => "no agent runs".to_owned(),
        1 => "at least 1 agent runs".to_owned(),
        least => format!("at least {least} agents run"),
    };
    format!("{}; {agents}{saved}", counts.join(", "))
}

fn branch(row: &Row) -> Option<String> {
    let facts = row.branch.as_ref()?;
    if facts.head.is_none() {
        return Some("branch gone".into());
    }
    let commits = match facts.commits {
        0 => "no commits yet".into(),
        1 => "1 commit".into(),
        commits => format!("{commits} commits"),
    };
    let mut said = vec![commits];
    said.push(
        if facts.worktree {
            "directory there"
        } else {
            "directory gone"
        }
        .into(),
    );
    if facts.dirty {
        said.push("changes not committed".into());
    }
    if facts.behind > 0 {
        said.push(format!("{} behind base", facts.behind));
    }
    if facts.merged {
        said.push("on base".into());
    }
    Some(said.join(", "))
}

fn notes(plan: &Reconciliation) -> Vec<String> {
    let mut notes = Vec::new();
    for (id, row) in standing::in_order(&plan.tickets) {
        if let Some(kind) = row.decision.inconsistency {
            notes.push(format!("  {id}: {}", kind.name()));
        }
        for warning in &row.decision.warnings {
            let warning = plain::line(&warning.to_string(), 200);
            notes.push(format!("  {id}: {warning}"));
        }
        if let Some(at) = &row.landed_at {
            notes.push(format!(
                "  {id}: its merge {at} is on base and was not saved"
            ));
        }
    }
    for branch in &plan.orphans {
        let branch = plain::line(branch.as_str(), 100);
        notes.push(format!(
            "  branch {branch} belongs to no ticket of this sprint any more"
        ));
    }
    notes.extend(
        plan.notes
            .iter()
            .map(|note| format!("  {}", plain::line(note, 300))),
    );
    notes
}
