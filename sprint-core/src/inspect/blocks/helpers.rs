//! Functions beside the tests that assert something for them.

use std::ops::Range;

use crate::inspect::blocks::{Assertion, Head, hollow};
use crate::inspect::lex::{Language, Source};

/// A function of a source, outside of its tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Helper {
    pub(crate) name: String,
    /// What it asserts that can fail.
    pub(crate) assertions: Vec<Assertion>,
}

impl Helper {
    /// How often code calls it.
    pub(crate) fn calls(&self, code: &str, language: Language) -> usize {
        let source = Source::new(code, language);
        let called = |at: usize, word: &str| {
            word == self.name && source.code[at + word.len()..].starts_with('(')
        };
        let all = source.words().filter(|(at, word)| called(*at, word));
        all.count()
    }
}

/// The functions outside of tests whose assertions have force.
pub(super) fn find(
    source: &Source<'_>,
    language: Language,
    heads: &[Head],
    assertions: &[(usize, Assertion)],
) -> Vec<Helper> {
    let tests: Vec<&Head> = heads.iter().filter(|head| !head.group).collect();
    let mut found = Vec::new();
    for (name, body) in functions(source, language) {
        let in_test = |head: &&&Head| head.at <= body.start && body.start < head.body.end;
        let own = assertions
            .iter()
            .filter(|(at, assertion)| body.contains(at) && !assertion.tautology);
        let own: Vec<Assertion> = own.map(|(_, assertion)| assertion.clone()).collect();
        let idle = own.is_empty() || tests.iter().any(|head| in_test(&head));
        if !idle && hollow::find(source, language, &body).is_none() {
            found.push(Helper {
                name,
                assertions: own,
            });
        }
    }
    found
}

/// Names and bodies, as far as a keyword or an arrow tells.
fn functions(source: &Source<'_>, language: Language) -> Vec<(String, Range<usize>)> {
    let keyword = match language {
        Language::Script | Language::Php => "function",
        Language::Python => "def",
        Language::Rust => "fn",
        Language::Go => "func",
        Language::Jvm | Language::Ruby | Language::Shell => return Vec::new(),
    };
    let mut found = Vec::new();
    for (at, word) in source.words() {
        let arrow = language == Language::Script && matches!(word, "const" | "let");
        if word != keyword && !arrow {
            continue;
        }
        let Some((start, _)) = source.next_mark(at + word.len()) else {
            continue;
        };
        let name = source.word_at(start);
        let after = start + name.len();
        let end = if language == Language::Python {
            indented(source, at)
        } else if arrow {
            arrow_end(source, after)
        } else {
            braced(source, after)
        };
        if let Some(end) = end.filter(|_| !name.is_empty()) {
            found.push((name.to_owned(), at..end));
        }
    }
    found
}

/// Past the block after the arguments that begin here.
fn braced(source: &Source<'_>, at: usize) -> Option<usize> {
    let (open, _) = source.next_mark(at).filter(|(_, mark)| *mark == '(')?;
    let after = source.past(open)?;
    let brace = after + source.code.get(after..)?.find(['{', ';'])?;
    source.past(brace)
}

/// Past `= (…) => {…}`.
fn arrow_end(source: &Source<'_>, at: usize) -> Option<usize> {
    let (equals, _) = source.next_mark(at).filter(|(_, mark)| *mark == '=')?;
    let (mut next, _) = source.next_mark(equals + 1)?;
    if source.word_at(next) == "async" {
        (next, _) = source.next_mark(next + "async".len())?;
    }
    let open = Some(next).filter(|at| source.code[*at..].starts_with('('))?;
    let (arrow, _) = source.next_mark(source.past(open)?)?;
    let body = source.code[arrow..].strip_prefix("=>").map(|_| arrow + 2)?;
    let (brace, _) = source.next_mark(body)?;
    source.past(brace)
}

/// Past the lines that are indented deeper than the one that begins here.
fn indented(source: &Source<'_>, at: usize) -> Option<usize> {
    let depth = at - source.line_start(at);
    let inside = |line: &str| {
        let text = line.trim_start();
        text.is_empty() || line.len() - text.len() > depth
    };
    let lines = source.code_lines().filter(|(start, _)| *start > at);
    let last = lines.take_while(|(_, line)| inside(line)).last();
    last.map(|(start, line)| start + line.len())
}
