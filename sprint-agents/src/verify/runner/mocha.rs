//! The reader for Mocha.

use crate::verify::runner::{Hold, Names, Once, Outcome, Runner, Tally, clean, indent, number};

/// How deep a title may be nested.
const MAX_DEPTH: usize = 32;

/// `  2 passing (4ms)` under a blank line, then `  1 pending` and `  1 failing`, then the failures
/// by their number.
///
/// A second summary makes the count unknown. Names are the titles over each failure, which Mocha
/// indents deeper level by level.
#[derive(Debug, Default)]
pub(super) struct Mocha {
    after_blank: bool,
    /// The summary while its lines come.
    open: Option<Tally>,
    summary: Once,
    /// How many failures are still to be listed, and which comes next.
    listed: u64,
    failed: u64,
    title: Vec<String>,
}

impl Mocha {
    fn end_title(&mut self, failing: &mut Names) {
        if !self.title.is_empty() {
            let title = self.title.join(" > ");
            failing.add(title.strip_suffix(':').unwrap_or(&title));
            self.title.clear();
        }
    }

    /// The titles of a failure: `  2) sum`, then deeper ones on lines of their own.
    fn list(&mut self, line: &str, failing: &mut Names) {
        // Titles go deeper than the error under them.
        if !self.title.is_empty() && self.title.len() < MAX_DEPTH && indent(line) >= 7 {
            self.title.push(clean(line));
            return;
        }
        self.end_title(failing);
        let heading = line.strip_prefix("  ").and_then(number);
        if let Some((place, rest)) = heading
            && let Some(title) = rest.strip_prefix(") ").filter(|_| place == self.listed + 1)
        {
            self.listed = place;
            self.title.push(clean(title));
        }
    }
}

impl Runner for Mocha {
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold {
        let after_blank = std::mem::replace(&mut self.after_blank, line.is_empty());
        if let Some(sum) = self.open {
            if let Some(more) = part(line, &["pending", "failing"]) {
                self.open = Some(sum.plus(more));
            } else {
                self.open = None;
                self.failed = sum.failed;
                self.summary.say(Some(sum));
            }
        } else if let Some(passing) = part(line, &["passing"]).filter(|_| after_blank) {
            self.end_title(failing);
            self.listed = 0;
            self.failed = 0;
            self.open = Some(passing);
        } else if self.listed < self.failed || !self.title.is_empty() {
            self.list(line, failing);
        }
        Hold::Free
    }

    fn finish(&mut self, failing: &mut Names) -> Outcome {
        self.end_title(failing);
        if let Some(sum) = self.open.take() {
            self.summary.say(Some(sum));
        }
        self.summary.outcome()
    }
}

/// `  3 passing (4ms)`, if its word is one of these.
fn part(line: &str, words: &[&str]) -> Option<Tally> {
    let (count, rest) = number(line.strip_prefix("  ")?)?;
    let rest = rest.strip_prefix(' ')?;
    let (word, time) = rest.split_once(' ').unwrap_or((rest, "()"));
    let framed = time.starts_with('(') && time.ends_with(')');
    let ours = framed && words.contains(&word);
    ours.then(|| Tally::of(count, word))?
}
