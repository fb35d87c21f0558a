//! How many tests a test command says it ran, and which of them failed.
//!
//! An output is read in one pass, a line at a time, because it can be far larger than memory
//! should be. Every runner has a small state machine in a table; a machine recognises its runner's
//! own frame around the summary, so that the numbers of several runners in one output can be added.
//! "Nothing ran" and "no idea" are different answers: the first is the mark of a silent success.
//!
//! Tests print what they like, also lines that look like a summary. Therefore a runner that
//! announces itself holds the output until its summary: nobody else reads what its tests print.
//! Two summaries where the runner prints one contradict each other and make the count unknown.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sprint_core::domain::command::Count;

use super::runner::{Hold, Names, Outcome, Runner, Tally, table};
use crate::output::strip_ansi;

/// How much of a line is read; no runner's own lines are longer.
const MAX_LINE: usize = 64 * 1024;

/// What a line starts with by which runners say that there was nothing to run.
const NOTHING: &[&str] = &[
    "no tests found",
    "no test files found",
    "no test files were found",
    "no tests ran",
    "no tests to run",
    "no tests were found",
    "no test modules found",
    "running 0 tests",
    "ran 0 tests",
];

/// What the output of a test command says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// How many tests passed, failed and were skipped.
    pub count: Count,
    /// The names of failed tests, the same from run to run; at most
    /// [`MAX_FAILING`](sprint_core::domain::command::MAX_FAILING).
    pub failing: BTreeSet<String>,
}

/// Reads the output of a test command while it comes, in bounded memory.
///
/// ```
/// use sprint_agents::verify::OutputReader;
/// use sprint_core::domain::command::Count;
///
/// let mut reader = OutputReader::new();
/// for line in "running 1 test\ntest result: ok. 1 passed; 0 failed; 0 ignored".lines() {
///     reader.line(line);
/// }
/// let one = Count::Known { passed: 1, failed: 0, skipped: 0 };
/// assert_eq!(reader.finish().count, one);
/// ```
#[derive(Debug)]
pub struct OutputReader {
    runners: Vec<Box<dyn Runner>>,
    /// The place of the runner that alone reads the coming lines.
    holder: Option<usize>,
    failing: Names,
    /// What the last line that is not blank says, if it says numbers and nothing else.
    closing: Option<Tally>,
    nothing: bool,
}

impl Default for OutputReader {
    fn default() -> Self {
        Self::new()
    }
}

impl OutputReader {
    /// A reader that has seen nothing yet.
    pub fn new() -> Self {
        Self {
            runners: table(),
            holder: None,
            failing: Names::default(),
            closing: None,
            nothing: false,
        }
    }

    /// Reads the next line, given without its line break; control sequences may be in it.
    pub fn line(&mut self, line: &str) {
        let line = plain(line);
        let line = line.trim_end();
        if !line.is_empty() {
            self.closing = closing(line);
            self.nothing = self.nothing || says_nothing(line);
        }
        if let Some(place) = self.holder {
            if self.runners[place].line(line, &mut self.failing) == Hold::Free {
                self.holder = None;
            }
            return;
        }
        for (place, runner) in self.runners.iter_mut().enumerate() {
            if runner.line(line, &mut self.failing) == Hold::Held {
                self.holder = Some(place);
                return;
            }
        }
    }

    /// What all lines together say.
    pub fn finish(mut self) -> Reading {
        let mut sum = Outcome::Absent;
        for runner in &mut self.runners {
            sum = sum.and(runner.finish(&mut self.failing));
        }
        let tally = match sum {
            Outcome::Counted(tally) | Outcome::Lone(tally) => Some(tally),
            Outcome::Uncounted => None,
            Outcome::Absent => self.closing.or_else(|| self.nothing.then(Tally::default)),
        };
        Reading {
            count: tally.map_or(Count::Unknown, Tally::count),
            failing: self.failing.into_set(),
        }
    }
}

/// What a whole output says.
#[cfg(test)]
pub(crate) fn read(output: &str) -> Reading {
    let mut reader = OutputReader::new();
    output.lines().for_each(|line| reader.line(line));
    reader.finish()
}

/// The line without control sequences, and not longer than lines are read.
pub(super) fn plain(line: &str) -> Cow<'_, str> {
    let mut end = line.len().min(MAX_LINE);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let line = &line[..end];
    if line.as_bytes().contains(&0x1b) {
        Cow::Owned(strip_ansi(line))
    } else {
        Cow::Borrowed(line)
    }
}

/// A line like `3 passed, 1 failed, 2 skipped`, with nothing else on it.
fn closing(line: &str) -> Option<Tally> {
    if !line.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    line.split(',').try_fold(Tally::default(), |sum, part| {
        let (number, word) = part.trim().split_once(' ')?;
        Some(sum.plus(Tally::of(number.parse().ok()?, word)?))
    })
}

fn says_nothing(line: &str) -> bool {
    let line = line.trim_start();
    let head = line.split_once(": ").map_or("", |(head, _)| head);
    let line = match head {
        "error" | "Error" | "ERROR" => &line[head.len() + 2..],
        _ => line,
    };
    // Every phrase starts with one of these; most lines do not.
    line.starts_with(['n', 'N', 'r', 'R'])
        && NOTHING.iter().any(|phrase| {
            let start = line.as_bytes().get(..phrase.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(phrase.as_bytes()))
        })
}

#[cfg(test)]
mod tests;
