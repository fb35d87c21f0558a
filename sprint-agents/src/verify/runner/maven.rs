//! The reader for the Surefire plugin of Maven.

use crate::verify::runner::{Hold, Names, Outcome, Runner, Tally};

/// ` T E S T S`, then `Results:` and `Tests run: 5, Failures: 1, Errors: 1, Skipped: 1`, per
/// module.
///
/// Only a total after the results is one: lines of classes and what tests print come before.
/// Modules add up. Results outside of a module make the count unknown. Surefire says nothing at
/// all about a module without tests, but is named.
#[derive(Debug, Default)]
pub(super) struct Maven {
    named: bool,
    module: Module,
    sum: Option<Tally>,
    broken: bool,
    names: Names,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Module {
    #[default]
    None,
    Testing,
    Results,
}

impl Runner for Maven {
    fn line(&mut self, line: &str, _: &mut Names) -> Hold {
        let text = ["[INFO] ", "[ERROR] ", "[WARNING] "]
            .iter()
            .find_map(|level| line.strip_prefix(level))
            .unwrap_or(line);
        if text == " T E S T S" {
            self.broken |= self.module != Module::None;
            self.module = Module::Testing;
        } else if text == "Results:" || text == "Results :" {
            match self.module {
                Module::None => self.broken |= self.named,
                Module::Testing | Module::Results => self.module = Module::Results,
            }
        } else if let Some(tally) = total(text).filter(|_| self.module == Module::Results) {
            self.sum = Some(self.sum.unwrap_or_default().plus(tally));
            self.module = Module::None;
        } else if text.ends_with("<<< FAILURE!") || text.ends_with("<<< ERROR!") {
            if let Some(name) = failed(text) {
                self.names.add(&name);
            }
        } else if let Some(goal) = text.strip_prefix("--- ") {
            let surefire = ["maven-surefire-plugin:", "surefire:"];
            self.named |= surefire.iter().any(|name| goal.starts_with(name));
        }
        match self.module {
            Module::None => Hold::Free,
            Module::Testing | Module::Results => Hold::Held,
        }
    }

    fn finish(&mut self, failing: &mut Names) -> Outcome {
        failing.take(&mut self.names);
        match self.sum {
            _ if self.broken || self.module != Module::None => Outcome::Uncounted,
            Some(sum) => Outcome::Counted(sum),
            None if self.named => Outcome::Counted(Tally::default()),
            None => Outcome::Absent,
        }
    }
}

fn total(text: &str) -> Option<Tally> {
    let numbers = text.strip_prefix("Tests run: ")?;
    let mut parts = numbers.split(", ");
    let total = parts.next()?.parse().ok()?;
    let (mut failed, mut skipped) = (0_u64, 0_u64);
    for part in parts {
        let (word, count) = part.split_once(": ")?;
        let count = count.parse::<u64>().ok()?;
        match word {
            "Failures" | "Errors" => failed = failed.checked_add(count)?,
            "Skipped" => skipped = count,
            "Flakes" => {}
            _ => return None,
        }
    }
    Tally::of_total(total, failed, skipped)
}

/// `org.example.DemoTest.wrong` of `wrong(org.example.DemoTest)  Time elapsed: …`, or of
/// `org.example.DemoTest.wrong -- Time elapsed: …` since version 3; `None` for whole classes.
fn failed(text: &str) -> Option<String> {
    let (name, _) = text.split_once("Time elapsed: ")?;
    let name = name.trim_end_matches([' ', '-']);
    if name.starts_with("Tests run: ") {
        return None;
    }
    let old = name
        .strip_suffix(')')
        .and_then(|name| name.rsplit_once('('));
    Some(match old {
        Some((method, class)) if !method.is_empty() && !method.contains('.') => {
            format!("{class}.{method}")
        }
        _ => name.to_owned(),
    })
}
