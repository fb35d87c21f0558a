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
    /// Why it is known to end otherwise than expected, if it is.
    known: Option<&'static str>,
}

impl Row {
    pub(crate) fn new(case: Case, ended: Ended) -> Self {
        Self {
            known: known::reason(&case),
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

    /// Whether it ends otherwise than expected, as it is known to: an attack gets through, or
    /// honest work is refused.
    fn is_known(&self) -> bool {
        let as_known = match self.ended {
            Ended::Landed | Ended::Looked(Err(_)) | Ended::Judged(..) => self.case.is_attack(),
            Ended::Refused(_) => !self.case.is_attack(),
            Ended::Looked(Ok(())) | Ended::Skipped(_) | Ended::Broken(_) => false,
        };
        self.known.is_some() && as_known && !self.expected()
    }

    /// Whether it fails the target: another end than expected, or an entry among the known ones
    /// that is caught by now.
    pub(crate) fn fails(&self) -> bool {
        !self.skipped() && !self.is_known() && (!self.expected() || self.known.is_some())
    }

    fn verdict(&self) -> &'static str {
        match () {
            () if self.skipped() => "skipped",
            () if self.is_known() => "known",
            () if !self.fails() => "ok",
            () if self.expected() => "NOT KNOWN ANY MORE",
            () => "FAILED",
        }
    }
}

/// What `--list` prints.
pub(crate) fn list(cases: &[Case], terse: bool) -> String {
    let line = |case: &Case| format!("{}: test\n", case.id);
    let sum = format!("\n{} tests, 0 benchmarks\n", cases.len());
    let sum = (!terse).then_some(sum);
    cases.iter().map(line).chain(sum).collect()
}

/// The table, what is to be said about single rows, and the sums.
pub(crate) fn report(rows: &[Row], filtered: usize) -> String {
    let failed = rows.iter().filter(|row| row.fails()).map(|row| {
        let (id, why) = (row.case.id, row.ended.why());
        format!("{id}: {}: {why}\n", row.verdict())
    });
    let known = rows.iter().filter(|row| row.is_known()).map(|row| {
        let (id, ended) = (row.case.id, row.ended.describe());
        let reason = row.known.unwrap_or_default();
        format!("known: {id}: {ended}: {reason}\n")
    });
    let remarks: String = failed.chain(known).collect();
    format!("\n{}\n{remarks}\n{}", table(rows), sums(rows, filtered))
}

fn table(rows: &[Row]) -> String {
    let heads = ["case", "what the agent did", "expected", "caught by", "ok"];
    let cells = rows.iter().map(|row| {
        [
            row.case.id.to_owned(),
            row.case.what.to_owned(),
            row.case.expect.describe(),
            row.ended.describe(),
            row.verdict().to_owned(),
        ]
    });
    let lines: Vec<_> = [heads.map(str::to_owned)]
        .into_iter()
        .chain(cells)
        .collect();
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2), width(3), 0];
    let padded = |line: &[String; 5]| {
        let cells = line.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join(" | "))
    };
    lines.iter().map(padded).collect()
}

fn sums(rows: &[Row], filtered: usize) -> String {
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
    let (failed, skipped, known) = (count(Row::fails), count(Row::skipped), count(Row::is_known));
    let result = if failed == 0 { "ok" } else { "FAILED" };
    let good = rows.len() - failed - skipped;
    format!(
        "{caught} of {attacks} attacks caught, {passed} of {honest} honest cases passed\n\
         {known} of the others are known, and end as they are known to\n\n\
         test result: {result}. {good} passed; {failed} failed; {skipped} ignored; 0 measured; \
         {filtered} filtered out\n"
    )
}

/// Prints; whoever reads may have gone.
pub(crate) fn print(text: &str) {
    if let Err(error) = io::stdout().lock().write_all(text.as_bytes()) {
        eprintln!("cannot print: {error}");
    }
}
