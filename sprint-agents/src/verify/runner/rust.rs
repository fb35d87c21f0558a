//! Readers for the test runners of Rust.

use crate::verify::runner::{Hold, Names, Once, Outcome, Runner, Tally, number};

/// `running 6 tests`, then `test result: FAILED. 2 passed; 2 failed; 2 ignored; …`, once per test
/// binary.
///
/// A result belongs to the block that its numbers add up for; any other line like it is printed by
/// a test. Results of several binaries add up. A block without a result or a result without a
/// block make the count unknown. Names come from the last list of failures before the result.
#[derive(Debug, Default)]
pub(super) struct Libtest {
    /// How many tests the open block announced.
    announced: Option<u64>,
    sum: Option<Tally>,
    broken: bool,
    names: Names,
    listing: bool,
}

impl Runner for Libtest {
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold {
        if let Some(tests) = announcement(line) {
            self.broken |= self.announced.replace(tests).is_some();
            self.names.clear();
            self.listing = false;
            return Hold::Held;
        }
        let Some(announced) = self.announced else {
            self.broken |= result(line).is_some();
            return Hold::Free;
        };
        if line == "failures:" {
            self.names.clear();
            self.listing = true;
        } else if let Some(tally) = result(line).filter(|tally| tally.total() == announced) {
            self.sum = Some(self.sum.unwrap_or_default().plus(tally));
            self.announced = None;
            failing.take(&mut self.names);
            return Hold::Free;
        } else if let Some(name) = line.strip_prefix("    ").filter(|_| self.listing) {
            // Where a doctest stands changes with every edit above it.
            let name = name.rsplit_once(" (line ").map_or(name, |(name, _)| name);
            self.names.add(name);
        } else {
            self.listing = false;
        }
        Hold::Held
    }

    fn finish(&mut self, failing: &mut Names) -> Outcome {
        if self.broken || self.announced.is_some() {
            failing.take(&mut self.names);
            return Outcome::Uncounted;
        }
        self.sum.map_or(Outcome::Absent, Outcome::Counted)
    }
}

fn announcement(line: &str) -> Option<u64> {
    let (tests, rest) = number(line.strip_prefix("running ")?)?;
    matches!(rest, " tests" | " test").then_some(tests)
}

fn result(line: &str) -> Option<Tally> {
    let (verdict, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let tally = Tally::in_text(numbers)?;
    let agrees = match verdict {
        "ok" => tally.failed == 0,
        "FAILED" => tally.failed > 0,
        _ => false,
    };
    agrees.then_some(tally)
}

/// `Starting 6 tests across 2 binaries`, then
/// `Summary [   0.089s] 4 tests run: 3 passed, 1 failed, 1 skipped`, then the failures.
///
/// The summary has to agree with what was started, and with itself. What tests print is indented
/// deeper than the summary.
#[derive(Debug, Default)]
pub(super) struct Nextest {
    started: Option<u64>,
    alone: bool,
    summary: Once,
    listing: bool,
}

impl Runner for Nextest {
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold {
        // Nextest writes its verbs flush right in twelve columns.
        if let Some(rest) = line.strip_prefix("    Starting ") {
            let started = number(rest).filter(|(_, rest)| rest.starts_with(" test"));
            if let Some((tests, _)) = started {
                if self.started.replace(tests).is_some() {
                    self.summary.say(None);
                }
                return Hold::Held;
            }
        } else if let Some(rest) = line.strip_prefix("     Summary [") {
            if let Some((of, tally)) = summary(rest) {
                let expected = self.started.take();
                self.alone = expected.is_none();
                let agrees = expected.is_none_or(|tests| tests == of);
                self.summary.say(agrees.then_some(tally));
                self.listing = true;
                return Hold::Free;
            }
        } else if self.listing {
            match failure(line) {
                Some(name) => failing.add(name),
                None => self.listing = false,
            }
        }
        match self.started {
            Some(_) => Hold::Held,
            None => Hold::Free,
        }
    }

    fn finish(&mut self, _: &mut Names) -> Outcome {
        match self.started {
            Some(_) => Outcome::Uncounted,
            None => self.summary.outcome().lone_unless(!self.alone),
        }
    }
}

/// How many tests there were to run, and what became of those that did.
fn summary(rest: &str) -> Option<(u64, Tally)> {
    let (head, numbers) = rest
        .split_once("s run: ")
        .or_else(|| rest.split_once(" run: "))?;
    let head = head.rsplit_once("] ")?.1.strip_suffix(" test")?;
    let (run, of) = head.split_once('/').unwrap_or((head, head));
    // `3 passed (1 slow, 1 leaky)`: what stands in brackets is counted already.
    let mut plain = String::with_capacity(numbers.len());
    for piece in numbers.split('(') {
        plain.push_str(piece.rsplit(')').next().unwrap_or_default());
    }
    let tally = Tally::in_text(&plain)?;
    let ran = tally.passed.checked_add(tally.failed)?;
    (run.parse() == Ok(ran)).then_some((of.parse().ok()?, tally))
}

/// `FAIL [   0.015s] (2/6) demo tests::panics`.
fn failure(line: &str) -> Option<&str> {
    let (status, rest) = line.trim_start().split_once(" [")?;
    let word = status.rsplit(' ').next()?;
    let failed =
        matches!(word, "FAIL" | "TIMEOUT" | "ABORT" | "LEAK-FAIL") || word.starts_with("SIG");
    let name = rest.split_once("] ").filter(|_| failed)?.1;
    // Its place in the order of this run.
    Some(match name.strip_prefix('(') {
        Some(rest) => rest
            .split_once(") ")
            .map_or(name, |(_, name)| name.trim_start()),
        None => name.trim_start(),
    })
}
