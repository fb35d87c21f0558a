//! Gate runs to find who broke a combination, beside testing one ticket at a time and beside
//! halving; and what it costs to decide which run comes next.
//!
//! The table counts runs without a flaky one, over every placement of the culprits. Ours holds
//! against one wrong result, which costs it some of the runs; the others do not.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sprint_core::domain::verdict::{Finding, FindingKind, Verdict};
use sprint_core::run::culprit::{Blame, Known, Next, Positions, Runs, next};

/// Sets of tickets that break the gate.
type Breaks = Vec<Positions>;

fn is_red(breaks: &Breaks, set: &Positions) -> bool {
    breaks.iter().any(|broken| broken.is_subset(set))
}

/// Runs until what is left is green.
fn ours(count: usize, breaks: &Breaks) -> usize {
    let mut left: Vec<usize> = (0..count).collect();
    let mut trees = BTreeMap::<Positions, Runs>::new();
    let mut made = 0;
    loop {
        let named = |set: &Positions| -> Positions { set.iter().map(|at| left[*at]).collect() };
        let closure = |at: usize| Positions::from([at]);
        let known = |set: &Positions| match trees.get(&named(set)) {
            Some(runs) => Known::Ran(runs),
            None => Known::Nothing,
        };
        match next(left.len(), &closure, &known) {
            Next::Run(set) => {
                let set = named(&set);
                made += 1;
                let finding = Finding::blocking(FindingKind::TestFailure, "red");
                let verdict = if is_red(breaks, &set) {
                    Verdict::fail(vec![finding])
                } else {
                    Verdict::pass()
                };
                trees.entry(set).or_default().add(verdict);
            }
            Next::Land | Next::RedBase => return made,
            Next::Blame(
                Blame::Alone(at)
                | Blame::Pair { later: at, .. }
                | Blame::InCompany { last: at, .. },
            ) => {
                left.remove(at);
            }
        }
    }
}

/// Every ticket on top of the ones that passed.
fn one_at_a_time(count: usize, breaks: &Breaks) -> usize {
    let mut good = Positions::new();
    for ticket in 0..count {
        good.insert(ticket);
        if is_red(breaks, &good) {
            good.remove(&ticket);
        }
    }
    count
}

/// A red batch is split and both halves are tested, down to single tickets; then the good ones
/// together. Whether that is green at the end: two that break together are never found.
fn halving(count: usize, breaks: &Breaks) -> (usize, bool) {
    let mut open: Vec<Vec<usize>> = vec![(0..count).collect()];
    let (mut made, mut good) = (0, Positions::new());
    while let Some(batch) = open.pop() {
        made += 1;
        if !is_red(breaks, &batch.iter().copied().collect()) {
            good.extend(batch);
        } else if batch.len() > 1 {
            let (first, second) = batch.split_at(batch.len() / 2);
            open.extend([second.to_vec(), first.to_vec()]);
        }
    }
    (made + 1, !is_red(breaks, &good))
}

fn cases(count: usize) -> [(&'static str, Vec<Breaks>); 3] {
    let pairs = (0..count).flat_map(|b| (0..b).map(move |a| (a, b)));
    let (mut two, mut pair) = (Vec::new(), Vec::new());
    for (a, b) in pairs {
        two.push(vec![Positions::from([a]), Positions::from([b])]);
        pair.push(vec![Positions::from([a, b])]);
    }
    let one = (0..count).map(|a| vec![Positions::from([a])]).collect();
    [
        ("one culprit", one),
        ("two culprits", two),
        ("a pair", pair),
    ]
}

#[expect(clippy::print_stdout, reason = "the table is the result")]
fn table() {
    println!("tickets  case          ours  one at a time  halving");
    for count in [4, 8, 16, 32, 64] {
        for (case, all) in cases(count) {
            let mean = |runs: &dyn Fn(&Breaks) -> usize| {
                let sum: usize = all.iter().map(runs).sum();
                format!("{}.{}", sum / all.len(), sum * 10 / all.len() % 10)
            };
            let halves = if all.iter().all(|breaks| halving(count, breaks).1) {
                mean(&|breaks| halving(count, breaks).0)
            } else {
                "not found".into()
            };
            let ours = mean(&|breaks| ours(count, breaks));
            let single = mean(&|breaks| one_at_a_time(count, breaks));
            println!("{count:>7}  {case:<12} {ours:>5} {single:>14} {halves:>10}");
        }
    }
}

fn search(c: &mut Criterion) {
    table();
    let mut group = c.benchmark_group("culprit/whole search");
    for count in [8usize, 64, 512] {
        let breaks = vec![Positions::from([count / 3, count / 2])];
        group.bench_function(BenchmarkId::new("a pair", count), |b| {
            b.iter(|| ours(black_box(count), &breaks));
        });
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
