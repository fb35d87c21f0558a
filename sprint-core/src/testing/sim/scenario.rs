//! What a seed makes of the world: tickets, agents, a gate, a configuration.

use std::time::Duration;

use crate::domain::agent::Role;
use crate::domain::command::CheckKind;
use crate::domain::config::{CoordinationMode, RedBase, SameErrorPolicy, SimplifierPolicy};
use crate::domain::verdict::{LayerName, Severity};
use crate::plan::sprint_plan::SprintPlan;
use crate::run::admit::Limits;
use crate::testing::fixture;
use crate::testing::rng::Rng;
use crate::testing::sim::faults::Faults;
use crate::testing::world::agents::{
    CompletionAct, ConflictAct, ReviewAct, Script, SimplifierAct, TeammateAct, WorkerAct,
};
use crate::testing::world::repo::Flaw;
use crate::testing::world::{State, World};

/// Names of tickets.
const NAMES: [&str; 7] = ["T-1", "T-2", "T-3", "T-4", "T-5", "T-6", "T-7"];

/// One sprint to simulate.
#[derive(Debug)]
pub struct Scenario {
    /// The world at the start.
    pub world: World,
    /// What is to be done.
    pub plan: SprintPlan,
    /// How much at a time.
    pub limits: Limits,
    /// What goes wrong.
    pub faults: Faults,
}

impl Scenario {
    /// The scenario of a seed.
    pub fn random(rng: &mut Rng) -> Self {
        let n = 1 + rng.below(4) + if rng.chance(15) { rng.below(4) } else { 0 };
        let (world, mut plan) = World::planned(&graph(rng, n));
        configure(rng, &mut plan);
        world.with(|state| furnish(rng, state, &plan, n));
        let limits = Self::limits(rng);
        let faults = Faults::random(rng);
        Self {
            world,
            plan,
            limits,
            faults,
        }
    }

    /// Some limits.
    pub fn limits(rng: &mut Rng) -> Limits {
        let agents = rng.chance(70).then(|| 1 + rng.below(4));
        let commands = rng.chance(70).then(|| 1 + rng.below(3));
        Limits::new(agents, commands)
    }
}

/// How the sprint is configured.
fn configure(rng: &mut Rng, plan: &mut SprintPlan) {
    let config = &mut plan.config;
    config.max_loop_iterations = u32::try_from(1 + rng.below(5)).unwrap_or(1);
    config.human_in_loop = rng.chance(15);
    config.partial_merge = rng.chance(85);
    config.avoid_conflicts = rng.chance(20);
    config.phases.code_review = rng.chance(85);
    config.baseline = rng.chance(80);
    config.negative_control = rng.chance(80);
    config.red_base = if rng.chance(30) {
        RedBase::Accept
    } else {
        RedBase::Ask
    };
    config.simplifier = match rng.below(3) {
        0 => SimplifierPolicy::Always,
        1 => SimplifierPolicy::Never,
        _ => SimplifierPolicy::Auto,
    };
    if rng.chance(50) {
        config.install_cmd = None;
    }
    if rng.chance(10) {
        config.max_agent_runs = 1 + rng.next() % 30;
    }
    if rng.chance(8) {
        config.max_cost_cents = 10 + rng.next() % 100;
    }
    if rng.chance(10) {
        config.max_ticket_cost_cents = 10 + rng.next() % 60;
    }
    if rng.chance(50) {
        config.max_agent_cost_cents = 4 + rng.next() % 6;
    }
    config.same_error_policy = match rng.below(4) {
        0 => SameErrorPolicy::Type,
        1 => SameErrorPolicy::Signature,
        _ => SameErrorPolicy::Hybrid,
    };
    if rng.chance(60) {
        plan.roles.insert(Role::Conflict);
    }
    if rng.chance(50) {
        plan.mode = CoordinationMode::AgentTeams;
    }
    if rng.chance(20) {
        plan.layers.extend("signed".parse::<LayerName>());
    }
}

/// What the agents of `n` tickets do, and what does not go together.
fn furnish(rng: &mut Rng, state: &mut State, plan: &SprintPlan, n: usize) {
    state.checks.review_required = plan.config.phases.code_review;
    state.checks.layer_required = !plan.layers.is_empty();
    state.checks.control_required = plan.config.negative_control;
    state.checks.usual_limit = Duration::from_secs(plan.config.command_timeout_s);
    for name in &NAMES[..n] {
        state.scripts.insert(fixture::id(name), script(rng));
        let left = 1 + u32::try_from(rng.below(3)).unwrap_or(0);
        if rng.chance(2) {
            state.board.loses_evidence.insert(fixture::id(name), left);
        }
        if rng.chance(2) {
            state.board.stays_open.insert(fixture::id(name), left);
        }
        if rng.chance(4) {
            state.board.moves_back.insert(fixture::id(name), left);
        }
    }
    if rng.chance(8) {
        // Base is red before anything begins, with or without a name for it.
        let check = [CheckKind::Test, CheckKind::Test, CheckKind::Lint][rng.below(3)];
        let text = "test of base FAILED".to_owned();
        state.repo.edit_base(Some(Flaw::Fails { check, text }));
        state.checks.red_at_start.insert("edit-1".into());
    }
    let some = |rng: &mut Rng| NAMES[rng.below(n)].to_owned();
    if rng.chance(60) {
        state.repo.conflicts.insert((some(rng), some(rng)));
    }
    if rng.chance(25) {
        let size = 1 + rng.below(3);
        let together = (0..size).map(|_| some(rng)).collect();
        state.checks.break_together.push(together);
        if rng.chance(60) {
            let version = 2 + u32::try_from(rng.below(2)).unwrap_or(0);
            state.checks.mended.insert(some(rng), version);
        }
    }
    if rng.chance(10) {
        let size = 1 + rng.below(n);
        let names = NAMES[..size].iter().map(|name| (*name).to_owned());
        state.checks.flaky.insert(names.collect(), 1);
    }
}

/// Every ticket may depend on any before it.
fn graph(rng: &mut Rng, n: usize) -> String {
    let density = 10 * rng.below(6);
    let mut rows = Vec::new();
    for (at, name) in NAMES[..n].iter().enumerate() {
        let mut on: Vec<&str> = NAMES[..at]
            .iter()
            .copied()
            .filter(|_| rng.chance(density))
            .collect();
        if rng.chance(2) {
            on.push("ELSEWHERE-1");
        }
        rows.push(format!("{name} <- {}", on.join(" ")));
    }
    rows.join("\n")
}

fn script(rng: &mut Rng) -> Script {
    let mut script = Script {
        leaves_uncommitted: rng.chance(40),
        ..Script::default()
    };
    if rng.chance(40) {
        return script;
    }
    let attempts = 1 + rng.below(3);
    script.worker = (0..attempts).map(|_| worker(rng)).collect();
    if rng.chance(40) {
        // Fails the same way again and again.
        let again = script.worker[0].clone();
        script.worker = vec![again; 1 + attempts];
    }
    if rng.chance(80) {
        script.worker.push(WorkerAct::Good);
    }
    if rng.chance(25) {
        script.review = (0..attempts).map(|_| review(rng)).collect();
        script.review.push(ReviewAct::Clean);
    }
    if rng.chance(30) {
        script.teammate = (0..attempts).map(|_| teammate(rng)).collect();
    }
    if rng.chance(50) {
        script.simplifier = (0..attempts).map(|_| simplifier(rng)).collect();
    }
    if rng.chance(25) {
        script.completion = (0..attempts).map(|_| completion(rng)).collect();
        script.completion.push(CompletionAct::Complete);
    }
    if rng.chance(50) {
        script.conflict = (0..1 + rng.below(2)).map(|_| conflict(rng)).collect();
    }
    script
}

fn simplifier(rng: &mut Rng) -> SimplifierAct {
    match rng.below(6) {
        0 => SimplifierAct::Breaks,
        1 => SimplifierAct::Malformed,
        2 => SimplifierAct::Erases,
        3 => SimplifierAct::Deletes,
        _ => SimplifierAct::Improves,
    }
}

fn teammate(rng: &mut Rng) -> TeammateAct {
    match rng.below(3) {
        0 => TeammateAct::Helps,
        1 => TeammateAct::Rambles,
        _ => TeammateAct::Silent,
    }
}

fn conflict(rng: &mut Rng) -> ConflictAct {
    match rng.below(18) {
        0 => ConflictAct::LeavesMarkers,
        1 => ConflictAct::Drops,
        2 => ConflictAct::Strays,
        3 => ConflictAct::Sacrifices,
        4 => ConflictAct::Breaks,
        5 => ConflictAct::Malformed,
        _ => ConflictAct::Good,
    }
}

fn worker(rng: &mut Rng) -> WorkerAct {
    let fails = |check, text: &str| {
        let text = text.to_owned();
        WorkerAct::Flawed(Flaw::Fails { check, text })
    };
    match rng.below(40) {
        0 | 1 => fails(CheckKind::Test, "test it_works FAILED"),
        2 => fails(CheckKind::Test, "test it_still_works FAILED"),
        3 => fails(CheckKind::Build, "mismatched types"),
        4 => fails(CheckKind::Build, "could not compile"),
        5 => fails(CheckKind::Lint, "unused variable"),
        6 => fails(CheckKind::Test, "ENOENT: no such file"),
        7 => fails(CheckKind::Build, "status 429, too many requests"),
        8 => WorkerAct::Flawed(Flaw::NeedsInstall),
        9 => WorkerAct::Flawed(Flaw::Uninstallable),
        10 => WorkerAct::Flawed(Flaw::Slow(2)),
        11 => WorkerAct::Flawed(Flaw::Slow(9)),
        12 => WorkerAct::Flawed(Flaw::NoTests),
        13 => WorkerAct::Flawed(Flaw::NoEdgeCases),
        14 => WorkerAct::Flawed(Flaw::Leftover),
        15 => WorkerAct::Admits,
        16 => WorkerAct::Lies,
        17 | 18 => WorkerAct::Idle,
        19 => WorkerAct::Partial,
        20 => WorkerAct::NoPreflight,
        21 => WorkerAct::NoEvidence,
        22 | 23 => WorkerAct::Malformed,
        24 => WorkerAct::Confused,
        25 => WorkerAct::Flawed(Flaw::ProvesNothing),
        26 => WorkerAct::Flawed(Flaw::Unsigned),
        27 => WorkerAct::Asks(1 + u32::try_from(rng.below(3)).unwrap_or(0)),
        28 => WorkerAct::Asks(if rng.chance(20) { 25 } else { 1 }),
        29 => WorkerAct::AsksAgain,
        30 => WorkerAct::Deletes,
        31 => WorkerAct::Switches,
        32 => WorkerAct::MovesBranch,
        33 => WorkerAct::Wanders,
        34 => WorkerAct::Watched,
        _ => WorkerAct::Good,
    }
}

fn review(rng: &mut Rng) -> ReviewAct {
    match rng.below(6) {
        0 => ReviewAct::Clean,
        1 => ReviewAct::Finds(Severity::Medium, "could be shorter".into()),
        2 => ReviewAct::Finds(Severity::High, "leaks a handle".into()),
        3 => ReviewAct::Finds(Severity::Critical, format!("race number {}", rng.below(3))),
        4 => ReviewAct::Malformed,
        _ => ReviewAct::Edits,
    }
}

fn completion(rng: &mut Rng) -> CompletionAct {
    match rng.below(5) {
        0 => CompletionAct::Complete,
        1 | 2 => CompletionAct::Missing(format!("part {}", rng.below(2))),
        3 => CompletionAct::CitesWrong,
        _ => CompletionAct::Malformed,
    }
}
