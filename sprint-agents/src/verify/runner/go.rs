//! The reader for `go test`, plain, under `-v` and under `-json`.

use serde::Deserialize;

use crate::verify::runner::{Hold, Names, Outcome, Runner, Tally, clean, without_duration};

/// `=== RUN   TestX` and `--- PASS: TestX (0.00s)` under `-v`, objects under `-json`; without
/// either only packages are named, not tests.
///
/// The results of all packages add up, subtests included. Unless there is one result for each
/// test that was started, a test printed something like a result or a package died, and the count
/// is unknown. The same goes under `-v` for lines out of order: until a test pauses for others,
/// tests run one after the other, and subtests have their results under that of their parent.
#[derive(Debug, Default)]
pub(super) struct Go {
    packages: u64,
    empty: u64,
    started: u64,
    results: Tally,
    /// The test that runs now, if tests do not run side by side.
    open: Option<String>,
    parallel: bool,
    disordered: bool,
    names: Names,
}

/// A line of `-json`; what it has beyond this says nothing about tests.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    action: &'a str,
    #[serde(default, borrow)]
    test: Option<std::borrow::Cow<'a, str>>,
    #[serde(default, borrow)]
    output: Option<std::borrow::Cow<'a, str>>,
}

impl Go {
    fn result(&mut self, word: &str, name: &str) {
        let result = match word {
            "pass" | "PASS" => "passed",
            "fail" | "FAIL" => "failed",
            "skip" | "SKIP" => "skipped",
            _ => return,
        };
        self.results = self.results.plus(Tally::of(1, result).unwrap_or_default());
        if result == "failed" {
            self.names.add(name);
        }
    }

    fn package(&mut self, line: &str) -> bool {
        // `ok` and `FAIL` with a time, or `?` with a remark, in columns divided by tabs.
        let ours = ["ok  \t", "FAIL\t", "?   \t"];
        let is_package = ours.iter().any(|start| line.starts_with(start));
        if is_package {
            self.packages += 1;
            let empty = line.ends_with("[no test files]") || line.ends_with("[no tests to run]");
            self.empty += u64::from(empty);
            self.open = None;
            self.parallel = false;
        }
        is_package
    }

    /// `=== RUN   TestX` or `=== PAUSE TestX`.
    fn announced(&mut self, word: &str, name: &str) {
        match word {
            "RUN" => {
                self.started += 1;
                if !name.contains('/') {
                    self.disordered |= self.open.is_some() && !self.parallel;
                    self.open = Some(clean(name));
                }
            }
            "PAUSE" => self.parallel = true,
            _ => {}
        }
    }

    /// `--- PASS: TestX (0.00s)`, indented for subtests.
    fn printed(&mut self, line: &str) {
        let result = line.trim_start().strip_prefix("--- ");
        let Some((word, name)) = result.and_then(|result| result.split_once(": ")) else {
            return;
        };
        let name = without_duration(name, [" (", "s)"]);
        let in_order = if line.starts_with(' ') {
            self.open.is_none()
        } else {
            self.open.take() == Some(clean(name))
        };
        self.disordered |= !in_order && !self.parallel;
        self.result(word, name);
    }

    fn event(&mut self, line: &str) {
        let Ok(event) = serde_json::from_str::<Event<'_>>(line) else {
            return;
        };
        match (event.action, event.test, event.output) {
            ("run", Some(_), _) => self.started += 1,
            ("output", None, Some(text)) => {
                self.package(text.trim_end());
            }
            (word, Some(test), _) => self.result(word, &test),
            _ => {}
        }
    }
}

impl Runner for Go {
    fn line(&mut self, line: &str, _: &mut Names) -> Hold {
        if line.starts_with("{\"Time\":") || line.starts_with("{\"Action\":") {
            self.event(line);
        } else if let Some(announced) = line.strip_prefix("=== ") {
            if let Some((word, name)) = announced.split_once(' ') {
                self.announced(word, name.trim_start());
            }
        } else if line.trim_start().starts_with("--- ") {
            self.printed(line);
        } else {
            self.package(line);
        }
        Hold::Free
    }

    fn finish(&mut self, failing: &mut Names) -> Outcome {
        if self.packages == 0 {
            return Outcome::Absent;
        }
        failing.take(&mut self.names);
        if self.packages == self.empty {
            Outcome::Counted(Tally::default())
        } else if self.started == 0 || self.disordered || self.started != self.results.total() {
            Outcome::Uncounted
        } else {
            Outcome::Counted(self.results)
        }
    }
}
