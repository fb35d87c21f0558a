//! Claims of phases: how long one takes, how many there are per second, and what looking costs.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use sprint_core::id::{AgentName, PhaseName};
use sprint_core::local::conductor::{Conductor, Durability, Live, Options, StartRequest};
use sprint_core::local::{Layout, NetworkFiles, SystemLiveness};
use sprint_core::phases::decide::ClaimRequest;
use sprint_core::phases::event::Settings;
use sprint_core::phases::graph::{ArtifactRule, Concurrency, Node, PhaseGraph};
use sprint_core::ports::SystemClock;

struct Place {
    root: tempfile::TempDir,
    durability: Durability,
}

impl Place {
    fn new(durability: Durability) -> Self {
        Self {
            root: tempfile::tempdir().expect("a folder"),
            durability,
        }
    }

    /// As another process would open it.
    fn open(&self) -> Conductor {
        let options = Options {
            durability: self.durability,
            wait: Duration::from_secs(60),
            network: NetworkFiles::Accept,
        };
        let liveness = Arc::new(SystemLiveness::new());
        let layout = Layout::of_default(self.root.path());
        let clock = Arc::new(SystemClock);
        Conductor::open(&layout, clock, liveness, options).expect("a conductor")
    }

    /// A sprint of independent phases, in rows of ten that wait for each other if `chained`.
    fn start(&self, count: usize, chained: bool) -> Conductor {
        let node = |at: usize| Node {
            name: phase(at),
            depends_on: match (chained, at.checked_sub(10)) {
                (true, Some(parent)) => vec![phase(parent)],
                (_, _) => Vec::new(),
            },
            concurrency: Concurrency::Read,
            artifact: ArtifactRule::Optional,
            priority: 0,
        };
        let conductor = self.open();
        let request = StartRequest {
            id: None,
            graph: PhaseGraph::generated((0..count).map(node).collect()).expect("a graph"),
            settings: Settings::default(),
            base: None,
            by: conductor.owner(AgentName::new("starter").expect("a name"), None),
            live: Live::Replace,
        };
        conductor.start(request).expect("a sprint");
        conductor
    }
}

fn phase(at: usize) -> PhaseName {
    PhaseName::new(format!("p{at}")).expect("a name")
}

fn agent(conductor: &Conductor, name: &str) -> ClaimRequest {
    let name = AgentName::new(name).expect("a name");
    ClaimRequest::new(conductor.owner(name, Some(std::process::id())))
}

/// Claims of phases that nobody has, one after the other; prints the middle and the slowest hundredth.
fn percentiles(name: &str, place: &Place, phases: usize, claims: usize) {
    let mut times = Vec::with_capacity(claims);
    let mut conductor = place.start(phases, false);
    let mut request = agent(&conductor, "a");
    for claim in 0..claims {
        let at = claim % phases;
        if claim > 0 && at == 0 {
            conductor = place.start(phases, false);
            request = agent(&conductor, "a");
        }
        let began = Instant::now();
        let got = conductor.claim(&phase(at), &request).expect("a claim");
        times.push(began.elapsed());
        black_box(got.claim.keep());
    }
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    eprintln!(
        "{name}: p50 {:?}, p95 {:?}, p99 {:?}, slowest {:?}",
        at(50),
        at(95),
        at(99),
        times[times.len() - 1]
    );
}

fn claim(c: &mut Criterion) {
    let (atomic, durable) = (Durability::Atomic, Durability::PowerCut);
    percentiles(
        "claim, not durable, 8 phases",
        &Place::new(atomic),
        8,
        2_000,
    );
    percentiles(
        "claim, not durable, 1,000 phases",
        &Place::new(atomic),
        1_000,
        2_000,
    );
    percentiles("claim, durable, 8 phases", &Place::new(durable), 8, 400);
    percentiles(
        "claim, durable, 1,000 phases",
        &Place::new(durable),
        1_000,
        400,
    );
    let many = Place::new(atomic);
    for _ in 0..200 {
        many.start(8, false);
    }
    percentiles(
        "claim, not durable, 8 phases, 200 archived sprints",
        &many,
        8,
        800,
    );

    let mut group = c.benchmark_group("claim and release");
    group.sample_size(20);
    for (name, durability) in [("not durable", atomic), ("durable", durable)] {
        let place = Place::new(durability);
        let conductor = place.start(8, false);
        let request = agent(&conductor, "a");
        group.bench_function(name, |b| {
            b.iter(|| drop(conductor.claim(&phase(0), &request).expect("a claim")));
        });
    }
    // What people do without this: a directory is the lock, as in the shell scripts for it. It has no
    // order, no dependencies, no owner that can be judged and no trail.
    let folder = tempfile::tempdir().expect("a folder");
    group.bench_function("a shell, mkdir and rm", |b| {
        b.iter(|| {
            let script = "mkdir lock && echo $$ > lock/pid && rm -r lock";
            let mut shell = std::process::Command::new("sh");
            let shell = shell.args(["-c", script]).current_dir(folder.path());
            assert!(shell.status().expect("a shell").success());
        });
    });
    group.finish();
}

/// Everybody claims until all 1,000 phases are taken.
fn throughput(_: &mut Criterion) {
    const PHASES: usize = 1_000;
    for shared in [true, false] {
        for threads in [1, 2, 4, 8, 20] {
            let mut best = 0.0_f64;
            for _ in 0..3 {
                let place = Place::new(Durability::Atomic);
                let conductor = place.start(PHASES, false);
                let next = AtomicUsize::new(0);
                let began = Instant::now();
                std::thread::scope(|scope| {
                    for thread in 0..threads {
                        let mine = if shared {
                            conductor.clone()
                        } else {
                            place.open()
                        };
                        let next = &next;
                        scope.spawn(move || {
                            let request = agent(&mine, &format!("agent-{thread}"));
                            loop {
                                let at = next.fetch_add(1, Ordering::Relaxed);
                                if at >= PHASES {
                                    return;
                                }
                                black_box(
                                    mine.claim(&phase(at), &request)
                                        .expect("a claim")
                                        .claim
                                        .keep(),
                                );
                            }
                        });
                    }
                });
                best = best.max(PHASES as f64 / began.elapsed().as_secs_f64());
            }
            let whose = if shared {
                "one conductor"
            } else {
                "a conductor each"
            };
            eprintln!("claims per second, 1,000 phases, {threads} threads, {whose}: {best:.0}");
        }
    }
}

fn looks(c: &mut Criterion) {
    let mut group = c.benchmark_group("look");
    group.sample_size(20);
    for phases in [10, 100, 1_000] {
        let place = Place::new(Durability::Atomic);
        let conductor = place.start(phases, true);
        // Half of what can be claimed is.
        let request = agent(&conductor, "a");
        for at in 0..5 {
            black_box(
                conductor
                    .claim(&phase(at), &request)
                    .expect("a claim")
                    .claim
                    .keep(),
            );
        }
        group.bench_function(BenchmarkId::new("status", phases), |b| {
            b.iter(|| conductor.status().expect("a status"));
        });
        group.bench_function(BenchmarkId::new("status, first look", phases), |b| {
            b.iter_batched(
                || place.open(),
                |fresh| fresh.status().expect("a status"),
                BatchSize::SmallInput,
            );
        });
        group.bench_function(BenchmarkId::new("next", phases), |b| {
            b.iter(|| conductor.next().expect("an answer").expect("a phase"));
        });
        group.bench_function(BenchmarkId::new("schedule", phases), |b| {
            b.iter(|| conductor.schedule().expect("a schedule"));
        });
        group.bench_function(BenchmarkId::new("batch and release", phases), |b| {
            b.iter(|| drop(conductor.batch(&request).expect("a claim")));
        });
    }
    let place = Place::new(Durability::Atomic);
    for _ in 0..200 {
        place.start(8, true);
    }
    let conductor = place.start(8, true);
    group.bench_function("status, 200 archived sprints", |b| {
        b.iter_batched(
            || place.open(),
            |fresh| fresh.status().expect("a status"),
            BatchSize::SmallInput,
        );
    });
    let request = agent(&conductor, "a");
    group.bench_function("batch and release, 200 archived sprints", |b| {
        b.iter(|| drop(conductor.batch(&request).expect("a claim")));
    });
    group.finish();
}

criterion_group!(benches, claim, throughput, looks);
criterion_main!(benches);
