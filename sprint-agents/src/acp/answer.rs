//! The answer in what an agent said.

use std::ops::Range;

use serde_json::Value;
use sprint_core::domain::agent::{Role, RoleResult};

/// How many places are tried at most, from the end.
const PLACES: usize = 2048;

/// The last JSON object in `said` that is a result of `role`. If none is, the reason why the last
/// object is not, or that there is none.
pub(super) fn find(role: Role, said: &str) -> Result<RoleResult, String> {
    let mut refusal = None;
    for object in Objects::of(said) {
        match RoleResult::parse(role, object) {
            Ok(result) => return Ok(result),
            Err(error) => {
                refusal
                    .get_or_insert_with(|| format!("its answer is not a {role} result: {error}"));
            }
        }
    }
    Err(refusal.unwrap_or_else(|| "its answer holds no JSON object".into()))
}

/// JSON objects that stand in a text and not in another object, the last one first.
struct Objects<'a> {
    text: &'a str,
    left: usize,
    /// The outermost object found so far, to be given once it is clear that nothing is around it.
    found: Option<Range<usize>>,
    /// Everything from here on has been looked at.
    from: usize,
}

impl<'a> Objects<'a> {
    const fn of(text: &'a str) -> Self {
        Self {
            text,
            left: PLACES,
            found: None,
            from: text.len(),
        }
    }
}

impl<'a> Iterator for Objects<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        while self.left > 0
            && let Some(at) = self.text[..self.from].rfind('{')
        {
            self.left -= 1;
            self.from = at;
            let Some(length) = object(&self.text[at..]) else {
                continue;
            };
            if let Some(later) = self.found.replace(at..at + length)
                && later.start >= at + length
            {
                return Some(&self.text[later]);
            }
        }
        self.found.take().map(|last| &self.text[last])
    }
}

/// The length of the JSON object that `text` begins with.
fn object(text: &str) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(said: &str) -> String {
        match find(Role::Context, said) {
            Ok(RoleResult::Context(result)) => result.report,
            Ok(other) => panic!("unexpected {other:?}"),
            Err(reason) => format!("! {reason}"),
        }
    }

    #[test]
    fn the_last_object_that_is_a_result_is_the_answer() {
        for (said, expect) in [
            (r#"{"report":"a"}"#, "a"),
            ("Here:\n```json\n{\n  \"report\": \"a\"\n}\n```\nDone.", "a"),
            (r#"{"report":"a"} and then {"report":"b"}."#, "b"),
            (
                r#"{"report":"use {x} or {} or {\"report\":\"no\"}"}"#,
                r#"use {x} or {} or {"report":"no"}"#,
            ),
            (r#"{"report":"a","more":{"report":"inner"}}"#, "a"),
            (r#"{"report":"a"} as in fn f() {} and {"x":1}"#, "a"),
            ("{{{{ } {\"report\":\"é{\"} é", "é{"),
            ("", "! its answer holds no JSON object"),
            ("{\"report\":\"cut", "! its answer holds no JSON object"),
            (
                r#"{"report":3} {"text":1}"#,
                "! its answer is not a context result: missing field `report` at line 1 column 10",
            ),
        ] {
            assert_eq!(found(said), expect, "{said}");
        }
    }

    #[test]
    fn hostile_text_is_done_with_soon() {
        for piece in ["{", "{\"a\":", "{\"a\":[", "{\"a\":\"{ \",", "{}"] {
            found(&piece.repeat(200_000));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_fine(text in "[{}\"a:,é ]*") {
            found(&text);
        }
    }
}
