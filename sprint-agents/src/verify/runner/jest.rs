//! The reader for Jest.

use crate::verify::runner::{Hold, Names, Once, Outcome, Runner, Tally};

/// `Test Suites: …`, then `Tests:       1 failed, 1 skipped, 1 todo, 2 passed, 5 total`.
///
/// Only a line of tests right under a line of suites, and only one whose parts make up its total,
/// is a summary; a second one makes the count unknown. Names are the headings `● Suite › name`
/// below a failed file.
#[derive(Debug, Default)]
pub(super) struct Jest {
    summary: Once,
    after_suites: bool,
    in_failed_file: bool,
    names: Names,
}

impl Runner for Jest {
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold {
        let after_suites = std::mem::take(&mut self.after_suites);
        // Colours come with blanks around the word.
        let word = line.trim_start();
        if word.starts_with("FAIL ") {
            self.in_failed_file = true;
        } else if word.starts_with("PASS ") {
            self.in_failed_file = false;
        } else if line.starts_with("Test Suites: ") && line.ends_with(" total") {
            self.after_suites = true;
            self.in_failed_file = false;
        } else if let Some(numbers) = line.strip_prefix("Tests: ").filter(|_| after_suites) {
            self.summary.say(tally(numbers));
            failing.take(&mut self.names);
        } else if let Some(heading) = line.strip_prefix("  ● ").filter(|_| self.in_failed_file)
            && !matches!(heading, "Console" | "Test suite failed to run")
        {
            self.names.add(&heading.replace(" › ", " > "));
        }
        Hold::Free
    }

    fn finish(&mut self, _: &mut Names) -> Outcome {
        self.summary.outcome()
    }
}

fn tally(numbers: &str) -> Option<Tally> {
    let (parts, total) = match numbers.rsplit_once(", ") {
        Some((parts, total)) => (Tally::in_text(parts)?, total),
        None => (Tally::default(), numbers),
    };
    let total: u64 = total.trim().strip_suffix(" total")?.parse().ok()?;
    (parts.total() == total).then_some(parts)
}
