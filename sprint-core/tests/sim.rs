//! Ten thousand simulated sprints.

use sprint_core::testing::sim::coverage::Coverage;
use sprint_core::testing::sim::simulate;

#[expect(
    clippy::disallowed_methods,
    reason = "a seed is chosen from outside the test"
)]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn run(seed: u64) -> Coverage {
    let result = std::panic::catch_unwind(|| simulate(seed));
    result.unwrap_or_else(|panic| {
        eprintln!("SPRINT_SIM_SEED={seed} cargo test -p sprint-core --test sim -- --nocapture");
        std::panic::resume_unwind(panic)
    })
}

#[test]
fn simulate_10_000_seeds() {
    if let Some(seed) = setting("SPRINT_SIM_SEED") {
        run(seed);
        return;
    }
    let kept = include_str!("sim_seeds.txt").lines();
    for seed in kept.filter_map(|line| line.split('#').next()?.trim().parse().ok()) {
        run(seed);
    }
    let mut coverage = Coverage::default();
    for seed in 0..setting("SPRINT_SIM_SEEDS").unwrap_or(10_000) {
        coverage.add(&run(seed));
    }
    for (kind, what, n) in coverage.iter() {
        println!("{n:>9} {kind}: {what}");
    }
    if setting("SPRINT_SIM_SEEDS").is_none() {
        nothing_is_missing(&coverage);
    }
}

/// What ten thousand sprints have to have seen, or the simulator has gone blind.
const REQUIRED: &str = "
breaker: tripped, a fresh agent succeeded
cancel: in mid-flight
crash: before a save, in a save, after a save, between effect and reply, taken over
crash during: integration, test of base, search for a culprit, resolution
crash during: checkpoint, combine, gate, probe, resolve, inspect, remember, land, tidy, start, open
crash during: revert, gate without a ticket, landing without a ticket
crash during: install, research, implement, refresh
crash during: baseline, simplify, restore, control, layers
crash during: collect, check, review, judge, post, close, note, reopen, release
crash in: queued, blocked, opening, installing, researching, implementing, collecting, checking
crash in: simplifying, refreshing, awaiting review, awaiting permission, judging, posting, closing, verified, merged, stuck, dropped
finding: preflight_skipped, context_exhaustion, missing_evidence, evidence_mismatch
finding: silent_success, debug_artifacts, code_review, incomplete_requirements, human_changes
finding: no_progress, timeout, lint_error, test_failure, merge_conflict, integration_failed
finding: stale_base_conflict, test_proves_nothing, host_layer
base: same, by us, by others
down: cancels, deletes evidence, deletes a branch, moves a branch, rewrites a branch, loses a directory
mend: keep, done outside, drop, close again, post first, post again, recover, reopen, start over
mend: distrust
resume: SKIP, REPAIR_STATUS, RE_VERIFY, RE_IMPLEMENT, STUCK, the look failed
crash: while it looks around
crash in: recovering, done outside
baseline: green, red by name, red without names, accepted, repaired
finding: workspace_lost, wrong_branch
team: asked, degraded, given up, done without
permission: asked, allowed, refused
strayed: remark, breach
budget: waits for another agent to end
control: proves, proves nothing
gate: made, reused
simplifier: taken back
human: edits, closes, reopens, deletes
integration: landed, base moved, parked and continued, culprit alone, partner found
integration: dependent set aside, skipped, mended, conflict resolved, resolution refused
rate limit: a healthy sibling goes on
remedy: timeout
reply: lost, late, doubled, stale
review: approved, changes, skipped
save: failed
stop: budget, fatal, base is red, base moves
stuck: circuit_breaker, max_loops, context_exhausted, rate_limited, infrastructure
stuck: dependency_merge_conflict, tracker_failure, evidence_not_verified, ticket_not_done
stuck: merge_conflict, integration_failed, taken_back
stuck: breach, over_budget, too_many_questions
sweep: closed again, accepted, gone, impossible, while tickets are worked on
crash during: sweep, close_again
takeover: the old engine is refused
ticket: blocked, succeeded after another try
undo: taken back, with what depends on it, landed again, refused, clashes, fails the gate
undo: base moved, asked too early";

/// What needs the table that reads the output of tools: all of it is seen, or there is no table.
const CLASSIFIED: &str = "
finding: missing_dependency, missing_file, type_error
remedy: install";

/// How many of these never happened, by name, and how many there are.
fn unseen(coverage: &Coverage, wanted: &str) -> (Vec<String>, usize) {
    let rows = wanted.lines().filter_map(|line| line.split_once(": "));
    let all: Vec<_> = rows
        .flat_map(|(kind, names)| names.split(", ").map(move |what| (kind, what)))
        .collect();
    let missing = all
        .iter()
        .filter(|(kind, what)| coverage.count(kind, what) == 0);
    let names = missing.map(|(kind, what)| format!("{kind}: {what}"));
    (names.collect(), all.len())
}

fn nothing_is_missing(coverage: &Coverage) {
    let (missing, _) = unseen(coverage, REQUIRED);
    assert!(missing.is_empty(), "never happened: {missing:?}");
    let (missing, all) = unseen(coverage, CLASSIFIED);
    assert!(
        missing.is_empty() || missing.len() == all,
        "never happened: {missing:?}"
    );
}
