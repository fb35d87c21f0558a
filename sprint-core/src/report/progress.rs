//! Progress while a sprint runs: plain lines, and the rows of a live table.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::id::TicketId;
use crate::report::{plain, standing};
use crate::run::event::Event;
use crate::run::ticket::TicketRun;
use crate::time::Timestamp;

/// Characters of a message shown in a line.
const MESSAGE: usize = 200;

/// An event as one plain line, where it is worth one.
#[expect(clippy::too_many_lines, reason = "one arm per event, and nothing else")]
pub fn line(event: &Event) -> Option<String> {
    let short = |text: &str| plain::line(text, MESSAGE);
    Some(match event {
        Event::PhaseChanged { phase } => format!("phase {}", short(phase)),
        Event::StageChanged {
            ticket,
            stage,
            attempt: 1,
        } => format!("{ticket}: {}", short(stage)),
        Event::StageChanged {
            ticket,
            stage,
            attempt,
        } => format!("{ticket}: {} (attempt {attempt})", short(stage)),
        Event::AttemptFailed {
            ticket,
            kind,
            message,
        } => format!("{ticket}: attempt failed, {kind}: {}", short(message)),
        Event::BreakerTripped { ticket } => {
            format!("{ticket}: the same error twice, starting over with a fresh agent")
        }
        Event::Stuck {
            ticket,
            reason,
            message,
        } => format!("{ticket}: STUCK ({}): {}", reason.name(), short(message)),
        Event::Blocked { ticket, by } => format!("{ticket}: blocked by {by}"),
        Event::ReviewRequested { ticket, commit } => {
            format!("{ticket}: waiting for your review of {commit}")
        }
        Event::PermissionRequested { ticket, request } => {
            let (tool, input) = (short(&request.tool), short(&request.input));
            format!("{ticket}: waiting for you to allow or refuse {tool}: {input}")
        }
        Event::Asked {
            ticket,
            questions,
            answered,
            degraded,
        } => {
            format!("{ticket}: {answered} of {questions} questions answered, {degraded} badly")
        }
        Event::Strayed {
            ticket,
            strays,
            breach,
        } => {
            let what = if *breach {
                "its agent CHANGED what is not its own"
            } else {
                "changed elsewhere while its agent ran"
            };
            let strays: Vec<_> = strays.iter().map(ToString::to_string).collect();
            format!("{ticket}: {what}: {}", short(&strays.join(", ")))
        }
        Event::BaselineRan {
            green,
            tests,
            failing,
        } => {
            let tests = tests.map_or_else(String::new, |n| format!(", {n} tests passed"));
            match (green, failing.len()) {
                (true, _) => format!("gate passed on base{tests}"),
                (false, 0) => "gate FAILED on base".into(),
                (false, n) => format!("gate FAILED on base: {n} tests{tests}"),
            }
        }
        Event::ControlRan { ticket, proves } => {
            let what = if *proves {
                "the new tests fail without the change, as they should"
            } else {
                "the new tests PASS without the change"
            };
            format!("{ticket}: {what}")
        }
        Event::GateRan {
            tickets,
            passed,
            reused,
        } => {
            let result = if *passed { "passed" } else { "FAILED" };
            let again = if *reused {
                " (same tree as before, not run again)"
            } else {
                ""
            };
            format!("gate {result} on {}{again}", names(tickets))
        }
        Event::ConflictResolved {
            ticket,
            others,
            proof,
            ..
        } => format!(
            "{ticket}: conflict with {} resolved\n{}",
            names(others),
            proof.trim_end()
        ),
        Event::CulpritFound {
            ticket,
            message,
            gates,
            ..
        } => {
            let cost = match gates {
                0 => String::new(),
                gates => format!(" [found in {gates} gate runs]"),
            };
            format!("{ticket}: set aside, {}{cost}", short(message))
        }
        Event::Landed { tickets, at } => format!("merged {}, base is at {at}", names(tickets)),
        Event::TakenBack { tickets, at } => {
            format!("took back {}, base is at {at}", names(tickets))
        }
        Event::Retrying {
            effect,
            message,
            in_ms,
        } => {
            let wait = in_ms.div_ceil(1000);
            format!("{effect}: trying again in {wait} s: {}", short(message))
        }
        Event::Warning { message } => format!("warning: {}", short(message)),
        Event::Finished { outcome } => format!("sprint {}", short(outcome)),
        Event::Stale { .. } => return None,
    })
}

fn names(tickets: &[TicketId]) -> String {
    if tickets.is_empty() {
        return "base alone".into();
    }
    let names: Vec<_> = tickets.iter().map(TicketId::as_str).collect();
    names.join(", ")
}

/// One line of a live table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The ticket.
    pub ticket: TicketId,
    /// The name of its stage.
    pub stage: &'static str,
    /// Which trip through the loop.
    pub attempt: u32,
    /// Since work began, up to its end; `None` before.
    pub elapsed: Option<Duration>,
}

/// The rows of a live table, `ENG-2` before `ENG-10`.
pub fn rows(tickets: &BTreeMap<TicketId, TicketRun>, now: Timestamp) -> Vec<Row> {
    let row = |(id, ticket): (&TicketId, &TicketRun)| Row {
        ticket: id.clone(),
        stage: ticket.stage.name(),
        attempt: ticket.attempt,
        elapsed: ticket
            .started_at
            .map(|start| ticket.completed_at.unwrap_or(now).since(start)),
    };
    standing::in_order(tickets).into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::verdict::FindingKind;
    use crate::report::fixture::{self, id};
    use crate::run::effect::{EffectId, Step};
    use crate::run::ticket::StuckReason;

    #[test]
    fn events_become_lines() {
        let evil = "bad\u{1b}[2J\r\nnews".to_owned();
        let stage = |attempt| Event::StageChanged {
            ticket: id(1),
            stage: "checking".into(),
            attempt,
        };
        let events = [
            Event::PhaseChanged {
                phase: "2-implementation".into(),
            },
            stage(1),
            stage(2),
            Event::AttemptFailed {
                ticket: id(1),
                kind: FindingKind::TestFailure,
                message: evil.clone(),
            },
            Event::BreakerTripped { ticket: id(1) },
            Event::Stuck {
                ticket: id(1),
                reason: StuckReason::MaxLoops,
                message: evil.clone(),
            },
            Event::Blocked {
                ticket: id(3),
                by: id(2),
            },
            Event::ReviewRequested {
                ticket: id(1),
                commit: fixture::commit('a'),
            },
            Event::GateRan {
                tickets: vec![id(1), id(2)],
                passed: true,
                reused: false,
            },
            Event::GateRan {
                tickets: vec![],
                passed: false,
                reused: false,
            },
            Event::CulpritFound {
                ticket: id(2),
                partner: Some(id(1)),
                message: "passes alone, fails together with ENG-1: boom".into(),
                gates: 9,
            },
            Event::Landed {
                tickets: vec![id(1)],
                at: fixture::commit('b'),
            },
            Event::Retrying {
                effect: EffectId::ticket(id(1), 1, Step::Post),
                message: evil.clone(),
                in_ms: 4_100,
            },
            Event::Warning { message: evil },
            Event::Finished {
                outcome: "finished".into(),
            },
        ];
        let lines: Vec<_> = events.iter().filter_map(line).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        phase 2-implementation
        ENG-1: checking
        ENG-1: checking (attempt 2)
        ENG-1: attempt failed, test_failure: bad news
        ENG-1: the same error twice, starting over with a fresh agent
        ENG-1: STUCK (max_loops): bad news
        ENG-3: blocked by ENG-2
        ENG-1: waiting for your review of aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        gate passed on ENG-1, ENG-2
        gate FAILED on base alone
        ENG-2: set aside, passes alone, fails together with ENG-1: boom [found in 9 gate runs]
        merged ENG-1, base is at bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
        ENG-1/1/post: trying again in 5 s: bad news
        warning: bad news
        sprint finished
        "#);
    }

    #[test]
    fn what_changes_nothing_is_not_told() {
        let effect = EffectId::sprint(1, Step::Gate);
        assert_eq!(line(&Event::Stale { effect }), None);
    }

    #[test]
    fn rows_count_time_until_the_end_of_each_ticket() {
        let snapshot = fixture::running();
        let text: Vec<_> = rows(&snapshot.tickets, snapshot.at)
            .into_iter()
            .map(|row| {
                let elapsed = row.elapsed.map_or_else(|| "-".into(), plain::clock);
                format!("{} {} {} {elapsed}", row.ticket, row.stage, row.attempt)
            })
            .collect();
        insta::assert_snapshot!(text.join("\n"), @r#"
        ENG-1 verified 1 00:10:55
        ENG-2 stuck 3 00:19:55
        ENG-3 blocked 1 -
        ENG-4 implementing 2 01:01:58
        ENG-10 queued 1 -
        "#);
    }
}
