//! The question a person is asked about one use of a tool.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sprint_core::domain::agent::PermissionRequest;
use sprint_core::id::BlobId;

use crate::redact::Redactor;

/// How many characters of a tool's arguments a person is shown.
const MOST_SHOWN: usize = 4000;

/// The question about using `tool` with `input`. What is shown is redacted; the digest is of the
/// whole, and the same whatever the order of the arguments. What an agent says of a command in its
/// own words is no part of it.
pub(crate) fn question(tool: &str, input: &Value, redactor: &Redactor) -> PermissionRequest {
    let shown = match input.get("command").and_then(Value::as_str) {
        Some(command) => redactor.redact(command),
        None => redactor.redact(input.to_string()),
    };
    PermissionRequest {
        tool: redactor.redact(tool),
        input: shown.chars().take(MOST_SHOWN).collect(),
        digest: digest(tool, input),
    }
}

fn digest(tool: &str, input: &Value) -> String {
    let mut input = Sorted::of(input);
    if let Sorted::Object(members) = &mut input
        && members.contains_key("command")
    {
        members.remove("description");
    }
    let whole = serde_json::to_vec(&(tool, input)).unwrap_or_default();
    BlobId::of(&whole).to_string()
}

/// A value whose members are sorted by their names.
#[derive(Serialize)]
#[serde(untagged)]
enum Sorted<'a> {
    Object(BTreeMap<&'a str, Self>),
    Array(Vec<Self>),
    Other(&'a Value),
}

impl<'a> Sorted<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Object(members) => {
                let members = members.iter();
                Self::Object(
                    members
                        .map(|(name, value)| (name.as_str(), Self::of(value)))
                        .collect(),
                )
            }
            Value::Array(values) => Self::Array(values.iter().map(Self::of).collect()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Self::Other(value)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_use_has_the_same_digest_and_another_another() {
        let of = |tool, input: &str| digest(tool, &serde_json::from_str(input).unwrap());
        let first = of("Bash", r#"{"a":{"x":1,"y":[2]},"b":null}"#);
        assert_eq!(first, of("Bash", r#"{"b":null,"a":{"y":[2],"x":1}}"#));
        let command = |words| {
            of(
                "Bash",
                &format!(r#"{{"command":"x","description":"{words}"}}"#),
            )
        };
        assert_eq!(command("one"), command("two"));
        for (tool, input) in [
            ("Bas", r#"{"a":{"x":1,"y":[2]},"b":null}"#),
            ("Bash", r#"{"a":{"x":1,"y":[2]}}"#),
            ("Bash", r#"{"a":{"x":1,"y":2},"b":null}"#),
        ] {
            assert_ne!(first, of(tool, input), "{tool} {input}");
        }
    }

    #[test]
    fn a_person_sees_the_command_without_secrets() {
        let input = json!({ "command": "curl -u hunter2222 x", "description": "d" });
        let asked = question("Bash", &input, &Redactor::new(["hunter2222"]));
        assert_eq!(asked.input, "curl -u [redacted] x");
        let long = json!({ "text": "é".repeat(5000) });
        let asked = question("Note", &long, &Redactor::default());
        assert_eq!(asked.input.chars().count(), MOST_SHOWN);
    }
}
