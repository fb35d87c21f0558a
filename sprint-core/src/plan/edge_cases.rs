//! Edge cases of a ticket, and what tests call them (layer 2.5).

#[cfg(test)]
mod tests;

use crate::domain::path::RepoPath;
use crate::domain::ticket::{Ticket, checkbox};
use crate::plan::words::words;

/// One edge case that a ticket asks to be tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeCase {
    /// The line as the ticket has it, without its checkbox.
    pub text: String,
    /// The function it is about, where one is named.
    pub function: Option<String>,
    /// The input or situation; the whole line where it follows no form.
    pub condition: String,
    /// What should happen, where it says so.
    pub expected: Option<String>,
}

impl EdgeCase {
    /// Reads a checkbox line: `` - [ ] `function`: condition → expected: behaviour ``.
    ///
    /// Backticks, the function and the part after the arrow may be missing, and the arrow may be
    /// `->` or `=>`. Any other checkbox line is an edge case with nothing but a condition.
    pub fn parse(line: &str) -> Option<Self> {
        let text = checkbox(line)?;
        let (function, rest) = match split_function(text) {
            Some((function, rest)) => (Some(function.to_owned()), rest),
            None => (None, text),
        };
        let arrow = ["→", "->", "=>"]
            .into_iter()
            .filter_map(|arrow| rest.split_once(arrow))
            .min_by_key(|(condition, _)| condition.len());
        let (condition, expected) = match arrow {
            Some((condition, expected)) => (condition, Some(without_label(expected))),
            None => (rest, None),
        };
        Some(Self {
            text: text.to_owned(),
            function,
            condition: condition.trim().to_owned(),
            expected: expected.filter(|e| !e.is_empty()).map(str::to_owned),
        })
    }

    /// The edge cases of a ticket, from its section of that name.
    pub fn of(ticket: &Ticket) -> Vec<Self> {
        let section = ticket.section("Edge Cases").unwrap_or_default();
        section.lines().filter_map(Self::parse).collect()
    }

    /// The word of the condition that a test of it would use: the first known one, else the
    /// longest that means anything.
    pub fn keyword(&self) -> Option<String> {
        let words = words(&self.condition);
        let known = words.iter().find(|word| synonyms(word).is_some());
        let longest = || {
            let telling = words.iter().filter(|w| !STOP_WORDS.contains(&w.as_str()));
            telling.rev().max_by_key(|word| word.chars().count())
        };
        known.or_else(longest).cloned()
    }
}

/// Whether `path` is a test by one of the patterns, in which `*` stands for anything but `/`.
///
/// A pattern with as many parts as it has is compared with the end of the path.
pub fn is_test_file(path: &RepoPath, globs: &[String]) -> bool {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    globs.iter().any(|glob| {
        let patterns: Vec<&str> = glob.split('/').collect();
        let Some(start) = parts.len().checked_sub(patterns.len()) else {
            return false;
        };
        let mut pairs = patterns.iter().zip(&parts[start..]);
        pairs.all(|(pattern, part)| matches(pattern.as_bytes(), part.as_bytes()))
    })
}

/// Wildcard match that goes back only to the last `*`, so it is quadratic at worst.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, t) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

/// The function's own name and what follows its colon.
fn split_function(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = match text.strip_prefix('`') {
        Some(quoted) => {
            let (name, rest) = quoted.split_once('`')?;
            (name, rest.trim_start().strip_prefix(':')?)
        }
        None => {
            // Not the first half of `::`.
            let colon = text
                .match_indices(": ")
                .map(|(at, _)| at)
                .find(|at| !text[..*at].ends_with(':'))?;
            (&text[..colon], &text[colon + 1..])
        }
    };
    let name = name.split('(').next().unwrap_or(name).trim();
    let name = name.rsplit(['.', ':', '#']).next().unwrap_or(name);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | '!' | '?');
    let good = name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '$'));
    (good && name.chars().all(is_name)).then_some((name, rest))
}

fn without_label(text: &str) -> &str {
    let text = text.trim();
    match text.split_once(':') {
        Some((label, rest)) if label.trim().eq_ignore_ascii_case("expected") => rest.trim(),
        _ => text,
    }
}

const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "given", "has", "if", "in",
    "input", "into", "is", "it", "no", "not", "of", "on", "or", "the", "then", "this", "that",
    "to", "value", "when", "where", "which", "with", "without",
];

/// What else a test may call the condition; `None` for a word that names no known condition.
pub(crate) fn synonyms(word: &str) -> Option<&'static [&'static str]> {
    let (_, others) = CONDITIONS.iter().find(|(names, _)| names.contains(&word))?;
    Some(others)
}

/// Names of conditions, and what tests call them instead.
#[rustfmt::skip]
const CONDITIONS: &[(&[&str], &[&str])] = &[
    (&["null", "nil", "none", "undefined"], &["null", "nil", "none", "undefined", "missing"]),
    (&["empty", "blank"], &["empty", "blank", "undefined", "null", "missing", "none", "''", "\"\"", "[]", "{}", "string::new()"]),
    (&["missing", "omitted", "absent"], &["missing", "omitted", "absent", "undefined", "null", "none", "without", "not found"]),
    (&["whitespace", "spaces"], &["whitespace", "blank", "\" ", "' "]),
    (&["zero"], &["0"]),
    (&["negative"], &["minus", "< 0", "below zero", "(-", " -1"]),
    (&["boundary", "edge"], &["boundary", "limit", "max", "min", "exactly"]),
    (&["max", "maximum", "largest"], &["max", "maximum", "largest", "limit", "upper"]),
    (&["min", "minimum", "smallest"], &["min", "minimum", "smallest", "lower"]),
    (&["overflow"], &["overflow", "max", "exceeds", "too large", "saturat"]),
    (&["large", "huge", "long"], &["large", "huge", "long", "max", "repeat", "too many"]),
    (&["invalid", "malformed", "bad", "corrupt"], &["invalid", "malformed", "bad", "corrupt", "garbage", "wrong", "reject", "not a"]),
    (&["duplicate", "duplicates", "duplicated", "twice"], &["duplicate", "twice", "already exists", "repeated", "unique"]),
    (&["timeout", "timeouts"], &["timeout", "timed out", "deadline"]),
    (&["concurrent", "concurrently", "parallel", "simultaneous"], &["concurrent", "parallel", "simultaneous", "race", "threads", "promise.all"]),
    (&["single", "one"], &["single", "one", "1"]),
    (&["unauthorised", "unauthorized", "unauthenticated", "401"], &["unauthorised", "unauthorized", "unauthenticated", "401"]),
    (&["forbidden", "403"], &["forbidden", "403", "permission", "denied"]),
    (&["404"], &["404", "not found", "notfound"]),
    (&["4xx"], &["4xx", "400", "401", "403", "404", "422", "429"]),
    (&["5xx", "500"], &["5xx", "500", "502", "503", "504"]),
    (&["unicode", "emoji"], &["unicode", "emoji", "utf", "\\u"]),
    (&["expired"], &["expire", "stale", "outdated"]),
];
