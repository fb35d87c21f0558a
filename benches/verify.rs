//! Reading what a large test log says, beside the shortest thing a user would write: a regular
//! expression for one runner's summary over all lines.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use regex::Regex;
use sprint_agents::verify::OutputReader;

const BYTES: usize = 50 * 1024 * 1024;

/// A log as a repository with three languages prints it: a third libtest, a third pytest with
/// colours, a third Jest.
fn log() -> String {
    let mut log = String::with_capacity(BYTES + 4096);
    let mut test = 0_usize;
    let mut fill = |log: &mut String, until: usize, line: fn(&mut String, usize)| {
        let start = test;
        while log.len() < until {
            line(log, test);
            test += 1;
        }
        test - start
    };
    let mut libtest = String::new();
    let tests = fill(&mut libtest, BYTES / 3, |log, n| {
        let _ = writeln!(
            log,
            "test module_{}::tests::does_what_it_says_{n} ... ok",
            n % 97
        );
    });
    let _ = write!(
        log,
        "running {tests} tests\n{libtest}\ntest result: ok. {tests} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9.00s\n\n"
    );
    let frame = "=".repeat(28);
    let _ = writeln!(log, "{frame} test session starts {frame}");
    let tests = fill(&mut log, 2 * BYTES / 3, |log, n| {
        let _ = writeln!(
            log,
            "tests/test_{}.py::test_does_what_it_says_{n} \u{1b}[32mPASSED\u{1b}[0m\u{1b}[32m   [ {}%]\u{1b}[0m",
            n % 97,
            n % 100
        );
    });
    let _ = writeln!(log, "{frame}= {tests} passed in 9.00s ={frame}");
    let tests = fill(&mut log, BYTES, |log, n| {
        let _ = writeln!(
            log,
            "PASS src/module_{}.test.js\n  ✓ does what it says {n} (3 ms)",
            n % 97
        );
    });
    let _ = writeln!(
        log,
        "\nTest Suites: 97 passed, 97 total\nTests:       {tests} passed, {tests} total"
    );
    log
}

fn reading(c: &mut Criterion) {
    let log = log();
    let mut group = c.benchmark_group("read a 50 MB test log");
    group.throughput(Throughput::Bytes(log.len() as u64));
    group.sample_size(10);
    group.bench_function("all runners", |b| {
        b.iter(|| {
            let mut reader = OutputReader::new();
            log.lines().for_each(|line| reader.line(line));
            black_box(reader.finish())
        });
    });
    let summary = Regex::new(r"test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored");
    let Ok(summary) = summary else { return };
    group.bench_function("one regex, libtest only", |b| {
        b.iter(|| {
            let found = log.lines().filter_map(|line| summary.captures(line));
            let passed = found.filter_map(|numbers| numbers[1].parse::<u64>().ok());
            black_box(passed.sum::<u64>())
        });
    });
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
