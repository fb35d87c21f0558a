//! Readers for the test runners of JavaScript, and for TAP, which is theirs more than anyone's.

use super::count::{Reading, Tally};

/// `Tests:       1 failed, 1 skipped, 1 todo, 2 passed, 5 total`.
pub(super) fn jest(lines: &[&str]) -> Reading {
    Reading::sum(lines.iter().filter_map(|line| {
        let numbers = line.strip_prefix("Tests:")?;
        numbers
            .ends_with(" total")
            .then(|| Tally::in_text(numbers))?
    }))
}

/// `      Tests  1 failed | 2 passed | 1 skipped | 1 todo (5)`.
pub(super) fn vitest(lines: &[&str]) -> Reading {
    Reading::sum(lines.iter().filter_map(|line| {
        let numbers = line.trim_start().strip_prefix("Tests  ")?;
        numbers.ends_with(')').then(|| Tally::in_text(numbers))?
    }))
}

/// `  2 passing (4ms)`, then `  1 pending` and `  1 failing` on lines of their own.
pub(super) fn mocha(lines: &[&str]) -> Reading {
    let tally = |line: &&str| {
        let (number, rest) = line.strip_prefix("  ")?.split_once(' ')?;
        let (word, time) = rest.split_once(' ').unwrap_or((rest, ""));
        let is_mocha = matches!(word, "passing" | "failing" | "pending")
            && (time.is_empty() || (time.starts_with('(') && time.ends_with(')')));
        is_mocha.then(|| Tally::of(number.parse().ok()?, word))?
    };
    // Mocha always says how many pass; without that line it is not mocha speaking.
    if lines.iter().any(|line| line.contains(" passing ")) {
        Reading::sum(lines.iter().filter_map(tally))
    } else {
        Reading::Absent
    }
}

/// The Test Anything Protocol, and the closing lines of `node --test` in either of its styles.
pub(super) fn tap(lines: &[&str]) -> Reading {
    match Reading::sum(lines.iter().filter_map(|line| closing(line))) {
        Reading::Absent => points(lines),
        // Where the runner adds up itself, its sum is better than ours: ours counts suites, too.
        summed @ (Reading::Counted(_) | Reading::Uncounted) => summed,
    }
}

/// `# pass 2` or `ℹ pass 2`.
fn closing(line: &str) -> Option<Tally> {
    let rest = line
        .strip_prefix("# ")
        .or_else(|| line.strip_prefix("ℹ "))?;
    let (word, number) = rest.split_once(' ')?;
    let known = ["pass", "fail", "cancelled", "skipped", "todo", "skip"];
    known
        .contains(&word)
        .then(|| Tally::of(number.trim().parse().ok()?, word))?
}

/// One line per test point, and a plan that says that this is TAP.
fn points(lines: &[&str]) -> Reading {
    let is_plan = |line: &&str| {
        line.strip_prefix("1..").is_some_and(|last| {
            let number = last.split_once(' ').map_or(last, |(number, _)| number);
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        })
    };
    if !lines.iter().any(is_plan) {
        return Reading::Absent;
    }
    let points = lines.iter().filter_map(|line| point(line));
    Reading::Counted(points.fold(Tally::default(), Tally::plus))
}

fn point(line: &str) -> Option<Tally> {
    let (word, rest) = match line.strip_prefix("not ok") {
        Some(rest) => ("failed", rest),
        None => ("passed", line.strip_prefix("ok")?),
    };
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let directive = rest.rsplit_once("# ").map_or("", |(_, d)| d).to_lowercase();
    let skipped = directive.starts_with("skip") || directive.starts_with("todo");
    Tally::of(1, if skipped { "skipped" } else { word })
}
