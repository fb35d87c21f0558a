use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::machine;

fn shown(text: &str) -> String {
    defang(text, 10_000).replace(ZERO_WIDTH, "~")
}

#[test]
fn what_linear_acts_on_is_taken_its_effect() {
    for (text, expected) in [
        ("@alice, a@b.c", "@~alice, a@~b.c"),
        ("closes ENG-1, eng_2-33", "closes ENG-~1, eng_2-~33"),
        ("SHA-256 2026-01-31 a-b", "SHA-~256 2026-01-31 a-b"),
        (
            "https://linear.app/acme/profiles/bob",
            "https:~//linear.~app/acme/profiles/bob",
        ),
        (
            "LINEAR.App/acme/profiles/bob",
            "LINEAR.~App/acme/profiles/bob",
        ),
        ("![x](https://evil/a.png)", "!~[x]~(https:~//evil/a.png)"),
        ("[x](/acme/profiles/bob)", "[x]~(/acme/profiles/bob)"),
        ("[x][y]\n[y]: /z", "[x]~[y]\n[y]~: /z"),
        ("<b>&#64;bob &amp; & co", "<~b>&~#64;bob &~amp; & co"),
        ("\\@bob a\\|b \\`@x`", "\\~@~bob a\\|b \\~`@x`"),
        ("~~~\n@a", "~~~~\n@~a"),
        ("+++ more\n- a", "++~+ more\n- a"),
        ("a\u{1b}[31mred\u{0}\u{202e}b\r\nc", "aredb\nc"),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

#[test]
fn code_is_left_as_it_is() {
    for text in [
        "`@alice ENG-1` and ``a ` b@c``",
        "```text\n@alice https://x\n```",
        "````rust\n```\n````",
        "**Branch:** `work`\n**Commit:** `abc`",
        "| a | `b\\|c@d` |\n| --- | --- |",
    ] {
        assert_eq!(defang(text, 10_000), text);
    }
}

#[test]
fn code_that_is_not_surely_code_is_prose() {
    let lone = |text: &str| shown(text).replace(LONE, "'");
    for (text, expected) in [
        // Linear would pair the first backtick with the second line's first.
        ("`a\nb` @x `c", "'a\nb` @x `c"),
        ("a `b", "a 'b"),
        ("| `a | @b` |", "| `a | @~b` |"),
        ("  ```\n@a", "  '''\n@~a"),
        ("> ```\n> @a", "> '''\n> @~a"),
        ("```a\n@b", "```a\n@b\n```"),
        ("```\n````\n@b", "```\n```\n@~b"),
        ("```mermaid\nclick a\n```", "```text\nclick a\n```"),
        ("```\n  a ```` b\n```", "`````\n  a ```` b\n`````"),
    ] {
        assert_eq!(lone(text), expected, "{text:?}");
    }
}

#[test]
fn a_text_of_a_megabyte_is_cut_and_its_fence_closed() {
    for text in [
        format!("```\n{}", "a@b ".repeat(300_000)),
        "@".repeat(1 << 20),
        "日本\n".repeat(200_000),
        "a `".repeat(1 << 19),
    ] {
        let cut = defang(&text, 10_000);
        assert!(cut.len() <= 10_000, "{}", cut.len());
        assert!(cut.len() > 5_000, "{}", cut.len());
        assert!(cut.ends_with(CUT));
        assert!(balanced(&cut), "{cut}");
    }
    assert_eq!(defang("abc", 0), CUT);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    key: String,
}

impl machine::Line for Sample {
    const TAG: &'static str = "sprint-sample/1";
}

/// Whether no fence is open at the end, read as CommonMark reads them, with all their indentations
/// and both kinds.
fn balanced(text: &str) -> bool {
    let mut open: Option<(char, usize)> = None;
    for line in text.lines() {
        let mark = line.trim_start_matches(' ');
        let Some(c) = mark.chars().next().filter(|c| matches!(c, '`' | '~')) else {
            continue;
        };
        let run = mark.chars().take_while(|other| *other == c).count();
        if line.len() - mark.len() > 3 || run < 3 {
            continue;
        }
        let after = mark[run..].trim_end();
        match open {
            Some((fence, long)) => {
                if fence == c && run >= long && after.is_empty() {
                    open = None;
                }
            }
            None => {
                if c == '~' || !after.contains('`') {
                    open = Some((c, run));
                }
            }
        }
    }
    open.is_none()
}

/// What is no code in a text whose fences are at the beginnings of lines, with spans found as
/// CommonMark finds them: in a whole paragraph.
fn prose_of(text: &str) -> String {
    let (mut prose, mut paragraph, mut open) = (String::new(), String::new(), 0);
    for line in text.lines().chain([""]) {
        let ticks = line.len() - line.trim_start_matches('`').len();
        if open > 0 {
            if ticks >= open && line.trim_end().len() == ticks {
                open = 0;
            }
        } else if ticks >= 3 && !line[ticks..].contains('`') {
            prose.push_str(&without_spans(&std::mem::take(&mut paragraph)));
            open = ticks;
        } else if line.is_empty() {
            prose.push_str(&without_spans(&std::mem::take(&mut paragraph)));
        } else {
            paragraph.extend([line, "\n"]);
        }
    }
    prose
}

fn without_spans(paragraph: &str) -> String {
    let (mut rest, mut prose) = (paragraph, String::new());
    while let Some(start) = rest.find('`') {
        prose.push_str(&rest[..start]);
        let inside = rest[start..].trim_start_matches('`');
        let ticks = rest[start..].len() - inside.len();
        // What stands around a span is not side by side.
        prose.push(' ');
        rest = match span(inside, ticks) {
            Some(length) => &inside[length + ticks..],
            None => inside,
        };
    }
    prose + rest
}

fn acts(prose: &str) -> bool {
    let chars: Vec<_> = prose.chars().collect();
    let acts = |pair: &[char]| {
        matches!(
            pair,
            ['@' | '<', second] if *second != ZERO_WIDTH
        ) || matches!(pair, [':', '/'] | ['!', '['] | [']', '(' | '[' | ':'])
    };
    chars.windows(2).any(acts)
}

proptest! {
    #[test]
    fn fences_stay_balanced_and_the_machine_line_is_always_read_back(
        text in "[`~@<>&:/!\\[\\]()|\\\\+ \\n\\-a1E.{}\u{200b}*_#=]{0,200}",
        room in 20usize..400,
    ) {
        let safe = defang(&text, room);
        prop_assert!(safe.len() <= room);
        prop_assert!(balanced(&safe), "{}", safe);
        prop_assert!(!acts(&prose_of(&safe)), "{}", safe);
        let line = Sample { key: "k".into() };
        let body = machine::with_line(&safe, &line);
        prop_assert_eq!(machine::read::<Sample>(&body), Some((line, safe.trim_end())));
    }

    #[test]
    fn what_is_harmless_stays_as_it_is(text in "[`~@<:/!\\[\\](|\\\\+ \\n\\-a1E.\u{200b}]{0,120}") {
        let once = defang(&text, 10_000);
        prop_assert_eq!(defang(&once, 10_000), once);
    }

    #[test]
    fn any_text_is_taken(text: String, room in 0usize..200) {
        prop_assert!(defang(&text, room).len() <= room.max(CUT.len()));
    }
}
