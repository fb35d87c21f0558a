//! From a YAML tree to known keys with legal values.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::fault::{Fault, Issue, Source};
use crate::config::keys::{self, Field};
use crate::config::yaml::{Data, Node};
use crate::domain::agent::is_too_weak;
use crate::domain::command::CommandLine;
use crate::domain::config::SprintConfig;
use crate::domain::ticket::TicketStatus;
use crate::id::{BranchName, ProblemId};

/// The settings of one source: any part of a configuration, each value legal by itself.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: BTreeMap<&'static str, Node>,
}

impl Settings {
    /// The keys that are set, with dots between levels.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.values.keys().copied()
    }

    /// Takes over everything that `other` sets.
    pub(super) fn override_with(&mut self, other: Self) {
        self.values.extend(other.values);
    }

    /// Puts every setting into `config`.
    pub(super) fn apply_to(&self, config: &mut SprintConfig) -> Result<(), Issue> {
        for (key, node) in &self.values {
            if let Some((_, field)) = keys::field(key) {
                apply(field, node, config)
                    .map_err(|fault| Issue::of_key(Some(node.line), key, fault))?;
            }
        }
        Ok(())
    }
}

/// What became of one source.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) settings: Settings,
    pub(super) errors: Vec<Issue>,
    pub(super) warnings: Vec<Issue>,
}

impl Decoded {
    /// Marks where everything found was written.
    pub(super) fn from(mut self, source: Source) -> Self {
        for issue in self.errors.iter_mut().chain(&mut self.warnings) {
            issue.source = Some(source);
        }
        self
    }
}

/// Reads the tree, with the section of `problem` over the general part.
pub(super) fn decode(root: Option<&Node>, problem: Option<&ProblemId>) -> Decoded {
    let mut reader = Reader {
        decoded: Decoded::default(),
        scratch: scratch(),
        problem,
        section: Settings::default(),
    };
    if let Some(root) = root.filter(|root| !root.is_null()) {
        match &root.data {
            Data::Map(entries) => reader.level("", Place::Top, entries),
            Data::Scalar { .. } | Data::List(_) => reader
                .decoded
                .errors
                .push(Issue::at(root.line, wrong("keys and values", root))),
        }
    }
    let section = std::mem::take(&mut reader.section);
    reader.decoded.settings.override_with(section);
    reader.decoded
}

/// Values are tried on this one before they count as legal.
pub(super) fn scratch() -> SprintConfig {
    let name = BranchName::new("unset").expect("a plain word is a branch name");
    SprintConfig::new(name, BTreeMap::new())
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Settings for every problem.
    Top,
    /// Settings of the problem of this sprint.
    OurProblem,
    /// Settings of another problem: they must be legal and are not used.
    OtherProblem,
}

struct Reader<'a> {
    decoded: Decoded,
    scratch: SprintConfig,
    problem: Option<&'a ProblemId>,
    section: Settings,
}

impl Reader<'_> {
    fn level(&mut self, prefix: &str, place: Place, entries: &[(Node, Node)]) {
        let mut seen = BTreeSet::new();
        for (key, value) in entries {
            let Data::Scalar { text, .. } = &key.data else {
                let fault = wrong("a key", key);
                self.decoded.errors.push(Issue::at(key.line, fault));
                continue;
            };
            let name = text.trim().to_ascii_lowercase();
            let path = match prefix {
                "" => name,
                _ => format!("{prefix}.{name}"),
            };
            if seen.insert(path.clone()) {
                self.entry(&path, place, key.line, value);
            } else {
                self.error(key.line, &path, Fault::Twice);
            }
        }
    }

    fn entry(&mut self, path: &str, place: Place, line: u32, value: &Node) {
        if path == keys::PROBLEMS && place == Place::Top {
            self.problems(value);
        } else if let Some((key, field)) = keys::field(path) {
            self.leaf(key, field, place, line, value);
        } else if keys::is_group(path) {
            match &value.data {
                Data::Map(entries) => self.level(path, place, entries),
                Data::Scalar { .. } | Data::List(_) if value.is_null() => {}
                Data::Scalar { .. } | Data::List(_) => {
                    self.error(line, path, wrong("keys and values", value));
                }
            }
        } else {
            let nearest = keys::nearest(path).map(str::to_owned);
            let shown: String = path.chars().take(60).collect();
            let issue = Issue::of_key(Some(line), &shown, Fault::UnknownKey { nearest });
            self.decoded.warnings.push(issue);
        }
    }

    fn leaf(&mut self, key: &'static str, field: Field, place: Place, line: u32, value: &Node) {
        if value.is_null() && !matches!(field, Field::Planning) {
            if keys::REQUIRED.contains(&key) {
                self.error(line, key, Fault::Missing);
            }
            return;
        }
        if let Err(fault) = apply(field, value, &mut self.scratch) {
            return self.error(line, key, fault);
        }
        let settings = match place {
            Place::Top => &mut self.decoded.settings,
            Place::OurProblem => &mut self.section,
            Place::OtherProblem => return,
        };
        // The same leaf can be written as `group: {leaf: ..}` and as `group.leaf: ..`.
        if settings.values.insert(key, value.clone()).is_some() {
            self.error(line, key, Fault::Twice);
        }
    }

    fn problems(&mut self, value: &Node) {
        let Data::Map(problems) = &value.data else {
            if !value.is_null() {
                self.error(value.line, keys::PROBLEMS, wrong("keys and values", value));
            }
            return;
        };
        for (key, value) in problems {
            let id = match &key.data {
                Data::Scalar { text, .. } => ProblemId::new(text).map_err(Fault::from),
                Data::List(_) | Data::Map(_) => Err(wrong("a problem id", key)),
            };
            let id = match id {
                Ok(id) => id,
                Err(fault) => {
                    self.error(key.line, keys::PROBLEMS, fault);
                    continue;
                }
            };
            let place = if self.problem == Some(&id) {
                Place::OurProblem
            } else {
                Place::OtherProblem
            };
            match &value.data {
                Data::Map(entries) => self.level("", place, entries),
                Data::Scalar { .. } | Data::List(_) if value.is_null() => {}
                Data::Scalar { .. } | Data::List(_) => {
                    self.error(key.line, keys::PROBLEMS, wrong("keys and values", value));
                }
            }
        }
    }

    fn error(&mut self, line: u32, key: &str, fault: Fault) {
        let issue = Issue::of_key(Some(line), key, fault);
        self.decoded.errors.push(issue);
    }
}

/// Checks the value and puts it into `config`.
fn apply(field: Field, node: &Node, config: &mut SprintConfig) -> Result<(), Fault> {
    match field {
        Field::Branch(set) => set(config, BranchName::new(text(node, "a branch name")?)?),
        Field::Command(set) => set(config, command(text(node, "a command")?)?),
        Field::CommandOrNone(set) => {
            let text = text(node, "a command or none")?.trim();
            let off = text.is_empty() || text.eq_ignore_ascii_case("none");
            set(config, (!off).then(|| text.to_owned()));
        }
        Field::Text(set) => set(config, filled(node)?.to_owned()),
        Field::Path(set) => set(config, path(filled(node)?)?),
        Field::Prefix(set) => set(config, prefix(text(node, "text")?)?),
        Field::Model(set) => set(config, model(filled(node)?)?),
        Field::Switch(set) => set(config, switch(node)?),
        Field::Number(min, max, set) => set(config, number(node, min, max)?),
        Field::Texts(set) => set(config, texts(node)?),
        Field::Statuses(set) => set(config, statuses(node)?),
        Field::Word(allowed, set) => {
            let word = text(node, allowed)?;
            if !set(config, word.trim()) {
                let found = cut(word);
                return Err(Fault::NotAmong { allowed, found });
            }
        }
        Field::AlwaysOn => {
            if !switch(node)? {
                return Err(Fault::VerificationOff);
            }
        }
        Field::Planning => return Err(Fault::PlanningKey),
    }
    Ok(())
}

/// Any scalar is a text: `build_cmd: true` means the command `true`.
fn text<'a>(node: &'a Node, expected: &'static str) -> Result<&'a str, Fault> {
    match &node.data {
        Data::Scalar { text, .. } => Ok(text),
        Data::List(_) | Data::Map(_) => Err(wrong(expected, node)),
    }
}

fn filled(node: &Node) -> Result<&str, Fault> {
    let text = text(node, "text")?.trim();
    if text.is_empty() {
        return Err(Fault::Missing);
    }
    Ok(text)
}

fn command(text: &str) -> Result<CommandLine, Fault> {
    if text.contains('\0') {
        let found = "text with a NUL byte".to_owned();
        let expected = "a command";
        return Err(Fault::WrongType { expected, found });
    }
    CommandLine::new(text).ok_or(Fault::EmptyCommand)
}

fn path(text: &str) -> Result<String, Fault> {
    let outside = text.starts_with(['/', '~'])
        || text.contains('\\')
        || text.chars().any(char::is_control)
        || text.split('/').any(|part| part == "..");
    if outside {
        return Err(Fault::OutsidePath(cut(text)));
    }
    Ok(text.to_owned())
}

fn prefix(text: &str) -> Result<String, Fault> {
    let trimmed = text.trim();
    let printable = !trimmed.is_empty() && !trimmed.chars().any(char::is_control);
    if printable && trimmed.chars().count() <= 40 {
        Ok(trimmed.to_owned())
    } else {
        Err(Fault::BadPrefix(cut(text)))
    }
}

fn model(text: &str) -> Result<String, Fault> {
    if is_too_weak(text) {
        return Err(Fault::WeakModel(cut(text)));
    }
    Ok(text.to_owned())
}

fn switch(node: &Node) -> Result<bool, Fault> {
    if let Data::Scalar { text, plain: true } = &node.data {
        match text.as_str() {
            "true" | "True" | "TRUE" => return Ok(true),
            "false" | "False" | "FALSE" => return Ok(false),
            _ => {}
        }
    }
    Err(wrong("true or false", node))
}

fn number(node: &Node, min: u64, max: u64) -> Result<u64, Fault> {
    let expected = "a whole number";
    let Data::Scalar { text, plain: true } = &node.data else {
        return Err(wrong(expected, node));
    };
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong(expected, node));
    }
    match text.parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        Ok(_) | Err(_) => Err(Fault::OutOfRange {
            min,
            max,
            found: cut(text),
        }),
    }
}

fn texts(node: &Node) -> Result<Vec<String>, Fault> {
    let expected = "a list of texts";
    let Data::List(items) = &node.data else {
        return Err(wrong(expected, node));
    };
    items
        .iter()
        .map(|item| text(item, expected).map(str::to_owned))
        .collect()
}

fn statuses(node: &Node) -> Result<BTreeSet<TicketStatus>, Fault> {
    let names = texts(node)?;
    if names.is_empty() {
        return Err(Fault::EmptyList);
    }
    let parse = |name: &String| {
        TicketStatus::parse(name).ok_or_else(|| Fault::NotAmong {
            allowed: "Todo, In Progress, Done, Cancelled",
            found: cut(name),
        })
    };
    names.iter().map(parse).collect()
}

fn wrong(expected: &'static str, node: &Node) -> Fault {
    let found = match &node.data {
        Data::Scalar { text, plain: true } => format!("{:?}", cut(text)),
        Data::Scalar { text, plain: false } => format!("the text {:?}", cut(text)),
        Data::List(_) => "a list".to_owned(),
        Data::Map(_) => "keys and values".to_owned(),
    };
    Fault::WrongType { expected, found }
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
impl Settings {
    /// The same without one key.
    pub(super) fn without(&self, key: &str) -> Self {
        let mut other = self.clone();
        other.values.remove(key);
        other
    }
}
