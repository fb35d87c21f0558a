//! A ticket as a Markdown file: front matter between `---` lines, then the description.
//!
//! The front matter is read line by line rather than as YAML: people write `title: Fix: it`,
//! which YAML refuses; errors name their line; and a status is changed in place, which needs to
//! know where its bytes are. Keys that mean nothing here are left alone.

use std::ops::Range;

use crate::domain::ticket::{Priority, Size, Ticket, TicketStatus};
use crate::id::TicketId;

/// A ticket file that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TicketFile {
    /// What it says.
    pub(crate) ticket: Ticket,
    /// Where the status is in the text, without quotes around it.
    status: Range<usize>,
}

/// Why a ticket file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(crate) struct MalformedTicket {
    /// Which line, from 1.
    pub(crate) line: usize,
    /// What is wrong with it.
    pub(crate) reason: String,
}

impl TicketFile {
    /// Reads the text of a file.
    pub(crate) fn parse(text: &str) -> Result<Self, MalformedTicket> {
        let matter = FrontMatter::read(text)?;
        let id = matter.required("id")?;
        let title = matter.required("title")?;
        let status = matter.required("status")?;
        if title.plain().is_empty() {
            return Err(title.malformed("the title is empty"));
        }
        let labels = matter.list(&["labels"]);
        let blocked_by = matter
            .list(&["blocked-by", "blocked_by"])
            .into_iter()
            .map(|(value, line)| TicketId::new(value).map_err(|error| malformed(line, error)))
            .collect::<Result<_, _>>()?;
        let ticket = Ticket {
            id: TicketId::new(id.plain()).map_err(|error| id.malformed(error))?,
            title: title.plain(),
            status: TicketStatus::parse(&status.plain()).ok_or_else(|| {
                status.malformed(format!(
                    "unknown status {:?}; use Todo, In Progress, Done or Cancelled",
                    status.plain()
                ))
            })?,
            priority: matter.optional("priority", Priority::parse, "urgent, high, medium, low")?,
            labels: labels.into_iter().map(|(label, _)| label).collect(),
            blocked_by,
            size: matter.optional("size", parse_size, "S, M or L")?,
            body: text[matter.body..].trim_start_matches(['\r', '\n']).into(),
            updated_at: None,
            parent: matter.parent()?,
        };
        Ok(Self {
            ticket,
            status: status.at.clone(),
        })
    }

    /// The text, which this was read from, with another status. No other byte changes.
    pub(crate) fn with_status(&self, text: &str, status: TicketStatus) -> String {
        let Range { start, end } = self.status;
        [&text[..start], status.label(), &text[end..]].concat()
    }
}

fn parse_size(text: &str) -> Option<Size> {
    match text.trim().to_ascii_lowercase().as_str() {
        "s" => Some(Size::S),
        "m" | "" => Some(Size::M),
        "l" => Some(Size::L),
        _ => None,
    }
}

fn malformed(line: usize, reason: impl ToString) -> MalformedTicket {
    MalformedTicket {
        line,
        reason: reason.to_string(),
    }
}

const NO_BEGINNING: &str = "the file does not begin with a --- line";

/// The keys of a front matter, in order.
struct FrontMatter<'a> {
    entries: Vec<Entry<'a>>,
    /// Where the text after it begins.
    body: usize,
    /// The line that ends it.
    last: usize,
}

/// `key: value`, and `- item` lines below it.
struct Entry<'a> {
    key: &'a str,
    value: Value<'a>,
    items: Vec<Value<'a>>,
}

/// A value, where it is in the text, and on which line.
#[derive(Clone)]
struct Value<'a> {
    text: &'a str,
    at: Range<usize>,
    line: usize,
}

impl<'a> FrontMatter<'a> {
    fn read(text: &'a str) -> Result<Self, MalformedTicket> {
        let mut entries: Vec<Entry<'a>> = Vec::new();
        let mut at = 0;
        for (index, raw) in text.split_inclusive('\n').enumerate() {
            let number = index + 1;
            let start = at;
            at += raw.len();
            let line = raw.trim_end();
            if index == 0 {
                // Some editors put a byte-order mark in front.
                if line.trim_start_matches('\u{feff}') != "---" {
                    return Err(malformed(1, NO_BEGINNING));
                }
                continue;
            }
            if line == "---" {
                return Ok(Self {
                    entries,
                    body: at,
                    last: number,
                });
            }
            let content = line.trim_start();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if let Some(item) = content.strip_prefix('-').filter(|_| is_item(content)) {
                let Some(entry) = entries.last_mut() else {
                    return Err(malformed(number, "a list item without a key above it"));
                };
                entry.items.push(Value::new(text, item, number, start));
            } else if line.len() == content.len() {
                let (key, value) = line
                    .split_once(':')
                    .ok_or_else(|| malformed(number, "expected `key: value`"))?;
                let key = key.trim_end();
                if entries.iter().any(|entry| entry.key == key) {
                    return Err(malformed(number, format!("{key:?} is there twice")));
                }
                entries.push(Entry {
                    key,
                    value: Value::new(text, value, number, start),
                    items: Vec::new(),
                });
            } else if entries.is_empty() {
                return Err(malformed(number, "expected `key: value`"));
            }
            // Other indented lines belong to a key that means nothing here.
        }
        Err(match text.lines().count() {
            0 => malformed(1, NO_BEGINNING),
            last => malformed(last, "the front matter has no closing --- line"),
        })
    }

    fn find(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    fn required(&self, key: &str) -> Result<&Value<'a>, MalformedTicket> {
        let found = self.find(key).map(|entry| &entry.value);
        found.ok_or_else(|| malformed(self.last, format!("there is no {key:?}")))
    }

    /// The ticket this one is a part of; none where nothing is written.
    fn parent(&self) -> Result<Option<TicketId>, MalformedTicket> {
        let Some(value) = self.find("parent").map(|entry| &entry.value) else {
            return Ok(None);
        };
        match value.plain().as_str() {
            "" => Ok(None),
            id => TicketId::new(id)
                .map(Some)
                .map_err(|error| value.malformed(error)),
        }
    }

    fn optional<T: Default>(
        &self,
        key: &str,
        parse: fn(&str) -> Option<T>,
        choices: &str,
    ) -> Result<T, MalformedTicket> {
        let Some(entry) = self.find(key) else {
            return Ok(T::default());
        };
        let text = entry.value.plain();
        parse(&text).ok_or_else(|| {
            let reason = format!("unknown {key} {text:?}; use {choices}");
            entry.value.malformed(reason)
        })
    }

    /// The items of `[a, b]`, of `a, b`, or of the lines below; with their lines.
    fn list(&self, keys: &[&str]) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        for entry in keys.iter().filter_map(|key| self.find(key)) {
            let text = entry.value.plain();
            let inner = text
                .strip_prefix('[')
                .and_then(|text| text.strip_suffix(']'));
            let parts = inner.unwrap_or(&text).split(',').map(unquote);
            found.extend(parts.map(|part| (part, entry.value.line)));
            found.extend(entry.items.iter().map(|item| (item.plain(), item.line)));
        }
        found.retain(|(text, _)| !text.is_empty());
        found
    }
}

impl<'a> Value<'a> {
    /// The value in `raw`, which is a part of the line of `text` that begins at `start`.
    fn new(text: &'a str, raw: &'a str, line: usize, start: usize) -> Self {
        let end_of_line = text[start..]
            .find('\n')
            .map_or(text.len(), |length| start + length);
        let end = start + text[start..end_of_line].trim_end().len();
        let raw_start = end - raw.len();
        let raw = strip_comment(raw);
        let value = raw.trim_start();
        let from = raw_start + (raw.len() - value.len());
        let value = value.trim_end();
        let inner = within_quotes(value);
        let from = from + usize::from(inner.len() < value.len());
        Self {
            text: inner,
            at: from..from + inner.len(),
            line,
        }
    }

    fn plain(&self) -> String {
        self.text.trim().to_owned()
    }

    fn malformed(&self, reason: impl ToString) -> MalformedTicket {
        malformed(self.line, reason)
    }
}

fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ") || content.starts_with("-\t")
}

/// A value without a trailing ` # remark`. `Fix #3` has none: a remark has a space after `#`.
fn strip_comment(raw: &str) -> &str {
    let trimmed = raw.trim();
    if trimmed.starts_with(['"', '\'']) && within_quotes(trimmed).len() < trimmed.len() {
        return raw;
    }
    raw.find(" # ").map_or(raw, |at| &raw[..at])
}

fn within_quotes(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

fn unquote(part: &str) -> String {
    within_quotes(part.trim()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "---\r\nid: ENG-1\r\ntitle: \"Fix: #3, it\"\r\nassignee:\r\n  name: x\r\nstatus:  todo  # for now\r\npriority: High\r\nsize: l\r\nparent: 'ENG-9'\r\nlabels: [bug, 'two words']\r\nblocked-by:\r\n  - ENG-2 # first\r\n  - ENG-3\r\n---\r\n\r\n# Body\r\n---\r\nmore\r\n";

    #[test]
    fn everything_a_file_can_say_is_read() {
        let ticket = TicketFile::parse(FULL).unwrap().ticket;
        let expected = Ticket {
            id: TicketId::new("ENG-1").unwrap(),
            title: "Fix: #3, it".into(),
            status: TicketStatus::Todo,
            priority: Priority::High,
            labels: vec!["bug".into(), "two words".into()],
            blocked_by: vec![
                TicketId::new("ENG-2").unwrap(),
                TicketId::new("ENG-3").unwrap(),
            ],
            size: Size::L,
            body: "# Body\r\n---\r\nmore\r\n".into(),
            updated_at: None,
            parent: Some(TicketId::new("ENG-9").unwrap()),
        };
        assert_eq!(ticket, expected);
    }

    #[test]
    fn a_new_status_changes_nothing_else() {
        let file = TicketFile::parse(FULL).unwrap();
        let changed = file.with_status(FULL, TicketStatus::InProgress);
        assert_eq!(changed, FULL.replace("todo", "In Progress"));
        let quoted = "\u{feff}---\nid: A\ntitle: t\nstatus: 'Todo'\n---\n";
        let file = TicketFile::parse(quoted).unwrap();
        let changed = file.with_status(quoted, TicketStatus::Done);
        assert_eq!(changed, quoted.replace("Todo", "Done"));
    }

    #[test]
    fn lists_may_be_written_in_three_ways() {
        for list in ["[A-1, A-2]", "A-1, A-2", "\n- A-1\n- \"A-2\""] {
            let text = format!("---\nid: A\ntitle: t\nstatus: done\nblocked_by: {list}\n---");
            let ticket = TicketFile::parse(&text).unwrap().ticket;
            let ids: Vec<&str> = ticket.blocked_by.iter().map(TicketId::as_str).collect();
            assert_eq!(ids, ["A-1", "A-2"], "{list}");
        }
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let of = |text: &str| TicketFile::parse(text).unwrap_err().to_string();
        let with = |line: &str| {
            of(&format!(
                "---\nid: A\ntitle: t\nstatus: done\n{line}\n---\n"
            ))
        };
        let all = [
            of(""),
            of("# Just text\n"),
            of("---\nid: A\n"),
            of("---\nid: A\ntitle: t\n---\n"),
            of("---\nid: ../x\ntitle: t\nstatus: done\n---\n"),
            of("---\nid: A\ntitle: ''\nstatus: done\n---\n"),
            of("---\nid: A\ntitle: t\nstatus: soon\n---\n"),
            of("---\n- A\n---\n"),
            with("id: B"),
            with("priority: whenever"),
            with("size: XL"),
            with("blocked-by: [A-1, a/b]"),
            with("parent: a/b"),
            with("nonsense"),
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
        line 1: the file does not begin with a --- line
        line 1: the file does not begin with a --- line
        line 2: the front matter has no closing --- line
        line 4: there is no "status"
        line 2: ticket id "../x" may contain only letters, digits, '.', '_' and '-'
        line 3: the title is empty
        line 4: unknown status "soon"; use Todo, In Progress, Done or Cancelled
        line 2: a list item without a key above it
        line 5: "id" is there twice
        line 5: unknown priority "whenever"; use urgent, high, medium, low
        line 5: unknown size "XL"; use S, M or L
        line 5: ticket id "a/b" may contain only letters, digits, '.', '_' and '-'
        line 5: ticket id "a/b" may contain only letters, digits, '.', '_' and '-'
        line 5: expected `key: value`
        "#);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_parsing_panic(text: String) {
            drop(TicketFile::parse(&text));
        }

        #[test]
        fn a_file_that_reads_keeps_reading_with_another_status(
            lines in proptest::collection::vec("(id|title|status|labels|size|[ -]|.{0,4})[: ]{0,2}[\"' a-zA-Z#é-]{0,8}\r?", 0..8)
        ) {
            let text = format!("---\nid: A\ntitle: x\n{}\nstatus: todo\n---\n", lines.join("\n"));
            if let Ok(file) = TicketFile::parse(&text) {
                let changed = file.with_status(&text, TicketStatus::Done);
                let again = TicketFile::parse(&changed).unwrap();
                proptest::prop_assert_eq!(again.ticket.status, TicketStatus::Done);
            }
        }
    }
}
