//! The little of Markdown that sprints read: headings, fences and lists.
//!
//! A heading counts only at the start of a line and outside fenced code (spec 5.11).

/// Whether a line is inside fenced code, line by line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fence(Option<(char, usize)>);

impl Fence {
    /// Takes the next line. True if it is inside a fence, or is one.
    pub(crate) fn covers(&mut self, line: &str) -> bool {
        let mark = line.trim();
        let first = mark.chars().next().filter(|c| matches!(c, '`' | '~'));
        let run = mark.chars().take_while(|c| Some(*c) == first).count();
        match (self.0, first) {
            // A fence is closed by one at least as long, with nothing behind it.
            (Some((c, long)), Some(first)) if first == c && run >= long && run == mark.len() => {
                self.0 = None;
                true
            }
            (None, Some(first)) if run >= 3 => {
                self.0 = Some((first, run));
                true
            }
            (open, _) => open.is_some(),
        }
    }
}

/// A heading and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heading<'a> {
    /// 1 to 6: the number of `#`.
    pub level: usize,
    /// The text, without the signs around it.
    pub text: &'a str,
    /// Where its line begins, in bytes.
    pub start: usize,
    /// Where the line after it begins, in bytes.
    pub end: usize,
}

/// All headings, in order.
pub fn headings(text: &str) -> Vec<Heading<'_>> {
    let (mut fence, mut found, mut start) = (Fence::default(), Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        if !fence.covers(line)
            && let Some((level, text)) = heading(line)
        {
            found.push(Heading {
                level,
                text,
                start,
                end,
            });
        }
        start = end;
    }
    found
}

/// What stands below a heading of this name, deeper headings included, up to the next heading of the
/// same or a higher level. `None` if there is no such heading.
///
/// Case is ignored. A heading that is exactly `name` comes before one that only contains it:
/// `Problem` must not find the title `Problem Statement` (spec C-31).
pub fn section<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (headings, name) = (headings(text), name.to_lowercase());
    let position = |fits: &dyn Fn(&str) -> bool| {
        let mut texts = headings.iter().map(|heading| heading.text.to_lowercase());
        texts.position(|text| fits(&text))
    };
    let at = position(&|text| text == name).or_else(|| position(&|text| text.contains(&name)))?;
    let (this, after) = (headings.get(at)?, headings.get(at + 1..)?);
    let next = after.iter().find(|heading| heading.level <= this.level);
    text.get(this.end..next.map_or(text.len(), |heading| heading.start))
}

/// Level and text of a line that is a heading.
fn heading(line: &str) -> Option<(usize, &str)> {
    let rest = line.trim_start_matches('#');
    let level = line.len() - rest.len();
    let text = rest.strip_prefix([' ', '\t'])?.trim();
    // `## Text ##` is closed by the signs behind it; `## C#` is not.
    let open = text.trim_end_matches('#');
    let text = if open.is_empty() || open.ends_with([' ', '\t']) {
        open.trim_end()
    } else {
        text
    };
    (1..=6).contains(&level).then_some((level, text))
}

/// The items of a list of any kind: `- x`, `* x`, `+ x`, `1. x`, `1) x`, each with an optional
/// checkbox, which is cut off. Lines inside fences, and lines that continue an item, are left out.
pub fn items(text: &str) -> Vec<&str> {
    let mut fence = Fence::default();
    let lines = text.lines().filter(|line| !fence.covers(line));
    lines.filter_map(item).collect()
}

fn item(line: &str) -> Option<&str> {
    let line = line.trim();
    let bullet = || {
        line.strip_prefix(['-', '*', '+'])
            .filter(|rest| rest.starts_with([' ', '\t']))
    };
    let number = || {
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let numbered = rest.len() < line.len();
        rest.strip_prefix(['.', ')'])
            .filter(|rest| numbered && rest.starts_with([' ', '\t']))
    };
    let text = bullet().or_else(number)?.trim();
    let unboxed = ["[ ]", "[x]", "[X]"]
        .iter()
        .find_map(|mark| text.strip_prefix(mark));
    Some(unboxed.unwrap_or(text).trim()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Problem Statement: x\nintro\n## Problem\nIt is slow.\n### Detail\nvery\n\
        ```md\n## Problem\nfake\n```\n## Definition of Done ##\n### User Journey\n1. open\n\
        ### Success Criteria (3)\n- [ ] fast\n## C#\nsharp\n#no heading\n####### seven\n";

    #[test]
    fn headings_stand_at_the_start_of_a_line_and_outside_fences() {
        let found: Vec<_> = headings(TEXT).iter().map(|h| (h.level, h.text)).collect();
        assert_eq!(
            found,
            [
                (1, "Problem Statement: x"),
                (2, "Problem"),
                (3, "Detail"),
                (2, "Definition of Done"),
                (3, "User Journey"),
                (3, "Success Criteria (3)"),
                (2, "C#"),
            ]
        );
    }

    #[test]
    fn a_section_prefers_the_exact_name_and_holds_what_is_deeper() {
        let problem = section(TEXT, "PROBLEM").unwrap();
        assert!(problem.starts_with("It is slow."), "{problem}");
        assert!(problem.ends_with("fake\n```\n"), "{problem}");
        assert_eq!(section(TEXT, "success criteria"), Some("- [ ] fast\n"));
        assert_eq!(section(TEXT, "User Journey"), Some("1. open\n"));
        let done = section(TEXT, "definition of done").unwrap();
        assert!(done.contains("### Success Criteria"), "{done}");
        assert_eq!(
            section(TEXT, "c#"),
            Some("sharp\n#no heading\n####### seven\n")
        );
        assert_eq!(section(TEXT, "Constraints"), None);
    }

    #[test]
    fn items_of_every_kind_of_list_are_found() {
        let text = "- a\n* [x] b\n+ [ ] c\n1. d\n 12) e\n-no\n1.5 no\ntext\n- \n~~~\n- fenced\n~~~\n**no**\n";
        assert_eq!(items(text), ["a", "b", "c", "d", "e"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_asked_for_any_section(text in "[#\\-` \n~a-zé]{0,200}", name in "[#a-zé ]{0,4}") {
            for heading in headings(&text) {
                proptest::prop_assert!(text[heading.start..heading.end].contains(heading.text));
            }
            if let Some(found) = section(&text, &name) {
                proptest::prop_assert!(text.contains(found));
            }
            items(&text);
        }
    }
}
