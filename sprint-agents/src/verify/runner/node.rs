//! The reader for `node --test` in its own style, and the closing lines of all its styles.

use crate::verify::runner::{
    Hold, Names, Once, Outcome, Runner, Tally, clean, indent, without_duration,
};

/// How deep tests may be nested.
const MAX_DEPTH: usize = 32;

/// Lines like `ℹ tests 7`, `ℹ pass 2` in a row.
///
/// Names are the leaves with a `✖` in the tree over them: a suite fails with its tests.
#[derive(Debug)]
pub(super) struct NodeTest {
    closing: Closing,
    path: Vec<(usize, String)>,
    names: Names,
}

impl Default for NodeTest {
    fn default() -> Self {
        Self {
            closing: Closing::new("ℹ "),
            path: Vec::new(),
            names: Names::default(),
        }
    }
}

impl Runner for NodeTest {
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold {
        if self.closing.line(line) {
            failing.take(&mut self.names);
            return Hold::Free;
        }
        let (depth, text) = (indent(line), line.trim_start_matches(' '));
        // After the closing lines, all failures come again without their suites.
        if !text.starts_with(['▶', '✖', '✔']) || self.closing.summary != Once::Silent {
            return Hold::Free;
        }
        let Some((mark, name)) = text.split_once(' ') else {
            return Hold::Free;
        };
        let name = clean(without_duration(name, [" (", "ms)"]));
        let closes = self
            .path
            .iter()
            .any(|(at, open)| *at == depth && *open == name);
        self.path.retain(|(at, _)| *at < depth);
        match mark {
            "▶" if self.path.len() < MAX_DEPTH => self.path.push((depth, name)),
            "✖" if !closes && !name.ends_with("# TODO") => {
                let path = self.path.iter().map(|(_, suite)| suite.as_str());
                let path: Vec<&str> = path.chain([name.as_str()]).collect();
                self.names.add(&path.join(" > "));
            }
            _ => {}
        }
        Hold::Free
    }

    fn finish(&mut self, failing: &mut Names) -> Outcome {
        self.closing.end();
        if self.closing.summary != Once::Silent {
            failing.take(&mut self.names);
        }
        self.closing.summary.outcome()
    }
}

/// Closing lines that start with a mark: how many tests, and what became of them.
///
/// They belong together only while no other line comes between them, and only if the parts make
/// up the whole. A second group makes the count unknown.
#[derive(Debug)]
pub(super) struct Closing {
    mark: &'static str,
    open: Option<(u64, Option<Tally>)>,
    pub(super) summary: Once,
}

impl Closing {
    pub(super) const fn new(mark: &'static str) -> Self {
        Self {
            mark,
            open: None,
            summary: Once::Silent,
        }
    }

    /// Reads a line; whether it is one of the closing lines.
    pub(super) fn line(&mut self, line: &str) -> bool {
        let said = line.strip_prefix(self.mark).and_then(|rest| {
            let (word, count) = rest.split_once(' ')?;
            Some((word, count.trim().parse::<u64>().ok()?))
        });
        let Some((word, count)) = said else {
            self.end();
            return false;
        };
        if word == "tests" {
            self.end();
            self.open = Some((count, None));
        } else if let (Some((_, sum)), Some(more)) = (&mut self.open, Tally::of(count, word)) {
            *sum = Some(sum.unwrap_or_default().plus(more));
        } else if word != "suites" {
            self.end();
            return false;
        }
        self.open.is_some()
    }

    /// No more lines of the open group come.
    pub(super) fn end(&mut self) {
        if let Some((tests, Some(sum))) = self.open.take() {
            self.summary.say((sum.total() == tests).then_some(sum));
        }
    }
}
