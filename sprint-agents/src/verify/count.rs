//! How many tests a test command says it ran.
//!
//! Every runner has a reader in a table. A reader recognises its runner's own summary, so that the
//! numbers of several runners in one output can be added. "Nothing ran" and "no idea" are different
//! answers: the first is the mark of a silent success.

use sprint_core::domain::command::Count;

use super::{go, javascript, python, rust};
use crate::output::strip_ansi;

/// Reads one runner's numbers from the lines of an output.
type Reader = fn(&[&str]) -> Reading;

const READERS: &[Reader] = &[
    rust::libtest,
    rust::nextest,
    javascript::jest,
    javascript::vitest,
    javascript::mocha,
    javascript::tap,
    python::pytest,
    python::unittest,
    go::test,
];

/// Phrases with which runners say that there was nothing to run.
const NOTHING: &[&str] = &[
    "no tests found",
    "no test files found",
    "no tests ran",
    "no tests to run",
    "running 0 tests",
    "ran 0 tests",
];

/// What one reader made of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Its runner did not run.
    Absent,
    /// Its runner ran, without saying how many tests.
    Uncounted,
    /// Its runner ran so many.
    Counted(Tally),
}

impl Reading {
    /// Adds up what lines say; absent if none says anything.
    pub(super) fn sum(tallies: impl Iterator<Item = Tally>) -> Self {
        tallies
            .reduce(Tally::plus)
            .map_or(Self::Absent, Self::Counted)
    }
}

/// Numbers of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Tally {
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
            skipped: self.skipped.saturating_add(other.skipped),
        }
    }

    /// `number` tests of the sort that runners call `word`; `None` for words that name no sort.
    pub(super) fn of(number: u64, word: &str) -> Option<Self> {
        let mut tally = Self::default();
        match word {
            "passed" | "passing" | "pass" | "xpassed" => tally.passed = number,
            "failed" | "failing" | "fail" | "failures" | "error" | "errors" | "timed"
            | "cancelled" => tally.failed = number,
            "skipped" | "skip" | "ignored" | "pending" | "todo" | "xfailed" => {
                tally.skipped = number;
            }
            _ => return None,
        }
        Some(tally)
    }

    /// Adds up every `number word` of `text` and ignores everything else in it.
    pub(super) fn in_text(text: &str) -> Option<Self> {
        let mut words = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .peekable();
        let mut sum: Option<Self> = None;
        while let Some(word) = words.next() {
            let Ok(number) = word.parse() else { continue };
            if let Some(tally) = words.peek().and_then(|sort| Self::of(number, sort)) {
                sum = Some(sum.unwrap_or_default().plus(tally));
            }
        }
        sum
    }
}

/// The numbers in a whole output.
pub(super) fn read(output: &str) -> Count {
    let plain = strip_ansi(output);
    let lines: Vec<&str> = plain.lines().map(str::trim_end).collect();
    let mut sum = Reading::Absent;
    for reader in READERS {
        sum = match (sum, reader(&lines)) {
            (Reading::Absent, reading) => reading,
            (seen, Reading::Absent) => seen,
            // A sum with an unknown in it is unknown.
            (Reading::Uncounted, _) | (_, Reading::Uncounted) => Reading::Uncounted,
            (Reading::Counted(a), Reading::Counted(b)) => Reading::Counted(a.plus(b)),
        };
    }
    let tally = match sum {
        Reading::Counted(tally) => Some(tally),
        Reading::Uncounted => None,
        Reading::Absent => closing_line(&lines).or_else(|| nothing(&lines)),
    };
    tally.map_or(Count::Unknown, |tally| Count::Known {
        passed: tally.passed,
        failed: tally.failed,
        skipped: tally.skipped,
    })
}

/// A last line like `3 passed, 1 failed, 2 skipped`, with nothing else on it.
fn closing_line(lines: &[&str]) -> Option<Tally> {
    let line = lines.iter().rev().find(|line| !line.trim().is_empty())?;
    let mut sum = Tally::default();
    for part in line.split(',') {
        let (number, word) = part.trim().split_once(' ')?;
        sum = sum.plus(Tally::of(number.parse().ok()?, word)?);
    }
    Some(sum)
}

/// Zero, if some line says that nothing ran.
fn nothing(lines: &[&str]) -> Option<Tally> {
    let says_so = |line: &&str| {
        let line = line.to_lowercase();
        NOTHING.iter().any(|phrase| line.contains(phrase))
    };
    lines.iter().any(says_so).then(Tally::default)
}

#[cfg(test)]
mod tests;
