//! The comments of a ticket, in one Markdown file.
//!
//! ```text
//! <!-- sprint-comment key=sprint-20260101-000000/ENG-1/1/post -->
//! any text
//! <!-- /sprint-comment -->
//! ```
//!
//! Lines of a comment that look like one of these two get a backslash, so no comment can pretend
//! to hold another. Lengths are not written down: people edit these files, and an editor that
//! changes line ends must not hide a comment.

/// One comment that the engine wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FiledComment {
    /// The key it was posted under.
    pub(crate) key: String,
    /// Its text.
    pub(crate) text: String,
}

const OPEN: &str = "<!-- sprint-comment key=";
const CLOSE: &str = " -->";
const END: &str = "<!-- /sprint-comment -->";

/// The comments in a file. What people wrote between them is passed over.
pub(crate) fn parse(file: &str) -> Vec<FiledComment> {
    let mut comments = Vec::new();
    let mut open: Option<FiledComment> = None;
    for line in file.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let key = line
            .strip_prefix(OPEN)
            .and_then(|rest| rest.strip_suffix(CLOSE));
        if key.is_some() || line == END {
            // Somebody may have lost an end line; the next beginning ends a comment too.
            comments.extend(open.take());
        }
        if let Some(key) = key {
            open = Some(FiledComment {
                key: key.to_owned(),
                text: String::new(),
            });
        } else if let Some(comment) = &mut open {
            comment.text.push_str(&unescape(line));
            comment.text.push('\n');
        }
    }
    comments.extend(open);
    comments
}

/// The file with one more comment at its end. `key` must hold no line break.
pub(crate) fn append(file: &str, key: &str, text: &str) -> String {
    let mut next = file.to_owned();
    if !next.is_empty() {
        next.push_str(if next.ends_with('\n') { "\n" } else { "\n\n" });
    }
    next.extend([OPEN, key, CLOSE, "\n"]);
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        next.push_str(&escape(line));
        next.push('\n');
    }
    next.extend([END, "\n"]);
    next
}

fn escape(line: &str) -> String {
    match framing(line) {
        Some(at) => format!("{}\\{}", &line[..at], &line[at..]),
        None => line.to_owned(),
    }
}

fn unescape(line: &str) -> String {
    match framing(line) {
        Some(at) if line[at..].starts_with('\\') => format!("{}{}", &line[..at], &line[at + 1..]),
        _ => line.to_owned(),
    }
}

/// Where the backslash goes, right after `<`, if the line looks like one of ours.
fn framing(line: &str) -> Option<usize> {
    let rest = line.strip_prefix('<')?.trim_start_matches('\\');
    let rest = rest.strip_prefix("!-- ")?;
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    rest.starts_with("sprint-comment").then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(key: &str, text: &str) -> FiledComment {
        FiledComment {
            key: key.into(),
            text: text.into(),
        }
    }

    #[test]
    fn remarks_of_people_are_kept_and_passed_over() {
        let file = append("I had a look.", "a/1/note", "first");
        let file = format!("{file}Thanks!\n");
        let file = append(&file, "a/2/note", "second\n");
        insta::assert_snapshot!(file, @r"
        I had a look.

        <!-- sprint-comment key=a/1/note -->
        first
        <!-- /sprint-comment -->
        Thanks!

        <!-- sprint-comment key=a/2/note -->
        second
        <!-- /sprint-comment -->
        ");
        let expected = [
            comment("a/1/note", "first\n"),
            comment("a/2/note", "second\n"),
        ];
        assert_eq!(parse(&file), expected);
        assert_eq!(parse(&file.replace('\n', "\r\n")), expected);
        assert_eq!(parse(&file.replacen(END, "", 1))[1], expected[1]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_back_as_the_one_comment(
            lines in proptest::collection::vec(
                "(<\\\\{0,2}!-- /?sprint-comment( key=x)? -->|<!-- /sprint-comment -->|.{0,9})", 0..6),
            before: String,
        ) {
            let text = lines.join("\n").replace('\r', "") + "\n";
            let count = parse(&before).len();
            let file = append(&before, "k", &text);
            let found = parse(&file);
            proptest::prop_assert_eq!(found.last(), Some(&comment("k", &text)));
            proptest::prop_assert_eq!(found.len(), count + 1);
        }
    }
}
