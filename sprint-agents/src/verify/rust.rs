//! Readers for the test runners of Rust.

use super::count::{Reading, Tally};

/// `test result: ok. 3 passed; 1 failed; 2 ignored; …`, once per test binary.
pub(super) fn libtest(lines: &[&str]) -> Reading {
    Reading::sum(lines.iter().filter_map(|line| {
        let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
        Tally::in_text(numbers)
    }))
}

/// `Summary [   0.089s] 4 tests run: 3 passed, 1 failed, 1 skipped`.
pub(super) fn nextest(lines: &[&str]) -> Reading {
    Reading::sum(lines.iter().filter_map(|line| {
        let rest = line.trim_start().strip_prefix("Summary [")?;
        let (head, numbers) = rest.split_once(" run: ")?;
        // `3 passed (1 slow, 1 leaky)`: what stands in brackets is counted already.
        let plain = without_brackets(numbers);
        (head.ends_with("tests") || head.ends_with("test")).then(|| Tally::in_text(&plain))?
    }))
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
        .collect()
}
