//! The end of a sprint as plain text.

use std::time::Duration;

use crate::report::plain;
use crate::report::summary::{Ended, SetAside, Spent, Summary, TicketResult, TicketSummary};
use crate::run::resolve::Resolved;
use crate::run::spending::Used;

impl Summary {
    /// The summary as plain text: a table that fits into `width` columns, then what a person has
    /// to know or do: what was resolved and mended on the way, and one line per ticket that is not
    /// merged.
    pub fn text(&self, width: usize) -> String {
        let mut blocks = vec![self.headline(), self.table(width)];
        let lost = |ticket| left_over(ticket, &self.set_aside);
        let lost: Vec<_> = self.tickets.iter().filter_map(lost).collect();
        blocks.push(self.spending());
        blocks.extend(used(&self.counters));
        if !self.counters.caught.is_empty() {
            let lines = self.counters.caught.iter().map(|(layer, found)| {
                let found = found.iter().map(|(kind, n)| format!("{n} {kind}"));
                format!("  {layer}: {}", found.collect::<Vec<_>>().join(", "))
            });
            blocks.push(section("Caught:", lines));
        }
        if !self.requests.is_empty() {
            let lines = self
                .requests
                .iter()
                .map(|r| format!("  {}", plain::line(r, 300)));
            blocks.push(section("Waiting for you:", lines));
        }
        if !self.resolved.is_empty() {
            let lines = self.resolved.iter().map(resolved);
            blocks.push(section("Resolved conflicts:", lines));
        }
        let mended: Vec<_> = self.set_aside.iter().filter(|aside| aside.mended).collect();
        if !mended.is_empty() {
            let lines = mended.into_iter().map(|aside| {
                let why = plain::line(&aside.culprit.message, 160);
                format!("  {}: {why}{}", aside.culprit.ticket, search(aside))
            });
            blocks.push(section("Set aside and mended:", lines));
        }
        let moved: Vec<_> = self.tickets.iter().filter_map(moved_back).collect();
        if !moved.is_empty() {
            blocks.push(section("No longer Done at the tracker:", moved.into_iter()));
        }
        if !lost.is_empty() {
            blocks.push(section("Not merged:", lost.into_iter()));
        }
        blocks.join("\n\n") + "\n"
    }

    fn headline(&self) -> String {
        let how = match &self.outcome {
            Ended::Finished => "finished".to_owned(),
            Ended::Waiting => "waiting for a person".to_owned(),
            Ended::Stopped { reason } => format!("stopped: {}", plain::line(reason, 300)),
            Ended::Cancelled => "cancelled".to_owned(),
            Ended::Unfinished => "not over".to_owned(),
        };
        let merged = |t: &&TicketSummary| matches!(t.result, TicketResult::Merged { .. });
        format!(
            "{}: {how}\n{} of {} tickets merged into {}",
            self.sprint,
            self.tickets.iter().filter(merged).count(),
            self.tickets.len(),
            self.base
        )
    }

    /// The title comes last: it is the only column whose width on the screen is unknown.
    fn table(&self, width: usize) -> String {
        let head = ["TICKET", "RESULT", "ATTEMPTS", "AGENTS", "TIME"].map(str::to_owned);
        let cells = |ticket: &TicketSummary| {
            [
                ticket.id.to_string(),
                ticket.result.name().to_owned(),
                ticket.attempts.to_string(),
                ticket.agent_runs.to_string(),
                plain::clock(Duration::from_millis(ticket.duration_ms)),
            ]
        };
        let mut rows = vec![(head, "TITLE")];
        rows.extend(self.tickets.iter().map(|t| (cells(t), t.title.as_str())));
        let widths: Vec<usize> = (0..5)
            .map(|n| rows.iter().map(|(row, _)| row[n].len()).max().unwrap_or(0))
            .collect();
        let lines = rows.iter().map(|(row, title)| {
            let line = format!(
                "{:<a$}  {:<b$}  {:>c$}  {:>d$}  {:>e$}  ",
                row[0],
                row[1],
                row[2],
                row[3],
                row[4],
                a = widths[0],
                b = widths[1],
                c = widths[2],
                d = widths[3],
                e = widths[4],
            );
            let room = width.saturating_sub(line.len()).max(10);
            line + &plain::cut(title, room)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn spending(&self) -> String {
        let spent = &self.counters;
        let roles: Vec<_> = spent
            .agents
            .iter()
            .map(|(role, n)| format!("{n} {role}"))
            .collect();
        let roles = if roles.is_empty() {
            String::new()
        } else {
            format!(" ({})", roles.join(", "))
        };
        let reused = match spent.gates_reused {
            0 => String::new(),
            n => format!(" ({n} more not made again)"),
        };
        format!(
            "{}{roles}, {}, {}{reused}, {}, {}",
            counted(spent.agents.values().sum(), "agent run"),
            counted(spent.breaker_trips, "fresh agent"),
            counted(spent.gates, "gate run"),
            plain::dollars(spent.cost_micro_usd),
            plain::clock(Duration::from_millis(spent.duration_ms))
        )
    }
}

fn moved_back(ticket: &TicketSummary) -> Option<String> {
    let back = plain::line(ticket.moved_back.as_ref()?, 200);
    Some(format!("  {}: {back}", ticket.id))
}

/// What agents used, by role.
fn used(spent: &Spent) -> Option<String> {
    // An agent that says nothing of what it used is no line.
    let told = |used: &(_, &Used)| used.1.cost_micro_usd > 0 || used.1.tokens > 0;
    let used = spent.used.iter().filter(told).map(|(role, used)| {
        let cost = plain::dollars(used.cost_micro_usd);
        format!("  {role}: {cost}, {}", counted(used.tokens, "token"))
    });
    let presumed = (spent.presumed_micro_usd > 0).then(|| {
        let most = plain::dollars(spent.presumed_micro_usd);
        format!("  agents nobody heard the end of: at most {most}")
    });
    let lines: Vec<_> = used.chain(presumed).collect();
    (!lines.is_empty()).then(|| section("Used:", lines.into_iter()))
}

/// A conflict that was resolved, and below it the proof that nothing was dropped.
fn resolved(resolved: &Resolved) -> String {
    let Resolved {
        ticket,
        others,
        paths,
        proof,
        ..
    } = resolved;
    let mut with: Vec<_> = others.iter().map(ToString::to_string).collect();
    if with.is_empty() {
        with.push("base".into());
    }
    let paths: Vec<_> = paths.iter().map(|p| plain::line(p.as_str(), 160)).collect();
    let proof = plain::lines(&proof.to_string());
    let proof: Vec<_> = proof.lines().map(|line| format!("\n    {line}")).collect();
    let (with, paths, proof) = (with.join(", "), paths.join(", "), proof.concat());
    format!("  {ticket} with {with} in {paths}{proof}")
}

/// What it took to find out, if that took anything.
fn search(aside: &SetAside) -> String {
    match aside.culprit.gates {
        0 => String::new(),
        gates => format!(" [found in {}]", counted(gates.into(), "gate run")),
    }
}

/// One line on a ticket that is not merged: why, and where its work is.
fn left_over(ticket: &TicketSummary, set_aside: &[SetAside]) -> Option<String> {
    let why = match &ticket.result {
        TicketResult::Merged { .. } => return None,
        TicketResult::Stuck { reason, message } => {
            format!("stuck ({reason}): {}", plain::line(message, 160))
        }
        TicketResult::Reverted { reason, message } => {
            // It may have been set aside more than once; the last time is what it ended with.
            let last = set_aside
                .iter()
                .rfind(|aside| aside.culprit.ticket == ticket.id);
            let search = last.map_or_else(String::new, search);
            format!("reverted ({reason}): {}{search}", plain::line(message, 160))
        }
        TicketResult::Blocked { by } => format!("blocked by {by}"),
        TicketResult::Verified => "verified, not merged".into(),
        TicketResult::AwaitingReview => "waits for your review".into(),
        TicketResult::AwaitingPermission { request } => {
            let (tool, input) = (&request.tool, &request.input);
            let asked = plain::line(&format!("{tool}: {input}"), 160);
            format!("waits for you to allow or refuse {asked}")
        }
        TicketResult::Dropped => "dropped".into(),
        TicketResult::DoneOutside => "done outside the sprint; nothing of it was merged".into(),
        TicketResult::Unfinished { stage } => format!("unfinished: {stage}"),
    };
    let whole = |text: &str| plain::line(text, usize::MAX);
    let branch = ticket.branch.as_ref().map(|branch| whole(branch.as_str()));
    let path = ticket
        .worktree
        .as_ref()
        .map(|path| whole(&path.to_string_lossy()));
    let place = match (branch, path) {
        (Some(branch), Some(path)) => format!(" [{branch} in {path}]"),
        (Some(branch), None) => format!(" [{branch}]"),
        (None, _) => String::new(),
    };
    Some(format!("  {}: {why}{place}", ticket.id))
}

/// `1 file`, `2 files`.
pub(super) fn counted(n: u64, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{s}")
}

fn section(title: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: Vec<_> = lines.collect();
    format!("{title}\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::run::Outcome;
    use crate::run::state::Ending;

    #[test]
    fn people_get_a_table_and_what_is_left() {
        let snapshot = fixture::finished();
        let outcome = Outcome::Complete(Ending::Finished);
        let text = Summary::new(&snapshot, Some(&outcome)).text(70);
        insta::assert_snapshot!(text, @r#"
        sprint-20260131-090000: finished
        1 of 5 tickets merged into main

        TICKET  RESULT    ATTEMPTS  AGENTS      TIME  TITLE
        ENG-1   merged           1       3  00:10:55  Add the parser
        ENG-2   stuck            3       3  00:19:55  Fix: a | b <script> @al…
        ENG-3   blocked          0       0  00:00:00  Add the parser
        ENG-4   reverted         1       3  00:19:55  Add the parser
        ENG-10  dropped          0       0  00:00:00  Add the parser

        7 agent runs (5 worker, 2 review), 1 fresh agent, 6 gate runs, $1.23, 01:02:03

        Used:
          worker: $1.20, 340000 tokens
          review: $0.03, 12000 tokens

        Not merged:
          ENG-2: stuck (circuit_breaker): test failed (exit 101): assertion | `left == right` ``` @alice [worktree-ENG-2 in /repo/.worktrees/ENG-2]
          ENG-3: blocked by ENG-2
          ENG-4: reverted (integration_failed): passes alone, fails together with ENG-1: test failed [found in 6 gate runs] [worktree-ENG-4 in /repo/.worktrees/ENG-4]
          ENG-10: dropped
        "#);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    }

    #[test]
    fn people_read_what_was_resolved_and_mended() {
        let snapshot = fixture::mended();
        let outcome = Outcome::Complete(Ending::Finished);
        let text = Summary::new(&snapshot, Some(&outcome)).text(70);
        let (_, text) = text.split_once("12000 tokens\n\n").unwrap();
        insta::assert_snapshot!(text, @r#"
        Resolved conflicts:
          ENG-10 with ENG-1 in menu.txt
            no-drop proof holds: 2 of 2 added lines kept
              menu.txt: ours 1 of 1, theirs 1 of 1

        Set aside and mended:
          ENG-4: passes alone, fails together with ENG-1: test failed [found in 6 gate runs]

        Not merged:
          ENG-2: stuck (circuit_breaker): test failed (exit 101): assertion | `left == right` ``` @alice [worktree-ENG-2 in /repo/.worktrees/ENG-2]
          ENG-3: blocked by ENG-2
        "#);
    }

    #[test]
    fn a_ticket_that_asks_for_a_tool_says_for_which() {
        let summary = Summary::new(&fixture::asking(), None);
        assert_eq!(summary.tickets[3].result.name(), "awaiting permission");
        let text = summary.text(200);
        let line = text.lines().find(|line| line.starts_with("  ENG-4: "));
        insta::assert_snapshot!(line.unwrap(), @"  ENG-4: waits for you to allow or refuse Bash: rm -rf | @alice [worktree-ENG-4 in /repo/.worktrees/ENG-4]");
    }

    #[test]
    fn a_sprint_that_waits_says_for_what() {
        let snapshot = fixture::running();
        let outcome = Outcome::AwaitingHuman {
            requests: vec!["ENG-4: review \u{1b}[2Jit".into()],
        };
        let text = Summary::new(&snapshot, Some(&outcome)).text(200);
        insta::assert_snapshot!(text, @r#"
        sprint-20260131-090000: waiting for a person
        0 of 5 tickets merged into main

        TICKET  RESULT      ATTEMPTS  AGENTS      TIME  TITLE
        ENG-1   verified           1       3  00:10:55  Add the parser
        ENG-2   stuck              3       3  00:19:55  Fix: a | b <script> @alice red ### new `tick`
        ENG-3   blocked            0       0  00:00:00  Add the parser
        ENG-4   unfinished         2       3  01:01:58  Add the parser
        ENG-10  unfinished         0       0  00:00:00  Add the parser

        7 agent runs (5 worker, 2 review), 1 fresh agent, 0 gate runs, $1.23, 01:02:03

        Used:
          worker: $1.20, 340000 tokens
          review: $0.03, 12000 tokens

        Waiting for you:
          ENG-4: review it

        Not merged:
          ENG-1: verified, not merged [worktree-ENG-1 in /repo/.worktrees/ENG-1]
          ENG-2: stuck (circuit_breaker): test failed (exit 101): assertion | `left == right` ``` @alice [worktree-ENG-2 in /repo/.worktrees/ENG-2]
          ENG-3: blocked by ENG-2
          ENG-4: unfinished: implementing [worktree-ENG-4 in /repo/.worktrees/ENG-4]
          ENG-10: unfinished: queued
        "#);
    }
}
