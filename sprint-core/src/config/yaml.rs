//! YAML text to a tree that remembers lines.

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::config::fault::{Fault, Issue};

/// Larger texts are refused unread.
const MAX_BYTES: usize = 256 * 1024;

/// A configuration has three levels; anything far deeper is a mistake or an attack.
const MAX_DEPTH: usize = 16;

/// One value and the line on which it begins.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: u32,
    pub(super) data: Data,
}

#[derive(Clone, Debug)]
pub(super) enum Data {
    /// Text as written after unquoting. Only plain text can be a number, a boolean or nothing.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// Whether it is YAML's way to say nothing.
    pub(super) fn is_null(&self) -> bool {
        match &self.data {
            Data::Scalar { text, plain: true } => {
                matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            Data::Scalar { .. } | Data::List(_) | Data::Map(_) => false,
        }
    }
}

/// The one document of the text, or nothing if it holds none.
pub(super) fn parse(text: &str) -> Result<Option<Node>, Issue> {
    if text.len() > MAX_BYTES {
        return Err(Issue::general(Fault::TooLong(MAX_BYTES)));
    }
    let mut options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    options.set_emit_comments(false);
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => builder.take(event, line(&span))?,
            Err(error) => {
                let at = u32::try_from(error.marker().line()).unwrap_or(u32::MAX);
                return Err(Issue::at(at, Fault::Syntax(error.info())));
            }
        }
    }
    Ok(builder.root)
}

fn line(span: &Span) -> u32 {
    u32::try_from(span.start.line()).unwrap_or(u32::MAX)
}

#[derive(Default)]
struct Builder {
    root: Option<Node>,
    documents: u32,
    open: Vec<Open>,
}

/// A collection that has not ended yet.
enum Open {
    List(u32, Vec<Node>),
    Map(u32, Vec<(Node, Node)>, Option<Node>),
}

impl Builder {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "which events exist depends on features other crates turn on"
    )]
    fn take(&mut self, event: Event<'_>, line: u32) -> Result<(), Issue> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Issue::at(line, Fault::SecondDocument));
                }
            }
            Event::Alias(_) => return Err(Issue::at(line, Fault::Alias)),
            Event::Scalar(text, style, _, tag) => self.put(Node {
                line,
                data: Data::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain && tag.is_none(),
                },
            }),
            Event::SequenceStart(..) => self.open.push(Open::List(line, Vec::new())),
            Event::MappingStart(..) => self.open.push(Open::Map(line, Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(line, items)) => self.put(Node {
                    line,
                    data: Data::List(items),
                }),
                Some(Open::Map(line, entries, _)) => self.put(Node {
                    line,
                    data: Data::Map(entries),
                }),
                None => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, entries, key)) => match key.take() {
                None => *key = Some(node),
                Some(key) => entries.push((key, node)),
            },
        }
    }
}
