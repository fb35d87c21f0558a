//! The reader for Vitest.

use crate::verify::runner::{Hold, Names, Once, Outcome, Runner, Tally};

/// ` RUN  v4.1.12 /project`, then ` Test Files  …` and
/// `      Tests  1 failed | 2 passed | 1 skipped | 1 todo (5)`.
///
/// Only a line of tests right under a line of files, and only one whose parts make up its total,
/// is a summary; a second one makes the count unknown. Names stand on lines ` FAIL  file > name`.
#[derive(Debug, Default)]
pub(super) struct Vitest {
    running: bool,
    summary: Once,
    after_files: bool,
    names: Names,
}

impl Runner for Vitest {
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold {
        let after_files = std::mem::take(&mut self.after_files);
        let text = line.trim_start();
        if text.starts_with("RUN  v") {
            if self.running {
                self.summary.say(None);
            }
            self.running = true;
        } else if self.running && text.starts_with("No test files found, exiting with code ") {
            self.running = false;
            self.summary.say(Some(Tally::default()));
        } else if text.starts_with("Test Files  ") && text.ends_with(')') {
            self.after_files = true;
        } else if let Some(numbers) = text.strip_prefix("Tests  ").filter(|_| after_files) {
            self.running = false;
            self.summary.say(tally(numbers.trim()));
            failing.take(&mut self.names);
        } else if let Some(name) = text.strip_prefix("FAIL  ")
            && name.contains(" > ")
        {
            self.names.add(name);
        }
        if self.running { Hold::Held } else { Hold::Free }
    }

    fn finish(&mut self, failing: &mut Names) -> Outcome {
        if self.running {
            failing.take(&mut self.names);
            return Outcome::Uncounted;
        }
        self.summary.outcome()
    }
}

fn tally(numbers: &str) -> Option<Tally> {
    if numbers == "no tests" {
        return Some(Tally::default());
    }
    let (parts, total) = numbers.strip_suffix(')')?.rsplit_once(" (")?;
    let tally = Tally::in_text(parts)?;
    (total.parse() == Ok(tally.total())).then_some(tally)
}
