//! Any faults in any order, crashes anywhere: in the end the plan is there once, or not at all.

use std::time::Duration;

use local_linear::{Fault, When};
use sprint_core::testing::rng::Rng;

use super::*;

/// Schedules that are tried.
const SCHEDULES: u64 = 300;
/// Schedules that once ended in something else.
const FOUND: [u64; 1] = [2_635];

/// Something that goes wrong, for once or a few times.
fn fault(rng: &mut Rng) -> Fault {
    let lag = 1_000 * (1 + rng.below(12) as u64);
    match rng.below(16) {
        0 => Fault::LostBefore,
        1 | 2 => Fault::LostAfter,
        3 => Fault::DuplicateDelivery,
        4 => Fault::PhantomConflict,
        5 => Fault::StaleReads { ms: lag },
        6 => Fault::LaggingLists { ms: lag },
        7 => Fault::SuccessFalse,
        8 => Fault::NullEntity,
        9 => Fault::Partial,
        10 => Fault::LockTimeout,
        11 => Fault::UsageLimit,
        12 => Fault::Forbidden,
        13 => Fault::InvalidInput { user: "No.".into() },
        14 => Fault::RateLimited {
            reset_in_ms: 1_000 * rng.below(1_800) as i64,
            endpoint: rng.chance(50),
            status: if rng.chance(50) { 400 } else { 429 },
            retry_after: None,
        },
        _ => Fault::StatusAfter {
            code: 502,
            body: "<html>".into(),
        },
    }
}

fn schedule(seed: u64) {
    let mut rng = Rng::new(seed);
    let scene = Scene::new();
    let draft = small();
    let mut begun = false;
    for _ in 0..1 + rng.below(5) {
        scene.fixture.linear.clear_faults();
        for _ in 0..rng.below(4) {
            let nth = u32::try_from(1 + rng.below(25)).unwrap();
            let times = u32::try_from(1 + rng.below(3)).unwrap();
            let when = When::any().nth(nth).times(times);
            scene.fixture.linear.fault(when, fault(&mut rng));
        }
        let forward = !begun || rng.chance(65);
        let side = if rng.chance(50) {
            Side::Before
        } else {
            Side::After
        };
        let at = rng.below(30) as u64;
        match (rng.below(3), forward) {
            (0, true) => _ = scene.create_until(&draft, at, side),
            (0, false) => _ = scene.take_back_until(at, side),
            (1, _) => scene.journal.fail_at(at, side),
            _ => {}
        }
        // It may fail; what counts is what it leaves.
        match forward {
            true => drop(scene.create(&draft)),
            false => drop(scene.take_back()),
        }
        scene.journal.recover();
        begun = scene.journal.load().unwrap().is_some();
    }
    scene.fixture.linear.clear_faults();
    // The longest hold is over.
    scene.fixture.clock.advance(Duration::from_secs(1_200));
    if begun && rng.chance(50) {
        let taken = scene.take_back().unwrap();
        assert_eq!(taken.survivors, []);
        scene.assert_empty();
    } else {
        let created = scene.create(&draft).unwrap();
        assert_eq!(created.findings, []);
        scene.assert_holds(&draft);
    }
}

#[test]
fn after_any_schedule_of_faults_and_crashes_the_plan_is_there_once_or_not_at_all() {
    for seed in (0..SCHEDULES).chain(FOUND) {
        let run = std::panic::catch_unwind(|| schedule(seed));
        assert!(run.is_ok(), "schedule {seed}");
    }
}
