//! Readers for the test runners of Python.

use super::count::{Reading, Tally};

/// `===== 1 failed, 3 passed in 0.12s =====`, without the frame under `-q`.
pub(super) fn pytest(lines: &[&str]) -> Reading {
    Reading::sum(lines.iter().filter_map(|line| {
        let line = line.trim_matches(['=', ' ']);
        let (numbers, time) = line.rsplit_once(" in ")?;
        // `0.12s`, or `65.10s (0:01:05)`.
        let seconds = time.split(' ').next()?.strip_suffix('s')?;
        seconds.parse::<f64>().ok()?;
        if numbers == "no tests ran" {
            return Some(Tally::default());
        }
        let mut sum = Tally::default();
        for part in numbers.split(", ") {
            let (number, word) = part.split_once(' ')?;
            let number = number.parse().ok()?;
            match word {
                "deselected" | "warning" | "warnings" | "rerun" => {}
                "subtests passed" | "subtests failed" => {}
                word => sum = sum.plus(Tally::of(number, word)?),
            }
        }
        Some(sum)
    }))
}

/// `Ran 3 tests in 0.000s`, then `OK (skipped=1)` or `FAILED (failures=1, errors=1)`.
pub(super) fn unittest(lines: &[&str]) -> Reading {
    let mut ran = lines.iter().filter_map(|line| {
        let (number, rest) = line.strip_prefix("Ran ")?.split_once(" test")?;
        let is_unittest = rest.starts_with(" in ") || rest.starts_with("s in ");
        is_unittest.then(|| number.parse::<u64>().ok())?
    });
    let Some(total) = ran.next() else {
        return Reading::Absent;
    };
    if ran.next().is_some() {
        // Which verdict belongs to which run would be a guess.
        return Reading::Uncounted;
    }
    let verdict = lines.iter().rev().find_map(|line| {
        let rest = line
            .strip_prefix("FAILED")
            .or_else(|| line.strip_prefix("OK"))?;
        (rest.is_empty() || rest.starts_with(" (")).then_some(rest)
    });
    let Some(verdict) = verdict else {
        return Reading::Uncounted;
    };
    let mut tally = Tally::default();
    for part in verdict.trim_matches([' ', '(', ')']).split(", ") {
        let Some((word, number)) = part.split_once('=') else {
            continue;
        };
        let word = match word {
            "expected failures" => "xfailed",
            "unexpected successes" => "failed",
            word => word,
        };
        let found = number.parse().ok().and_then(|n| Tally::of(n, word));
        tally = tally.plus(found.unwrap_or_default());
    }
    let other = tally.failed.saturating_add(tally.skipped);
    tally.passed = total.saturating_sub(other);
    Reading::Counted(tally)
}
