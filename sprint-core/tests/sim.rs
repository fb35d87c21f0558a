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
        println!("SPRINT_SIM_SEED={seed} cargo test -p sprint-core --test sim -- --nocapture");
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
}
