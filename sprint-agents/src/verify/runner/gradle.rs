//! The reader for Gradle.

use std::collections::BTreeMap;

use crate::verify::runner::{Hold, Names, Outcome, Runner, Tally, number};

/// More test tasks than this, or longer paths, are not told apart, and their count is unknown.
const MAX_TASKS: usize = 500;
const MAX_PATH: usize = 300;

/// `5 tests completed, 2 failed, 1 skipped`, once per test task with failures; a task whose tests
/// all pass says nothing.
///
/// The numbers are known only if every test task that is shown printed some, or if none had
/// sources. Names stand on lines `Group > name FAILED`.
#[derive(Debug, Default)]
pub(super) struct Gradle {
    tasks: BTreeMap<String, Task>,
    summaries: u64,
    sum: Option<Tally>,
    broken: bool,
    names: Names,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Ran,
    Empty,
}

impl Gradle {
    /// `> Task :app:test FAILED`, or without the words before the colon in old versions.
    fn task(&mut self, line: &str) {
        let line = line.strip_prefix("> Task ").unwrap_or(line);
        let (path, outcome) = line.split_once(' ').unwrap_or((line, ""));
        let Some((_, name)) = path.rsplit_once(':') else {
            return;
        };
        if name != "test" && !name.ends_with("Test") && !name.ends_with("Tests") {
            return;
        }
        let task = match outcome {
            "NO-SOURCE" | "SKIPPED" => Task::Empty,
            "" | "FAILED" | "UP-TO-DATE" | "FROM-CACHE" => Task::Ran,
            _ => return,
        };
        if self.tasks.len() < MAX_TASKS && path.len() <= MAX_PATH {
            self.tasks.insert(path.to_owned(), task);
        } else {
            self.broken = true;
        }
    }
}

impl Runner for Gradle {
    fn line(&mut self, line: &str, _: &mut Names) -> Hold {
        if line.starts_with(':') || line.starts_with("> Task :") {
            self.task(line);
        } else if let Some(name) = line.strip_suffix(" FAILED") {
            if name.contains(" > ") && !name.starts_with(['>', ' ']) {
                self.names.add(name);
            }
        } else if let Some(tally) = summary(line) {
            self.summaries += 1;
            self.sum = Some(self.sum.unwrap_or_default().plus(tally));
        }
        Hold::Free
    }

    fn finish(&mut self, failing: &mut Names) -> Outcome {
        let ran = self.tasks.values().filter(|task| **task == Task::Ran);
        let ran = ran.count() as u64;
        if self.sum.is_some() || ran > 0 {
            failing.take(&mut self.names);
        }
        match self.sum {
            _ if self.broken => Outcome::Uncounted,
            None if ran > 0 => Outcome::Uncounted,
            None if !self.tasks.is_empty() => Outcome::Counted(Tally::default()),
            None => Outcome::Absent,
            Some(sum) if ran == 0 && self.summaries == 1 => Outcome::Lone(sum),
            Some(sum) if ran == self.summaries => Outcome::Counted(sum),
            Some(_) => Outcome::Uncounted,
        }
    }
}

fn summary(line: &str) -> Option<Tally> {
    let (total, rest) = number(line)?;
    let rest = rest
        .strip_prefix(" tests completed, ")
        .or_else(|| rest.strip_prefix(" test completed, "))?;
    let known = Tally::in_text(rest)?;
    Tally::of_total(total, known.failed, known.skipped)
}
