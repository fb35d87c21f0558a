//! The reader for PHPUnit.

use crate::verify::runner::{Hold, Names, Once, Outcome, Runner, Tally, number};

/// `PHPUnit 9.6.7 by Sebastian Bergmann …`, then, under the line with the time, `OK (2 tests, …)`
/// or `Tests: 8, Assertions: 4, Errors: 1, …`.
///
/// What tests print comes before the time. A second summary makes the count unknown. Risky tests
/// passed. Names come from the lists of failures and errors.
#[derive(Debug, Default)]
pub(super) struct Phpunit {
    version: Option<u64>,
    timed: bool,
    summary: Once,
    listing: bool,
    names: Names,
}

impl Runner for Phpunit {
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold {
        if let Some(version) = header(line) {
            if self.version.replace(version).is_some() {
                self.summary.say(None);
            }
            self.timed = false;
            return Hold::Held;
        }
        let Some(version) = self.version else {
            return Hold::Free;
        };
        if line.starts_with("Time: ") && line.contains(", Memory: ") {
            self.timed = true;
        } else if line == "No tests executed!" {
            self.summary.say(Some(Tally::default()));
            self.version = None;
        } else if let Some(numbers) = summary(line).filter(|_| self.timed) {
            self.summary.say(tally(version, numbers));
            failing.take(&mut self.names);
            self.version = None;
        } else if line.starts_with("There was ") || line.starts_with("There were ") {
            let last = line.trim_end_matches(':').rsplit(' ').next();
            self.listing = matches!(last, Some("failure" | "failures" | "error" | "errors"));
        } else if self.listing {
            let entry = number(line).and_then(|(_, rest)| rest.strip_prefix(") "));
            if let Some(name) = entry.filter(|name| name.contains("::")) {
                self.names.add(without_data(name));
            }
        }
        match self.version {
            Some(_) => Hold::Held,
            None => Hold::Free,
        }
    }

    fn finish(&mut self, failing: &mut Names) -> Outcome {
        if self.version.is_some() {
            failing.take(&mut self.names);
            return Outcome::Uncounted;
        }
        self.summary.outcome()
    }
}

/// The major version.
fn header(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("PHPUnit ")?;
    let ours = rest.ends_with(" by Sebastian Bergmann and contributors.");
    ours.then(|| Some(number(rest)?.0))?
}

fn summary(line: &str) -> Option<&str> {
    line.strip_prefix("OK (")
        .and_then(|rest| rest.strip_suffix(')'))
        .filter(|rest| rest.contains(" test"))
        .or_else(|| {
            line.strip_suffix('.')
                .filter(|line| line.starts_with("Tests: "))
        })
}

fn tally(version: u64, numbers: &str) -> Option<Tally> {
    if let Some((total, rest)) = number(numbers) {
        let ours = rest.starts_with(" test, ") || rest.starts_with(" tests, ");
        return ours.then(|| Tally::of_total(total, 0, 0))?;
    }
    let (mut total, mut failed, mut skipped) = (None, 0_u64, 0_u64);
    for part in numbers.split(", ") {
        let (word, count) = part.split_once(": ")?;
        let count: u64 = count.parse().ok()?;
        match word {
            "Tests" => total = Some(count),
            "Errors" | "Failures" => failed = failed.checked_add(count)?,
            // Until version 9 a warning is a test that did not run; later, a remark on one that did.
            "Skipped" | "Incomplete" => skipped = skipped.checked_add(count)?,
            "Warnings" if version < 10 => skipped = skipped.checked_add(count)?,
            _ => {}
        }
    }
    Tally::of_total(total?, failed, skipped)
}

/// The name without the values of its data set, which follow the data set's own name.
fn without_data(name: &str) -> &str {
    let set = " with data set ";
    let Some(at) = name.find(set).map(|at| at + set.len()) else {
        return name;
    };
    let end = match name[at..].strip_prefix('"') {
        Some(quoted) => quoted.find("\" (").map(|end| at + end + 2),
        None => name[at..].find(' ').map(|end| at + end),
    };
    &name[..end.unwrap_or(name.len())]
}
