//! Tests that are functions with a mark: `#[test]`, `@Test`, or a name that begins with `test`.

use std::ops::Range;

use crate::inspect::blocks::{Head, Skip};
use crate::inspect::lex::{Source, is_word};

/// Functions under an attribute whose last part is `test`, or that of a test library.
pub(super) fn rust(source: &Source<'_>) -> Vec<Head> {
    const MARKS: &[&str] = &[
        "rstest",
        "test_case",
        "quickcheck",
        "wasm_bindgen_test",
        "case",
    ];
    let mut heads = Vec::new();
    let mut after = 0;
    for (at, _) in source.code.match_indices("#[") {
        if at < after {
            continue;
        }
        let (attributes, item) = attributes(source, at, "#[");
        after = item;
        let skip = attributes.iter().filter_map(|text| rust_skip(text)).max();
        let path = |text: &str| {
            let path = text.split(['(', '=', ' ']).next().unwrap_or_default();
            path.rsplit("::")
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        let is_test = attributes.iter().any(|text| {
            let last = path(text);
            last == "test" || last.ends_with("_test") || MARKS.contains(&last.as_str())
        });
        let parameterised = attributes
            .iter()
            .any(|text| matches!(path(text).as_str(), "rstest" | "test_case" | "case"));
        let Some((kind, name, body)) = rust_item(source, item) else {
            continue;
        };
        match kind {
            "mod" => heads.push(Head {
                group: true,
                skip,
                ..Head::test(name, at, body)
            }),
            _ if is_test => heads.push(Head {
                skip,
                parameterised,
                ..Head::test(name, at, body)
            }),
            _ => {}
        }
    }
    heads
}

/// The insides of the attributes that stand here one after the other, and where the item begins.
fn attributes<'s>(source: &'s Source<'_>, at: usize, mark: &str) -> (Vec<&'s str>, usize) {
    let mut attributes = Vec::new();
    let mut next = at;
    while source.code[next..].starts_with(mark) {
        let open = next + mark.len() - 1;
        let close = source.closing(open).unwrap_or(source.code.len());
        attributes.push(source.plain.get(open + 1..close).unwrap_or_default());
        let after = (close + 1).min(source.code.len());
        next = source
            .next_mark(after)
            .map_or(source.code.len(), |(at, _)| at);
    }
    (attributes, next)
}

/// What an attribute says about whether the item runs.
fn rust_skip(attribute: &str) -> Option<Skip> {
    let text: String = attribute.chars().filter(|c| !c.is_whitespace()).collect();
    if text == "ignore" || text.starts_with("ignore=") {
        return Some(Skip::Always);
    }
    if text.starts_with("cfg_attr(") && text.contains(",ignore") {
        return Some(Skip::Sometimes);
    }
    let condition = text.strip_prefix("cfg(")?.strip_suffix(')')?;
    match condition {
        "test" => None,
        "any()" | "FALSE" | "never" | "not(test)" | "false" => Some(Skip::Always),
        _ if condition.contains("any()") || condition.contains("not(test)") => Some(Skip::Always),
        _ => Some(Skip::Sometimes),
    }
}

/// The `fn` or `mod` that begins here, after words such as `pub async`: its name and its body.
fn rust_item<'s>(source: &'s Source<'_>, at: usize) -> Option<(&'s str, String, Range<usize>)> {
    const BEFORE: &[&str] = &["pub", "async", "unsafe", "const", "extern"];
    let mut at = at;
    loop {
        let word = source.word_at(at);
        let (next, mark) = source.next_mark(at + word.len())?;
        match word {
            "fn" | "mod" => {
                let name = source.word_at(next).to_owned();
                let open = body_open(source, next)?;
                return Some((word, name, open..source.past(open)?));
            }
            // `pub(crate)`, `extern "C"`.
            "pub" if mark == '(' => at = source.next_mark(source.past(next)?)?.0,
            "extern" if mark == '"' => {
                at = source
                    .next_mark(next + 2 + source.code[next + 1..].find('"')?)?
                    .0;
            }
            _ if BEFORE.contains(&word) => at = next,
            _ => return None,
        }
    }
}

/// The brace that opens a body, past parameters and types; `None` if there is no body.
fn body_open(source: &Source<'_>, at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        let found = at + source.code.get(at..)?.find(['{', ';', '(', '['])?;
        match source.code.as_bytes()[found] {
            b'{' => return Some(found),
            b';' => return None,
            _ => at = source.past(found)?,
        }
    }
}

/// Java and Kotlin: methods under an annotation of JUnit, TestNG or kotlin.test.
pub(super) fn jvm(source: &Source<'_>) -> Vec<Head> {
    const TESTS: &[&str] = &[
        "Test",
        "ParameterizedTest",
        "RepeatedTest",
        "TestFactory",
        "Property",
    ];
    let mut heads = Vec::new();
    let mut after = 0;
    for (at, _) in source.code.match_indices('@') {
        if at < after {
            continue;
        }
        let mut names: Vec<&str> = Vec::new();
        let mut next = at;
        let mut disabled = false;
        while source.code[next..].starts_with('@') {
            let word = source.word_at(next + 1);
            names.push(word);
            let mut end = next + 1 + word.len();
            if let Some(close) = source.closing(end) {
                let arguments = source.code.get(end..close).unwrap_or_default();
                let squeezed: String = arguments.split_whitespace().collect();
                disabled |= squeezed.contains("enabled=false");
                end = close + 1;
            }
            // A qualified name such as `@org.junit.Test`.
            else if source.code[end..].starts_with('.') {
                let rest = &source.code[end..];
                let length = rest.find(|c| !is_word(c) && c != '.').unwrap_or(rest.len());
                names.push(rest[..length].rsplit('.').next().unwrap_or_default());
                end += length;
            }
            next = source
                .next_mark(end.min(source.code.len()))
                .map_or(source.code.len(), |(at, _)| at);
        }
        after = next.max(at + 1);
        let skip = names
            .iter()
            .filter_map(|name| jvm_skip(name))
            .chain(disabled.then_some(Skip::Always))
            .max();
        let is_test = names.iter().any(|name| TESTS.contains(name));
        if let Some(mut head) = jvm_item(source, at, next, is_test) {
            head.skip = skip;
            head.parameterised = names.contains(&"ParameterizedTest");
            heads.push(head);
        }
    }
    heads
}

fn jvm_skip(annotation: &str) -> Option<Skip> {
    match annotation {
        "Disabled" | "Ignore" | "Ignored" => Some(Skip::Always),
        _ if annotation.starts_with("DisabledOn")
            || annotation.starts_with("DisabledIf")
            || annotation.starts_with("EnabledOn")
            || annotation.starts_with("EnabledIf") =>
        {
            Some(Skip::Sometimes)
        }
        _ => None,
    }
}

/// The method or class whose annotations begin at `at` and end at `item`.
fn jvm_item(source: &Source<'_>, at: usize, item: usize, is_test: bool) -> Option<Head> {
    let rest = &source.code[item..];
    let stop = item + rest.find(['(', '{', ';', '='])?;
    let declared = source.code[item..stop].trim_end();
    let is_class = declared
        .split_whitespace()
        .any(|word| matches!(word, "class" | "object"));
    if is_class {
        let mut words = declared.split_whitespace();
        words.find(|word| matches!(*word, "class" | "object"))?;
        let name = words.next()?.to_owned();
        let open = item + rest.find('{')?;
        return Some(Head {
            group: true,
            ..Head::test(name, at, open..source.past(open)?)
        });
    }
    if !is_test || !source.code[stop..].starts_with('(') {
        return None;
    }
    let declared = source.plain[item..stop].trim_end();
    let name = match declared.strip_suffix('`') {
        // Kotlin's names with spaces.
        Some(quoted) => quoted.rsplit('`').next()?,
        None => declared.rsplit(|c| !is_word(c)).next()?,
    };
    let parameters = source.closing(stop)?;
    let after = source.code.get(parameters + 1..)?;
    let body = match after.find('{') {
        Some(brace) if !after[..brace].contains('}') => {
            let open = parameters + 1 + brace;
            open..source.past(open)?
        }
        // Kotlin's `fun x() = …`.
        _ => parameters..source.line_end(parameters),
    };
    Some(Head::test(name, at, body))
}

/// PHPUnit, beside what Pest made of it.
pub(super) fn php(source: &Source<'_>, pest: Vec<Head>) -> Vec<Head> {
    let mut heads = pest;
    for (at, word) in source.words().filter(|(_, word)| *word == "function") {
        let Some((start, _)) = source.next_mark(at + word.len()) else {
            continue;
        };
        let name = source.word_at(start);
        let declaration = source.line_start(at);
        // Its attributes, and the comment before it, end where the last thing before it did.
        let before = source.code[..declaration]
            .rfind(['}', ';', '{'])
            .unwrap_or(0);
        let marked = source.text[before..declaration].contains("#[Test]")
            || source.text[before..declaration].contains("@test");
        if name.is_empty() || !(name.to_lowercase().starts_with("test") || marked) {
            continue;
        }
        let Some(open) = source.code[start..].find('{').map(|brace| start + brace) else {
            continue;
        };
        let Some(past) = source.past(open) else {
            continue;
        };
        let mut head = Head::test(name, at, open..past);
        head.parameterised = source.text[before..declaration].contains("DataProvider")
            || source.text[before..declaration].contains("@dataProvider");
        heads.push(head);
    }
    heads
}
