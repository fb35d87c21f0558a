//! The tests of a source, one by one: what each is called, what it asserts, and whether it runs.
//!
//! Each language has a table of heads, the things a test begins with. What lies between the
//! brackets (or in the indentation) after a head is its body. Heads nest: a `describe`, a class or
//! a module gives its tests a longer name, and silences them together.

mod assertions;
mod calls;
mod functions;
mod go;
mod helpers;
mod hollow;
mod indented;
mod shell;
mod tautology;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub(crate) use assertions::{Assertion, squeezed};
pub(crate) use helpers::Helper;

use crate::domain::path::RepoPath;
use crate::inspect::lex::{Language, Source};

/// Longer files have no tests: nobody writes them by hand, and reading them takes time.
const MAX_BYTES: usize = 1024 * 1024;

/// One test of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestBlock {
    /// Its name after the names of what it is in, joined by ` > `.
    pub(crate) name: String,
    /// The line on which it begins, from 1.
    pub(crate) start_line: u32,
    /// What it consists of, without comments.
    pub(crate) body: String,
    /// Whether it is kept from running.
    pub(crate) skipped: Option<Skip>,
    /// Whether it keeps all others from running.
    pub(crate) focused: bool,
    /// Whether it is one text for many cases.
    pub(crate) parameterised: bool,
    /// What it asserts, in order.
    pub(crate) assertions: Vec<Assertion>,
    /// Why its assertions have no force.
    pub(crate) hollow: Option<Hollow>,
    /// Whether it can fail by other means than assertions: a panic, a thrown error.
    pub(crate) may_throw: bool,
}

impl TestBlock {
    /// The part of the name that is its own.
    pub(crate) fn own_name(&self) -> &str {
        self.name.rsplit(" > ").next().unwrap_or(&self.name)
    }

    /// Whether it has assertions and none of them can fail.
    pub(crate) fn tautological(&self) -> bool {
        !self.assertions.is_empty() && self.assertions.iter().all(|a| a.tautology)
    }

    /// The assertions that can fail.
    pub(crate) fn telling(&self) -> impl Iterator<Item = &Assertion> {
        self.assertions.iter().filter(|a| !a.tautology)
    }
}

/// How surely a test is kept from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Skip {
    /// On some machines, or under some condition.
    Sometimes,
    /// Always, or its failure is the expected result.
    Always,
}

/// Why what a test asserts does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hollow {
    /// It returns before it does anything.
    ReturnsFirst,
    /// It catches what its assertions throw and does nothing about it.
    SwallowsErrors,
    /// Each of its assertions is followed by something that succeeds.
    IgnoresStatus,
}

impl Hollow {
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::ReturnsFirst => "it returns before it does anything",
            Self::SwallowsErrors => {
                "it catches what its assertions throw and does nothing about it"
            }
            Self::IgnoresStatus => "it goes on when its assertions fail (`|| true`)",
        }
    }
}

/// The tests of a source and everything it asserts, in tests or outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tests {
    pub(crate) blocks: Vec<TestBlock>,
    pub(crate) assertions: Vec<Assertion>,
    /// The code outside of tests, without comments: imports and helpers.
    pub(crate) outside: String,
    /// The functions outside of tests that assert something.
    pub(crate) helpers: Vec<Helper>,
}

/// Reads the tests of a file; `None` if its language is unknown.
///
/// `is_test` says whether its name is one of a test: in a shell script, only that tells.
pub(crate) fn read(path: &RepoPath, text: &str, is_test: bool) -> Option<Tests> {
    let language = Language::of(path)?;
    if text.len() > MAX_BYTES {
        return Some(Tests::default());
    }
    let source = Source::new(text, language);
    let mut heads = match language {
        Language::Script => calls::script(&source),
        Language::Rust => functions::rust(&source),
        Language::Python => indented::python(&source),
        Language::Go if path.file_name().ends_with("_test.go") => go::heads(&source),
        Language::Go => Vec::new(),
        Language::Shell => {
            let bats = path.file_name().ends_with(".bats");
            shell::heads(&source, is_test && !bats)
        }
        Language::Jvm => functions::jvm(&source),
        Language::Ruby => indented::ruby(&source),
        Language::Php => functions::php(&source, calls::php(&source)),
    };
    heads.sort_by_key(|head| (head.at, std::cmp::Reverse(head.body.end)));
    Some(assemble(&source, language, &shallow(heads)))
}

/// Without those that nest deeper than anybody writes: bodies are kept whole at every level.
fn shallow(heads: Vec<Head>) -> Vec<Head> {
    const DEEPEST: usize = 12;
    let mut open: Vec<usize> = Vec::new();
    let mut kept = Vec::new();
    for head in heads {
        open.retain(|end| *end > head.at);
        if open.len() < DEEPEST {
            open.push(head.body.end);
            kept.push(head);
        }
    }
    kept
}

/// Where a test, or a group of tests, begins, and what its head says.
#[derive(Clone, Debug)]
struct Head {
    name: String,
    at: usize,
    body: Range<usize>,
    group: bool,
    skip: Option<Skip>,
    focused: bool,
    parameterised: bool,
}

impl Head {
    fn test(name: impl Into<String>, at: usize, body: Range<usize>) -> Self {
        Self {
            name: name.into(),
            at,
            body,
            group: false,
            skip: None,
            focused: false,
            parameterised: false,
        }
    }
}

/// Heads, in order, with what their bodies hold. What stands in several belongs to the innermost.
fn assemble(source: &Source<'_>, language: Language, heads: &[Head]) -> Tests {
    let parents = parents(heads);
    let assertions = assertions::find(source, language);
    let innermost = |at: usize| {
        let before = heads.partition_point(|head| head.at <= at).checked_sub(1);
        let holds = |index: &usize| heads[*index].at <= at && at < heads[*index].body.end;
        std::iter::successors(before, |index| parents[*index]).find(holds)
    };
    let mut own: Vec<Vec<Assertion>> = vec![Vec::new(); heads.len()];
    for (at, assertion) in &assertions {
        if let Some(head) = innermost(*at) {
            own[head].push(assertion.clone());
        }
    }
    let mut skips: Vec<Option<Skip>> = heads.iter().map(|head| head.skip).collect();
    for (at, skip) in hollow::skips(source, language) {
        match innermost(at) {
            Some(head) => {
                let degree = hollow::degree(source, &heads[head], at).min(skip);
                skips[head] = skips[head].max(Some(degree));
            }
            // Outside of every test it silences the file.
            None => skips
                .iter_mut()
                .for_each(|each| *each = (*each).max(Some(skip))),
        }
    }
    let mut blocks = Vec::new();
    for (index, head) in heads.iter().enumerate().filter(|(_, head)| !head.group) {
        let lineage: Vec<usize> =
            std::iter::successors(Some(index), |index| parents[*index]).collect();
        let names = lineage
            .iter()
            .rev()
            .map(|index| heads[*index].name.as_str());
        let assertions = std::mem::take(&mut own[index]);
        blocks.push(TestBlock {
            name: names.collect::<Vec<_>>().join(" > "),
            start_line: source.line_of(head.at),
            body: source.plain[head.body.clone()].to_owned(),
            skipped: lineage.iter().filter_map(|index| skips[*index]).max(),
            focused: lineage.iter().any(|index| heads[*index].focused),
            parameterised: lineage.iter().any(|index| heads[*index].parameterised),
            hollow: hollow::find(source, language, &head.body),
            may_throw: hollow::may_throw(source, language, head, &assertions),
            assertions,
        });
    }
    Tests {
        helpers: helpers::find(source, language, heads, &assertions),
        blocks,
        assertions: assertions
            .into_iter()
            .map(|(_, assertion)| assertion)
            .collect(),
        outside: outside(source, heads),
    }
}

/// The head that each head lies in.
fn parents(heads: &[Head]) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut parents = Vec::with_capacity(heads.len());
    for (index, head) in heads.iter().enumerate() {
        while open
            .last()
            .is_some_and(|last| heads[*last].body.end <= head.at)
        {
            open.pop();
        }
        parents.push(open.last().copied());
        open.push(index);
    }
    parents
}

fn outside(source: &Source<'_>, heads: &[Head]) -> String {
    let mut text = String::new();
    let mut at = 0;
    for head in heads.iter().filter(|head| !head.group) {
        if head.at > at {
            text.push_str(&source.plain[at..head.at]);
            text.push('\n');
        }
        at = at.max(head.body.end);
    }
    text.push_str(source.plain.get(at..).unwrap_or_default());
    text
}
