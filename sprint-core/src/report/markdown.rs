//! Untrusted text inside Markdown: it can be read, and it can do nothing else.
//!
//! Text of agents and tickets must not mention people, load images, open HTML or break out of
//! the table, quote or fence it stands in. A zero-width space behind the character that would
//! start such a thing takes its effect away and leaves the look alone, also in code spans.

use crate::report::plain;

const ZERO_WIDTH: char = '\u{200b}';

/// One line of text for a table cell, a list item or a sentence, cut to about `max` characters.
pub(super) fn inline(text: &str, max: usize) -> String {
    plain::cut(&defuse(&plain::line(text, max)).replace('|', "\\|"), max)
}

/// Text of several lines as a quotation, which nothing inside can end.
pub(super) fn quote(text: &str, max: usize) -> String {
    let text = plain::cut(plain::lines(text).trim(), max);
    let quoted = text.lines().map(|line| format!("> {}", defuse(line)));
    let quoted: Vec<_> = quoted.map(|line| line.trim_end().to_owned()).collect();
    quoted.join("\n")
}

/// One line as a code span.
pub(super) fn code(text: &str, max: usize) -> String {
    let text = plain::line(text, max);
    let ticks = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// The end of a text, at most `max` characters, in a fence that nothing inside can end.
pub(super) fn fence(text: &str, max: usize) -> String {
    let text = plain::lines(text);
    let text = plain::tail(text.trim_end(), max);
    let ticks = "`".repeat((longest_run(&text) + 1).max(3));
    let body = if text.is_empty() {
        "(no output)"
    } else {
        &text
    };
    format!("{ticks}text\n{body}\n{ticks}")
}

/// A table. Cells are Markdown already.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let mut lines = vec![
        row(&head.map(str::to_owned)),
        row(&[(); N].map(|()| "---".into())),
    ];
    lines.extend(rows.iter().map(row));
    lines.join("\n")
}

/// A row of a table. Cells are Markdown already.
pub(super) fn row<const N: usize>(cells: &[String; N]) -> String {
    format!("| {} |", cells.join(" | "))
}

/// Takes the effect from everything that Markdown and trackers act on.
fn defuse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        let acts = match c {
            '@' | '<' => true,
            '&' => chars
                .peek()
                .is_some_and(|n| *n == '#' || n.is_ascii_alphanumeric()),
            // Some trackers turn the address of a person's page into a mention.
            ':' => chars.peek() == Some(&'/'),
            '!' => chars.peek() == Some(&'['),
            // A backslash would take the escape from a bar that follows.
            '\\' => true,
            _ => false,
        };
        if acts {
            out.push(ZERO_WIDTH);
        }
    }
    out
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`');
    runs.map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_defused_and_what_reads_is_kept() {
        let check = |text, expected: &str| {
            assert_eq!(
                inline(text, 80).replace(ZERO_WIDTH, "~"),
                expected,
                "{text}"
            );
        };
        check("Result<Vec<u8>> & co", "Result<~Vec<~u8>> & co");
        check("@alice a|b\nc", "@~alice a\\|b c");
        check("a\\|b", "a\\~\\|b");
        check(
            "![x](http://evil) &#64;bob",
            "!~[x](http:~//evil) &~#64;bob",
        );
        check("<!-- x -->", "<~!-- x -->");
    }

    #[test]
    fn fences_and_spans_are_longer_than_what_they_hold() {
        assert_eq!(fence("a\n````\nb", 80), "`````text\na\n````\nb\n`````");
        assert_eq!(fence("", 80), "```text\n(no output)\n```");
        assert_eq!(code("a``b", 80), "```a``b```");
        assert_eq!(code("`a", 80), "`` `a ``");
    }

    #[test]
    fn a_quote_stays_a_quote() {
        let quoted = quote("# x\n\n```\n<b>", 80);
        assert_eq!(quoted.replace(ZERO_WIDTH, "~"), "> # x\n>\n> ```\n> <~b>");
    }

    proptest::proptest! {
        #[test]
        fn a_cell_never_has_a_bare_bar_or_a_line_break(text in "[\\\\|@<a\n`]{0,40}", max in 1usize..60) {
            let cell = inline(&text, max);
            proptest::prop_assert!(!cell.contains('\n'));
            proptest::prop_assert!(cell.chars().count() <= max);
            let bare = cell.replace("\\|", "");
            proptest::prop_assert!(!bare.contains('|'), "{}", cell);
            proptest::prop_assert!(!cell.contains("\\\\|"), "{}", cell);
        }
    }
}
