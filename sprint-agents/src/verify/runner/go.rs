//! The reader for `go test`.

use super::count::{Reading, Tally};

/// `--- PASS: TestX (0.00s)` under `-v`; without it only packages are named, not tests.
pub(super) fn test(lines: &[&str]) -> Reading {
    let packages: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| is_package(line))
        .collect();
    if packages.is_empty() {
        return Reading::Absent;
    }
    let empty =
        |line: &&str| line.ends_with("[no test files]") || line.ends_with("[no tests to run]");
    if packages.iter().all(empty) {
        return Reading::Counted(Tally::default());
    }
    // Only `-v` announces tests; without it failures are shown and passes are not.
    if lines.iter().any(|line| line.starts_with("=== RUN ")) {
        Reading::sum(lines.iter().filter_map(|line| one(line)))
    } else {
        Reading::Uncounted
    }
}

/// `ok` and `FAIL` with a time, or `?` with a remark, in columns divided by tabs.
fn is_package(line: &str) -> bool {
    ["ok  \t", "FAIL\t", "?   \t"]
        .iter()
        .any(|start| line.starts_with(start))
}

fn one(line: &str) -> Option<Tally> {
    let (word, _) = line.trim_start().strip_prefix("--- ")?.split_once(": ")?;
    Tally::of(
        1,
        match word {
            "PASS" => "passed",
            "FAIL" => "failed",
            "SKIP" => "skipped",
            _ => return None,
        },
    )
}
