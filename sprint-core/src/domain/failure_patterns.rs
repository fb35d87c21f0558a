//! The file of failures that came back: `failure-patterns.json` (spec 5.6).
//!
//! Entries are read one by one: one that cannot be read costs no other, and is not lost when the file
//! is written again.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::learning::FailurePattern;

/// Longer files are refused, in bytes.
pub const MAX_PATTERNS_BYTES: usize = 4 << 20;

/// What is wrong with one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternFault {
    /// Its place in the list, from 1.
    pub number: usize,
    /// Its id, if it has one.
    pub id: Option<String>,
    /// Why it cannot be read.
    pub reason: String,
}

impl fmt::Display for PatternFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "pattern {}: {}", id.escape_debug(), self.reason),
            None => write!(f, "pattern number {}: {}", self.number, self.reason),
        }
    }
}

/// A file that holds no patterns at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternsError {
    /// It is larger than [`MAX_PATTERNS_BYTES`].
    #[error("larger than {MAX_PATTERNS_BYTES} bytes")]
    TooLong,
    /// It is no JSON; the text says where.
    #[error("is no JSON: {0}")]
    Syntax(String),
    /// It is JSON and has no list `patterns`.
    #[error("has no list of patterns")]
    NoList,
}

/// Reads the file, with what is wrong with its entries.
pub fn parse(bytes: &[u8]) -> Result<(Vec<FailurePattern>, Vec<PatternFault>), PatternsError> {
    if bytes.len() > MAX_PATTERNS_BYTES {
        return Err(PatternsError::TooLong);
    }
    let file: Value =
        serde_json::from_slice(bytes).map_err(|error| PatternsError::Syntax(error.to_string()))?;
    let entries = file.get("patterns").and_then(Value::as_array);
    let (mut patterns, mut faults) = (Vec::new(), Vec::new());
    for (number, entry) in (1..).zip(entries.ok_or(PatternsError::NoList)?) {
        match FailurePattern::deserialize(entry) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => faults.push(PatternFault {
                number,
                id: entry
                    .get("id")
                    .and_then(Value::as_str)
                    .map(|id| id.chars().take(80).collect()),
                reason: error.to_string(),
            }),
        }
    }
    Ok((patterns, faults))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_one_by_one() {
        let text = r#"{"patterns": [
            {"id": "fp-001", "error_type": "type_error", "module": "src/a", "pattern": "no such field",
             "resolution": "regenerate", "frequency": 4, "first_seen": "s-1", "last_seen": "s-2",
             "tickets_affected": ["E-1"], "note": "kept by people"},
            {"id": "fp-002", "frequency": "often"},
            {"module": "x"},
            {"pattern": "x"}
        ], "last_updated": null}"#;
        let (patterns, faults) = parse(text.as_bytes()).unwrap();
        let [first, second] = &patterns[..] else {
            panic!("two can be read");
        };
        assert_eq!(first.id.as_deref(), Some("fp-001"));
        assert_eq!(first.tickets_affected, ["E-1"]);
        assert_eq!(second.frequency, 0);
        let said: Vec<_> = faults.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
pattern fp-002: invalid type: string "often", expected u32
pattern number 3: missing field `pattern`
"#);
    }

    #[test]
    fn what_is_no_list_of_patterns_is_an_error() {
        assert!(matches!(parse(b"{"), Err(PatternsError::Syntax(_))));
        for text in ["{}", "[]", "{\"patterns\": 1}", "null"] {
            assert_eq!(parse(text.as_bytes()), Err(PatternsError::NoList), "{text}");
        }
        let long = vec![b' '; MAX_PATTERNS_BYTES + 1];
        assert_eq!(parse(&long), Err(PatternsError::TooLong));
    }
}
