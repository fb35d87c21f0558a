//! What becomes of captured output: redacted, stored, and shortened for people.

use std::sync::Arc;

use sprint_core::failure::ErrorKind;
use sprint_core::id::BlobId;
use sprint_core::ports::{BlobStore, EffectContext, Error, Result};

use crate::redact::Redactor;

/// Redacts `raw` and stores the result; returns both.
///
/// Redaction takes time and stores touch disks, so this runs beside the async executor.
pub(crate) async fn keep(
    raw: Vec<u8>,
    redactor: &Redactor,
    cx: &EffectContext,
) -> Result<(String, BlobId)> {
    let (redactor, blobs): (Redactor, Arc<dyn BlobStore>) =
        (redactor.clone(), Arc::clone(&cx.blobs));
    let stored = tokio::task::spawn_blocking(move || {
        let text = redactor.redact(raw);
        let id = blobs.put(text.as_bytes())?;
        Ok((text, id))
    });
    stored.await.unwrap_or_else(|error| {
        Err(Error::new(ErrorKind::Transient, "store output of", cx.key.to_string()).because(error))
    })
}

/// The last `lines` lines of redacted output as a terminal would show them, at most `bytes` long.
pub(crate) fn tail(text: &str, lines: usize, bytes: usize, redactor: &Redactor) -> String {
    // Four times the wanted size is enough to find it in, whatever the colours.
    let mut start = text.len().saturating_sub(bytes * 4);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let plain = strip_ansi(&text[start..]);
    // Colours may have stood inside a secret.
    let plain = redactor.redact(plain.trim_end());
    let shown: Vec<&str> = plain.lines().map(after_return).collect();
    let shown = shown[shown.len().saturating_sub(lines)..].join("\n");
    let mut start = shown.len().saturating_sub(bytes);
    while !shown.is_char_boundary(start) {
        start += 1;
    }
    shown[start..].to_owned()
}

/// A line of a progress bar is overwritten by what follows a carriage return.
fn after_return(line: &str) -> &str {
    let line = line.trim_end_matches('\r');
    line.rsplit('\r').next().unwrap_or(line)
}

/// The text without terminal control sequences.
pub(crate) fn strip_ansi(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        rest = after_sequence(&rest[at + 1..]);
    }
    plain.push_str(rest);
    plain
}

/// What follows an escape sequence whose escape character is gone.
fn after_sequence(text: &str) -> &str {
    if let Some(parameters) = text.strip_prefix('[') {
        let end = parameters.find(|c: char| !matches!(c, '\u{20}'..='\u{3f}'));
        let rest = &parameters[end.unwrap_or(parameters.len())..];
        rest.strip_prefix(|c: char| matches!(c, '\u{40}'..='\u{7e}'))
            .unwrap_or(rest)
    } else if let Some(title) = text.strip_prefix(']') {
        // Links and titles end at a bell, or at another escape, which the caller then removes.
        match title.find(['\u{7}', '\u{1b}', '\n']) {
            Some(at) => title[at..].trim_start_matches('\u{7}'),
            None => "",
        }
    } else {
        // Some sequences choose a character set: `(B`.
        let text = text.trim_start_matches(|c: char| matches!(c, '\u{20}'..='\u{2f}'));
        text.strip_prefix(|c: char| c.is_ascii_graphic())
            .unwrap_or(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_go_and_text_stays() {
        for (text, expect) in [
            ("\u{1b}[1;31mred\u{1b}[0m é", "red é"),
            ("\u{1b}[2K\u{1b}[1Gx", "x"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{7}", "link"),
            ("\u{1b}(Bx", "x"),
            ("a\u{1b}", "a"),
            ("a\u{1b}[12", "a"),
        ] {
            assert_eq!(strip_ansi(text), expect, "{text:?}");
        }
    }

    #[test]
    fn a_tail_is_limited_in_lines_and_bytes() {
        let redactor = Redactor::new(["hunter22"]);
        assert_eq!(tail("a\nb\nc\n\n", 2, 99, &redactor), "b\nc");
        assert_eq!(tail("1%\r50%\r100%\r\nok", 9, 99, &redactor), "100%\nok");
        assert_eq!(tail("éé", 9, 3, &redactor), "é");
        assert_eq!(tail("hun\u{1b}[1mter22", 9, 99, &redactor), "[redacted]");
        assert_eq!(tail("", 9, 99, &redactor), "");
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_tail(text: String, escapes in "[\u{1b}\\[\\]0-9;mé\n\r]*", lines in 0_usize..5, bytes in 0_usize..50) {
            let tail = tail(&(text + &escapes), lines, bytes, &Redactor::default());
            proptest::prop_assert!(tail.len() <= bytes);
            proptest::prop_assert!(!tail.contains('\u{1b}'), "{}", tail);
        }
    }
}
