//! The reader for the Test Anything Protocol, versions 12 to 14.

use crate::verify::runner::node::Closing;
use crate::verify::runner::{Hold, Names, Once, Outcome, Runner, Tally, clean, indent, number};

/// How deep subtests may be nested.
const MAX_DEPTH: usize = 32;

/// A plan `1..5`, and a line `ok` or `not ok` per test point.
///
/// Points count only with a plan, and only if they are as many as it says; a second plan or a
/// `Bail out!` makes the count unknown. Only points that are not indented count. Where the
/// producer adds up itself (`# tests 3`, `# pass 3`) its sum is better than ours, which counts
/// suites. Names are those of the innermost failed points.
#[derive(Debug)]
pub(super) struct Tap {
    closing: Closing,
    points: Tally,
    plan: Plan,
    /// The names of the subtests around the next line, with their indentation.
    path: Vec<(usize, String)>,
    /// The indentation of the last failed point that has a name.
    inner: Option<usize>,
    names: Names,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    Missing,
    Said(u64),
    Broken,
}

impl Default for Tap {
    fn default() -> Self {
        Self {
            closing: Closing::new("# "),
            points: Tally::default(),
            plan: Plan::Missing,
            path: Vec::new(),
            inner: None,
            names: Names::default(),
        }
    }
}

impl Tap {
    fn point(&mut self, depth: usize, failed: bool, rest: &str) {
        let (name, directive) = description(rest);
        let directive = directive.to_ascii_lowercase();
        let excused = directive.starts_with("skip") || directive.starts_with("todo");
        if depth == 0 {
            let point = match (excused, failed) {
                (true, _) => Tally::of(1, "skipped"),
                (false, true) => Tally::of(1, "failed"),
                (false, false) => Tally::of(1, "passed"),
            };
            self.points = self.points.plus(point.unwrap_or_default());
        }
        self.path.retain(|(at, _)| *at < depth);
        let inside = self.inner.is_some_and(|inner| inner > depth);
        self.inner = self.inner.filter(|inner| *inner <= depth);
        if failed && !excused {
            if !inside && !name.is_empty() {
                let path = self.path.iter().map(|(_, suite)| suite.as_str());
                let path: Vec<&str> = path.chain([name.as_str()]).collect();
                self.names.add(&path.join(" > "));
            }
            self.inner = Some(depth);
        }
    }
}

impl Runner for Tap {
    fn line(&mut self, line: &str, _: &mut Names) -> Hold {
        if self.closing.line(line) {
            return Hold::Free;
        }
        let text = line.trim_start_matches(' ');
        let depth = line.len() - text.len();
        if let Some(rest) = text.strip_prefix("not ok").filter(|rest| ends_word(rest)) {
            self.point(depth, true, rest);
        } else if let Some(rest) = text.strip_prefix("ok").filter(|rest| ends_word(rest)) {
            self.point(depth, false, rest);
        } else if let Some(name) = text.strip_prefix("# Subtest: ") {
            let depth = indent(line);
            self.path.retain(|(at, _)| *at < depth);
            if self.path.len() < MAX_DEPTH {
                self.path.push((depth, clean(&unescaped(name))));
            }
        } else if let Some(rest) = line.strip_prefix("1..") {
            if let Some((last, _)) = number(rest).filter(|(_, rest)| ends_word(rest)) {
                self.plan = match self.plan {
                    Plan::Missing => Plan::Said(last),
                    Plan::Said(_) | Plan::Broken => Plan::Broken,
                };
            }
        } else if line.starts_with("Bail out!") {
            self.plan = Plan::Broken;
        }
        Hold::Free
    }

    fn finish(&mut self, failing: &mut Names) -> Outcome {
        self.closing.end();
        let complete = self.plan == Plan::Said(self.points.total());
        if self.plan != Plan::Missing {
            failing.take(&mut self.names);
        }
        match (self.closing.summary, self.plan) {
            (Once::Silent, Plan::Missing) => Outcome::Absent,
            (Once::Silent, _) if complete => Outcome::Counted(self.points),
            // A plan and nothing of it: some line happens to look like one.
            (Once::Silent, _) if self.points == Tally::default() => Outcome::Absent,
            (Once::Silent, _) => Outcome::Uncounted,
            // Some producers leave the skipped ones out of their sum.
            (Once::Said(sum), _) if complete && sum.skipped == 0 => {
                let skipped = self.points.skipped;
                let whole = sum.plus(Tally {
                    skipped,
                    ..Tally::default()
                });
                let whole = (whole == self.points).then_some(whole);
                Outcome::Counted(whole.unwrap_or(sum))
            }
            (summary, _) => summary.outcome(),
        }
    }
}

fn ends_word(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ')
}

/// What a point says after `ok`: the name without number and escapes, and the directive.
fn description(rest: &str) -> (String, &str) {
    let rest = rest.trim_start();
    let rest = number(rest).map_or(rest, |(_, rest)| rest).trim_start();
    let rest = rest.strip_prefix("- ").unwrap_or(rest);
    let mark = rest
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|at| *at == 0 || rest[..*at].ends_with(' '));
    let (name, directive) = mark.map_or((rest, ""), |at| (&rest[..at], &rest[at + 1..]));
    (unescaped(name.trim()), directive.trim_start())
}

fn unescaped(name: &str) -> String {
    name.replace("\\#", "#").replace("\\\\", "\\")
}
