use super::*;
use crate::run::SprintRun;
use crate::testing::fixture::id;
use crate::testing::world::World;
use crate::time::Timestamp;

const TRACKER: [Step; 7] = [
    Step::Start,
    Step::Post,
    Step::PostAgain,
    Step::Close,
    Step::CloseAgain,
    Step::Note,
    Step::Reopen,
];

fn run() -> SprintRun {
    let (_, plan) = World::planned("A");
    SprintRun::start(Timestamp::default(), plan)
}

/// `step` of A meets a rate limit.
fn limited(run: &mut SprintRun, step: Step, retry_after_ms: Option<u64>) {
    let failure = Failure::new(ErrorKind::RateLimited { retry_after_ms }, "slow down");
    run.with_ticket(&id("A"), |ticket, cx| {
        effect_failed(ticket, step, failure, cx);
    });
}

fn stuck_of(run: &SprintRun) -> Option<StuckReason> {
    let Stage::Stuck { reason, .. } = run.tickets()[&id("A")].stage else {
        return None;
    };
    Some(reason)
}

#[test]
fn only_the_limit_of_an_agent_closes_the_lane_of_agents() {
    for step in Step::ALL {
        for told in [None, Some(60_000)] {
            let mut run = run();
            limited(&mut run, step, told);
            let closed = run.is_paused(Lane::Agent);
            let agent = step.lane() == Lane::Agent;
            assert_eq!(closed, agent, "{step}, told {told:?}");
            let held = run.tickets()[&id("A")].holds.contains_key(&step);
            assert_eq!(held, !agent, "{step}, told {told:?}");
        }
    }
}

#[test]
fn to_wait_for_the_budget_of_the_tracker_as_told_is_no_failure_of_the_ticket() {
    let quarter = 15 * 60_000;
    for step in TRACKER {
        let mut run = run();
        for n in 1..=96 {
            limited(&mut run, step, Some(quarter));
            assert_eq!(stuck_of(&run), None, "{step}, wait {n}");
        }
        assert_eq!(run.tickets()[&id("A")].budget.rate_limits, 0, "{step}");
        limited(&mut run, step, Some(quarter));
        assert_eq!(stuck_of(&run), Some(StuckReason::RateLimited), "{step}");
    }
}

#[test]
fn a_chore_that_waited_for_a_day_is_let_go_with_a_warning() {
    let mut run = run();
    run.with_ticket(&id("A"), |ticket, _| {
        ticket.chores.insert(Step::Start);
    });
    for _ in 0..24 {
        limited(&mut run, Step::Start, Some(2 * MAX_TOLD_MS));
    }
    assert!(run.tickets()[&id("A")].chores.contains(&Step::Start));
    limited(&mut run, Step::Start, Some(1));
    let ticket = &run.tickets()[&id("A")];
    assert!(ticket.chores.is_empty() && ticket.budget_waits.is_empty());
    assert_eq!(stuck_of(&run), None);
    let warned = |event: &Event| matches!(event, Event::Warning { .. });
    assert!(run.events.iter().any(warned));
}

#[test]
fn who_is_not_told_how_long_waits_five_times() {
    for step in [Step::Post, Step::Implement] {
        let mut run = run();
        for _ in 0..5 {
            limited(&mut run, step, None);
            assert_eq!(stuck_of(&run), None, "{step}");
        }
        limited(&mut run, step, None);
        assert_eq!(stuck_of(&run), Some(StuckReason::RateLimited), "{step}");
    }
}
