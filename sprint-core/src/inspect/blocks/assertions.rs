//! What a source asserts.

use crate::inspect::blocks::shell;
use crate::inspect::blocks::tautology::{
    arguments, is_constant, is_weak, shell_tautology, sides, tautology,
};
use crate::inspect::lex::{Language, Source};

/// One assertion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Assertion {
    /// How it reads, on one line.
    pub(crate) text: String,
    /// The text without any space, by which two are the same.
    pub(crate) key: String,
    /// Whether it holds whatever the code does.
    pub(crate) tautology: bool,
    /// Whether it asks only that something is there, not what it is.
    pub(crate) weak: bool,
}

impl Assertion {
    fn new(text: &str, language: Language) -> Self {
        let text = text.trim().trim_end_matches(';');
        let key = squeezed(text);
        let words: Vec<&str> = text.split_whitespace().collect();
        Self {
            tautology: match language {
                Language::Shell => shell_tautology(text),
                Language::Script
                | Language::Rust
                | Language::Python
                | Language::Go
                | Language::Jvm
                | Language::Ruby
                | Language::Php => tautology(&words.join(" "), &key, language),
            },
            weak: is_weak(&key),
            text: words.join(" "),
            key,
        }
    }

    /// What it is about: the parts between brackets and operators that are no mere literals.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = &str> {
        let statement = self.text.strip_prefix("assert ").is_some();
        let parts = match self.key.strip_prefix("assert").filter(|_| statement) {
            Some(condition) => vec![condition],
            None => arguments(&self.key),
        };
        let parts = parts.into_iter().flat_map(|part| match sides(part) {
            Some((left, right)) => vec![left, right],
            None => vec![part],
        });
        parts.filter(|part| part.len() > 2 && !is_constant(part))
    }
}

/// A text without space, and without the commas that formatters put before a closing bracket.
pub(crate) fn squeezed(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        if matches!(c, ')' | ']' | '}') && squeezed.ends_with(',') {
            squeezed.pop();
        }
        squeezed.push(c);
    }
    squeezed
}

/// Every assertion of a source, and where it begins. One within another is part of that.
pub(super) fn find(source: &Source<'_>, language: Language) -> Vec<(usize, Assertion)> {
    if language == Language::Shell {
        return in_shell(source);
    }
    let mut found = Vec::new();
    let mut after = 0;
    for (at, word) in source.words() {
        if at < after {
            continue;
        }
        if let Some((text, end)) = assertion(source, language, at, word) {
            found.push((at, Assertion::new(&text, language)));
            after = end.max(at + 1);
        }
    }
    found
}

/// What names of functions that assert begin with.
const PREFIXES: &[&str] = &[
    "assert",
    "expect",
    "verify",
    "should",
    "refute",
    "ensure",
    "prop_assert",
    "check",
];

/// Names that tell a definition from a use.
const DEFINERS: &[&str] = &[
    "fn",
    "def",
    "func",
    "function",
    "fun",
    "void",
    "macro_rules",
    "import",
    "use",
    "from",
    "class",
    "struct",
    "const",
    "let",
    "var",
    "val",
    "new",
];

/// The text of the assertion whose name this word is, and where it ends.
fn assertion(
    source: &Source<'_>,
    language: Language,
    at: usize,
    word: &str,
) -> Option<(String, usize)> {
    let before = source.code[..at].chars().next_back();
    let member = before == Some('.') || source.code[..at].ends_with("->");
    let end = at + word.len();
    if language == Language::Go && member && is_go_failure(source, at, word) {
        return go_failure(source, at, end);
    }
    let named = is_assertion_name(word, language);
    let telling = match language {
        // `.expect("…")` takes a value out; `#[expect(…)]` is for the compiler.
        Language::Rust => {
            (named && before != Some('[') && !(member && word == "expect")) || word == "panic"
        }
        Language::Script => named || (member && is_ava(source, at, word)),
        Language::Jvm => named || word == "fail",
        Language::Ruby => named || matches!(word, "must_equal" | "wont_equal" | "must_be_nil"),
        Language::Python => named || (member && matches!(word, "raises" | "warns" | "fail")),
        Language::Go | Language::Php | Language::Shell => named,
    };
    if !telling || DEFINERS.contains(&source.word_before(at)) {
        return None;
    }
    let bang = source.code[end..].starts_with('!');
    if language == Language::Rust && word == "panic" && !bang {
        return None;
    }
    // `x shouldBe y`, `x.should eq(y)`: the subject stands before.
    if word.to_lowercase().starts_with("should") && (member || language == Language::Jvm) {
        let start = source.line_start(at);
        let end = statement_end(source, end);
        return Some((source.plain.get(start..end)?.to_owned(), end));
    }
    let statement = match language {
        Language::Python => word == "assert",
        Language::Ruby => !source.code[end..].starts_with(['=', '_']),
        Language::Jvm | Language::Php => word == "assert" && source.code[end..].starts_with(' '),
        Language::Script | Language::Rust | Language::Go | Language::Shell => false,
    };
    if statement {
        let stop = statement_end(source, end);
        return Some((source.plain.get(at..stop)?.to_owned(), stop));
    }
    let stop = chain_end(source, end)?;
    Some((source.plain.get(at..stop)?.to_owned(), stop))
}

fn is_assertion_name(word: &str, language: Language) -> bool {
    let lower = word.trim_start_matches('_').to_ascii_lowercase();
    let prefixed = PREFIXES.iter().any(|prefix| {
        // `checkout` is no check, and `expected` is a value.
        lower.strip_prefix(prefix).is_some_and(|rest| {
            let hump = word
                .chars()
                .rev()
                .nth(rest.chars().count().saturating_sub(1));
            let long = matches!(*prefix, "assert" | "prop_assert" | "refute");
            rest.is_empty() || rest.starts_with('_') || long || hump.is_some_and(char::is_uppercase)
        })
    });
    prefixed && word != "ensure" || (language == Language::Go && word == "require")
}

/// Where the call after a name ends, with what is chained to it; `None` if nothing is called.
fn chain_end(source: &Source<'_>, after: usize) -> Option<usize> {
    let mut at = after;
    let mut called = false;
    while let Some((next, mark)) = source.next_mark(at) {
        match mark {
            '!' if next == at && !called => at = next + 1,
            '(' | '[' | '{' if next == at || (mark == '(' && !called && next < at + 2) => {
                at = source.past(next)?;
                called = true;
            }
            '.' | '?' | ':' | '-' => {
                let marks = [".", "?.", "::", "->"];
                let mark = marks.iter().find(|m| source.code[next..].starts_with(**m));
                let Some(mark) = mark else { break };
                let member = source.word_at(next + mark.len());
                if member.is_empty() {
                    break;
                }
                at = next + mark.len() + member.len();
            }
            // Type arguments of a call.
            '<' if next == at && !called => {
                let close = source.code[next..].find('>')?;
                at = next + close + 1;
            }
            _ => break,
        }
        if at >= source.code.len() {
            break;
        }
    }
    called.then_some(at.min(source.code.len()))
}

/// Where the line ends, past brackets that go on.
fn statement_end(source: &Source<'_>, at: usize) -> usize {
    let mut at = at;
    while let Some(offset) = source.code[at..].find(['\n', '(', '[', '{', ';']) {
        let found = at + offset;
        match source.past(found) {
            Some(past) => at = past,
            None => return found,
        }
    }
    source.code.len()
}

/// `t.is(a, b)` and its like.
fn is_ava(source: &Source<'_>, at: usize, word: &str) -> bool {
    #[rustfmt::skip]
    const NAMES: &[&str] = &[
        "is", "not", "deepEqual", "notDeepEqual", "true", "false", "truthy", "falsy", "throws", "throwsAsync",
        "notThrows", "regex", "notRegex", "like", "snapshot", "equal", "equals", "same", "ok", "notOk", "strictEqual",
    ];
    NAMES.contains(&word) && source.word_before(at - 1) == "t"
}

fn is_go_failure(source: &Source<'_>, at: usize, word: &str) -> bool {
    matches!(
        word,
        "Error" | "Errorf" | "Fatal" | "Fatalf" | "Fail" | "FailNow"
    ) && (matches!(source.word_before(at - 1), "t" | "b" | "tb" | "f" | "tt")
        || source.code[..at - 1].ends_with("T()"))
}

/// Go asserts with an `if` around a failure: the condition is what it is about.
fn go_failure(source: &Source<'_>, at: usize, end: usize) -> Option<(String, usize)> {
    let stop = chain_end(source, end)?;
    let header = source.code[..source.line_start(at)].trim_end();
    let start = source.line_start(header.len().saturating_sub(1));
    let condition = source.plain.get(start..header.len())?.trim();
    let conditional = condition.ends_with('{');
    let message = source.plain.get(at..stop)?;
    let text = match conditional {
        true => condition.trim_end_matches('{').trim().to_owned(),
        false => message.to_owned(),
    };
    Some((text, stop))
}

/// Commands whose status says whether something holds.
fn in_shell(source: &Source<'_>) -> Vec<(usize, Assertion)> {
    let mut found = Vec::new();
    for (at, code) in source.code_lines() {
        let start = at + code.len() - code.trim_start().len();
        let text = source.plain[start..at + code.len()].trim();
        if shell::asserts(text) {
            found.push((start, Assertion::new(text, Language::Shell)));
        }
    }
    found
}
