//! Questions and answers in bounds.

use std::fmt::Write as _;

/// No honest question is longer, in bytes.
const LONGEST_QUESTION: usize = 8 << 10;

/// Longer answers, in bytes, are kept from the model by some agents, who show it a file's name
/// instead.
const LONGEST_ANSWER: usize = 30 << 10;

/// A question without control characters, and not too long.
pub(super) fn question(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    cut(plain.trim().to_owned(), LONGEST_QUESTION)
}

/// An answer that is not too long.
pub(super) fn answer(text: String) -> String {
    cut(text, LONGEST_ANSWER)
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let whole = text.len();
        let mut end = most;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        _ = write!(text, "\n[cut here: {end} of {whole} bytes]");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_plain_and_both_are_bounded() {
        assert_eq!(question(" a\u{1b}[31m\0\r\n\tb\u{9b} \n"), "a[31m\n\tb");
        assert_eq!(question("\u{7}"), "");
        assert_eq!(answer("é\u{1b}".into()), "é\u{1b}");
        let long = "é".repeat(LONGEST_ANSWER);
        let (question, answer) = (question(&format!("a{long}")), answer(format!("a{long}")));
        insta::assert_snapshot!(&question[LONGEST_QUESTION - 3..], @r"
        é
        [cut here: 8191 of 61441 bytes]
        ");
        insta::assert_snapshot!(&answer[LONGEST_ANSWER - 3..], @r"
        é
        [cut here: 30719 of 61441 bytes]
        ");
    }
}
