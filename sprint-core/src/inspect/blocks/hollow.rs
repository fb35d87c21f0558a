//! What takes the force from a test: skips in its body, errors that nobody looks at.

use std::ops::Range;

use crate::inspect::blocks::{Assertion, Head, Hollow, Skip};
use crate::inspect::lex::{Language, Source, words};

/// Calls in a body that keep the test from running, as words with what stands before them.
#[rustfmt::skip]
const SKIPS: &[(Language, &[&str])] = &[
    (Language::Script, &["this.skip(", "t.skip(", "ctx.skip(", "context.skip(", "t.todo(", "test.skip(", "test.fixme(", "test.fail("]),
    (Language::Python, &["pytest.skip(", "pytest.xfail(", "self.skipTest(", "unittest.SkipTest", "pytestmark = pytest.mark.skip"]),
    (Language::Go, &["t.Skip(", "t.SkipNow(", "t.Skipf(", "b.Skip("]),
    (Language::Ruby, &["skip", "pending"]),
    (Language::Shell, &["skip"]),
    (Language::Php, &["markTestSkipped(", "markTestIncomplete("]),
    (Language::Jvm, &["assumeTrue(false", "assumeFalse(true", "abort("]),
    (Language::Rust, &[]),
];

/// Words after which what follows depends on something.
const CONDITIONS: &[&str] = &[
    "if", "unless", "when", "else", "elif", "case", "match", "switch", "except", "catch", "rescue",
];

/// Where a body skips itself.
pub(super) fn skips(source: &Source<'_>, language: Language) -> Vec<(usize, Skip)> {
    let marks = SKIPS.iter().filter(|(of, _)| *of == language);
    let marks = marks.flat_map(|(_, marks)| *marks);
    let mut found = Vec::new();
    for mark in marks {
        let command = !mark.contains(['(', '.']);
        for (at, _) in source.code.match_indices(mark) {
            let line = source.code[source.line_start(at)..source.line_end(at)].trim_start();
            let whole = !source.code[..at].ends_with(crate::inspect::lex::is_word);
            // A command stands alone, or after a condition.
            let alone = {
                let after = &source.code[at + mark.len()..];
                let before = source.code[source.line_start(at)..at].trim_end();
                (after.is_empty() || after.starts_with([' ', '\n', ';', '(', '}']))
                    && (before.is_empty()
                        || before.ends_with(['&', '|', '{', ';'])
                        || before.ends_with("then"))
                    && !after.trim_start_matches(' ').starts_with(['=', '.'])
            };
            // Playwright's `test.skip('title', …)` is a head of its own.
            let titled = mark.starts_with("test.")
                && source
                    .next_mark(at + mark.len())
                    .is_some_and(|(_, c)| matches!(c, '\'' | '"' | '`'));
            if !whole || (command && !alone) || titled {
                continue;
            }
            let conditional =
                words(line).any(|(_, word)| CONDITIONS.contains(&word)) || line.contains("skipif");
            found.push((
                at,
                if conditional {
                    Skip::Sometimes
                } else {
                    Skip::Always
                },
            ));
        }
    }
    found
}

/// Whether a skip in a body is met on every run: nothing before it in the body decides.
pub(super) fn degree(source: &Source<'_>, head: &Head, at: usize) -> Skip {
    let start = head.body.start.min(at);
    let body = &source.code[start..at];
    let line = source.line_start(at);
    let own = &source.code[line..at];
    let indent = |line: &str| line.len() - line.trim_start().len();
    // The lines of the body, without the one that has the head.
    let first = body.split_once('\n').map_or("", |(_, rest)| rest);
    let first = first.lines().find(|line| !line.trim().is_empty());
    let level = own.trim().is_empty() && first.is_none_or(|first| own.len() <= indent(first));
    let decided = words(body).any(|(_, word)| CONDITIONS.contains(&word))
        || own.contains("&&")
        || own.contains("||");
    if level || !decided {
        Skip::Always
    } else {
        Skip::Sometimes
    }
}

/// Why the assertions of this body have no force.
pub(super) fn find(source: &Source<'_>, language: Language, body: &Range<usize>) -> Option<Hollow> {
    let code = source.code.get(body.clone())?;
    let statements = inner(code, language);
    let first = statements.trim_start();
    let returns = [
        "return;",
        "return\n",
        "return None\n",
        "return nil\n",
        "return 0\n",
        "exit 0",
    ];
    let rest = returns.iter().find_map(|mark| first.strip_prefix(mark));
    if rest.is_some_and(|rest| rest.trim_matches(['}', ')', ';', ' ', '\n']).len() > 3) {
        return Some(Hollow::ReturnsFirst);
    }
    if language == Language::Shell {
        return ignores_status(source, body).then_some(Hollow::IgnoresStatus);
    }
    let empty_catch = match language {
        Language::Script | Language::Jvm | Language::Php => braced_catch(source, body, first),
        Language::Python => python_catch(first),
        Language::Ruby => first.contains("\n") && ruby_catch(first),
        Language::Rust | Language::Go | Language::Shell => false,
    };
    empty_catch.then_some(Hollow::SwallowsErrors)
}

/// The statements of a body, without the head and the brackets around them.
fn inner(code: &str, language: Language) -> &str {
    match language {
        // The head is part of the body: `it('x', () => {`, `def test_x(self):`.
        Language::Script | Language::Php => match code
            .find("=> {")
            .map(|at| at + 3)
            .or_else(|| code.find('{'))
        {
            Some(brace) => code.get(brace + 1..).unwrap_or_default(),
            None => "",
        },
        Language::Python => code.split_once(":\n").map_or("", |(_, rest)| rest),
        Language::Ruby => code.split_once('\n').map_or("", |(_, rest)| rest),
        Language::Rust | Language::Go | Language::Shell | Language::Jvm => {
            code.strip_prefix('{').unwrap_or(code)
        }
    }
}

/// `try { … } catch { }` around everything, with nothing in the catch.
fn braced_catch(source: &Source<'_>, body: &Range<usize>, first: &str) -> bool {
    let Some(rest) = first.strip_prefix("try") else {
        return false;
    };
    if !rest.trim_start().starts_with('{') {
        return false;
    }
    // Where the text is in the source: it is a tail of the body.
    let Some(at) = source.code[body.clone()]
        .find(first)
        .map(|at| body.start + at + 3)
    else {
        return false;
    };
    let Some((open, _)) = source.next_mark(at) else {
        return false;
    };
    let Some(close) = source.closing(open) else {
        return false;
    };
    let Some(caught) = source
        .code
        .get(close + 1..)
        .map(str::trim_start)
        .and_then(|rest| rest.strip_prefix("catch"))
    else {
        return false;
    };
    let Some((head, handler)) = caught.split_once('{') else {
        return false;
    };
    let Some((inside, after)) = handler.split_once('}') else {
        return false;
    };
    let plain = head.trim().chars().all(|c| c != ';');
    // Nothing may come after that could still fail.
    let last = after.trim_start().trim_start_matches(['}', ')', ';']);
    let ends = after.trim_start().starts_with('}') || last.is_empty();
    plain && inside.trim().is_empty() && ends
}

fn python_catch(first: &str) -> bool {
    if !first.starts_with("try:") {
        return false;
    }
    let Some((_, handler)) = first
        .split_once("\n")
        .and_then(|_| first.rsplit_once("except"))
    else {
        return false;
    };
    let Some((_, inside)) = handler.split_once(':') else {
        return false;
    };
    let lines: Vec<&str> = inside
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    matches!(
        lines.as_slice(),
        ["pass" | "..." | "return" | "return None"]
    )
}

fn ruby_catch(first: &str) -> bool {
    let Some((_, handler)) = first.rsplit_once("rescue") else {
        return false;
    };
    let lines: Vec<&str> = handler
        .lines()
        .skip(1)
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.iter().all(|line| matches!(*line, "end" | "nil"))
}

/// Every assertion of a shell test is followed by something that succeeds, or the errors of none
/// stop it.
fn ignores_status(source: &Source<'_>, body: &Range<usize>) -> bool {
    let text = &source.plain[body.clone()];
    let lines = text.lines().map(str::trim);
    let asserting: Vec<&str> = lines.filter(|line| super::shell::asserts(line)).collect();
    let ignores = |line: &&str| {
        let end = line.rsplit("||").next().unwrap_or_default().trim();
        line.contains("||") && (end == "true" || end == ":" || end.starts_with("echo "))
    };
    let ignored: Vec<&str> = text.lines().map(str::trim).filter(ignores).collect();
    !ignored.is_empty() && asserting.iter().all(ignores)
}

/// Whether a test can fail without an assertion.
pub(super) fn may_throw(
    source: &Source<'_>,
    language: Language,
    head: &Head,
    found: &[Assertion],
) -> bool {
    let code = &source.code[head.body.clone()];
    let marks: &[&str] = match language {
        Language::Script => &["throw", "reject", "done"],
        Language::Python => &["raise"],
        Language::Go => &["panic", "FailNow"],
        Language::Jvm | Language::Php => &["throw", "fail"],
        Language::Ruby => &["raise"],
        // Whatever a test of Rust calls may panic.
        Language::Shell | Language::Rust => return true,
    };
    // Go compares the output of an example with its comment.
    let example = language == Language::Go && head.name.starts_with("Example");
    !found.is_empty() || example || marks.iter().any(|mark| code.contains(mark))
}
