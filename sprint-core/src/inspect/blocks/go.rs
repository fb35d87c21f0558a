//! Go: `func TestX(t *testing.T)` and `t.Run("name", …)`.

use crate::inspect::blocks::{Head, Skip};
use crate::inspect::lex::Source;

pub(super) fn heads(source: &Source<'_>) -> Vec<Head> {
    let tags = build_tags(source.text);
    let mut heads: Vec<Head> = source
        .words()
        .filter_map(|(at, word)| match word {
            "func" => function(source, at),
            "Run" => run(source, at),
            _ => None,
        })
        .collect();
    for head in &mut heads {
        head.skip = head.skip.max(tags);
    }
    heads
}

fn function(source: &Source<'_>, at: usize) -> Option<Head> {
    let (start, first) = source.next_mark(at + "func".len())?;
    // A method, as of testify's suites.
    let start = match first {
        '(' => source.next_mark(source.past(start)?)?.0,
        _ => start,
    };
    let name = source.word_at(start);
    let rest = ["Test", "Fuzz", "Example"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))?;
    if rest.starts_with(char::is_lowercase) {
        return None;
    }
    let parameters = source.closing(source.next_mark(start + name.len())?.0)?;
    let (open, brace) = source.next_mark(parameters + 1)?;
    let past = source.past(open).filter(|_| brace == '{')?;
    Some(Head::test(name, at, open..past))
}

/// A test in a test; its name may be a variable of a table.
fn run(source: &Source<'_>, at: usize) -> Option<Head> {
    if !source.code[..at].ends_with('.') {
        return None;
    }
    let open = at + "Run".len();
    let close = source.closing(open)?;
    let arguments = &source.code[open + 1..close];
    let function = arguments.find("func")?;
    let name = source.text[open + 1..open + 1 + function]
        .trim()
        .trim_end_matches(',');
    let literal = name
        .strip_prefix(['"', '`'])
        .and_then(|name| name.strip_suffix(['"', '`']));
    Some(Head {
        parameterised: literal.is_none(),
        ..Head::test(literal.unwrap_or(name), at, open..source.past(open)?)
    })
}

/// A constraint on when the file is built at all stands in a comment before the package.
fn build_tags(text: &str) -> Option<Skip> {
    let before = text
        .lines()
        .take_while(|line| !line.starts_with("package "));
    let tags = before.filter_map(|line| {
        line.strip_prefix("//go:build ")
            .or_else(|| line.strip_prefix("// +build "))
    });
    tags.map(|tags| match tags.trim() {
        "ignore" | "never" | "none" => Skip::Always,
        _ => Skip::Sometimes,
    })
    .max()
}
