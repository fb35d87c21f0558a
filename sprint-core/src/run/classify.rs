//! What a failed command's output means: its kind, and a signature to recognise it by.
//!
//! This is the only place that decides by matching text, because output is all that foreign
//! tools give. Everything here is a table, read from the top; the first match wins.

use crate::domain::command::CheckKind;
use crate::domain::verdict::FindingKind;

#[cfg(test)]
mod tests;

/// How many lines from the end are looked at: whole logs mention too much in passing.
const TAIL: usize = 50;

/// How long a signature may be, in characters.
const MAX_SIGNATURE: usize = 200;

/// The kind of failure that the end of `text` shows.
///
/// What matches no class of its own is a failure of `check`, or unknown without one.
pub fn classify(check: Option<CheckKind>, text: &str) -> FindingKind {
    let lines: Vec<String> = tail(text)
        .filter(|line| !reports_success(line))
        .map(|line| line.to_lowercase())
        .collect();
    let found = CLASSES
        .iter()
        .find(|(_, matches)| lines.iter().any(|line| matches(line)));
    match (found, check) {
        (Some((kind, _)), _) => *kind,
        (None, Some(CheckKind::Build)) => FindingKind::BuildError,
        (None, Some(CheckKind::Lint)) => FindingKind::LintError,
        (None, Some(CheckKind::Typecheck)) => FindingKind::TypeError,
        (None, Some(CheckKind::Test)) => FindingKind::TestFailure,
        (None, None) => FindingKind::Unknown,
    }
}

/// What stays of the first failing line when everything that varies from run to run is gone.
///
/// Paths below `workspace` become relative; numbers of lines, hashes and times vanish; other
/// numbers become `n`. At most 200 characters, lower-case, on one line.
pub fn signature(text: &str, workspace: &str) -> String {
    let lines: Vec<String> = tail(text).collect();
    let first = lines
        .iter()
        .find(|line| reports_failure(line))
        .or_else(|| lines.iter().find(|line| !line.trim().is_empty()));
    let Some(line) = first else {
        return String::new();
    };
    let workspace = workspace.trim_end_matches('/');
    let line = match workspace {
        "" => line.clone(),
        _ => line.replace(&format!("{workspace}/"), ""),
    };
    let plain = without_variables(&line.to_lowercase());
    let words: Vec<_> = plain.split_whitespace().collect();
    words.join(" ").chars().take(MAX_SIGNATURE).collect()
}

type Matches = fn(&str) -> bool;

/// The classes of spec 10.10 in their order, over lower-case lines.
const CLASSES: [(FindingKind, Matches); 5] = [
    (FindingKind::RateLimit, is_rate_limit),
    (FindingKind::MissingDependency, is_missing_dependency),
    (FindingKind::TypeError, is_type_error),
    (FindingKind::MissingFile, is_missing_file),
    (FindingKind::Timeout, is_timeout),
];

fn is_rate_limit(line: &str) -> bool {
    let near = ["http", "status", "response", "error code", "api error"];
    has_any(line, &["rate limit", "rate-limit", "too many requests"])
        || (has_number(line, "429") && has_any(line, &near))
}

fn is_missing_dependency(line: &str) -> bool {
    const PARTS: &[&str] = &[
        // JavaScript
        "cannot find module",
        "module not found",
        "command not found",
        // JavaScript (ESM) and Go
        "cannot find package",
        "no required module provides package",
        "missing go.sum entry",
        // Rust
        "can't find crate",
        "unresolved import",
        "unlinked crate",
        "use of undeclared crate or module",
        "no matching package named",
        // Python
        "modulenotfounderror",
        "importerror",
        "no module named",
        // Ruby
        "cannot load such file",
        "could not find gem",
    ];
    let java = line.contains("error: package ") && line.contains(" does not exist");
    let shell = line.contains("sh: ") && line.trim_end().ends_with(": not found");
    has_any(line, PARTS) || java || shell
}

fn is_type_error(line: &str) -> bool {
    // Type and borrow errors; `mismatched types` is E0308.
    const RUST: &[&str] = &[
        "e0277", "e0282", "e0308", "e0369", "e0382", "e0499", "e0502", "e0505", "e0506", "e0507",
        "e0596", "e0597", "e0599", "e0716",
    ];
    let rust = line
        .split_once("error[")
        .is_some_and(|(_, code)| RUST.iter().any(|known| code.starts_with(known)));
    let typescript = line.contains("error ts2")
        || line
            .split_once("type '")
            .is_some_and(|(_, rest)| rest.contains("' is not assignable"));
    let go = line.contains(".go:")
        && (line.contains("undefined: ")
            || (line.contains("cannot use ") && line.contains(" as ")));
    rust || typescript
        || go
        || has_any(
            line,
            &[
                "mismatched types",
                "incompatible type",
                "incompatible types",
            ],
        )
}

fn is_missing_file(line: &str) -> bool {
    has_any(line, &["enoent", "no such file", "filenotfounderror"])
}

fn is_timeout(line: &str) -> bool {
    has_any(line, &["timeout", "timed out", "etimedout"])
}

/// Names of tests that pass say nothing about the failure.
fn reports_success(line: &str) -> bool {
    let line = line.trim();
    ["✓", "√", "✔", "PASS ", "--- PASS", "ok "]
        .iter()
        .any(|mark| line.starts_with(mark))
        || line.ends_with("... ok")
        || line.ends_with(" PASSED")
}

fn reports_failure(line: &str) -> bool {
    const MARKS: &[&str] = &[
        "error",
        "fail",
        "panicked",
        "exception",
        "assert",
        "cannot",
        "can't",
        "not found",
        "undefined",
        "no such",
        "timed out",
        "timeout",
        "fatal",
        "✗",
        "✘",
        "✕",
        "×",
    ];
    const NONE: &[&str] = &["0 failed", "0 errors", "0 failures", "no errors"];
    let line = line.to_lowercase();
    has_any(&line, MARKS) && !has_any(&line, NONE) && !reports_success(&line)
}

fn has_any(line: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| line.contains(part))
}

/// Whether `number` stands in the line by itself, not inside a longer number or a decimal.
fn has_number(line: &str, number: &str) -> bool {
    line.match_indices(number).any(|(at, _)| {
        let joins = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_');
        let before = line[..at].chars().next_back().is_some_and(joins);
        let mut after = line[at + number.len()..].chars();
        let next = after.next();
        let ends_sentence = next == Some('.') && !after.next().is_some_and(char::is_alphanumeric);
        !before && (ends_sentence || !next.is_some_and(joins))
    })
}

/// The last lines without colours and other control characters.
fn tail(text: &str) -> impl Iterator<Item = String> {
    let plain = without_ansi(text);
    let lines: Vec<String> = plain.lines().map(str::to_owned).collect();
    let skip = lines.len().saturating_sub(TAIL);
    lines.into_iter().skip(skip)
}

fn without_ansi(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                Some('[') => {
                    while chars
                        .next()
                        .is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c))
                    {}
                }
                Some(']') => {
                    // A title or link ends with BEL or ESC \.
                    let end = chars.find(|c| matches!(c, '\u{7}' | '\u{1b}'));
                    if end == Some('\u{1b}') {
                        chars.next();
                    }
                }
                _ => {}
            },
            '\r' | '\n' => plain.push('\n'),
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

/// Drops places, hashes and times from a lower-case line and replaces other numbers by `n`.
fn without_variables(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let in_word = before.is_some_and(|b: char| b.is_alphanumeric() || b == '_');
        let dropped = match (c, in_word) {
            (':', _) if before.is_some_and(|b| !b.is_whitespace()) => place(rest),
            ('(', _) => pair(rest),
            (_, false) => uuid(rest).or_else(|| hex(rest)).or_else(|| duration(rest)),
            (_, true) => None,
        };
        let length = match dropped {
            Some(length) => length,
            None if c.is_ascii_digit() => {
                plain.push('n');
                digits(rest)
            }
            None => {
                plain.push(c);
                c.len_utf8()
            }
        };
        before = rest[..length].chars().next_back();
        rest = &rest[length..];
    }
    plain
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// `:12`, as in `file.rs:12:5`.
fn place(text: &str) -> Option<usize> {
    let length = digits(&text[1..]);
    (length > 0).then_some(1 + length)
}

/// `(12,5)`, as in `file.ts(12,5)`.
fn pair(text: &str) -> Option<usize> {
    let line = digits(&text[1..]);
    let rest = text[1 + line..].strip_prefix(',')?;
    let column = digits(rest);
    (line > 0 && column > 0 && rest[column..].starts_with(')')).then_some(line + column + 3)
}

fn uuid(text: &str) -> Option<usize> {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let mut parts = text.get(..36)?.split('-');
    let fits = GROUPS.iter().all(|length| {
        let part = parts.next().unwrap_or_default();
        part.len() == *length && part.bytes().all(|b| b.is_ascii_hexdigit())
    });
    (fits && ends_word(&text[36..])).then_some(36)
}

/// `0x1f`, or a hash: at least seven hexadecimal digits with both letters and digits among them.
fn hex(text: &str) -> Option<usize> {
    let prefix = if text.starts_with("0x") { 2 } else { 0 };
    let word = &text[prefix..];
    let length = word.bytes().take_while(u8::is_ascii_hexdigit).count();
    let word = &word[..length];
    let mixed =
        word.bytes().any(|b| b.is_ascii_digit()) && word.bytes().any(|b| b.is_ascii_alphabetic());
    let is_hash = if prefix == 2 {
        length > 0
    } else {
        length >= 7 && mixed
    };
    (is_hash && ends_word(&text[prefix + length..])).then_some(prefix + length)
}

/// `12ms`, `0.35s`, `3 seconds`.
fn duration(text: &str) -> Option<usize> {
    const UNITS: &[&str] = &[
        "seconds", "second", "secs", "sec", "minutes", "minute", "mins", "min", "ms", "us", "µs",
        "ns", "s", "m", "h",
    ];
    let mut length = digits(text);
    if length == 0 {
        return None;
    }
    if let Some(fraction) = text[length..].strip_prefix('.') {
        let decimals = digits(fraction);
        if decimals > 0 {
            length += 1 + decimals;
        }
    }
    let spaces = usize::from(text[length..].starts_with(' '));
    let unit_at = &text[length + spaces..];
    let unit = UNITS
        .iter()
        .filter(|unit| spaces == 0 || !matches!(**unit, "m" | "h"))
        .find(|unit| unit_at.strip_prefix(**unit).is_some_and(ends_word))?;
    Some(length + spaces + unit.len())
}

fn ends_word(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}
