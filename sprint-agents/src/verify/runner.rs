//! What all readers of test runners have in common, and the table of them.

mod ctest;
mod dotnet;
mod go;
mod gradle;
mod jest;
mod junit;
mod maven;
mod mocha;
mod node;
mod phpunit;
mod python;
mod rspec;
mod rust;
mod tap;
mod vitest;

use std::collections::BTreeSet;
use std::fmt::Debug;

use sprint_core::domain::command::{Count, MAX_FAILING};

/// Characters of a failed test's name; hostile ones can be as long as a line.
const MAX_NAME: usize = 300;

/// A fresh state machine for every runner we can read. To add a runner, add it here.
pub(super) fn table() -> Vec<Box<dyn Runner>> {
    vec![
        Box::new(rust::Libtest::default()),
        Box::new(rust::Nextest::default()),
        Box::new(python::Pytest::default()),
        Box::new(python::Unittest::default()),
        Box::new(jest::Jest::default()),
        Box::new(vitest::Vitest::default()),
        Box::new(mocha::Mocha::default()),
        Box::new(node::NodeTest::default()),
        Box::new(tap::Tap::default()),
        Box::new(junit::Junit::default()),
        Box::new(go::Go::default()),
        Box::new(ctest::Ctest::default()),
        Box::new(gradle::Gradle::default()),
        Box::new(maven::Maven::default()),
        Box::new(phpunit::Phpunit::default()),
        Box::new(rspec::Rspec::default()),
        Box::new(dotnet::Dotnet::default()),
    ]
}

/// Recognises what one runner prints.
pub(super) trait Runner: Debug + Send {
    /// Reads a line without control sequences and without blanks at its end.
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold;

    /// What the lines said; called once, after the last of them.
    fn finish(&mut self, failing: &mut Names) -> Outcome;
}

/// Who reads the lines that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// Everyone.
    Free,
    /// Only the runner that says so: until its summary, its tests are speaking.
    Held,
}

/// What one runner's reader made of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The runner did not run.
    Absent,
    /// The runner ran, without saying how many tests, or contradicting itself.
    Uncounted,
    /// A single line says so many, and nothing around it shows whose line it is.
    Lone(Tally),
    /// The runner ran so many.
    Counted(Tally),
}

impl Outcome {
    /// The same numbers, alone unless more than they shows whose they are.
    pub(super) const fn lone_unless(self, framed: bool) -> Self {
        match self {
            Self::Counted(tally) if !framed => Self::Lone(tally),
            Self::Absent | Self::Uncounted | Self::Lone(_) | Self::Counted(_) => self,
        }
    }

    /// What two runners ran together.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Absent, outcome) | (outcome, Self::Absent) => outcome,
            // A sum with an unknown in it is unknown, and a lone line beside the summary of
            // another runner may be what a test printed.
            (Self::Uncounted | Self::Lone(_), _) | (_, Self::Uncounted | Self::Lone(_)) => {
                Self::Uncounted
            }
            (Self::Counted(a), Self::Counted(b)) => Self::Counted(a.plus(b)),
        }
    }
}

/// The summary of a runner that prints one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Once {
    /// Not seen yet.
    #[default]
    Silent,
    /// Seen.
    Said(Tally),
    /// Seen twice, or in disagreement with itself.
    Contradicted,
}

impl Once {
    /// Takes a summary in; `None` is one that cannot be right.
    pub(super) fn say(&mut self, tally: Option<Tally>) {
        *self = match (*self, tally) {
            (Self::Silent, Some(tally)) => Self::Said(tally),
            (Self::Silent | Self::Said(_) | Self::Contradicted, _) => Self::Contradicted,
        };
    }

    pub(super) const fn outcome(self) -> Outcome {
        match self {
            Self::Silent => Outcome::Absent,
            Self::Said(tally) => Outcome::Counted(tally),
            Self::Contradicted => Outcome::Uncounted,
        }
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

    pub(super) const fn total(self) -> u64 {
        self.passed
            .saturating_add(self.failed)
            .saturating_add(self.skipped)
    }

    /// The tally of `total` tests of which all that neither failed nor were skipped passed;
    /// `None` if more did than there were.
    pub(super) fn of_total(total: u64, failed: u64, skipped: u64) -> Option<Self> {
        Some(Self {
            passed: total.checked_sub(failed.checked_add(skipped)?)?,
            failed,
            skipped,
        })
    }

    /// `number` tests of the sort that runners call `word`; `None` for words that name no sort.
    pub(super) fn of(number: u64, word: &str) -> Option<Self> {
        let mut tally = Self::default();
        match word {
            "passed" | "passing" | "pass" | "xpassed" | "measured" => tally.passed = number,
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

    pub(super) const fn count(self) -> Count {
        Count::Known {
            passed: self.passed,
            failed: self.failed,
            skipped: self.skipped,
        }
    }
}

/// Names of failed tests: cleaned, and never more than [`MAX_FAILING`].
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// Takes a name in. Of too many the first in the alphabet stay, whatever order they came in.
    pub(super) fn add(&mut self, name: &str) {
        let name = clean(name);
        if !name.is_empty() && self.0.insert(name) && self.0.len() > MAX_FAILING {
            self.0.pop_last();
        }
    }

    /// Moves all names of `other` over.
    pub(super) fn take(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
        while self.0.len() > MAX_FAILING {
            self.0.pop_last();
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn into_set(self) -> BTreeSet<String> {
        self.0
    }
}

/// A name, or a part of one, as it is kept: printable and cut.
pub(super) fn clean(name: &str) -> String {
    let printable = name.trim().chars().filter(|c| !is_unprintable(*c));
    printable.take(MAX_NAME).collect()
}

/// Control characters, and those that turn the direction of text or have no width.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// How many blanks a line starts with.
pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The number at the start of `text`, and what follows it.
pub(super) fn number(text: &str) -> Option<(u64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// `text` without a duration in brackets at its end: `(5 ms)`, `(0.01s)`, `[12 ms]`.
pub(super) fn without_duration<'a>(text: &'a str, brackets: [&str; 2]) -> &'a str {
    let cut = || {
        let (name, time) = text.rsplit_once(brackets[0])?;
        let time = time.strip_suffix(brackets[1])?;
        let time = time.trim_start_matches("< ");
        let digits = time.starts_with(|c: char| c.is_ascii_digit());
        digits.then_some(name)
    };
    cut().unwrap_or(text)
}

#[cfg(test)]
mod tests;
