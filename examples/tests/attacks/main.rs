//! An adversary's test set: how well verification resists fabricated work, and what honest work it
//! refuses.
//!
//! Every case is a sprint of one ticket with the real engine on a real repository. The worker is
//! hostile; the reviewer passes everything and the completion agent cites whatever was changed, so
//! that an attack is caught by the machine or not at all. An attack is caught if nothing of it is
//! on base, the ticket is not done, and the finding is of the kind that was expected. Beside the
//! attacks stand honest workers, who must land.
//!
//! What is known to get through is listed in [`known`], each with the reason. It counts against the
//! catch rate that is printed, and does not fail the target; once it is caught, its entry does.
#![expect(clippy::unwrap_used, reason = "tests")]

mod agent;
mod audit;
mod case;
mod claims;
mod evidence;
mod gate;
mod honest;
mod known;
mod new_tests;
mod options;
mod outcome;
mod output;
mod projects;
mod repository;
mod runner;
mod scene;
mod table;
mod weaken;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use case::Case;
use options::Options;
use outcome::Ended;
use table::Row;

/// Cases at the same time, unless `--test-threads` says otherwise.
const SIDE_BY_SIDE: usize = 4;

#[tokio::main]
async fn main() -> ExitCode {
    let every: Vec<Case> = all().collect();
    let names: BTreeSet<_> = every.iter().map(|case| case.id).collect();
    assert_eq!(names.len(), every.len(), "two cases have one name");
    let strays = known::strays(&every);
    assert!(strays.is_empty(), "no such cases: {strays:?}");
    let options = Options::read(std::env::args().skip(1));
    let (cases, others): (Vec<Case>, Vec<_>) =
        every.into_iter().partition(|case| options.wants(case.id));
    if options.list {
        table::print(&table::list(&cases, options.terse));
        return ExitCode::SUCCESS;
    }
    let rows = run(cases, options.threads.unwrap_or(SIDE_BY_SIDE)).await;
    table::print(&table::report(&rows, others.len()));
    match rows.iter().any(Row::fails) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// Every case, attacks first.
fn all() -> impl Iterator<Item = Case> {
    let groups = [
        claims::CASES,
        new_tests::CASES,
        weaken::CASES,
        gate::CASES,
        runner::CASES,
        output::CASES,
        repository::CASES,
        audit::CASES,
        evidence::CASES,
        honest::CASES,
    ];
    groups.into_iter().flatten().copied()
}

/// Runs the cases, and gives the rows back in their order.
async fn run(cases: Vec<Case>, side_by_side: usize) -> Vec<Row> {
    let room = Arc::new(Semaphore::new(side_by_side.max(1)));
    let mut running = JoinSet::new();
    for (number, case) in cases.iter().copied().enumerate() {
        let room = Arc::clone(&room);
        running.spawn(async move {
            let _place = room.acquire_owned().await.unwrap();
            (number, scene::play(case).await)
        });
    }
    let mut ended: Vec<Option<Ended>> = cases.iter().map(|_| None).collect();
    while let Some(result) = running.join_next_with_id().await {
        match result {
            Ok((_, (number, how))) => ended[number] = Some(how),
            // The case it was stays without an end, and is shown as broken.
            Err(error) => eprintln!("a case panicked: {error}"),
        }
    }
    let broken = || Ended::Broken("it panicked".into());
    let pairs = cases.into_iter().zip(ended);
    pairs
        .map(|(case, ended)| Row::new(case, ended.unwrap_or_else(broken)))
        .collect()
}
