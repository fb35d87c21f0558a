//! Untrusted text made safe to print: no control characters, no escape sequences, nothing that
//! changes the direction of what follows.

use std::iter::{Peekable, from_fn};
use std::str::Chars;
use std::time::Duration;

/// The text on one line, with single spaces, cut to `max` characters.
pub fn line(text: &str, max: usize) -> String {
    let text: String = visible(text).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&text, max)
}

/// The text with its line breaks and tabs, and nothing else that moves a cursor.
pub fn lines(text: &str) -> String {
    visible(text).collect()
}

/// The first `max` characters, the last of them an ellipsis if something is missing.
pub fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars()
        .take(max.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// The last `max` characters, from the start of a line if there is one among them.
pub(super) fn tail(text: &str, max: usize) -> String {
    let missing = text.chars().count().saturating_sub(max);
    if missing == 0 {
        return text.to_owned();
    }
    let end: String = text.chars().skip(missing).collect();
    match end.split_once('\n') {
        Some((_, whole_lines)) if !whole_lines.trim().is_empty() => format!("…\n{whole_lines}"),
        Some(_) | None => format!("…{end}"),
    }
}

/// A duration as `hh:mm:ss`.
pub(super) fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Millionths of a US dollar as dollars and cents.
pub(super) fn dollars(micro: u64) -> String {
    format!("${}.{:02}", micro / 1_000_000, micro / 10_000 % 100)
}

/// Everything a reader should see. Line breaks of every kind become `\n`.
fn visible(text: &str) -> impl Iterator<Item = char> {
    let mut chars = text.chars().peekable();
    from_fn(move || {
        loop {
            match chars.next()? {
                c @ ('\u{1b}' | '\u{9b}') => skip_sequence(c, &mut chars),
                '\r' if chars.peek() == Some(&'\n') => {}
                '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => return Some('\n'),
                c @ ('\n' | '\t') => return Some(c),
                c if c.is_control() || is_invisible(c) => {}
                c => return Some(c),
            }
        }
    })
}

/// Skips the rest of a terminal sequence. One that does not end swallows at most its own line.
fn skip_sequence(start: char, chars: &mut Peekable<Chars<'_>>) {
    let csi = start == '\u{9b}' || chars.next_if_eq(&'[').is_some();
    if csi {
        while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {}
        let _final_byte = chars.next_if(|c| matches!(c, '@'..='~'));
    } else if chars.next_if_eq(&']').is_some() {
        while let Some(c) = chars.next_if(|c| *c != '\n') {
            if c == '\u{7}' || c == '\u{1b}' && chars.next_if_eq(&'\\').is_some() {
                return;
            }
        }
    }
}

/// Marks that turn the direction of text, and characters without a width that hide in words.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_reader_sees_is_left() {
        for (text, expected) in [
            ("a\u{1b}[31;1mred\u{1b}[0m b", "ared b"),
            ("\u{9b}2Ja", "a"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
            ("a\r\nb\rc\td", "a b c d"),
            ("user\u{202e}nimda", "usernimda"),
            ("a\u{0}\u{8}b\u{2028}c", "ab c"),
            ("\u{1b}]never ends\nstill here", "still here"),
            ("\u{1b}[", ""),
        ] {
            assert_eq!(line(text, 80), expected, "{text:?}");
        }
    }

    #[test]
    fn cuts_show_that_something_is_missing() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(tail("one\ntwo\nthree", 7), "…\nthree");
        assert_eq!(tail("abcdef", 4), "…cdef");
        assert_eq!(tail("abc", 4), "abc");
    }

    proptest::proptest! {
        #[test]
        fn a_line_never_holds_a_control_character(text: String, max in 0usize..50) {
            let line = line(&text, max);
            proptest::prop_assert!(!line.chars().any(char::is_control));
            proptest::prop_assert!(line.chars().count() <= max.max(1));
        }
    }
}
