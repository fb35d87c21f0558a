//! Twenty threads want one phase at the same moment, again and again: exactly one gets it (C-015).
//!
//! `SPRINT_ROUNDS=10000 cargo test --release -p sprint-core --test conductor_threads` runs as many
//! rounds as the specification asks for.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test")]

use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use sprint_core::id::{AgentName, PhaseName};
use sprint_core::local::conductor::{
    Conductor, ConductorError, Durability, Live, Options, StartRequest,
};
use sprint_core::local::{Layout, NetworkFiles};
use sprint_core::phases::decide::{ClaimRequest, How};
use sprint_core::phases::event::Settings;
use sprint_core::phases::graph::{ArtifactRule, Concurrency, Node, PhaseGraph};
use sprint_core::phases::refused::Refused;
use sprint_core::ports::SystemClock;
use sprint_core::testing::fake::FakeLiveness;

const THREADS: u32 = 20;

/// Rounds of one sprint, each about a phase of its own.
const PER_SPRINT: u32 = 250;

fn rounds() -> u32 {
    let set = std::env::var("SPRINT_ROUNDS").ok();
    set.map_or(250, |text| text.parse().unwrap())
}

fn phase(round: u32) -> PhaseName {
    PhaseName::new(format!("p{}", round % PER_SPRINT)).unwrap()
}

fn start(conductor: &Conductor) {
    let node = |round| Node {
        name: phase(round),
        depends_on: Vec::new(),
        concurrency: Concurrency::Read,
        artifact: ArtifactRule::Optional,
        priority: 0,
    };
    let request = StartRequest {
        id: None,
        graph: PhaseGraph::new((0..PER_SPRINT).map(node).collect()).unwrap(),
        settings: Settings::default(),
        base: None,
        by: conductor.owner(AgentName::new("starter").unwrap(), None),
        live: Live::Replace,
    };
    conductor.start(request).unwrap();
}

#[test]
fn of_twenty_threads_exactly_one_gets_a_phase_and_one_gets_it_from_the_dead() {
    let root = tempfile::tempdir().unwrap();
    let machine = FakeLiveness::new("here");
    let open = || {
        let options = Options {
            durability: Durability::Atomic,
            wait: Duration::from_secs(60),
            network: NetworkFiles::Accept,
        };
        let layout = Layout::of_default(root.path());
        let (clock, machine) = (Arc::new(SystemClock), Arc::new(machine.clone()));
        Conductor::open(&layout, clock, machine, options).unwrap()
    };
    let shared = open();
    let barrier = Barrier::new(THREADS as usize);
    let winners = Mutex::new(Vec::new());
    // Told at the end of a round: a thread that panics would leave the others waiting for it.
    let failures = Mutex::new(Vec::new());
    let fail = |text: String| failures.lock().unwrap().push(text);
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            // Half of them share a conductor, half have one of their own, as processes do.
            let conductor = if number % 2 == 0 {
                shared.clone()
            } else {
                open()
            };
            let (barrier, winners, machine) = (&barrier, &winners, &machine);
            let (failures, fail) = (&failures, &fail);
            scope.spawn(move || {
                for round in 0..rounds() {
                    let leads = barrier.wait().is_leader();
                    if !failures.lock().unwrap().is_empty() {
                        return;
                    }
                    if leads && round % PER_SPRINT == 0 {
                        start(&conductor);
                    }
                    // Pids differ in each round, so that the dead stay dead.
                    let pid = 1 + round * 2 * THREADS + number;
                    machine.run(pid);
                    machine.run(pid + THREADS);
                    let try_to_claim = |pid: u32| {
                        let agent = AgentName::new(format!("agent-{pid}")).unwrap();
                        let request = ClaimRequest::new(conductor.owner(agent, Some(pid)));
                        if round % 2 == 1 {
                            // Staggered.
                            for _ in 0..number * 50 {
                                std::hint::spin_loop();
                            }
                        }
                        match conductor.claim(&phase(round), &request) {
                            Ok(got) => {
                                let grant = got.claim.keep();
                                winners.lock().unwrap().push((pid, grant.epoch.0, got.how));
                            }
                            Err(ConductorError::Refused(Refused::Claimed { .. })) => {}
                            Err(error) => fail(format!("{round}: {error}")),
                        }
                    };
                    barrier.wait();
                    try_to_claim(pid);
                    let leads = barrier.wait().is_leader();
                    if leads {
                        let found = std::mem::take(&mut *winners.lock().unwrap());
                        match &found[..] {
                            [(pid, 1, How::Fresh)] => machine.kill(*pid),
                            _ => fail(format!("{round}: {found:?}")),
                        }
                    }
                    barrier.wait();
                    try_to_claim(pid + THREADS);
                    let leads = barrier.wait().is_leader();
                    if leads {
                        let found = std::mem::take(&mut *winners.lock().unwrap());
                        if !matches!(&found[..], [(_, 2, How::Reclaimed { .. })]) {
                            fail(format!("{round}: {found:?}"));
                        }
                    }
                }
            });
        }
    });
    assert_eq!(failures.into_inner().unwrap(), [] as [String; 0]);
    assert!(winners.into_inner().unwrap().is_empty());
}
