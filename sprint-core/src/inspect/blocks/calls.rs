//! Tests that are calls with a title and a function: `it('adds', () => …)`.

use std::ops::Range;

use crate::inspect::blocks::{Head, Skip};
use crate::inspect::lex::Source;

/// What a name that opens a test or a group says about it.
struct Opener {
    names: &'static [&'static str],
    group: bool,
    skip: Option<Skip>,
    focused: bool,
}

const fn opener(names: &'static [&'static str], group: bool) -> Opener {
    Opener {
        names,
        group,
        skip: None,
        focused: false,
    }
}

const OPENERS: &[Opener] = &[
    opener(&["it", "test", "specify"], false),
    opener(&["describe", "context", "suite"], true),
    Opener {
        skip: Some(Skip::Always),
        ..opener(&["xit", "xtest", "xspecify"], false)
    },
    Opener {
        skip: Some(Skip::Always),
        ..opener(&["xdescribe", "xcontext"], true)
    },
    Opener {
        focused: true,
        ..opener(&["fit", "ftest"], false)
    },
    Opener {
        focused: true,
        ..opener(&["fdescribe", "fcontext"], true)
    },
];

/// Members of an opener, and keys of its options, that keep a test from running.
const SILENT: &[(&str, Skip)] = &[
    ("skip", Skip::Always),
    ("todo", Skip::Always),
    ("fails", Skip::Always),
    ("failing", Skip::Always),
    ("fixme", Skip::Always),
    ("skipIf", Skip::Sometimes),
    ("runIf", Skip::Sometimes),
];

/// jest, vitest, mocha, jasmine, node:test, playwright, ava, Deno.
pub(super) fn script(source: &Source<'_>) -> Vec<Head> {
    let heads = source.words().filter_map(|(at, word)| {
        let opener = OPENERS.iter().find(|opener| opener.names.contains(&word))?;
        // `/x/.test(y)` is no test, `t.test(…)` is.
        if source.code[..at].ends_with('.') {
            let receiver = source.word_before(at - 1);
            if !matches!(receiver, "t" | "Deno" | "QUnit" | "test") || receiver.is_empty() {
                return None;
            }
            // `test.describe` is met again at `describe`; of `test.skip` the word is no opener.
        }
        call(source, at, word, opener)
    });
    heads.collect()
}

/// Pest.
pub(super) fn php(source: &Source<'_>) -> Vec<Head> {
    let heads = source.words().filter_map(|(at, word)| {
        let opener = OPENERS.iter().find(|opener| opener.names.contains(&word))?;
        let before = source.code[..at].trim_end();
        if before.ends_with("->") || before.ends_with("::") || before.ends_with("function") {
            return None;
        }
        let mut head = call(source, at, word, opener)?;
        // What is chained after the call.
        let mut end = head.body.end;
        while source.code[end..].trim_start().starts_with("->") {
            let (arrow, _) = source.next_mark(end)?;
            let member = source.word_at(arrow + 2);
            let silent = SILENT.iter().find(|(name, _)| *name == member);
            head.skip = head.skip.max(silent.map(|(_, skip)| *skip));
            head.focused |= member == "only";
            head.parameterised |= member == "with";
            let open = arrow + 2 + member.len();
            let Some(past) = source.past(open) else {
                break;
            };
            end = past;
        }
        head.body.end = end;
        Some(head)
    });
    heads.collect()
}

/// The test that an opener opens, if it is one: with a title, and something to do.
fn call(source: &Source<'_>, at: usize, word: &str, opener: &Opener) -> Option<Head> {
    let mut head = Head {
        group: opener.group,
        skip: opener.skip,
        focused: opener.focused,
        ..Head::test("", at, 0..0)
    };
    let mut end = at + word.len();
    let arguments = loop {
        match source.next_mark(end)? {
            (dot, '.') => {
                let member = source.word_at(dot + 1);
                let silent = SILENT.iter().find(|(name, _)| *name == member);
                head.skip = head.skip.max(silent.map(|(_, skip)| *skip));
                head.focused |= member == "only";
                head.parameterised |= matches!(member, "each" | "for");
                // `test.describe(` is met again at `describe`.
                if member.is_empty() || OPENERS.iter().any(|o| o.names.contains(&member)) {
                    return None;
                }
                end = dot + 1 + member.len();
            }
            // Type arguments.
            (angle, '<') => end = angle + source.code[angle..].find('>')? + 1,
            (open, '(') => {
                let past = source.past(open)?;
                match source.next_mark(past) {
                    // `each([…])(`, `skipIf(…)(`.
                    Some((_, '(')) if head.parameterised || head.skip.is_some() => end = past,
                    _ => break open..source.closing(open)?,
                }
            }
            // A table in a template: each`…`(
            (open, '`') if head.parameterised => {
                end = open + 1 + source.code[open + 1..].find('`')? + 1;
            }
            _ => return None,
        }
    };
    let (title, rest) = title(source, &arguments)?;
    let has_function = ["=>", "function", "fn("]
        .iter()
        .any(|mark| rest.contains(mark));
    let has_more = rest.contains(|c: char| !c.is_whitespace() && c != ',');
    head.name = title;
    head.skip = head.skip.max(option(rest));
    head.focused |= has_key(rest, "only");
    if !has_more && !head.group {
        // A title without a function is a note that a test is missing.
        head.skip = Some(Skip::Always);
    } else if !has_function && !has_more {
        return None;
    }
    head.body = arguments.start..(arguments.end + 1).min(source.code.len());
    Some(head)
}

/// The first argument, which must be a string or a name, and the code of the others.
fn title<'s>(source: &'s Source<'_>, arguments: &Range<usize>) -> Option<(String, &'s str)> {
    let (start, first) = source.next_mark(arguments.start + 1)?;
    if start >= arguments.end {
        return None;
    }
    let code = &source.code[..arguments.end];
    if matches!(first, '\'' | '"' | '`') {
        let end = start + 1 + code.get(start + 1..)?.find(first)?;
        let title = source.text.get(start + 1..end)?;
        return Some((title.to_owned(), near(&code[end + 1..])));
    }
    // Something computed: only with a function after it is it sure to be a test.
    let comma = start + near(&code[start..]).find(',')?;
    let rest = near(&code[comma..]);
    let named = code[start..comma]
        .chars()
        .all(|c| !matches!(c, '=' | '{' | '('));
    (named && (rest.contains("=>") || rest.contains("function")))
        .then(|| (source.plain[start..comma].trim().to_owned(), rest))
}

/// node:test takes `{ skip: true }`.
fn option(rest: &str) -> Option<Skip> {
    let silent = SILENT.iter().filter(|(key, _)| has_key(rest, key));
    silent.map(|(_, skip)| *skip).max()
}

/// Whether an options object before the function has this key, and it is not false.
fn has_key(rest: &str, key: &str) -> bool {
    let rest = rest.trim_start_matches([',', ' ', '\n', '\t']);
    let Some(options) = rest
        .strip_prefix('{')
        .and_then(|rest| rest.split('}').next())
    else {
        return false;
    };
    options.split(',').any(|entry| {
        let (name, value) = entry.split_once(':').unwrap_or((entry, "true"));
        name.trim() == key && !matches!(value.trim(), "false" | "undefined")
    })
}

/// As much of a call as tells what it is; tests nest, and no level is read again as a whole.
fn near(text: &str) -> &str {
    const ENOUGH: usize = 2048;
    let end = (ENOUGH..text.len()).find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(text.len())]
}
