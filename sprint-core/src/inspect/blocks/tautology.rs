//! Whether an assertion can fail, as far as its text tells.

use crate::inspect::blocks::squeezed;
use crate::inspect::lex::{Language, is_word};

const NEVER_FALSE: &[&str] = &["true", "True", "TRUE", "1", "!false", "notFalse"];

/// Whether an assertion holds whatever the code does. `key` is it without space.
pub(super) fn tautology(text: &str, key: &str, language: Language) -> bool {
    let name = key
        .split(['(', '!', ' '])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    if language == Language::Python
        && text.starts_with("assert")
        && !name.contains('.')
        && !key.starts_with("assert_")
        && let Some(condition) = text
            .strip_prefix("assert")
            .filter(|rest| !rest.starts_with(is_word))
    {
        return python_statement(condition.trim());
    }
    if language == Language::Go && key.starts_with("if") {
        return matches!(key, "iffalse" | "if1==2")
            || sides(&key[2..]).is_some_and(|(l, r)| l == r && key.contains("!="));
    }
    if let Some((subject, expected)) = text.split_once(" shouldBe ") {
        return subject == expected && !subject.contains('(');
    }
    if name.starts_with("expect") && !name.contains("panic") {
        return expectation(text, key, language);
    }
    let spaced = text
        .split_once(' ')
        .filter(|(head, _)| !head.contains('('))
        .map(|(_, rest)| squeezed(rest));
    let arguments = match &spaced {
        // `assert_equal 1, 1`
        Some(rest) if language == Language::Ruby => split(rest),
        _ => arguments(key),
    };
    // The `t` that testify takes first.
    let arguments = match arguments.split_first() {
        Some((first, rest))
            if language == Language::Go && matches!(*first, "t" | "b" | "s.T()") =>
        {
            rest
        }
        _ => &arguments,
    };
    let negative = [
        "false", "nil", "null", "none", "refute", "not", "isnt", "error", "_ne", "throw", "raise",
        "fail",
    ];
    let negative = negative
        .iter()
        .any(|part| name.contains(part) || callee(key).contains(part));
    // Of a helper nobody knows what its arguments mean.
    let affirms = affirms(&callee(key));
    match arguments {
        [left, right, ..] if compares(&callee(key)) => {
            !negative && left == right && !left.contains('(')
        }
        // A message may follow the condition.
        [one, ..] => affirms && !negative && always(one),
        [] => false,
    }
}

/// Whether a function of this name fails unless its first argument is true.
fn affirms(name: &str) -> bool {
    let plain = [
        "assert",
        "debug_assert",
        "prop_assert",
        "ok",
        "expect",
        "verify",
        "ensure",
    ];
    plain.contains(&name) || name.contains("true") || name.contains("truthy")
}

/// The last name before the first bracket, in lower case.
fn callee(key: &str) -> String {
    let head = key.split(['(', '[', '{']).next().unwrap_or(key);
    let head = head.trim_end_matches('!');
    head.rsplit(['.', ':', '>'])
        .next()
        .unwrap_or(head)
        .to_lowercase()
}

/// Whether a function of this name compares its first two arguments.
fn compares(name: &str) -> bool {
    ["eq", "same", "is", "equal", "match"]
        .iter()
        .any(|part| name.contains(part))
        && name != "ensure"
}

/// `expect(a).toBe(b)`, `expect(a).to eq b`; an expectation that expects nothing cannot fail.
fn expectation(text: &str, key: &str, language: Language) -> bool {
    let Some(open) = key.find('(') else {
        return false;
    };
    let Some(close) = matching(key, open) else {
        return false;
    };
    let (subject, matcher) = (&key[open + 1..close], &key[close + 1..]);
    if matcher.is_empty() {
        return key[..open] == *"expect" && language == Language::Script;
    }
    if subject.is_empty() || matcher.contains(".not") {
        return false;
    }
    let name = matcher.find('(').map_or(matcher, |at| &matcher[..at]);
    let expected = match language {
        Language::Ruby => text
            .rsplit([' ', '('])
            .next()
            .unwrap_or_default()
            .trim_end_matches(')')
            .to_owned(),
        Language::Script
        | Language::Rust
        | Language::Python
        | Language::Go
        | Language::Shell
        | Language::Jvm
        | Language::Php => {
            let open = matcher.find('(');
            open.map_or_else(String::new, |open| {
                matcher[open + 1..].trim_end_matches(')').to_owned()
            })
        }
    };
    if expected.is_empty() {
        let affirms = [
            "toBeTruthy",
            "toBeDefined",
            "ok",
            "true",
            "toBeTrue",
            "be_truthy",
        ];
        return affirms
            .iter()
            .any(|end| name.trim_end_matches("()").ends_with(end))
            && always(subject);
    }
    let same = subject == expected && !subject.contains('(');
    let anything = expected.starts_with("expect.anything(") && name.ends_with("toEqual");
    (same && (is_constant(subject) || compares(&name.to_lowercase()) || name.ends_with("toBe")))
        || anything
}

/// What follows `assert` in Python.
fn python_statement(condition: &str) -> bool {
    let key = squeezed(condition);
    // A tuple is true, whatever is in it.
    let tuple = key.starts_with('(')
        && matching(&key, 0) == Some(key.len() - 1)
        && split(&key[1..key.len() - 1]).len() > 1;
    if tuple {
        return true;
    }
    let first = split(&key).first().copied().unwrap_or_default().to_owned();
    let spaced = condition.split(" is ").collect::<Vec<_>>();
    let identical = matches!(spaced.as_slice(), [left, right] if left == right);
    always(&first)
        || identical
        || condition.ends_with(" or True")
        || condition.starts_with("True or ")
}

/// Whether an expression is true, whatever the code does.
fn always(expression: &str) -> bool {
    let inner = expression
        .strip_prefix('(')
        .filter(|_| matching(expression, 0) == Some(expression.len() - 1))
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(expression);
    if NEVER_FALSE.contains(&inner) || inner.contains("||true") || inner.starts_with("true||") {
        return true;
    }
    let quoted = inner.len() > 2 && inner.starts_with(['"', '\'']) && is_constant(inner);
    let same = sides(inner).is_some_and(|(left, right)| {
        left == right && !left.contains('(') && !inner.contains('<') && !inner.contains("!=")
    });
    quoted || same
}

/// The two sides of the comparison that an expression is.
pub(super) fn sides(expression: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in expression.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '=' | '!') if depth == 0 => {
                let rest = &expression[at..];
                let operators = ["===", "!==", "==", "!="];
                let operator = operators
                    .iter()
                    .find(|operator| rest.starts_with(**operator))?;
                let right = rest[operator.len()..].split("&&").next()?;
                return Some((&expression[..at], right))
                    .filter(|(l, r)| !l.is_empty() && !r.is_empty());
            }
            (None, _) => {}
        }
    }
    None
}

/// The arguments of the first call in a text without space.
pub(super) fn arguments(key: &str) -> Vec<&str> {
    let Some(open) = key.find(['(', '[', '{']) else {
        return Vec::new();
    };
    let close = matching(key, open).unwrap_or(key.len());
    split(key.get(open + 1..close).unwrap_or_default())
}

/// Splits at the commas that no bracket or string holds.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start) = (0_usize, 0);
    let mut quote = None;
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    if start < text.len() {
        parts.push(&text[start..]);
    }
    parts
}

/// The bracket that closes the one at `open`.
fn matching(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < open) {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            (None, _) => {}
        }
    }
    None
}

/// Whether a text names nothing: only literals and operators.
pub(super) fn is_constant(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| is_word(c) || matches!(c, '"' | '\'' | '`')) {
        let c = rest[at..].chars().next().unwrap_or(' ');
        if is_word(c) {
            let length = rest[at..].find(|c| !is_word(c)).unwrap_or(rest.len() - at);
            let word = &rest[at..at + length];
            let literal = word.starts_with(|c: char| c.is_ascii_digit())
                || ["true", "false", "null", "none", "nil", "undefined"]
                    .contains(&word.to_lowercase().as_str());
            if !literal {
                return false;
            }
            rest = &rest[at + length..];
        } else {
            let Some(close) = rest[at + 1..].find(c) else {
                return false;
            };
            if c == '`' && rest[at..].contains("${") {
                return false;
            }
            rest = &rest[at + 1 + close + 1..];
        }
    }
    true
}

/// Assertions that ask only whether something is there, or did not blow up.
pub(super) fn is_weak(key: &str) -> bool {
    #[rustfmt::skip]
    const MARKS: &[&str] = &[
        ".toBeDefined(", ".toBeTruthy(", ".not.toBeNull(", ".not.toBeUndefined(", ".not.toThrow(", ".toBeInstanceOf(",
        ".to.exist", ".to.be.ok", "toHaveBeenCalled()", "isnotNone", "assertIsNotNone(", "assertNotNull(", "assertNotNil(",
        ".is_ok())", ".is_some())", ".is_empty())", "NotNil(", "NoError(", "NotEmpty(", "assert_not_nil", "be_truthy",
        "not_to be_nil", "not_tobe_nil", "assertNotEmpty(", "isNotNull(", "toBeGreaterThanOrEqual(0)", ">=0",
    ];
    let unary = ["assert.ok(", "assertTrue(", "assert("]
        .iter()
        .any(|head| key.starts_with(head) && !key.contains(['<', '>', '=']));
    MARKS.iter().any(|mark| key.contains(mark)) || unary
}

/// Comparisons of constants, and commands that always succeed.
pub(super) fn shell_tautology(text: &str) -> bool {
    let test = text
        .split("&&")
        .next()
        .unwrap_or(text)
        .split("||")
        .next()
        .unwrap_or(text)
        .trim();
    let inner = ["[[", "["]
        .iter()
        .zip(["]]", "]"])
        .find_map(|(open, close)| test.strip_prefix(open)?.trim_end().strip_suffix(close))
        .or_else(|| test.strip_prefix("test "));
    let Some(inner) = inner else {
        return false;
    };
    let words: Vec<&str> = inner.split_whitespace().collect();
    let constant = |word: &str| !word.contains(['$', '`']);
    match words.as_slice() {
        [one] => constant(one),
        ["-n", one] => constant(one) && !one.trim_matches(['"', '\'']).is_empty(),
        [left, "=" | "==" | "-eq" | "-ge" | "-le", right] => left == right,
        _ => false,
    }
}
