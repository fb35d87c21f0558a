//! Readers for the test runners of Python.

use crate::verify::runner::{Hold, Names, Once, Outcome, Runner, Tally, number};

/// `===== test session starts =====`, then `===== 1 failed, 3 passed in 0.12s =====`; under `-q`
/// neither the first line nor the frame of the second.
///
/// Pytest draws all its frames equally wide, so a summary of another width than the start is
/// printed by a test. A second summary makes the count unknown. Names come from the last
/// `short test summary info`.
#[derive(Debug, Default)]
pub(super) struct Pytest {
    /// The width of the frame around the start of the open session.
    width: Option<usize>,
    /// Whether anything but a summary shows that this is pytest.
    framed: bool,
    summary: Once,
    names: Names,
    listing: bool,
}

impl Runner for Pytest {
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold {
        let title = line.trim_matches('=');
        let framed = title.len() < line.len();
        if framed && title == " test session starts " {
            if self.width.replace(line.chars().count()).is_some() {
                self.summary.say(None);
            }
            self.framed = true;
        } else if framed && title == " short test summary info " {
            self.names.clear();
            self.listing = true;
        } else if let Some(tally) = session_end(title.trim_matches(' ')) {
            let ours = self.width.is_none_or(|width| line.chars().count() >= width);
            if ours {
                self.width = None;
                self.listing = false;
                self.summary.say(Some(tally));
                failing.take(&mut self.names);
            }
        } else if self.listing {
            let id = line
                .strip_prefix("FAILED ")
                .or_else(|| line.strip_prefix("ERROR "));
            if let Some(id) = id {
                self.names.add(node_id(id));
            }
        } else if line.ends_with("[100%]") {
            self.framed = true;
        }
        match self.width {
            Some(_) => Hold::Held,
            None => Hold::Free,
        }
    }

    fn finish(&mut self, _: &mut Names) -> Outcome {
        match self.width {
            Some(_) => Outcome::Uncounted,
            None => self.summary.outcome().lone_unless(self.framed),
        }
    }
}

fn session_end(title: &str) -> Option<Tally> {
    if !title.ends_with(['s', ')']) {
        return None;
    }
    let (numbers, time) = title.rsplit_once(" in ")?;
    // `0.12s`, or `65.10s (0:01:05)`.
    let seconds = time.split(' ').next()?.strip_suffix('s')?;
    seconds.parse::<f64>().ok()?;
    if numbers == "no tests ran" {
        return Some(Tally::default());
    }
    numbers.split(", ").try_fold(Tally::default(), |sum, part| {
        let (count, word) = part.split_once(' ')?;
        let count = count.parse().ok()?;
        match word {
            "deselected" | "warning" | "warnings" | "rerun" => Some(sum),
            "subtests passed" | "subtests failed" => Some(sum),
            word => Some(sum.plus(Tally::of(count, word)?)),
        }
    })
}

/// The id before ` - ` and a message; parameters in brackets may hold the same mark.
fn node_id(text: &str) -> &str {
    let parameters = text.find('[').and_then(|open| {
        let dash = text.find(" - ").unwrap_or(text.len());
        let close = text[open..].find("] - ").map(|at| open + at + 1);
        let close = close.or_else(|| text.ends_with(']').then_some(text.len()))?;
        (open < dash).then_some(close)
    });
    let end = parameters.or_else(|| text.find(" - "));
    &text[..end.unwrap_or(text.len())]
}

/// A line of dashes, `Ran 3 tests in 0.000s`, then `OK (skipped=1)` or
/// `FAILED (failures=1, errors=1)`.
///
/// Only the line of dashes makes the line a summary, and only what follows it is its verdict. A
/// second summary makes the count unknown, as do more failed subtests than there are tests.
#[derive(Debug, Default)]
pub(super) struct Unittest {
    before: Before,
    summary: Once,
}

/// What the line before was.
#[derive(Debug, Default)]
enum Before {
    #[default]
    Other,
    Dashes,
    Equals,
    /// The summary, or the blank line after it.
    Ran(u64),
}

impl Runner for Unittest {
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold {
        let before = std::mem::take(&mut self.before);
        match before {
            Before::Dashes => {
                if let Some(tests) = ran(line) {
                    self.before = Before::Ran(tests);
                    return Hold::Free;
                }
            }
            Before::Equals => {
                let problem = ["FAIL: ", "ERROR: ", "UNEXPECTED SUCCESS: "];
                if let Some(test) = problem.iter().find_map(|word| line.strip_prefix(word)) {
                    failing.add(&dotted(test));
                }
            }
            Before::Ran(tests) if line.is_empty() => self.before = Before::Ran(tests),
            Before::Ran(tests) => self.summary.say(verdict(tests, line)),
            Before::Other => {}
        }
        let only = |mark: u8| line.len() > 3 && line.bytes().all(|byte| byte == mark);
        if line.starts_with('-') && only(b'-') {
            self.before = Before::Dashes;
        } else if line.starts_with('=') && only(b'=') {
            self.before = Before::Equals;
        }
        Hold::Free
    }

    fn finish(&mut self, _: &mut Names) -> Outcome {
        if matches!(self.before, Before::Ran(_)) {
            self.summary.say(None);
        }
        self.summary.outcome()
    }
}

fn ran(line: &str) -> Option<u64> {
    let (tests, rest) = number(line.strip_prefix("Ran ")?)?;
    (rest.starts_with(" test in ") || rest.starts_with(" tests in ")).then_some(tests)
}

fn verdict(tests: u64, line: &str) -> Option<Tally> {
    let details = ["FAILED", "OK", "NO TESTS RAN"]
        .iter()
        .find_map(|word| line.strip_prefix(word))?;
    let mut known = Tally::default();
    for part in details.trim_matches([' ', '(', ')']).split(", ") {
        let Some((word, count)) = part.split_once('=') else {
            continue;
        };
        let word = match word {
            "expected failures" => "xfailed",
            "unexpected successes" => "failed",
            word => word,
        };
        known = known.plus(Tally::of(count.parse().ok()?, word)?);
    }
    Tally::of_total(tests, known.failed, known.skipped)
}

/// `pkg.Group.test_bad` of `test_bad (pkg.Group.test_bad) (i=1)`, or of what Python before 3.11
/// prints: `test_bad (pkg.Group)`.
fn dotted(test: &str) -> String {
    let parts = test.split_once(" (").and_then(|(method, rest)| {
        let (place, _) = rest.split_once(')')?;
        Some((method, place))
    });
    match parts {
        Some((method, place)) if place.rsplit('.').next() == Some(method) => place.to_owned(),
        Some((method, place)) => format!("{place}.{method}"),
        None => test.to_owned(),
    }
}
