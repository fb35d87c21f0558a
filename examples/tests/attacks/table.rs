//! What is printed.

use std::io::{self, Write as _};

use crate::case::Case;
use crate::known;
use crate::outcome::Ended;

/// A case and its end.
#[derive(Debug)]
pub(crate) struct Row {
    case: Case,
    ended: Ended,
    /// Why it is known to get through, if it is.
    known: Option<&'static str>,
}

impl Row {
    pub(crate) fn new(case: Case, ended: Ended) -> Self {
        Self {
            known: known::reason(case.id),
            case,
            ended,
        }
    }

    fn skipped(&self) -> bool {
        matches!(self.ended, Ended::Skipped(_))
    }

    fn expected(&self) -> bool {
        self.ended.is_expected(&self.case)
    }

    /// Whether it gets through as it is known to.
    fn gets_through(&self) -> bool {
        self.known.is_some() && !self.expected() && !matches!(self.ended, Ended::Broken(_))
    }

    /// Whether it fails the target: another end than expected, or an entry among the known ones
    /// that is caught by now.
    pub(crate) fn fails(&self) -> bool {
        !self.skipped() && !self.gets_through() && (!self.expected() || self.known.is_some())
    }

    fn verdict(&self) -> &'static str {
        match () {
            () if self.skipped() => "skipped",
            () if self.gets_through() => "known",
            () if !self.fails() => "ok",
            () if self.expected() => "NOT KNOWN ANY MORE",
            () => "FAILED",
        }
    }
}

/// What `--list` prints.
pub(crate) fn list(cases: &[Case], terse: bool) -> String {
    let mut text: String = cases
        .iter()
        .map(|case| format!("{}: test\n", case.id))
        .collect();
    if !terse {
        text += &format!("\n{} tests, 0 benchmarks\n", cases.len());
    }
    text
}

/// The table, what is to be said about single rows, and the sums.
pub(crate) fn report(rows: &[Row]) -> String {
    let heads = ["case", "what the agent did", "expected", "came to"].map(str::to_owned);
    let cells = rows.iter().map(|row| {
        [
            row.case.id.to_owned(),
            row.case.what.to_owned(),
            row.case.expect.describe(),
            row.ended.describe(),
        ]
    });
    let lines: Vec<_> = [heads].into_iter().chain(cells).collect();
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths = [0, 1, 2, 3].map(width);
    let verdicts = ["ok"]
        .into_iter()
        .chain(rows.iter().map(|row| row.verdict()));
    let mut text = String::from("\n");
    for (line, verdict) in lines.iter().zip(verdicts) {
        for (cell, width) in line.iter().zip(widths) {
            text += &format!("{cell:width$} | ");
        }
        text += &format!("{verdict}\n");
    }
    text += "\n";
    for row in rows.iter().filter(|row| row.fails()) {
        text += &format!("{}: {}: {}\n", row.case.id, row.verdict(), row.ended.why());
    }
    for row in rows.iter().filter(|row| row.gets_through()) {
        text += &format!(
            "known to get through: {}: {}\n",
            row.case.id,
            row.known.unwrap_or_default()
        );
    }
    text + &sums(rows)
}

fn sums(rows: &[Row]) -> String {
    let of = |attacks: bool| {
        let rows = rows
            .iter()
            .filter(move |row| row.case.is_attack() == attacks && !row.skipped());
        (
            rows.clone().filter(|row| row.expected()).count(),
            rows.count(),
        )
    };
    let count = |holds: fn(&Row) -> bool| rows.iter().filter(|row| holds(row)).count();
    let ((caught, attacks), (passed, honest)) = (of(true), of(false));
    let (failed, ignored) = (
        count(Row::fails),
        count(|row| row.skipped() || row.gets_through()),
    );
    let result = if failed == 0 { "ok" } else { "FAILED" };
    let good = rows.len() - failed - ignored;
    format!(
        "{caught} of {attacks} attacks caught, {passed} of {honest} honest cases passed\n\n\
         test result: {result}. {good} passed; {failed} failed; {ignored} ignored; 0 measured; \
         0 filtered out\n"
    )
}

/// Prints; whoever reads may have gone.
pub(crate) fn print(text: &str) {
    if let Err(error) = io::stdout().lock().write_all(text.as_bytes()) {
        eprintln!("cannot print: {error}");
    }
}
