//! Words, strings and punctuation of the languages, without comments.

use crate::domain::path::RepoPath;

/// A language whose imports are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Script,
    Python,
    Rust,
    Go,
    Java,
    /// Read by lines, not by tokens.
    Shell,
}

impl Language {
    /// By the ending of the file name.
    pub(super) fn of(path: &RepoPath) -> Option<Self> {
        let (_, extension) = path.file_name().rsplit_once('.')?;
        match extension {
            "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" | "vue" | "svelte" => {
                Some(Self::Script)
            }
            "py" | "pyi" => Some(Self::Python),
            "rs" => Some(Self::Rust),
            "go" => Some(Self::Go),
            "java" => Some(Self::Java),
            "sh" | "bash" => Some(Self::Shell),
            _ => None,
        }
    }
}

/// A piece of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, a keyword or a number.
    Word(&'a str),
    /// The inside of a string.
    Text(&'a str),
    /// Any other character.
    Mark(char),
    /// The end of a line, outside of strings.
    Newline,
}

/// Cuts a source into tokens. What is not closed ends with its line, or with the file where the
/// language lets it go on.
pub(super) fn tokens(text: &str, language: Language) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let pattern = (language == Language::Script && c == '/')
            .then(|| pattern(rest, tokens.last()))
            .flatten();
        let (token, length) = match pattern {
            Some((inside, length)) => (Some(Token::Text(inside)), length),
            None => next(rest, c, language),
        };
        tokens.extend(token);
        rest = &rest[length..];
    }
    tokens
}

/// The first token of a text that begins with `c`, and its length; no token for space and
/// comments.
fn next(rest: &str, c: char, language: Language) -> (Option<Token<'_>>, usize) {
    let hash = language == Language::Python;
    let to_end_of_line = || rest.find('\n').unwrap_or(rest.len());
    if (hash && c == '#') || (!hash && rest.starts_with("//")) {
        return (None, to_end_of_line());
    }
    if !hash && rest.starts_with("/*") {
        return (None, comment(rest, language == Language::Rust));
    }
    if let Some((inside, length)) = string(rest, c, language) {
        return (Some(Token::Text(inside)), length);
    }
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    match c {
        '\n' => (Some(Token::Newline), 1),
        // A line that goes on.
        '\\' if hash && rest[1..].starts_with('\n') => (None, 2),
        c if part(c) => {
            let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
            (Some(Token::Word(&rest[..length])), length)
        }
        c if c.is_whitespace() => (None, c.len_utf8()),
        c => (Some(Token::Mark(c)), c.len_utf8()),
    }
}

/// The length of the block comment that a text begins with.
fn comment(rest: &str, nests: bool) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        let Some(found) = rest[at..].find("*/") else {
            return rest.len();
        };
        if nests {
            depth += rest[at..at + found].matches("/*").count();
        }
        depth -= 1;
        at += found + 2;
    }
    at
}

/// The inside and the whole length of the regular expression of JavaScript that a text beginning
/// with `/` begins with; `None` for a division or a comment. Which one it is goes by the token
/// before, as in every highlighter.
fn pattern<'a>(rest: &'a str, before: Option<&Token<'_>>) -> Option<(&'a str, usize)> {
    const BEFORE_A_VALUE: [&str; 8] = [
        "return", "typeof", "case", "in", "of", "do", "else", "await",
    ];
    let begins = match before {
        None | Some(Token::Newline) => true,
        Some(Token::Mark(mark)) => !matches!(mark, ')' | ']' | '}' | '<'),
        Some(Token::Word(word)) => BEFORE_A_VALUE.contains(word),
        Some(Token::Text(_)) => false,
    };
    if !begins || rest[1..].starts_with(['/', '*']) {
        return None;
    }
    let (mut escaped, mut class) = (false, false);
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '/' if !class => return Some((&rest[1..at], at + 1)),
            _ => {}
        }
    }
    None
}

/// The inside and the whole length of the string that a text begins with.
fn string(rest: &str, c: char, language: Language) -> Option<(&str, usize)> {
    if language == Language::Rust && matches!(c, 'r' | 'b') {
        let prefix = if rest.starts_with("br") { 2 } else { 1 };
        let hashes = rest[prefix..].chars().take_while(|c| *c == '#').count();
        let open = prefix + hashes + 1;
        let raw = c == 'r' || prefix == 2;
        if raw && rest[prefix + hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let inside = rest[open..].find(&close).unwrap_or(rest.len() - open);
            let end = (open + inside + close.len()).min(rest.len());
            return Some((&rest[open..open + inside], end));
        }
    }
    if language == Language::Java && rest.starts_with("\"\"\"") {
        return Some(quoted(rest, "\"\"\"", true, true));
    }
    if language == Language::Python {
        for quotes in ["\"\"\"", "'''"] {
            if rest.starts_with(quotes) {
                return Some(quoted(rest, quotes, true, true));
            }
        }
    }
    let many_lines = c == '`' || language == Language::Rust;
    match (c, language) {
        // A lifetime, unless it is closed after one character.
        ('\'', Language::Rust) => {
            let mut chars = rest[1..].chars();
            let escaped = chars.next() == Some('\\');
            (escaped || chars.next() == Some('\'')).then(|| quoted(rest, "'", false, true))
        }
        ('`', Language::Go) => Some(quoted(rest, "`", true, false)),
        // One that is not closed is no template: text of JSX, or part of a pattern.
        ('`', Language::Script) => Some(quoted(rest, "`", true, true))
            .filter(|(_, length)| rest[..*length].ends_with('`') && *length > 1),
        ('"', _) => Some(quoted(rest, "\"", many_lines, true)),
        ('\'', _) => Some(quoted(rest, "'", false, true)),
        _ => None,
    }
}

/// A string between `quotes`; one that is not closed ends before its line does.
fn quoted<'a>(rest: &'a str, quotes: &str, many_lines: bool, escapes: bool) -> (&'a str, usize) {
    let open = quotes.len();
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(open) {
        if escaped {
            escaped = false;
        } else if escapes && c == '\\' {
            escaped = true;
        } else if rest[at..].starts_with(quotes) {
            return (&rest[open..at], at + open);
        } else if c == '\n' && !many_lines {
            return (&rest[open..at], at);
        }
    }
    (&rest[open..], rest.len())
}
