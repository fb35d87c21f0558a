//! The rules, each a function with a name: what must hold after every step, and at the end.

use std::collections::BTreeSet;

use crate::domain::ticket::TicketStatus;
use crate::id::TicketId;
use crate::run::SprintRun;
use crate::run::effect::{EffectId, Lane, Scope, Step, Work};
use crate::run::event::Event;
use crate::run::state::{Ending, Phase};
use crate::run::ticket::{Stage, StuckReason};
use crate::testing::sim::history::workers;
use crate::testing::sim::{Sim, agent_limit, reread};
use crate::testing::world::repo::{Change, Flaw};
use crate::time::Timestamp;

/// A rule: `Err` says how it is broken.
type Rule = fn(&Sim) -> Result<(), String>;

/// What must hold after every step.
const ALWAYS: [(&str, Rule); 14] = [
    ("something can always happen", something_can_happen),
    ("the disk holds the state", saved_is_current),
    ("one sprint-level effect at a time", one_sprint_effect),
    ("only what is wanted runs", only_wanted_runs),
    ("a stopped sprint does nothing more", stopped_is_quiet),
    ("loops stay within the limit", loops_are_bounded),
    (
        "agent runs are counted before they happen",
        agents_are_counted,
    ),
    ("agent runs stay within the limit", agents_are_bounded),
    ("agents cost no more than they may", costs_are_bounded),
    ("a finished ticket gets no worker", no_work_after_the_end),
    ("a lost ticket blocks what waits for it", lost_blocks),
    ("dependencies land first", dependencies_land_first),
    ("base moves by landings only", base_is_ours_to_land_on),
    ("the user's branches stay", users_branches_stay),
];

/// What is not undone by the next step, and costs more to see: looked at now and then.
const SOMETIMES: [(&str, Rule); 2] = [
    ("everything wanted can be described", wanted_has_work),
    ("evidence is written once per key", evidence_is_unique),
];

/// Checks every rule that must always hold.
///
/// # Panics
///
/// If one is broken.
pub(super) fn hold(sim: &mut Sim) {
    let now_and_then = sim.running.is_empty() || sim.step.is_multiple_of(8);
    let more: &[(&str, Rule)] = if now_and_then { &SOMETIMES } else { &[] };
    for (name, rule) in ALWAYS.iter().chain(more) {
        if let Err(how) = rule(sim) {
            panic!("broken rule: {name}: {how}\n{:#?}", sim.sprint().sprint());
        }
    }
    sim.history.base = sim.world.with(|state| state.repo.base_head());
    sim.history.base_may_move = false;
}

/// In every state there is an outcome, something wanted, or a deadline.
fn something_can_happen(sim: &Sim) -> Result<(), String> {
    let run = &sim.run;
    let moves =
        run.outcome().is_some() || run.wanted().next().is_some() || run.next_deadline().is_some();
    ensure(moves, || "nothing ever happens again".into())
}

/// What is wanted has a description, or it would be waited for in vain.
fn wanted_has_work(sim: &Sim) -> Result<(), String> {
    let mut wanted = sim.run.wanted();
    let without = wanted.find(|id| sim.run.work(id).is_none());
    ensure(without.is_none(), || format!("{without:?} has no work"))
}

/// The first state and all changes since are the state: nothing is left out of a change.
fn saved_is_current(sim: &Sim) -> Result<(), String> {
    let run = &sim.run;
    let same = sim.store.look(|stored| {
        stored.is_some_and(|stored| {
            stored.sprint == *run.sprint()
                && stored.tickets == *run.tickets()
                && stored.integration.as_ref() == run.integration()
                && stored.undo.as_ref() == run.undo()
        })
    });
    ensure(same, || "a change was saved incompletely".into())
}

/// Combining, gating, landing and tidying follow one another.
fn one_sprint_effect(sim: &Sim) -> Result<(), String> {
    let sprint = |id: &&EffectId| id.scope == Scope::Sprint;
    let running = sim.running.keys().filter(sprint).count();
    let wanted = sim.run.wanted().filter(sprint).count();
    ensure(running <= 1 && wanted <= 1, || {
        format!("{running} run, {wanted} are wanted")
    })
}

/// What is no longer wanted is stopped at once.
fn only_wanted_runs(sim: &Sim) -> Result<(), String> {
    let stray = sim.running.keys().find(|id| !sim.run.wants(id));
    ensure(stray.is_none(), || format!("{stray:?} runs"))
}

/// After a cancellation or a safety stop nothing but tidying runs; after the end, nothing.
fn stopped_is_quiet(sim: &Sim) -> Result<(), String> {
    let allowed: &[Step] = match sim.run.sprint().phase {
        Phase::Complete { .. } | Phase::Parked { .. } => &[],
        Phase::Undoing => &[Step::Revert, Step::Gate, Step::Land],
        Phase::Tidying {
            ending: Ending::Cancelled | Ending::SafetyStop { .. },
        } => &[Step::Tidy],
        Phase::Tidying {
            ending: Ending::Finished,
        }
        | Phase::Preflight
        | Phase::Baseline
        | Phase::Tickets
        | Phase::Integrating => return Ok(()),
    };
    let stray = sim.running.keys().find(|id| !allowed.contains(&id.step));
    ensure(stray.is_none(), || format!("{stray:?} runs"))
}

/// At most so many attempts fail, one agent is fresh, and two follow agents that ran out of
/// context, per budget of a ticket; rate limits are waited for five times in a row.
fn loops_are_bounded(sim: &Sim) -> Result<(), String> {
    let max = sim.run.plan().config.max_loop_iterations;
    for (id, ticket) in sim.run.tickets() {
        let Some(spent) = sim.history.spent.get(id) else {
            continue;
        };
        let budget = &ticket.budget;
        let fine = budget.loops <= max
            && spent.failures <= max
            && spent.fresh.len() <= 1
            && spent.continued.len() <= 2
            && budget.rate_limits <= 6
            && spent.questions <= budget.questions
            && budget.questions <= 20
            && (budget.rate_limits < 6
                || matches!(ticket.stage, Stage::Stuck { .. } | Stage::Dropped));
        ensure(fine, || format!("{id}: {budget:?}, {spent:?}"))?;
        // What failed was counted: the state knows at least what was seen.
        ensure(spent.failures <= budget.loops, || {
            format!("{id}: {} failures, {} loops", spent.failures, budget.loops)
        })?;
    }
    Ok(())
}

/// The saved count of agents is never behind what was started.
fn agents_are_counted(sim: &Sim) -> Result<(), String> {
    let counted = &sim.run.sprint().counters.agents;
    let ran = sim.world.with(|state| state.log.agents.clone());
    for (role, n) in ran {
        let known = counted.get(&role).copied().unwrap_or(0);
        ensure(n <= known, || {
            format!("{n} runs of {role}, {known} counted")
        })?;
    }
    Ok(())
}

/// No more agents run than the configuration allows.
fn agents_are_bounded(sim: &Sim) -> Result<(), String> {
    let ran: u64 = sim.world.with(|state| state.log.agents.values().sum());
    match agent_limit(sim.run.plan()) {
        Some(limit) => ensure(ran <= limit, || format!("{ran} of {limit}")),
        None => Ok(()),
    }
}

/// What each agent may cost is kept before it starts, so all of them together stay within the limit,
/// whatever was heard of them.
fn costs_are_bounded(sim: &Sim) -> Result<(), String> {
    let config = &sim.run.plan().config;
    let (limit, each) = (config.max_cost_cents * 10_000, config.max_agent_cost_cents);
    let cost = sim.world.with(|state| state.log.cost_micro_usd);
    let counted = cost - sim.history.uncounted;
    let bound = limit > 0 && each > 0 && !sim.history.miscounted;
    ensure(!bound || counted <= limit, || {
        format!("{counted} of {limit}")
    })
}

/// Verified and merged tickets cost no further worker, also after a crash.
fn no_work_after_the_end(sim: &Sim) -> Result<(), String> {
    for (id, before) in &sim.history.complete {
        let now = workers(&sim.world, id);
        ensure(now == *before, || {
            format!("{id}: {before} workers, then {now}")
        })?;
    }
    Ok(())
}

/// A stuck ticket says why, and nothing is queued behind a ticket that will not be done.
fn lost_blocks(sim: &Sim) -> Result<(), String> {
    let tickets = sim.run.tickets();
    for (id, plan) in &sim.run.plan().tickets {
        if let Stage::Stuck { message, .. } = &tickets[id].stage {
            ensure(!message.is_empty(), || {
                format!("{id} is stuck without a word")
            })?;
        }
        if let Stage::Blocked { by } = &tickets[id].stage {
            let lost = tickets
                .get(by)
                .is_none_or(|t| t.is_settled() && !t.is_met());
            ensure(lost, || {
                format!("{id} is blocked by {by}, which is not lost")
            })?;
        }
        if tickets[id].stage == Stage::Queued {
            let lost = |on: &&TicketId| tickets[*on].is_settled() && !tickets[*on].is_met();
            let on = plan.dependencies.iter().find(lost);
            ensure(on.is_none(), || {
                format!("{id} waits for {on:?}, which is lost")
            })?;
        }
    }
    Ok(())
}

/// What is on base has what it depends on with it.
fn dependencies_land_first(sim: &Sim) -> Result<(), String> {
    sim.world.with(|state| {
        let there = state.repo.base_tree();
        for (id, plan) in &sim.run.plan().tickets {
            if there.contains_key(id.as_str()) {
                let mut on = plan.dependencies.iter();
                let here = |on: &&TicketId| {
                    let outside = sim.run.tickets()[*on].stage == Stage::DoneOutside;
                    outside || there.contains_key(on.as_str())
                };
                let missing = on.find(|on| !here(on));
                ensure(missing.is_none(), || {
                    format!("{id} is on base without {missing:?}")
                })?;
            }
        }
        Ok(())
    })
}

/// Base moves when something lands, or a person commits to it, and at no other time; and what was
/// on it stays on it. (That the gate was green on what lands is checked by the world.)
fn base_is_ours_to_land_on(sim: &Sim) -> Result<(), String> {
    let before = &sim.history.base;
    let (head, grows) = sim.world.with(|state| {
        let head = state.repo.base_head();
        let grows = head == *before || state.repo.contains(&head, before);
        (head, grows)
    });
    ensure(grows, || {
        format!("base went from {before} to {head}, which lacks it")
    })?;
    let fine = head == *before || sim.history.base_may_move;
    ensure(fine, || format!("base moved to {head}"))
}

/// Branches that are not ours are where they were.
fn users_branches_stay(sim: &Sim) -> Result<(), String> {
    let before = &sim.history.branches;
    let same = sim
        .world
        .with(|state| state.repo.users_branches().eq(before));
    ensure(same, || "a branch of the user changed".into())
}

/// One comment per key, and evidence for a commit is posted once.
fn evidence_is_unique(sim: &Sim) -> Result<(), String> {
    sim.world.with(|state| {
        for (id, entry) in &state.board.entries {
            let keys: BTreeSet<_> = entry.comments.iter().map(|(key, _)| key).collect();
            ensure(keys.len() == entry.comments.len(), || {
                format!("{id}: a key twice")
            })?;
            let evidence = entry.evidence();
            let commits: BTreeSet<_> = evidence.iter().map(|marker| &marker.commit).collect();
            ensure(commits.len() == evidence.len(), || {
                format!("{id}: evidence twice")
            })?;
        }
        Ok(())
    })
}

/// What starts has room in its lane, is not on hold, and is no agent while agents are paused.
///
/// # Panics
///
/// If that is not so.
pub(super) fn admission(sim: &Sim, start: &[EffectId], now: Timestamp) {
    let limits = &sim.limits;
    for (lane, limit) in [
        (Lane::Agent, limits.agents),
        (Lane::Command, limits.commands),
        (Lane::Tracker, limits.tracker),
        (Lane::Vcs, limits.vcs),
    ] {
        let before = sim
            .running
            .keys()
            .filter(|id| id.step.lane() == lane)
            .count();
        let new = start.iter().filter(|id| id.step.lane() == lane).count();
        let fine = new == 0 || limit.is_none_or(|limit| before + new <= limit);
        assert!(
            fine,
            "broken rule: {lane:?} has room for {limit:?}, {before} run, {new} start"
        );
    }
    for id in start {
        let key = match id.scope {
            Scope::Sprint => EffectId::sprint(1, id.step),
            Scope::Ticket(_) => id.clone(),
        };
        let held = sim.history.holds.get(&key).filter(|until| **until > now);
        assert!(
            held.is_none(),
            "broken rule: {id} starts at {now}, on hold until {held:?}"
        );
        let paused = sim.history.agents_from.filter(|until| *until > now);
        assert!(
            id.step.lane() != Lane::Agent || paused.is_none(),
            "broken rule: {id} starts at {now}, agents are paused until {paused:?}"
        );
    }
}

/// A ticket whose team came to nothing gets none again, and agents are told what people decided.
///
/// # Panics
///
/// If that is not so.
pub(super) fn company(sim: &Sim, work: &Work) {
    let Work::Agent { task, .. } = work else {
        return;
    };
    let ticket = &sim.run.tickets()[&task.ticket];
    assert!(
        !ticket.apart || task.teammate.is_none(),
        "broken rule: {} has a teammate again",
        task.ticket
    );
    assert_eq!(
        task.grants, ticket.grants,
        "broken rule: what people decided"
    );
}

/// A ticket whose agent got where it must not be goes no further.
///
/// # Panics
///
/// If it does.
pub(super) fn contained(sim: &Sim, event: &Event) {
    if let Event::Strayed {
        ticket,
        breach: true,
        ..
    } = event
    {
        let stage = &sim.run.tickets()[ticket].stage;
        let reason = StuckReason::Breach;
        let stuck = matches!(stage, Stage::Stuck { reason: why, .. } if *why == reason);
        assert!(
            stuck,
            "broken rule: {ticket} goes on after a breach: {stage:?}"
        );
    }
}

/// Who is blamed for a red combination is to blame: chance is not held against anybody.
///
/// # Panics
///
/// If that is not so.
pub(super) fn fair(sim: &Sim, event: &Event) {
    let Event::CulpritFound {
        ticket,
        message,
        gates: 1..,
        ..
    } = event
    else {
        return;
    };
    let guilty = sim.world.with(|state| {
        let mut sets = state.checks.break_together.iter();
        // Passes alone, where it is given more time and nothing is installed, and not here.
        let slow =
            |change: &Change| matches!(change.flaw, Some(Flaw::Slow(_) | Flaw::Uninstallable));
        let mut commits = state.repo.commits.values();
        sets.any(|set| set.contains(ticket.as_str()))
            || commits.any(|commit| commit.tree.get(ticket.as_str()).is_some_and(slow))
    });
    assert!(
        guilty,
        "broken rule: {ticket} is blamed without reason: {message}"
    );
}

/// A restart wants exactly what the living value wants, and describes it in the same words.
///
/// # Panics
///
/// If that is not so.
pub(super) fn restores(sim: &Sim) {
    let snapshot = sim.run.snapshot();
    let read = reread(&snapshot);
    assert_eq!(
        read, snapshot,
        "broken rule: the saved form loses something"
    );
    let restored = SprintRun::restore(read);
    let wanted = |run: &SprintRun| run.wanted().cloned().collect::<Vec<_>>();
    assert_eq!(
        wanted(&restored),
        wanted(&sim.run),
        "broken rule: a restart wants something else"
    );
    assert_eq!(restored.next_deadline(), sim.run.next_deadline());
    assert_eq!(restored.outcome(), sim.run.outcome());
    for id in restored.wanted() {
        assert_eq!(
            restored.work(id),
            sim.run.work(id),
            "broken rule: a restart does otherwise"
        );
    }
}

/// At the end the world shows what the sprint says.
///
/// # Panics
///
/// If it does not.
pub(super) fn at_the_end(sim: &Sim) {
    let finished = matches!(
        sim.run.sprint().phase,
        Phase::Complete {
            ending: Ending::Finished
        }
    );
    for (id, ticket) in sim.run.tickets() {
        let (status, touched, evidence) = sim.world.with(|state| {
            let entry = state.board.entries.get(id);
            let evidence = entry.map_or_else(Vec::new, |entry| entry.evidence());
            let touched = state.board.touched.contains(id);
            (state.board.status(id), touched, evidence)
        });
        merged(sim, id);
        if let Some(back) = &ticket.taken_back {
            let (gone, change) = sim.world.with(|state| {
                let gone = back.reverted_at.as_ref();
                let gone = gone.is_none_or(|commit| state.repo.on_base(commit));
                (gone, state.repo.base_tree().get(id.as_str()).cloned())
            });
            assert!(
                gone && change.is_none(),
                "broken rule: {id} is taken back, and base has {change:?}"
            );
        }
        if finished {
            assert!(
                ticket.is_settled(),
                "broken rule: over, and {id} is {}",
                ticket.stage.name()
            );
        }
        swept(sim, id, finished);
        if touched {
            continue;
        }
        let done = status == Some(TicketStatus::Done);
        // It landed again, and marking it Done again was cut short, or given up with a warning.
        let again = sim.history.landed_again.contains(id)
            && (ticket.chores.contains(&Step::Close) || sim.history.unsure.contains(id));
        let (automated, unread) = sim.world.with(|state| {
            let board = &state.board;
            (board.moved.contains(id), board.unread.contains(id))
        });
        let named = ticket.aftermath.back().is_some();
        let moved = named || automated && (unread || !finished);
        if ticket.is_complete() {
            assert!(
                done || again || moved || sim.history.unswept,
                "broken rule: {id} is complete, and the tracker says {status:?}"
            );
            let head = ticket.stage.checked().map(|checked| &checked.head);
            let shown = evidence.iter().any(|marker| Some(&marker.commit) == head);
            let unposted =
                sim.history.unposted.contains(id) || ticket.chores.contains(&Step::PostAgain);
            assert!(
                shown || unposted,
                "broken rule: {id} is complete without evidence"
            );
        } else if finished && !sim.history.unsure.contains(id) {
            let unknown = matches!(
                ticket.stage,
                Stage::DoneOutside
                    | Stage::Stuck {
                        reason: StuckReason::TicketNotDone,
                        ..
                    }
            );
            assert!(
                !done || unknown,
                "broken rule: {id} is Done, and {}",
                ticket.stage.name()
            );
        }
    }
}

/// What is merged is on base, and was merged once.
fn merged(sim: &Sim, id: &TicketId) {
    let ticket = &sim.run.tickets()[id];
    if let Stage::Merged { at, checked, .. } = &ticket.stage {
        let there = sim
            .world
            .with(|state| state.repo.on_base(at) && state.repo.on_base(&checked.head));
        assert!(there, "broken rule: {id} is merged and not on base");
        let merges = sim
            .world
            .with(|state| state.repo.times_merged(&checked.head));
        assert!(merges <= 1, "broken rule: {id} is merged {merges} times");
    }
}

/// When a sprint completes, what is merged is Done at the tracker, or named as moved back. Only what
/// nobody could look at, or somebody changed since the last look, is anything else.
fn swept(sim: &Sim, id: &TicketId, finished: bool) {
    let ticket = &sim.run.tickets()[id];
    if !finished || sim.history.unswept || !matches!(ticket.stage, Stage::Merged { .. }) {
        return;
    }
    let (status, unread) = sim.world.with(|state| {
        let unread = state.board.unread.contains(id);
        (state.board.status(id), unread)
    });
    let kept = status.is_none_or(|status| status == TicketStatus::Done);
    let named = ticket.aftermath.back().is_some();
    assert!(
        kept || named || unread,
        "broken rule: {id} is merged, is {status:?} at the tracker, and nobody is told"
    );
}

fn ensure(holds: bool, how: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(how()) }
}
