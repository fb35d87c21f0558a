//! The dashboard: one Markdown page on how a sprint is doing.

use crate::domain::config::CoordinationMode;
use crate::domain::verdict::{LayerId, Verdict};
use crate::id::TicketId;
use crate::plan::edge_cases::EdgeCase;
use crate::report::standing::{self, Status};
use crate::report::{markdown, plain};
use crate::run::integrate::Task;
use crate::run::snapshot::Snapshot;
use crate::run::ticket::{MergeState, Stage, StuckReason, TicketRun};

/// The page as Markdown. The same snapshot always gives the same page.
pub fn dashboard(snapshot: &Snapshot) -> String {
    let sections = [
        Some(head(snapshot)),
        Some(tickets(snapshot)),
        waiting(snapshot),
        moved_back(snapshot),
        Some(merges(snapshot)),
        Some(breakers(snapshot)),
        Some(edge_case_coverage(snapshot)),
        Some(health(snapshot)),
    ];
    let sections: Vec<_> = sections.into_iter().flatten().collect();
    sections.join("\n\n") + "\n"
}

fn head(snapshot: &Snapshot) -> String {
    let plan = &snapshot.plan;
    let mode = match plan.mode {
        CoordinationMode::AgentTeams => "agent-teams",
        CoordinationMode::Subagents => "subagents",
    };
    format!(
        "# Sprint Dashboard — {}\n\nLast updated: {}\n\n\
         **Status:** {} · **Phase:** {} · **Elapsed:** {} · **Mode:** {mode}",
        plan.sprint,
        snapshot.at,
        standing::overall(snapshot).name(),
        standing::phase(snapshot),
        plain::clock(snapshot.at.since(plan.started_at)),
    )
}

fn tickets(snapshot: &Snapshot) -> String {
    let max = snapshot.plan.config.max_loop_iterations;
    let row = |(id, ticket): (&TicketId, &TicketRun)| {
        let plan = snapshot.plan.tickets.get(id);
        let title = plan.map_or("", |plan| plan.ticket.title.as_str());
        let error = ticket.breaker.last.as_ref();
        [
            id.to_string(),
            markdown::inline(title, 60),
            column(&ticket.stage).to_owned(),
            word(standing::status(ticket)).to_owned(),
            format!("{}/{max}", ticket.budget.loops),
            error.map_or("—", |last| last.kind.name()).to_owned(),
        ]
    };
    let rows: Vec<_> = standing::in_order(&snapshot.tickets)
        .into_iter()
        .map(row)
        .collect();
    let complete = snapshot
        .tickets
        .values()
        .filter(|t| t.is_complete())
        .count();
    let head = ["Ticket", "Title", "Phase", "Status", "Loops", "Last Error"];
    format!(
        "## Tickets ({complete}/{})\n\n{}",
        rows.len(),
        markdown::table(head, &rows)
    )
}

/// What people are asked, if they are.
fn waiting(snapshot: &Snapshot) -> Option<String> {
    let asked = standing::in_order(&snapshot.tickets);
    let asked = asked.into_iter().filter_map(|(id, ticket)| {
        let request = markdown::inline(&ticket.request()?, 300);
        Some(format!("- {id}: {request}"))
    });
    let asked: Vec<_> = asked.collect();
    (!asked.is_empty()).then(|| format!("## Waiting for You\n\n{}", asked.join("\n")))
}

/// What is no longer Done at the tracker, although it was closed twice.
fn moved_back(snapshot: &Snapshot) -> Option<String> {
    let tickets = standing::in_order(&snapshot.tickets);
    let moved = tickets.into_iter().filter_map(|(id, ticket)| {
        let back = ticket.aftermath.back()?.to_string();
        Some(format!("- {id}: {}", markdown::inline(&back, 200)))
    });
    let moved: Vec<_> = moved.collect();
    let heading = "## No Longer Done at the Tracker";
    (!moved.is_empty()).then(|| format!("{heading}\n\n{}", moved.join("\n")))
}

/// The step of the pipeline a ticket is in.
const fn column(stage: &Stage) -> &'static str {
    match stage {
        Stage::Opening { .. } | Stage::Installing { .. } | Stage::Researching { .. } => "1-context",
        Stage::Implementing { .. }
        | Stage::Refreshing { .. }
        | Stage::Recovering { .. }
        | Stage::Collecting { .. } => "2-worker",
        Stage::AwaitingPermission { .. } => "2-permission",
        Stage::Simplifying(_) | Stage::Simplified(_) | Stage::Restoring(_) => "2.5-simplify",
        Stage::Checking { .. } | Stage::ReadingTests(_) => "3-verify",
        Stage::AwaitingReview(_) => "3.5-human",
        Stage::Judging { .. } => "4-completion",
        Stage::Posting(_) | Stage::Closing { .. } => "5-evidence",
        Stage::Queued
        | Stage::Blocked { .. }
        | Stage::Verified { .. }
        | Stage::Merged { .. }
        | Stage::Stuck { .. }
        | Stage::Dropped
        | Stage::DoneOutside => "—",
    }
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Queued => "pending",
        Status::Context | Status::Implementing | Status::Verifying => "in progress",
        Status::Complete => "complete",
        Status::Stuck => "stuck",
        Status::Blocked => "blocked",
        Status::Skipped => "skipped",
    }
}

fn merges(snapshot: &Snapshot) -> String {
    let Some(run) = &snapshot.integration else {
        return "## Merge Progress\n\nNot started.".into();
    };
    let merged = &snapshot.sprint.merge_order;
    let waiting = run.order.iter().filter(|id| !merged.contains(id));
    let order: Vec<_> = merged.iter().chain(waiting).collect();
    let landing = matches!(run.task, Task::Land);
    let placed = order.iter().enumerate().map(|(n, id)| {
        let status = match snapshot.tickets.get(id).map(|ticket| ticket.merge) {
            Some(MergeState::Merged) => "merged",
            Some(MergeState::Skipped) => "skipped",
            Some(MergeState::Reverted) => "set aside",
            Some(MergeState::Unmerged) if landing => "merging",
            Some(MergeState::Unmerged) | None => "checking",
        };
        merge_row(snapshot, (n + 1).to_string(), id, &order, status)
    });
    let aside = snapshot
        .tickets
        .iter()
        .filter(|(_, ticket)| standing::is_reverted(ticket))
        .map(|(id, _)| merge_row(snapshot, "—".into(), id, &order, "set aside"));
    let rows: Vec<_> = placed.chain(aside).collect();
    let head = ["Order", "Ticket", "Branch", "Risk", "Status"];
    format!("## Merge Progress\n\n{}", markdown::table(head, &rows))
}

fn merge_row(
    snapshot: &Snapshot,
    order: String,
    id: &TicketId,
    others: &[&TicketId],
    status: &str,
) -> [String; 5] {
    let ticket = snapshot.tickets.get(id);
    let branch = ticket
        .and_then(standing::workspace)
        .map_or_else(|| "—".into(), |w| markdown::inline(w.branch.as_str(), 80));
    [
        order,
        id.to_string(),
        branch,
        risk(snapshot, id, others).to_owned(),
        status.to_owned(),
    ]
}

/// Whether a ticket changes a file that another candidate changes too.
fn risk(snapshot: &Snapshot, id: &TicketId, others: &[&TicketId]) -> &'static str {
    let paths = |id: &TicketId| {
        let checked = snapshot.tickets.get(id)?.stage.checked()?;
        Some(checked.paths())
    };
    let Some(own) = paths(id) else {
        return "—";
    };
    let shared = others
        .iter()
        .filter(|other| **other != id)
        .filter_map(|other| paths(other))
        .any(|other| other.iter().any(|path| own.contains(path)));
    if shared { "HIGH" } else { "NONE" }
}

fn breakers(snapshot: &Snapshot) -> String {
    let mut items = Vec::new();
    for (id, ticket) in standing::in_order(&snapshot.tickets) {
        let breaker = &ticket.breaker;
        if let Some(cause) = &breaker.before_fresh {
            let message = markdown::inline(&cause.message, 120);
            items.push(format!(
                "- {id}: fresh agent after {}: {message}",
                cause.kind
            ));
        }
        if let Some((StuckReason::CircuitBreaker, message)) = standing::stuck(ticket) {
            items.push(format!("- {id}: stuck: {}", markdown::inline(message, 120)));
        }
    }
    if items.is_empty() {
        items.push("None.".into());
    }
    format!("## Circuit Breaker Events\n\n{}", items.join("\n"))
}

fn edge_case_coverage(snapshot: &Snapshot) -> String {
    let (mut total, mut tested) = (0, 0);
    for (id, plan) in &snapshot.plan.tickets {
        let cases = EdgeCase::of(&plan.ticket).len();
        total += cases;
        let accepted = snapshot
            .tickets
            .get(id)
            .and_then(|ticket| ticket.stage.checked()?.verdicts.get(&LayerId::EdgeCases))
            .is_some_and(Verdict::accepts);
        if accepted {
            tested += cases;
        }
    }
    format!(
        "## Edge Case Coverage\n\n- Total: {total}\n- With tests: {tested}\n- Missing: {}",
        total - tested
    )
}

fn health(snapshot: &Snapshot) -> String {
    let tickets = || snapshot.tickets.values();
    let lost = |ticket: &&TicketRun| {
        matches!(
            standing::status(ticket),
            Status::Stuck | Status::Blocked | Status::Skipped
        )
    };
    let total = tickets().count();
    let reverted = tickets().filter(|t| standing::is_reverted(t)).count();
    let stuck = tickets()
        .filter(|t| standing::stuck(t).is_some() && !standing::is_reverted(t))
        .count();
    let loops: u32 = tickets().map(|ticket| ticket.budget.loops).sum();
    let cap = u64::from(snapshot.plan.config.max_loop_iterations) * total as u64;
    format!(
        "## Sprint Health\n\n\
         - On track: {}/{total}\n- Stuck: {stuck}\n- Reverted: {reverted}\n\
         - Loops consumed: {loops}/{cap}",
        total - tickets().filter(lost).count(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn visible(snapshot: &Snapshot) -> String {
        dashboard(snapshot).replace('\u{200b}', "~")
    }

    #[test]
    fn a_running_sprint() {
        insta::assert_snapshot!(visible(&fixture::running()), @r#"
        # Sprint Dashboard — sprint-20260131-090000

        Last updated: 2026-01-31T10:02:03Z

        **Status:** RUNNING · **Phase:** 2-implementation · **Elapsed:** 01:02:03 · **Mode:** subagents

        ## Tickets (1/5)

        | Ticket | Title | Phase | Status | Loops | Last Error |
        | --- | --- | --- | --- | --- | --- |
        | ENG-1 | Add the parser | — | complete | 0/3 | — |
        | ENG-2 | Fix: a \| b <~script> @~alice red ### new `tick` | — | stuck | 3/3 | test_failure |
        | ENG-3 | Add the parser | — | blocked | 0/3 | — |
        | ENG-4 | Add the parser | 2-worker | in progress | 1/3 | test_failure |
        | ENG-10 | Add the parser | — | pending | 0/3 | — |

        ## Merge Progress

        Not started.

        ## Circuit Breaker Events

        - ENG-2: fresh agent after test_failure: test failed (exit 101): assertion \| `left == right` ``` @~alice
        - ENG-2: stuck: test failed (exit 101): assertion \| `left == right` ``` @~alice

        ## Edge Case Coverage

        - Total: 0
        - With tests: 0
        - Missing: 0

        ## Sprint Health

        - On track: 3/5
        - Stuck: 1
        - Reverted: 0
        - Loops consumed: 4/15
        "#);
    }

    #[test]
    fn a_finished_sprint_shows_its_merges() {
        let page = visible(&fixture::finished());
        let from_merges = &page[page.find("## Merge").unwrap()..];
        insta::assert_snapshot!(from_merges, @r#"
        ## Merge Progress

        | Order | Ticket | Branch | Risk | Status |
        | --- | --- | --- | --- | --- |
        | 1 | ENG-1 | worktree-ENG-1 | NONE | merged |
        | — | ENG-4 | worktree-ENG-4 | — | set aside |

        ## Circuit Breaker Events

        - ENG-2: fresh agent after test_failure: test failed (exit 101): assertion \| `left == right` ``` @~alice
        - ENG-2: stuck: test failed (exit 101): assertion \| `left == right` ``` @~alice

        ## Edge Case Coverage

        - Total: 0
        - With tests: 0
        - Missing: 0

        ## Sprint Health

        - On track: 1/5
        - Stuck: 1
        - Reverted: 1
        - Loops consumed: 3/15
        "#);
        assert!(page.contains("**Status:** PARTIAL · **Phase:** complete"));
    }

    #[test]
    fn tickets_that_change_the_same_file_are_a_risk() {
        let mut snapshot = fixture::finished();
        let other = snapshot.tickets[&fixture::id(1)].clone();
        snapshot.tickets.insert(fixture::id(10), other);
        snapshot.sprint.merge_order.push(fixture::id(10));
        assert!(dashboard(&snapshot).contains("| 2 | ENG-10 | worktree-ENG-1 | HIGH | merged |"));
    }

    #[test]
    fn who_waits_for_a_person_says_for_what() {
        let page = visible(&fixture::asking());
        let from = page.find("## Waiting").unwrap();
        let to = page.find("## Merge").unwrap();
        insta::assert_snapshot!(page[from..to].trim_end(), @r"
        ## Waiting for You

        - ENG-4: allow or refuse Bash (d1): rm -rf \| @~alice
        ");
        assert!(page.contains("| 2-permission |"));
    }

    #[test]
    fn only_a_sprint_that_merged_everything_is_complete() {
        assert!(dashboard(&fixture::all_merged()).contains("**Status:** COMPLETE"));
    }
}
