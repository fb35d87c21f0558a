//! Configuration files of other tools as one kind of tree.

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

use crate::inspect::lex::{Language, Source};

/// Larger files configure nothing; they are data.
const MAX_BYTES: usize = 512 * 1024;

const MAX_DEPTH: usize = 24;

/// How a configuration file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON, with comments and commas too many.
    Json,
    Yaml,
    Toml,
    Ini,
    /// Patterns, one to a line.
    Lines,
}

/// The tree of a file; `None` if it is no such file.
pub(super) fn read(text: &str, format: Format) -> Option<Value> {
    if text.len() > MAX_BYTES {
        return None;
    }
    match format {
        Format::Json => json(text),
        Format::Yaml => yaml(text),
        Format::Toml => toml::from_str(text).ok(),
        Format::Ini => Some(ini(text)),
        Format::Lines => {
            let lines = text.lines().map(str::trim);
            let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
            Some(lines.map(Value::from).collect())
        }
    }
}

fn json(text: &str) -> Option<Value> {
    // JSON is JavaScript, and comments of the two are the same.
    let plain = Source::new(text, Language::Script).plain;
    let mut clean = String::with_capacity(plain.len());
    let mut quoted = false;
    let mut escaped = false;
    for c in plain.chars() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if matches!(c, '}' | ']') {
            let kept = clean.trim_end().len();
            if clean[..kept].ends_with(',') {
                clean.truncate(kept - 1);
            }
        } else {
            quoted = c == '"';
        }
        clean.push(c);
    }
    serde_json::from_str(&clean).ok()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "which events exist depends on features other crates turn on"
)]
fn yaml(text: &str) -> Option<Value> {
    let mut options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    options.set_emit_comments(false);
    let mut open: Vec<(Value, Option<String>)> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, _) = event.ok()?;
        let done = match event {
            Event::Scalar(text, style, _, _) => Some(scalar(&text, style == ScalarStyle::Plain)),
            Event::SequenceStart(..) => {
                open.push((Value::Array(Vec::new()), None));
                None
            }
            Event::MappingStart(..) => {
                open.push((Value::Object(Map::new()), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|(value, _)| value),
            // What an alias stands for is not looked up.
            Event::Alias(_) => Some(Value::Null),
            _ => None,
        };
        let Some(value) = done else { continue };
        match open.last_mut() {
            None => root = root.or(Some(value)),
            Some((Value::Array(items), _)) => items.push(value),
            Some((Value::Object(entries), key)) => match key.take() {
                None => *key = Some(text_of(&value)),
                Some(key) => {
                    entries.insert(key, value);
                }
            },
            Some(_) => {}
        }
    }
    root
}

fn scalar(text: &str, plain: bool) -> Value {
    match text {
        "true" | "True" if plain => Value::Bool(true),
        "false" | "False" if plain => Value::Bool(false),
        "" | "~" | "null" if plain => Value::Null,
        _ if plain => text
            .parse::<i64>()
            .map_or_else(|_| text.into(), Value::from),
        _ => text.into(),
    }
}

/// A value as a key, or as a word of a list.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// Sections of `key = value`; what is indented goes on with the value before.
fn ini(text: &str) -> Value {
    let mut root = Map::new();
    let mut section = String::new();
    let mut last: Option<String> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let entries = root
            .entry(section.clone())
            .or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(entries) = entries else {
            continue;
        };
        if let Some(name) = trimmed
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            name.trim().clone_into(&mut section);
            last = None;
        } else if let (true, Some(key)) = (line.starts_with([' ', '\t']), &last) {
            if let Some(Value::String(value)) = entries.get_mut(key) {
                value.push(' ');
                value.push_str(trimmed);
            }
        } else if let Some((key, value)) = trimmed.split_once(['=', ':']) {
            let value = match value.trim() {
                "true" | "True" | "yes" | "on" => Value::Bool(true),
                "false" | "False" | "no" | "off" => Value::Bool(false),
                other => other.into(),
            };
            // A boolean that goes on over lines does not exist; its text is not needed.
            entries.insert(key.trim().to_owned(), value);
            last = Some(key.trim().to_owned());
        }
    }
    Value::Object(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_gives_a_tree() {
        let rows = [
            (
                Format::Json,
                "{ // c\n \"a\": [1, 2,], \"b\": \"x // y\", }",
                r#"{"a":[1,2],"b":"x // y"}"#,
            ),
            (
                Format::Yaml,
                "a:\n  - off\n  - true\nb: {c: 2}\n",
                r#"{"a":["off",true],"b":{"c":2}}"#,
            ),
            (
                Format::Toml,
                "[a.b]\nc = true # d\n",
                r#"{"a":{"b":{"c":true}}}"#,
            ),
            (
                Format::Ini,
                "[pytest]\naddopts = -q\n    -x\n# c\nstrict = true\n",
                r#"{"":{},"pytest":{"addopts":"-q -x","strict":true}}"#,
            ),
            (Format::Lines, "dist\n# c\n\nsrc\n", r#"["dist","src"]"#),
        ];
        for (format, text, expected) in rows {
            assert_eq!(
                read(text, format).unwrap().to_string(),
                expected,
                "{format:?}"
            );
        }
        for (format, text) in [
            (Format::Json, "{"),
            (Format::Yaml, "a: [\n"),
            (Format::Toml, "= 1"),
        ] {
            assert_eq!(read(text, format), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "[a-z\\[\\]{}:,=\"'/\\\\ \n\t#é-]{0,60}") {
            for format in [Format::Json, Format::Yaml, Format::Toml, Format::Ini, Format::Lines] {
                read(&text, format);
            }
        }
    }
}
