//! The reader for RSpec.

use crate::verify::runner::{Hold, Names, Once, Outcome, Runner, Tally};

/// `Finished in …`, then `4 examples, 1 failure, 2 pending`, then the failed examples.
///
/// Only the line right under the time is a summary; a second one makes the count unknown. Names
/// are the descriptions: places in files change with every edit above them.
#[derive(Debug, Default)]
pub(super) struct Rspec {
    summary: Once,
    timed: bool,
    listing: bool,
}

impl Runner for Rspec {
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold {
        if std::mem::take(&mut self.timed)
            && let Some(tally) = tally(line)
        {
            self.summary.say(tally.sum());
            return Hold::Free;
        }
        if line.starts_with("Finished in ") && line.ends_with(" to load)") {
            self.timed = true;
        } else if line == "Failed examples:" {
            self.listing = self.summary != Once::Silent;
        } else if let Some(example) = line.strip_prefix("rspec ").filter(|_| self.listing) {
            if let Some((_, name)) = example.split_once(" # ") {
                failing.add(name);
            }
        } else if !line.is_empty() {
            self.listing = false;
        }
        Hold::Free
    }

    fn finish(&mut self, _: &mut Names) -> Outcome {
        self.summary.outcome()
    }
}

#[derive(Default)]
struct Parts {
    examples: u64,
    failures: u64,
    pending: u64,
    outside: u64,
}

impl Parts {
    /// Errors outside of examples are failures beside them.
    fn sum(&self) -> Option<Tally> {
        let inside = Tally::of_total(self.examples, self.failures, self.pending)?;
        Some(inside.plus(Tally::of(self.outside, "errors")?))
    }
}

fn tally(line: &str) -> Option<Parts> {
    let mut parts = Parts::default();
    for part in line.split(", ") {
        let (count, word) = part.split_once(' ')?;
        let count = count.parse().ok()?;
        match word {
            "example" | "examples" => parts.examples = count,
            "failure" | "failures" => parts.failures = count,
            "pending" => parts.pending = count,
            "error occurred outside of examples" | "errors occurred outside of examples" => {
                parts.outside = count;
            }
            _ => return None,
        }
    }
    Some(parts)
}
