//! The line that machines read, in texts that Linear rewrites.
//!
//! Linear keeps a document, not our Markdown: bullets change, addresses become links, HTML comments
//! in descriptions are escaped. An inline code span on a line of its own comes back as it was. So
//! what we have to find again is the last line of a text, as
//!
//! ```text
//! `sprint-note/1 {"key":"sprint-20260131-090500/ENG-1/2/note"}`
//! ```
//!
//! that is, a name, a version and JSON: compact, ASCII only, with backticks and angle brackets
//! written as escapes. Only the last line counts, so that nothing quoted in a text is taken for
//! one; who wrote the text is for the caller to ask.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind of machine line.
pub(crate) trait Line: Serialize + DeserializeOwned {
    /// What stands before the JSON: a name and a version.
    const TAG: &'static str;
}

/// `text`, then the line.
pub(crate) fn with_line<L: Line>(text: &str, line: &L) -> String {
    let text = text.trim_end();
    let gap = if text.is_empty() { "" } else { "\n\n" };
    format!("{text}{gap}{}\n", written(line))
}

/// The line by itself.
fn written<L: Line>(line: &L) -> String {
    let json = serde_json::to_string(line).expect("lines are plain data");
    let mut text = String::with_capacity(json.len() + L::TAG.len() + 3);
    text.extend(["`", L::TAG, " "]);
    let mut units = [0; 2];
    for c in json.chars() {
        if matches!(c, '`' | '<' | '>' | '\u{7f}') || !c.is_ascii() {
            // Outside strings JSON has none of these, and inside this is how it escapes.
            let escape = |unit: &u16| format!("\\u{unit:04x}");
            text.extend(c.encode_utf16(&mut units).iter().map(escape));
        } else {
            text.push(c);
        }
    }
    text.push('`');
    text
}

/// The line that a text ends in, and the text above it.
pub(crate) fn read<L: Line>(text: &str) -> Option<(L, &str)> {
    let text = text.trim_end();
    let (above, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let span = last.trim().strip_prefix('`')?.strip_suffix('`')?;
    let json = span.strip_prefix(L::TAG)?.strip_prefix(' ')?;
    let line = serde_json::from_str(json).ok()?;
    Some((line, above.trim_end()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        key: String,
    }

    impl Line for Sample {
        const TAG: &'static str = "sprint-sample/1";
    }

    fn sample(key: &str) -> Sample {
        Sample { key: key.into() }
    }

    #[test]
    fn whatever_it_holds_a_line_is_one_code_span_and_is_read_back() {
        for key in ["", "a/b", "`` ` -->\n", "é😀<b>", "\u{7f}\u{0}\"\\"] {
            let text = with_line("## Above\n\n- item\n", &sample(key));
            let last = text.lines().last().expect("there is a line");
            assert!(last.is_ascii());
            assert_eq!(last.matches('`').count(), 2, "{last}");
            assert!(!last.contains(['<', '>']));
            assert_eq!(
                read::<Sample>(&text),
                Some((sample(key), "## Above\n\n- item"))
            );
        }
        assert_eq!(
            with_line("", &sample("a")),
            "`sprint-sample/1 {\"key\":\"a\"}`\n"
        );
    }

    #[test]
    fn only_the_last_line_of_the_right_kind_counts() {
        let text = with_line("", &sample("a"));
        assert_eq!(read::<Sample>(&format!("{text}\n\nmore")), None);
        for wrong in [
            "",
            "`sprint-sample/1`",
            "`sprint-sample/2 {\"key\":\"a\"}`",
            "sprint-sample/1 {\"key\":\"a\"}",
        ] {
            assert_eq!(read::<Sample>(wrong), None, "{wrong}");
        }
    }
}
