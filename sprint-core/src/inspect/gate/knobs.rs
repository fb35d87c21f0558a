//! Settings of tools, and in which direction each of them lets more through.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::inspect::gate::tree::{Format, text_of};

/// A setting that can be loosened.
pub(super) struct Knob {
    /// The rule's name in the documentation.
    pub(super) rule: &'static str,
    /// File names; a `*` stands for anything.
    pub(super) files: &'static [&'static str],
    pub(super) format: Format,
    /// Where it is in the tree, with `*` for any key.
    pub(super) path: &'static [&'static str],
    pub(super) turn: Turn,
}

/// How a setting becomes laxer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// By being turned off where it was on.
    Off,
    /// By being turned off where it is on by itself.
    Disabled,
    /// By being turned on.
    On,
    /// By naming more than before: what is excluded.
    More,
    /// By excluding more files.
    MoreFiles,
    /// By naming less than before, or by naming anything at all: what is included.
    Less,
    /// By a lower number, or none.
    Lower,
    /// By a weaker level for the same thing: `error`, `warn`, `off`.
    Level,
    /// By flags that leave out tests.
    Flags,
}

/// Flags that leave out tests.
pub(super) const LEAVE_OUT: &[&str] = &[
    "-k",
    "--ignore",
    "--ignore-glob",
    "--deselect",
    "-m",
    "--passWithNoTests",
    "--no-strict",
    "-p",
    "--co",
    "--collect-only",
    "--exit-zero",
];

/// What was loosened.
pub(super) struct Loosened {
    /// In words.
    pub(super) what: String,
    /// The patterns of files that are excluded now.
    pub(super) patterns: Vec<String>,
}

/// What was loosened; empty if nothing was.
pub(super) fn loosened(knob: &Knob, before: &Value, after: &Value) -> Vec<Loosened> {
    let before = leaves(before, knob.path);
    let after = leaves(after, knob.path);
    let paths: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = paths.into_iter().filter_map(|path| {
        let (before, after) = (before.get(path).copied(), after.get(path).copied());
        let what = turned(knob.turn, before, after)?;
        let had = names(before);
        let mut patterns = names(after);
        patterns.retain(|name| knob.turn == Turn::MoreFiles && !had.contains(name));
        Some(Loosened {
            what: format!("`{path}` {what}"),
            patterns,
        })
    });
    changed.collect()
}

/// Whether a pattern of excluded files may mean this file.
pub(super) fn covers(pattern: &str, path: &str) -> bool {
    let literal = |c: char| c.is_alphanumeric() || matches!(c, '/' | '_' | '-' | '.');
    let parts = pattern.trim_start_matches("./").split(|c| !literal(c));
    let mut rest = path;
    for part in parts
        .map(|part| part.trim_matches('/'))
        .filter(|part| !part.is_empty())
    {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

fn turned(turn: Turn, before: Option<&Value>, after: Option<&Value>) -> Option<String> {
    match turn {
        Turn::Off => (is_on(before) && !is_on(after)).then(|| "was turned off".to_owned()),
        Turn::Disabled => {
            let disabled = |value: Option<&Value>| value.is_some_and(|_| !is_on(value));
            (!disabled(before) && disabled(after)).then(|| "was turned off".to_owned())
        }
        Turn::On => (!is_on(before) && is_on(after)).then(|| "was turned on".to_owned()),
        Turn::More | Turn::MoreFiles => {
            let (had, has) = (names(before), names(after));
            let new: Vec<_> = has
                .iter()
                .filter(|name| !had.contains(name))
                .map(String::as_str)
                .collect();
            (!new.is_empty()).then(|| format!("excludes {} now", new.join(", ")))
        }
        Turn::Less => {
            let (had, has) = (names(before), names(after));
            let gone: Vec<_> = had
                .iter()
                .filter(|name| !has.contains(name))
                .map(String::as_str)
                .collect();
            match (had.is_empty(), has.is_empty()) {
                (true, false) => Some(format!("covers only {} now", has.join(", "))),
                (false, false) if !gone.is_empty() => {
                    Some(format!("no longer covers {}", gone.join(", ")))
                }
                (_, _) => None,
            }
        }
        Turn::Lower => {
            let number = |value: Option<&Value>| {
                value.and_then(|v| v.as_f64().or_else(|| text_of(v).parse().ok()))
            };
            let before = number(before)?;
            let after = number(after);
            after
                .is_none_or(|after| after < before)
                .then(|| match after {
                    Some(after) => format!("was lowered from {before} to {after}"),
                    None => "was taken out".to_owned(),
                })
        }
        Turn::Level => {
            let (before, after) = (level(before?)?, after.and_then(level));
            let lower = after.is_none_or(|after| after < before);
            lower.then(|| match after {
                Some(_) => "was lowered".to_owned(),
                None => "was taken out".to_owned(),
            })
        }
        Turn::Flags => {
            let (had, has) = (words(before), words(after));
            let leaves_out = |word: &&String| {
                let name = word.split('=').next().unwrap_or_default();
                LEAVE_OUT.contains(&name) && !had.contains(*word)
            };
            let flag = has.iter().find(leaves_out)?;
            Some(format!("has `{flag}` now"))
        }
    }
}

/// Every value at a path, by where it is.
fn leaves<'v>(tree: &'v Value, path: &[&str]) -> BTreeMap<String, &'v Value> {
    let mut found = vec![(String::new(), tree)];
    for key in path {
        found = found
            .into_iter()
            .flat_map(|(at, value)| {
                let join = |key: &str| {
                    if at.is_empty() {
                        key.to_owned()
                    } else {
                        format!("{at}.{key}")
                    }
                };
                match (value, *key) {
                    (Value::Object(entries), "*") => entries
                        .iter()
                        .map(|(key, value)| (join(key), value))
                        .collect::<Vec<_>>(),
                    (Value::Object(entries), key) => entries
                        .get(key)
                        .map(|value| (join(key), value))
                        .into_iter()
                        .collect(),
                    // ESLint has lists of overrides.
                    (Value::Array(items), key) => items
                        .iter()
                        .enumerate()
                        .filter_map(|(at, item)| {
                            Some((join(&format!("{at}.{key}")), item.get(key)?))
                        })
                        .collect(),
                    _ => Vec::new(),
                }
            })
            .collect();
    }
    match path {
        // A file that is nothing but a list.
        [] => [("the list".to_owned(), tree)].into(),
        _ => found.into_iter().collect(),
    }
}

pub(super) fn leaf<'v>(tree: &'v Value, path: &[&str]) -> Option<&'v Value> {
    leaves(tree, path).into_values().next()
}

/// Whether a switch is on; a table of options is.
pub(super) fn is_on(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(on)) => *on,
        Some(Value::String(text)) => matches!(
            text.to_lowercase().as_str(),
            "true" | "1" | "yes" | "error" | "deny" | "forbid"
        ),
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => false,
    }
}

/// The things that a list, a text or the keys of a table name.
fn names(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().map(text_of).collect(),
        Some(Value::String(text)) => {
            let parts = text.split([',', ' ', '\n']).filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        }
        // Per-file lists: each pair counts.
        Some(Value::Object(entries)) => entries
            .iter()
            .flat_map(|(key, value)| {
                names(Some(value))
                    .into_iter()
                    .map(move |name| format!("{key}: {name}"))
            })
            .collect(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Null) | None => Vec::new(),
    }
}

fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().map(text_of).collect(),
        Some(value) => text_of(value)
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        None => Vec::new(),
    }
}

/// How strict a level is, in ESLint's, rustc's and golangci's words.
pub(super) fn level(value: &Value) -> Option<u8> {
    let first = match value {
        Value::Array(items) => items.first()?,
        Value::Object(entries) => entries.get("level")?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    };
    match text_of(first).as_str() {
        "off" | "allow" | "0" => Some(0),
        "warn" | "1" => Some(1),
        "error" | "deny" | "2" => Some(2),
        "forbid" => Some(3),
        _ => None,
    }
}
