//! The reader for `dotnet test`.

use crate::verify::runner::{Hold, Names, Once, Outcome, Runner, Tally, number, without_duration};

/// `Failed!  - Failed: 1, Passed: 2, Skipped: 1, Total: 4, …` per assembly, or one
/// `Test summary: total: 4, failed: 1, succeeded: 2, skipped: 1, …`.
///
/// Assemblies add up, if they are as many as were announced
/// (`A total of 1 test files matched the specified pattern.`); a line without an announcement is
/// believed only if it is the only one. The parts have to make up the total. Names stand on lines
/// `  Failed Group.Name [12 ms]`.
#[derive(Debug, Default)]
pub(super) struct Dotnet {
    announced: u64,
    assemblies: u64,
    sum: Tally,
    broken: bool,
    summary: Once,
    names: Names,
}

impl Runner for Dotnet {
    fn line(&mut self, line: &str, _: &mut Names) -> Hold {
        let text = line.trim_start();
        if let Some(rest) = text.strip_prefix("A total of ") {
            let files = number(rest).filter(|(_, rest)| rest.starts_with(" test files matched"));
            self.announced += files.map_or(0, |(files, _)| files);
        } else if text.starts_with("Passed!  - ") || text.starts_with("Failed!  - ") {
            self.assemblies += 1;
            match parts(&text["Passed!  - ".len()..]) {
                Some(tally) => self.sum = self.sum.plus(tally),
                None => self.broken = true,
            }
        } else if text.starts_with("No test is available in ") {
            self.assemblies += 1;
        } else if let Some(numbers) = text.strip_prefix("Test summary: ") {
            self.summary.say(parts(numbers));
        } else if let Some(name) = line.strip_prefix("  Failed ") {
            let short = without_duration(name, [" [", "s]"]);
            if short.len() < name.len() {
                self.names.add(short);
            }
        }
        Hold::Free
    }

    fn finish(&mut self, failing: &mut Names) -> Outcome {
        let assemblies = match self.assemblies {
            _ if self.broken => Outcome::Uncounted,
            0 => Outcome::Absent,
            some if some == self.announced => Outcome::Counted(self.sum),
            1 if self.announced == 0 => Outcome::Lone(self.sum),
            _ => Outcome::Uncounted,
        };
        let outcome = match (assemblies, self.summary.outcome()) {
            (Outcome::Absent, outcome) => outcome.lone_unless(false),
            (outcome, Outcome::Absent) => outcome,
            (Outcome::Counted(a) | Outcome::Lone(a), Outcome::Counted(b)) if a == b => assemblies,
            _ => Outcome::Uncounted,
        };
        if outcome != Outcome::Absent {
            failing.take(&mut self.names);
        }
        outcome
    }
}

fn parts(numbers: &str) -> Option<Tally> {
    let (mut tally, mut total) = (Tally::default(), None);
    for part in numbers.split(',') {
        let Some((word, count)) = part.split_once(':') else {
            continue;
        };
        let count = count.trim().parse::<u64>().ok();
        match word.trim() {
            "Failed" | "failed" => tally.failed = count?,
            "Passed" | "succeeded" => tally.passed = count?,
            "Skipped" | "skipped" => tally.skipped = count?,
            "Total" | "total" => total = Some(count?),
            _ => {}
        }
    }
    (total == Some(tally.total())).then_some(tally)
}
