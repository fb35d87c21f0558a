//! Tests whose end is told by indentation: Python, and Ruby as people lay it out.

use std::ops::Range;

use crate::inspect::blocks::{Head, Skip};
use crate::inspect::lex::{Source, is_word};

/// pytest's functions and classes, and unittest's methods.
pub(super) fn python(source: &Source<'_>) -> Vec<Head> {
    let lines: Vec<(usize, &str)> = source.code_lines().collect();
    let mut heads: Vec<Head> = Vec::new();
    // Functions that are open, by indentation: what they define is local to them.
    let mut functions: Vec<usize> = Vec::new();
    for (number, (at, line)) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        if trimmed.is_empty() {
            continue;
        }
        functions.retain(|depth| *depth < indent);
        let definition = trimmed.strip_prefix("async ").unwrap_or(trimmed);
        let (group, rest) = match (
            definition.strip_prefix("def "),
            trimmed.strip_prefix("class "),
        ) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => continue,
        };
        let name = rest.split(|c| !is_word(c)).next().unwrap_or_default();
        let local = !functions.is_empty();
        if !group {
            functions.push(indent);
        }
        let collected = match group {
            true => name.starts_with("Test") || rest[name.len()..].starts_with('('),
            false => name.starts_with("test"),
        };
        if local || !collected {
            continue;
        }
        let marks = decorators(source, &lines, number, indent);
        let body = *at..block_end(source, &lines, number, indent);
        let switched_off = group && source.code[body.clone()].contains("__test__ = False");
        heads.push(Head {
            group,
            skip: marks.skip.max(switched_off.then_some(Skip::Always)),
            parameterised: marks.parameterised,
            ..Head::test(name, *at, body)
        });
    }
    // A method of a class that is not collected is none either.
    let hidden: Vec<Range<usize>> = hidden_classes(source, &lines);
    heads.retain(|head| !hidden.iter().any(|range| range.contains(&head.at)));
    heads
}

/// Classes that neither are called `Test…` nor inherit from anything.
fn hidden_classes(source: &Source<'_>, lines: &[(usize, &str)]) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    for (number, (at, line)) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some(rest) = line.trim_start().strip_prefix("class ") else {
            continue;
        };
        let name = rest.split(|c| !is_word(c)).next().unwrap_or_default();
        if !name.starts_with("Test") && !rest[name.len()..].starts_with('(') {
            hidden.push(*at..block_end(source, lines, number, indent));
        }
    }
    hidden
}

#[derive(Default)]
struct Marks {
    skip: Option<Skip>,
    parameterised: bool,
}

/// What the decorators above a definition say.
fn decorators(source: &Source<'_>, lines: &[(usize, &str)], number: usize, indent: usize) -> Marks {
    /// Before a definition they end soon.
    const MOST: usize = 60;
    let mut marks = Marks::default();
    for (at, line) in lines[..number].iter().rev().take(MOST) {
        let trimmed = line.trim_start();
        let depth = line.len() - trimmed.len();
        if trimmed.is_empty() {
            continue;
        }
        let Some(decorator) = trimmed.strip_prefix('@') else {
            // The arguments of a decorator that goes over lines.
            if depth > indent || trimmed.starts_with([')', ']']) {
                continue;
            }
            break;
        };
        let name = decorator.split('(').next().unwrap_or_default().trim();
        let last = name.rsplit('.').next().unwrap_or_default();
        let open = at + depth + 1 + name.len();
        let arguments = source
            .closing(open)
            .map_or("", |close| source.plain[open + 1..close].trim());
        marks.parameterised |= matches!(last, "parametrize" | "given" | "expand" | "data");
        marks.skip = marks.skip.max(match last {
            "skip" | "expectedFailure" | "xfail" => Some(Skip::Always),
            "skipif" | "skipIf" if is_constant(arguments, "True") => Some(Skip::Always),
            "skipUnless" if is_constant(arguments, "False") => Some(Skip::Always),
            "skipif" | "skipIf" | "skipUnless" => Some(Skip::Sometimes),
            _ => None,
        });
    }
    marks
}

/// Whether the first argument is this constant, or the number or string that stands for it.
fn is_constant(arguments: &str, constant: &str) -> bool {
    let first = arguments.split(',').next().unwrap_or_default().trim();
    let number = if constant == "True" { "1" } else { "0" };
    first == constant || first == number || first.trim_matches(['"', '\'']) == constant
}

/// Where the lines that are indented deeper than this one end.
fn block_end(source: &Source<'_>, lines: &[(usize, &str)], number: usize, indent: usize) -> usize {
    // The head itself may go over lines: nothing in its brackets ends it.
    let (at, line) = lines[number];
    let head_end = line
        .find('(')
        .and_then(|open| source.closing(at + open))
        .unwrap_or(at);
    let ends = |(at, line): &&(usize, &str)| {
        let trimmed = line.trim_start();
        *at > head_end && !trimmed.is_empty() && line.len() - trimmed.len() <= indent
    };
    let next = lines[number + 1..].iter().find(ends);
    next.map_or(source.code.len(), |(at, _)| *at)
}

/// RSpec, minitest, and Rails' `test "…" do`.
pub(super) fn ruby(source: &Source<'_>) -> Vec<Head> {
    const TESTS: &[&str] = &["it", "specify", "test", "example", "scenario"];
    const GROUPS: &[&str] = &["describe", "context", "feature", "class", "module"];
    let lines: Vec<(usize, &str)> = source.code_lines().collect();
    let mut heads = Vec::new();
    for (number, (at, line)) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let trimmed = trimmed.strip_prefix("RSpec.").unwrap_or(trimmed);
        let offset = line.len() - trimmed.len();
        let word = trimmed.split(|c| !is_word(c)).next().unwrap_or_default();
        let body = || *at..ruby_end(source, &lines, number, indent);
        if word == "def" {
            let name = trimmed[word.len()..].trim_start();
            let name = name.split(|c| !is_word(c)).next().unwrap_or_default();
            if name.starts_with("test_") {
                heads.push(Head::test(name, *at, body()));
            }
            continue;
        }
        let bare = word.strip_prefix(['x', 'f']).unwrap_or(word);
        let (plain, prefixed) = (
            TESTS.contains(&word) || GROUPS.contains(&word),
            matches!(bare, "it" | "specify" | "describe" | "context" | "example"),
        );
        let rest = &trimmed[word.len()..];
        // An assignment, or a call of something else by that name.
        let called = rest.starts_with([' ', '(']) && !rest.trim_start().starts_with(['=', '.']);
        let opens = rest.contains(" do")
            || rest.contains('{')
            || rest.contains(['"', '\''])
            || bare == "class"
            || bare == "module";
        if !(plain || prefixed || word == "pending") || !called || !opens {
            continue;
        }
        let text = source
            .text
            .get(at + offset + word.len()..source.line_end(*at))
            .unwrap_or_default();
        let title = text.trim().trim_start_matches('(');
        let title = title
            .split([',', '{'])
            .next()
            .unwrap_or_default()
            .trim_end();
        let title = title
            .trim_end_matches(" do")
            .trim_end_matches(')')
            .trim_matches(['"', '\'']);
        let keyed = |key: &str| {
            let squeezed: String = rest.split_whitespace().collect();
            squeezed.contains(&format!(",:{key}"))
                || squeezed.contains(&format!(",{key}:true"))
                || squeezed.contains(&format!(",{key}:\""))
        };
        let has_block = rest.contains(" do") || rest.contains('{');
        let group = GROUPS.contains(&bare);
        let silent = (word != bare && word.starts_with('x'))
            || word == "pending"
            || keyed("skip")
            || keyed("pending")
            || (!group && !has_block);
        heads.push(Head {
            group,
            skip: silent.then_some(Skip::Always),
            focused: (word != bare && word.starts_with('f')) || keyed("focus"),
            ..Head::test(title, *at, body())
        });
    }
    heads
}

/// The line of the `end` that stands under the head, or the end of a head's own line.
fn ruby_end(source: &Source<'_>, lines: &[(usize, &str)], number: usize, indent: usize) -> usize {
    let (at, line) = lines[number];
    let opens = line.contains(" do") || line.trim_end().ends_with('{') || {
        let first = line.trim_start().split(' ').next().unwrap_or_default();
        matches!(first, "def" | "class" | "module")
    };
    if !opens || line.trim_end().ends_with(" end") {
        return source.line_end(at);
    }
    let ends = |(_, line): &&(usize, &str)| {
        let trimmed = line.trim_start();
        !trimmed.is_empty() && line.len() - trimmed.len() <= indent
    };
    let next = lines[number + 1..].iter().find(ends);
    next.map_or(source.code.len(), |(at, _)| source.line_end(*at))
}
