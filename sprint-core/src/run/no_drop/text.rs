//! One version of a file, counted.

use std::collections::BTreeMap;

/// The lines, words and tokens of a text.
pub(super) struct Text {
    /// Squeezed lines that say something, and where they stand.
    pub(super) lines: BTreeMap<String, Vec<u32>>,
    words: BTreeMap<String, u32>,
    tokens: Vec<String>,
}

impl Text {
    /// Counts a file; an absent one is empty.
    pub(super) fn new(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        let mut lines: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            if line.contains(char::is_alphanumeric) {
                lines.entry(squeeze(line)).or_default().push(number);
            }
        }
        let mut counts = BTreeMap::new();
        for word in words(text) {
            *counts.entry(word.to_owned()).or_default() += 1;
        }
        Self {
            lines,
            words: counts,
            tokens: tokens(text).into_iter().map(str::to_owned).collect(),
        }
    }

    /// How often a squeezed line is there.
    pub(super) fn count(&self, line: &str) -> u32 {
        let count = self.lines.get(line).map_or(0, Vec::len);
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// How often a word is there.
    pub(super) fn words_like(&self, word: &str) -> u32 {
        self.words.get(word).copied().unwrap_or_default()
    }

    /// How often these tokens stand one after the other.
    pub(super) fn runs(&self, tokens: &[&str]) -> u32 {
        if tokens.is_empty() {
            return 0;
        }
        let runs = self.tokens.windows(tokens.len()).filter(|at| *at == tokens);
        u32::try_from(runs.count()).unwrap_or(u32::MAX)
    }
}

/// The text with every run of whitespace as one space, and none at its ends.
pub(super) fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words of a text: names and numbers.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    tokens(text)
        .into_iter()
        .filter(|token| token.contains(char::is_alphanumeric))
}

/// The tokens of a line, without what separates it from its neighbours.
pub(super) fn tokens_of_line(line: &str) -> Vec<&str> {
    let tokens = tokens(line);
    let separates = |token: &&str| matches!(*token, "," | ";");
    let start = tokens.iter().take_while(|t| separates(t)).count();
    let end = tokens.iter().rev().take_while(|t| separates(t)).count();
    let range = start..tokens.len().saturating_sub(end);
    tokens.get(range).unwrap_or_default().to_vec()
}

/// Whether a line of tokens has these in this order, with others in between perhaps.
pub(super) fn hold_in_order(line: &[&str], tokens: &[&str]) -> bool {
    let mut rest = line.iter();
    tokens.iter().all(|token| rest.any(|t| t == token))
}

/// Words, operators, and single other characters.
///
/// All quotes are one token, and a comma before a closing bracket is none: formatters change both.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    const OPERATORS: &str = "=<>!&|+-*/%^~?:";
    let mut tokens: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if is_word(c) {
            word_length(rest)
        } else if OPERATORS.contains(c) {
            rest.find(|c| !OPERATORS.contains(c)).unwrap_or(rest.len())
        } else {
            c.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        if matches!(token, ")" | "]" | "}") && tokens.last() == Some(&",") {
            tokens.pop();
        }
        match c {
            '\'' | '"' | '`' => tokens.push("\""),
            c if c.is_whitespace() => {}
            _ => tokens.push(token),
        }
        rest = after;
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the word that a text begins with; dots between digits belong to it.
fn word_length(text: &str) -> usize {
    let mut previous = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next_is_digit = chars.peek().is_some_and(|(_, c)| c.is_ascii_digit());
        let dot = c == '.' && previous.is_ascii_digit() && next_is_digit;
        if !is_word(c) && !dot {
            return at;
        }
        previous = c;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_a_formatter() {
        let one = "fn f(a: A, b: Vec<B>) -> x.1.2 { g('s', 1.50) }";
        let many = "fn f(\n  a: A,\n  b: Vec<B>,\n) -> x.1.2 {\n  g(\"s\", 1.50)\n}";
        assert_eq!(tokens(one), tokens(many));
        assert_eq!(
            words("a1 _b 1.50. é-x").collect::<Vec<_>>(),
            ["a1", "_b", "1.50", "é", "x"]
        );
        assert_ne!(tokens("a <= b"), tokens("a < b"));
    }

    #[test]
    fn a_line_is_held_in_order_only() {
        let holds = |line, part| hold_in_order(&tokens(line), &tokens_of_line(part));
        assert!(holds("use a::{B, C};", "use a::{B},"));
        assert!(!holds("x = y", "y = x"));
    }
}
