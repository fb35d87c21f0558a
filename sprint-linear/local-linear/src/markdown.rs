//! What the service makes of Markdown when it keeps it as a document and writes it back.
//!
//! Not a copy of its serialiser: the changes here are those that were observed, so that a client which
//! expects its own text back fails.

mod inline;

use inline::inline;

/// A description as it reads back.
pub(crate) fn rewrite(text: &str) -> String {
    blocks(text, Fences::Kept)
}

/// A comment as it reads back when HTML comments in it survive byte for byte.
pub(crate) fn rewrite_around_html_comments(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        let Some((inside, later)) = after.split_once("-->") else {
            break;
        };
        written.push_str(&paragraph(before));
        written.push_str("<!--");
        written.push_str(inside);
        written.push_str("-->");
        rest = later;
    }
    written.push_str(&paragraph(rest));
    written
}

/// A comment as it reads back when nothing but code spans on one line is safe.
pub(crate) fn rewrite_harshly(text: &str) -> String {
    blocks(text, Fences::Linked)
}

/// A piece between HTML comments, with the white space around it kept.
fn paragraph(text: &str) -> String {
    let body = text.trim();
    let start = text.len() - text.trim_start().len();
    if body.is_empty() {
        return text.to_owned();
    }
    [&text[..start], &rewrite(body), &text[start + body.len()..]].concat()
}

/// What happens inside fenced code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fences {
    Kept,
    /// Addresses become links even there.
    Linked,
}

fn blocks(text: &str, fences: Fences) -> String {
    let mut out = Lines::default();
    let mut fence: Option<String> = None;
    let mut indented = false;
    for line in text.replace("\r\n", "\n").lines() {
        if let Some(mark) = &fence {
            let closed = line.trim().starts_with(mark.as_str())
                && line.trim().trim_matches(['`', '~']).is_empty();
            match fences {
                Fences::Linked if !closed => out.push(inline::links_only(line)),
                Fences::Kept | Fences::Linked => out.push(line.to_owned()),
            }
            if closed {
                fence = None;
            }
            continue;
        }
        let body = line.trim();
        let indent = line.len() - line.trim_start_matches(' ').len();
        let is_code =
            indent >= 4 && !body.is_empty() && (indented || out.after_blank() && !out.in_list);
        if indented && !is_code {
            out.push("```".to_owned());
            indented = false;
        }
        if is_code {
            if !indented {
                out.push("```".to_owned());
                indented = true;
            }
            out.push(line[4..].to_owned());
        } else if let Some(mark) = fence_mark(body) {
            fence = Some(mark);
            out.push(body.to_owned());
        } else {
            out.block(body, indent);
        }
    }
    if indented {
        out.push("```".to_owned());
    }
    out.finish()
}

fn fence_mark(body: &str) -> Option<String> {
    let mark: String = body.chars().take_while(|c| *c == '`').collect();
    let tildes: String = body.chars().take_while(|c| *c == '~').collect();
    if mark.len() >= 3 && !body[mark.len()..].contains('`') {
        Some(mark)
    } else if tildes.len() >= 3 {
        Some(tildes)
    } else {
        None
    }
}

/// The lines written so far.
#[derive(Default)]
struct Lines {
    written: Vec<String>,
    in_list: bool,
}

impl Lines {
    fn push(&mut self, line: String) {
        self.written.push(line);
    }

    fn after_blank(&self) -> bool {
        self.written.last().is_none_or(String::is_empty)
    }

    /// Writes one line outside of code.
    fn block(&mut self, body: &str, indent: usize) {
        if body.is_empty() {
            if !self.after_blank() {
                self.push(String::new());
            }
        } else if let Some((mark, item)) = list_item(body) {
            if !self.in_list && !self.after_blank() {
                self.push(String::new());
            }
            self.in_list = true;
            let depth = " ".repeat(indent);
            self.push(format!("{depth}{mark} {}", inline(item)));
        } else if is_delimiter_row(body) {
            let cells = body
                .trim_matches('|')
                .split('|')
                .map(short_cell)
                .collect::<Vec<_>>()
                .join(" | ");
            self.push(format!("| {cells} |"));
        } else {
            let continues = self.in_list && indent >= 2 && !self.after_blank();
            self.in_list = self.in_list && indent >= 2;
            let depth = if continues { "  " } else { "" };
            let escape = if body.starts_with("-->") { "\\" } else { "" };
            self.push(format!("{depth}{escape}{}", inline(body)));
        }
    }

    fn finish(mut self) -> String {
        while self.written.last().is_some_and(String::is_empty) {
            self.written.pop();
        }
        self.written.join("\n")
    }
}

/// The mark a list item gets, and its text; check boxes keep their dash.
fn list_item(body: &str) -> Option<(&str, &str)> {
    let item = ["- ", "* ", "+ "]
        .iter()
        .find_map(|mark| body.strip_prefix(mark))?;
    if ["[ ] ", "[x] ", "[X] "]
        .iter()
        .any(|task| item.starts_with(task))
    {
        return Some((&body[..5], item[3..].trim_start()));
    }
    Some(("*", item.trim_start()))
}

fn is_delimiter_row(body: &str) -> bool {
    body.contains("---")
        && body.contains('|')
        && body.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

fn short_cell(cell: &str) -> String {
    let cell = cell.trim();
    let left = if cell.starts_with(':') { ":" } else { "" };
    let right = if cell.ends_with(':') { ":" } else { "" };
    format!("{left}--{right}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, stored: &str) {
        assert_eq!(rewrite(written), stored);
        assert_eq!(rewrite(stored), stored, "what is stored is stable");
    }

    #[test]
    fn text_comes_back_as_the_service_writes_it() {
        check(
            "Plan:\n- one\n+ two\n\n\n\nend",
            "Plan:\n\n* one\n* two\n\nend",
        );
        check("[a](https://x.io/1)", "[a](<https://x.io/1>)");
        check(
            "see https://x.io/1.",
            "see [https://x.io/1](<https://x.io/1>).",
        );
        check(
            "use caller.live now",
            "use [caller.live](<http://caller.live>) now",
        );
        check("to a@b.io", "to [a@b.io](<mailto:a@b.io>)");
        check(
            "a [x] and ~ and _y_ and \\\"",
            "a \\[x\\] and \\~ and *y* and \"",
        );
        check(
            "| a | b |\n| --- | :---: |\n| 1 | 2 |",
            "| a | b |\n| -- | :--: |\n| 1 | 2 |",
        );
        check("  three spaces", "three spaces");
        check("a\n\n    code\n\nb", "a\n\n```\ncode\n```\n\nb");
    }

    #[test]
    fn an_html_comment_in_a_description_does_not_survive() {
        check("<!-- key [1]\n--> rest", "<!-- key \\[1\\]\n\\--> rest");
    }

    #[test]
    fn code_survives() {
        let code = "a `sprint/1 {\"k\":[1],\"u\":\"https://x.io\"}` b\n\n```\n- [x] a@b.io\n```";
        check(code, code);
    }

    #[test]
    fn html_comments_in_a_comment_survive_unless_the_mode_is_harsh() {
        let body = "text\n\n<!-- key [1] -->";
        assert_eq!(rewrite_around_html_comments(body), body);
        assert_ne!(rewrite_harshly(body), body);
        assert_eq!(
            rewrite_harshly("```\na@b.io\n```\n\n`a@b.io`"),
            "```\n[a@b.io](<mailto:a@b.io>)\n```\n\n`a@b.io`"
        );
    }
}
