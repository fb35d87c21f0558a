//! One input into the run machine, for sprints of different sizes. The cost must follow what the
//! input changed, not how many tickets there are.

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use sprint_core::run::SprintRun;
use sprint_core::run::admit::{Limits, admit};
use sprint_core::run::effect::{Done, EffectId, Step};
use sprint_core::run::input::Input;
use sprint_core::testing::world::World;
use sprint_core::time::Timestamp;

/// A sprint of independent tickets whose first one is about to have its workspace opened.
fn started(tickets: usize) -> (SprintRun, EffectId) {
    let names: Vec<_> = (1..=tickets).map(|n| format!("T-{n}")).collect();
    let (_, plan) = World::planned(&names.join("\n"));
    let mut run = SprintRun::start(Timestamp::default(), plan);
    let (effect, outcome) = (EffectId::sprint(1, Step::Checkpoint), Ok(Done::Plain));
    drop(run.apply(Timestamp::default(), Input::Finished { effect, outcome }));
    let limits = Limits::new(Some(8), Some(2));
    let first = admit(&run, &BTreeSet::new(), &limits).remove(0);
    drop(run.take_delta());
    (run, first)
}

fn apply(c: &mut Criterion) {
    let mut group = c.benchmark_group("one input: apply, delta, admit");
    for tickets in [10, 100, 1_000, 10_000] {
        let (run, first) = started(tickets);
        let limits = Limits::new(Some(8), Some(2));
        let running = BTreeSet::from([first.clone()]);
        group.bench_with_input(BenchmarkId::from_parameter(tickets), &run, |b, run| {
            b.iter_batched_ref(
                || run.clone(),
                |run| {
                    let starting = Input::Starting(vec![first.clone()]);
                    let events = run.apply(Timestamp::default(), starting);
                    let delta = run.take_delta();
                    black_box((events, delta, admit(run, &running, &limits)))
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, apply);
criterion_main!(benches);
