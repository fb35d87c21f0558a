//! The reader for reports in the XML of JUnit, where a runner prints one.

use crate::verify::runner::{Hold, Names, Once, Outcome, Runner, Tally};

/// A tag longer than this ends the document for us.
const MAX_TAG: usize = 64 * 1024;

/// The elements `testcase` of a document whose root is `testsuites` or `testsuite`.
///
/// Cases are counted, because producers do not agree on what the attributes of suites count; but
/// where the root says how many cases it has, another number of them makes the count unknown, as
/// do a document that does not end and a second one. Names are the class and the name of a case.
#[derive(Debug, Default)]
pub(super) struct Junit {
    place: Place,
    tag: String,
    /// How many suites are open.
    depth: u64,
    /// How many cases the root says it has.
    announced: Option<u64>,
    /// The open case: its name, and what became of it.
    case: Option<(String, Verdict)>,
    sum: Tally,
    summary: Once,
    names: Names,
}

/// What the next character belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Not an XML document.
    #[default]
    Outside,
    Text,
    Tag,
    /// An attribute's value in a tag, up to this quote.
    Quoted(char),
    /// What ends with this mark: a comment or unparsed data.
    Until(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    Skipped,
}

impl Runner for Junit {
    fn line(&mut self, line: &str, failing: &mut Names) -> Hold {
        if self.place == Place::Outside {
            let starts = ["<?xml ", "<testsuites", "<testsuite>", "<testsuite "];
            if !starts.iter().any(|start| line.starts_with(start)) {
                return Hold::Free;
            }
            *self = Self {
                place: Place::Text,
                summary: self.summary,
                ..Self::default()
            };
        }
        self.read(line);
        if self.place == Place::Outside {
            failing.take(&mut self.names);
            return Hold::Free;
        }
        Hold::Held
    }

    fn finish(&mut self, failing: &mut Names) -> Outcome {
        if self.place != Place::Outside && self.depth > 0 {
            failing.take(&mut self.names);
            return Outcome::Uncounted;
        }
        self.summary.outcome()
    }
}

impl Junit {
    fn read(&mut self, line: &str) {
        let mut rest = line;
        while !rest.is_empty() {
            rest = match self.place {
                Place::Outside => return,
                Place::Text => match rest.find('<') {
                    Some(at) => self.open(&rest[at..]),
                    None => "",
                },
                Place::Until(end) => match rest.find(end) {
                    Some(at) => {
                        self.place = Place::Text;
                        &rest[at + end.len()..]
                    }
                    None => "",
                },
                Place::Tag => self.in_tag(rest, &['>', '"', '\'']),
                Place::Quoted(quote) => self.in_tag(rest, &[quote]),
            };
        }
        if matches!(self.place, Place::Tag | Place::Quoted(_)) {
            self.tag.push(' ');
        }
    }

    /// Reads the start of markup.
    fn open<'a>(&mut self, rest: &'a str) -> &'a str {
        for (start, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
            if let Some(rest) = rest.strip_prefix(start) {
                self.place = Place::Until(end);
                return rest;
            }
        }
        self.place = Place::Tag;
        self.tag.clear();
        &rest[1..]
    }

    /// Reads on in a tag, up to one of these marks.
    fn in_tag<'a>(&mut self, rest: &'a str, marks: &[char]) -> &'a str {
        let Some(at) = rest.find(marks) else {
            self.keep(rest);
            return "";
        };
        let (head, tail) = rest.split_at(at);
        self.keep(head);
        let Some(mark) = tail.chars().next() else {
            return "";
        };
        match (self.place, mark) {
            (Place::Outside, _) => {}
            (Place::Quoted(_), _) => {
                self.place = Place::Tag;
                self.tag.push(mark);
            }
            (_, '>') => {
                self.place = Place::Text;
                let tag = std::mem::take(&mut self.tag);
                self.element(&tag);
            }
            (_, quote) => {
                self.place = Place::Quoted(quote);
                self.tag.push(quote);
            }
        }
        &tail[mark.len_utf8()..]
    }

    fn keep(&mut self, text: &str) {
        if self.tag.len() + text.len() > MAX_TAG {
            self.end(None);
        } else {
            self.tag.push_str(text);
        }
    }

    fn element(&mut self, tag: &str) {
        let (tag, alone) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let name = tag.split_whitespace().next().unwrap_or_default();
        match name {
            "testsuites" | "testsuite" => {
                if self.depth == 0 {
                    self.announced = attribute(tag, "tests").and_then(|tests| tests.parse().ok());
                }
                self.depth = self.depth.saturating_add(1);
                if alone {
                    self.close_suite();
                }
            }
            "/testsuites" | "/testsuite" => self.close_suite(),
            _ if self.depth == 0 => self.place = Place::Outside,
            "testcase" => {
                self.close_case();
                self.case = Some((title(tag), Verdict::Passed));
                if alone {
                    self.close_case();
                }
            }
            "/testcase" => self.close_case(),
            "failure" | "error" => self.judge(Verdict::Failed),
            "skipped" => self.judge(Verdict::Skipped),
            _ => {}
        }
    }

    fn close_suite(&mut self) {
        self.close_case();
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            let total = self.sum.total();
            let agrees = self.announced.is_none_or(|tests| tests == total);
            self.end(agrees.then_some(self.sum));
        }
    }

    fn judge(&mut self, verdict: Verdict) {
        if let Some((_, seen)) = &mut self.case
            && *seen != Verdict::Failed
        {
            *seen = verdict;
        }
    }

    fn close_case(&mut self) {
        let Some((title, verdict)) = self.case.take() else {
            return;
        };
        match verdict {
            Verdict::Passed => self.sum.passed += 1,
            Verdict::Skipped => self.sum.skipped += 1,
            Verdict::Failed => {
                self.sum.failed += 1;
                self.names.add(&title);
            }
        }
    }

    fn end(&mut self, sum: Option<Tally>) {
        self.place = Place::Outside;
        self.tag.clear();
        self.summary.say(sum);
    }
}

/// `class > name` of a case.
fn title(tag: &str) -> String {
    let name = attribute(tag, "name").unwrap_or_default();
    match attribute(tag, "classname") {
        Some(class) if !class.is_empty() => format!("{class} > {name}"),
        _ => name,
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag.split_once(char::is_whitespace)?.1;
    loop {
        let (key, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, tail) = value[1..].split_once(quote)?;
        if key.trim() == name {
            return Some(decoded(value));
        }
        rest = tail;
    }
}

/// The text with entities replaced; unknown ones stay.
fn decoded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('&') {
        plain.push_str(head);
        let entity = tail.split_once(';').and_then(|(name, after)| {
            let character = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => {
                    let code = name.strip_prefix('#')?;
                    let code = match code.strip_prefix(['x', 'X']) {
                        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                        None => code.parse().ok()?,
                    };
                    char::from_u32(code)?
                }
            };
            Some((character, after))
        });
        rest = match entity {
            Some((character, after)) => {
                plain.push(character);
                after
            }
            None => {
                plain.push('&');
                tail
            }
        };
    }
    plain.push_str(rest);
    plain
}
