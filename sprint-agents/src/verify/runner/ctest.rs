//! The reader for CTest.

use crate::verify::runner::{Hold, Names, Outcome, Runner, Tally, number};

/// `Test project …`, then `40% tests passed, 3 tests failed out of 5` with the time in all under
/// it, then lists of what did not run and of what failed.
///
/// CTest calls what it skipped passed, so the list of these is subtracted. Of several lines of
/// numbers the last before the time is its own: what tests print comes before. A second run makes
/// the count unknown.
#[derive(Debug, Default)]
pub(super) struct Ctest {
    state: State,
    numbers: Option<(u64, u64)>,
    list: List,
    skipped: u64,
    disabled: u64,
    broken: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Absent,
    Running,
    /// After the time, or after the remark that there are no tests.
    Ended,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum List {
    #[default]
    None,
    NotRun,
    Failed,
}

impl Ctest {
    fn listed(&mut self, entry: &str, failing: &mut Names) {
        let named = number(entry.trim_start())
            .and_then(|(_, rest)| rest.strip_prefix(" - "))
            .and_then(|rest| rest.rsplit_once(" ("));
        let Some((name, why)) = named else { return };
        match self.list {
            List::Failed => failing.add(name),
            List::NotRun if why.starts_with("Disabled") => self.disabled += 1,
            List::NotRun => self.skipped += 1,
            List::None => {}
        }
    }
}

impl Runner for Ctest {
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold {
        if line.starts_with("Test project /") || line.starts_with("Test project C:") {
            self.broken |= self.state != State::Absent;
            self.state = State::Running;
            self.list = List::None;
        } else if self.state == State::Running {
            if let Some(numbers) = numbers(line) {
                self.numbers = Some(numbers);
            } else if line == "No tests were found!!!" {
                self.numbers = Some((0, 0));
                self.state = State::Ended;
            } else if line.starts_with("Total Test time (real) =") && self.numbers.is_some() {
                self.state = State::Ended;
            }
        } else if self.state == State::Ended {
            match line.strip_prefix('\t') {
                Some(entry) => self.listed(entry, failing),
                None if line == "The following tests did not run:" => self.list = List::NotRun,
                None if line == "The following tests FAILED:" => self.list = List::Failed,
                None => self.list = List::None,
            }
        }
        match self.state {
            State::Running => Hold::Held,
            State::Absent | State::Ended => Hold::Free,
        }
    }

    fn finish(&mut self, _: &mut Names) -> Outcome {
        let tally = match (self.state, self.numbers) {
            (State::Absent, _) => return Outcome::Absent,
            (State::Ended, Some((total, failed))) if !self.broken => {
                Tally::of_total(total, failed, self.skipped)
            }
            _ => None,
        };
        tally.map_or(Outcome::Uncounted, |tally| {
            Outcome::Counted(tally.plus(Tally {
                skipped: self.disabled,
                ..Tally::default()
            }))
        })
    }
}

/// How many tests there were, and how many failed.
fn numbers(line: &str) -> Option<(u64, u64)> {
    let (_, rest) = number(line)?;
    let (failed, rest) = number(rest.strip_prefix("% tests passed, ")?)?;
    let rest = rest
        .strip_prefix(" tests failed out of ")
        .or_else(|| rest.strip_prefix(" test failed out of "))?;
    Some((rest.parse().ok()?, failed))
}
