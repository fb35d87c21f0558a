//! Whether a change takes force from tests that were there.
//!
//! A test that is deleted, kept from running, or asserts less than before can no longer find what
//! it was written to find. What the tests expect may change: that is what tickets are for. Tests
//! may move, be renamed and be split; what they assert has to be somewhere in the change.

use std::collections::BTreeMap;

use crate::domain::path::RepoPath;
use crate::domain::verdict::{Finding, FindingKind, Severity};
use crate::inspect::blocks::{self, Assertion, Helper, Skip, TestBlock, Tests, squeezed};
use crate::inspect::lex::Language;
use crate::inspect::permit::Permission;
use crate::inspect::rules::Rule;
use crate::inspect::{Change, FileChange};
use crate::plan::edge_cases::is_test_file;

/// One file, read before and after.
struct File<'a> {
    path: &'a RepoPath,
    before: Tests,
    after: Tests,
    is_test: bool,
    exists: bool,
    existed: bool,
}

/// The findings about tests of a change.
pub(super) fn findings(change: &Change<'_>) -> Vec<Finding> {
    let files: Vec<File<'_>> = change
        .files
        .iter()
        .filter_map(|file| read(file, change.test_file_globs))
        .collect();
    let mut weakened = Weakened {
        permission: Permission::of(change.ticket),
        gained: Pool::gained(&files, |tests| Box::new(tests.assertions.iter())),
        gained_by_tests: Pool::gained(&files, |tests| {
            Box::new(tests.blocks.iter().flat_map(|test| &test.assertions))
        }),
        appeared: appeared(&files),
        helpers: files
            .iter()
            .filter(|file| file.is_test)
            .flat_map(|file| &file.after.helpers)
            .collect(),
        findings: Vec::new(),
    };
    for file in &files {
        weakened.file(file);
    }
    weakened.findings
}

fn read<'a>(change: &'a FileChange, globs: &[String]) -> Option<File<'a>> {
    let is_test = is_test_file(&change.path, globs);
    let tests = |text: Option<&String>| {
        text.map_or_else(
            || Some(Tests::default()),
            |text| blocks::read(&change.path, text, is_test),
        )
    };
    let (before, after) = match (tests(change.before.as_ref()), tests(change.after.as_ref())) {
        (Some(before), Some(after)) => (before, after),
        // A language nobody reads; that a test file is gone can be seen all the same.
        _ if is_test => (Tests::default(), Tests::default()),
        _ => return None,
    };
    Some(File {
        path: &change.path,
        before,
        after,
        is_test,
        exists: change.after.is_some(),
        existed: change.before.is_some(),
    })
}

/// How often each assertion is in the change's files now, less how often it was before.
struct Pool(BTreeMap<String, i64>);

impl Pool {
    fn gained(
        files: &[File<'_>],
        of: impl Fn(&Tests) -> Box<dyn Iterator<Item = &Assertion> + '_>,
    ) -> Self {
        let mut pool: BTreeMap<String, i64> = BTreeMap::new();
        for file in files {
            for assertion in of(&file.after) {
                *pool.entry(assertion.key.clone()).or_default() += 1;
            }
            for assertion in of(&file.before) {
                *pool.entry(assertion.key.clone()).or_default() -= 1;
            }
        }
        Self(pool)
    }

    /// Whether the assertion is there as often as before, wherever it was moved.
    fn has(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|n| *n >= 0)
    }
}

/// Tests that a file has after the change and did not have before.
fn appeared<'a>(files: &'a [File<'a>]) -> Vec<&'a TestBlock> {
    let new = |file: &'a File<'a>| {
        let known: Vec<&str> = file
            .before
            .blocks
            .iter()
            .map(|test| test.name.as_str())
            .collect();
        file.after
            .blocks
            .iter()
            .filter(move |test| !known.contains(&test.name.as_str()))
    };
    files.iter().flat_map(new).collect()
}

struct Weakened<'a> {
    permission: Permission,
    /// Of everything: what a test asserted may be in a helper now.
    gained: Pool,
    /// Of tests only: where a test is gone, a helper that nobody calls is no substitute.
    gained_by_tests: Pool,
    appeared: Vec<&'a TestBlock>,
    /// What tests may leave to others to assert.
    helpers: Vec<&'a Helper>,
    findings: Vec<Finding>,
}

impl Weakened<'_> {
    fn file(&mut self, file: &File<'_>) {
        let mut unmatched: Vec<&TestBlock> = file.after.blocks.iter().collect();
        let mut deleted = Vec::new();
        for before in &file.before.blocks {
            match unmatched.iter().position(|after| after.name == before.name) {
                Some(at) => self.test(file, before, unmatched.remove(at)),
                None => deleted.push(before),
            }
        }
        // A test that was renamed is compared with what it was.
        deleted.retain(|before| {
            let body = squeezed(&before.body);
            let same = |after: &&TestBlock| squeezed(&after.body) == body || alike(before, after);
            let Some(at) = unmatched.iter().position(same) else {
                return true;
            };
            self.test(file, before, unmatched.remove(at));
            false
        });
        for after in unmatched {
            self.new_test(file, after);
        }
        deleted.retain(|before| !self.moved(before));
        let cases = file
            .after
            .blocks
            .iter()
            .filter(|test| test.parameterised)
            .count()
            > file
                .before
                .blocks
                .iter()
                .filter(|test| test.parameterised)
                .count();
        if !file.exists && file.existed && file.is_test {
            self.deleted_file(file, &deleted);
        } else {
            for test in deleted {
                self.deleted(file, test, cases);
            }
        }
    }

    /// Whether a test of another file, or another name, has taken over.
    fn moved(&self, before: &TestBlock) -> bool {
        let body = squeezed(&before.body);
        let taken = |after: &&TestBlock| {
            squeezed(&after.body) == body
                || (after.own_name() == before.own_name() && alike(before, after))
        };
        let telling: Vec<&Assertion> = before.telling().collect();
        let kept = telling
            .iter()
            .filter(|a| self.gained_by_tests.has(&a.key))
            .count();
        self.appeared.iter().any(taken) || (!telling.is_empty() && kept * 10 >= telling.len() * 6)
    }

    fn deleted_file(&mut self, file: &File<'_>, deleted: &[&TestBlock]) {
        if deleted.is_empty() && !file.before.blocks.is_empty() {
            return;
        }
        let message = match deleted {
            // Not a language that is read, or nothing in it: worth a look.
            [] => "a test file was deleted".to_owned(),
            _ => {
                let names: Vec<_> = deleted
                    .iter()
                    .take(3)
                    .map(|test| format!("`{}`", cut(&test.name)))
                    .collect();
                let more = if deleted.len() > 3 { ", …" } else { "" };
                format!(
                    "a test file with {} tests was deleted: {}{more}",
                    deleted.len(),
                    names.join(", ")
                )
            }
        };
        let severity = if deleted.is_empty() {
            Severity::Medium
        } else {
            Severity::High
        };
        self.add(file, None, Rule::TestFileDeleted, severity, message);
    }

    fn deleted(&mut self, file: &File<'_>, test: &TestBlock, cases: bool) {
        // Nothing is lost with a test that could not fail.
        let idle = test.skipped == Some(Skip::Always) || test.tautological();
        let severity = if cases || idle || !test.may_throw {
            Severity::Medium
        } else {
            Severity::High
        };
        let hint = if cases {
            "; its cases may be in a table now"
        } else {
            ""
        };
        let message = format!("the test `{}` was deleted{hint}", cut(&test.name));
        self.add(file, Some(test), Rule::TestDeleted, severity, message);
    }

    /// A test that is still there.
    fn test(&mut self, file: &File<'_>, before: &TestBlock, after: &TestBlock) {
        let name = cut(&after.name);
        match (before.skipped, after.skipped) {
            (None | Some(Skip::Sometimes), Some(Skip::Always)) => {
                self.add(
                    file,
                    Some(after),
                    Rule::TestSkipped,
                    Severity::High,
                    format!("the test `{name}` no longer runs"),
                );
            }
            (None, Some(Skip::Sometimes)) => {
                let message = format!("the test `{name}` runs only under a condition now");
                self.add(
                    file,
                    Some(after),
                    Rule::TestSkipped,
                    Severity::Medium,
                    message,
                );
            }
            _ => {}
        }
        if after.focused && !before.focused {
            let message = format!("the test `{name}` is focused, so that no other runs");
            self.add(
                file,
                Some(after),
                Rule::TestFocused,
                Severity::High,
                message,
            );
        }
        if let (None, Some(hollow)) = (before.hollow, after.hollow) {
            let message = format!(
                "the test `{name}` can no longer fail: {}",
                hollow.describe()
            );
            self.add(
                file,
                Some(after),
                Rule::TestSwallowed,
                Severity::High,
                message,
            );
        }
        self.assertions(file, before, after);
        self.weaker(file, before, after);
    }

    fn assertions(&mut self, file: &File<'_>, before: &TestBlock, after: &TestBlock) {
        let had: Vec<&Assertion> = before.telling().collect();
        let mut has: Vec<&Assertion> = after.telling().collect();
        let mut lost = Vec::new();
        for assertion in &had {
            match has.iter().position(|other| other.key == assertion.key) {
                Some(at) => drop(has.remove(at)),
                None if self.gained.has(&assertion.key) => {}
                None => lost.push(*assertion),
            }
        }
        // As many as were rewritten are not missing.
        let missing = lost.len().saturating_sub(has.len());
        if missing == 0 || self.lent(file, before, after, &lost) >= missing {
            return;
        }
        let idle = after.assertions.iter().filter(|a| a.tautology).count()
            > before.assertions.iter().filter(|a| a.tautology).count();
        let clear = has.is_empty() || after.telling().next().is_none() || idle;
        let severity = if clear {
            Severity::High
        } else {
            Severity::Medium
        };
        let what = match lost.first() {
            Some(first) => format!(", such as `{}`", cut(&first.text)),
            None => String::new(),
        };
        let how = if idle {
            "replaced by ones that cannot fail"
        } else {
            "removed"
        };
        let message = format!(
            "{missing} of {} assertions of the test `{}` were {how}{what}",
            had.len(),
            cut(&after.name)
        );
        self.add(
            file,
            Some(after),
            Rule::AssertionsRemoved,
            severity,
            message,
        );
    }

    /// How many assertions a test makes by helpers that it did not make before. One that asks only
    /// that something is there is none, unless such are all that is missing.
    fn lent(
        &self,
        file: &File<'_>,
        before: &TestBlock,
        after: &TestBlock,
        lost: &[&Assertion],
    ) -> usize {
        let Some(language) = Language::of(file.path) else {
            return 0;
        };
        let weak = lost.iter().all(|assertion| assertion.weak);
        let lent = self.helpers.iter().map(|helper| {
            let was = helper.calls(&before.body, language);
            let calls = helper.calls(&after.body, language).saturating_sub(was);
            let counts = helper.assertions.iter().filter(|a| weak || !a.weak);
            calls * counts.count()
        });
        lent.sum()
    }

    /// An assertion about the same thing that asks for less.
    fn weaker(&mut self, file: &File<'_>, before: &TestBlock, after: &TestBlock) {
        let kept = |assertion: &&Assertion, others: &TestBlock| {
            others.assertions.iter().any(|a| a.key == assertion.key)
        };
        let gone: Vec<&Assertion> = before
            .telling()
            .filter(|a| !a.weak && !kept(a, after))
            .collect();
        let mut strong = after.telling().filter(|a| !a.weak && !kept(a, before));
        let weak: Vec<&Assertion> = after
            .telling()
            .filter(|a| a.weak && !kept(a, before))
            .collect();
        let Some((was, is)) = gone.iter().find_map(|was| {
            let about: Vec<&str> = was.subjects().collect();
            let same = |is: &&&Assertion| about.iter().any(|subject| is.key.contains(subject));
            Some((was, weak.iter().find(same)?))
        }) else {
            return;
        };
        if was
            .subjects()
            .any(|subject| strong.any(|a| a.key.contains(subject)))
        {
            return;
        }
        let message = format!(
            "the test `{}` asks for less: `{}` became `{}`",
            cut(&after.name),
            cut(&was.text),
            cut(&is.text)
        );
        self.add(
            file,
            Some(after),
            Rule::AssertionWeakened,
            Severity::High,
            message,
        );
    }

    fn new_test(&mut self, file: &File<'_>, test: &TestBlock) {
        let name = cut(&test.name);
        if test.focused {
            let message = format!("the new test `{name}` is focused, so that no other runs");
            self.add(file, Some(test), Rule::TestFocused, Severity::High, message);
        }
        if test.tautological() {
            let message =
                format!("the new test `{name}` cannot fail: all it asserts is always true");
            self.add(
                file,
                Some(test),
                Rule::NewTestTautological,
                Severity::High,
                message,
            );
        } else if let Some(hollow) = test.hollow {
            let message = format!("the new test `{name}` cannot fail: {}", hollow.describe());
            self.add(
                file,
                Some(test),
                Rule::TestSwallowed,
                Severity::High,
                message,
            );
        } else if test.skipped == Some(Skip::Always) {
            let message = format!("the new test `{name}` does not run");
            self.add(
                file,
                Some(test),
                Rule::TestSkipped,
                Severity::Medium,
                message,
            );
        } else if !test.may_throw {
            let message = format!("the new test `{name}` asserts nothing");
            self.add(
                file,
                Some(test),
                Rule::NewTestEmpty,
                Severity::Medium,
                message,
            );
        }
    }

    fn add(
        &mut self,
        file: &File<'_>,
        test: Option<&TestBlock>,
        rule: Rule,
        severity: Severity,
        message: String,
    ) {
        let permitted = self
            .permission
            .covers(file.path, test.map(TestBlock::own_name));
        let (severity, message) = match permitted {
            // A test that cannot fail is none, whatever the ticket asks to be removed.
            true if rule.is_permissible() => {
                (Severity::Low, format!("{message} (the ticket asks for it)"))
            }
            true | false => (severity, message),
        };
        // What is gone has no line any more.
        let stands = file.exists && rule != Rule::TestDeleted;
        let place = match test.filter(|_| stands) {
            Some(test) => format!("{}:{}", file.path, test.start_line),
            None => file.path.to_string(),
        };
        self.findings.push(Finding {
            severity,
            kind: FindingKind::TestsWeakened,
            message,
            place: Some(place),
        });
    }
}

/// Whether most of what one test asserts is asserted by the other.
fn alike(before: &TestBlock, after: &TestBlock) -> bool {
    let telling: Vec<&Assertion> = before.telling().collect();
    let kept = telling
        .iter()
        .filter(|a| after.assertions.iter().any(|b| b.key == a.key))
        .count();
    !telling.is_empty() && kept * 10 >= telling.len() * 6
}

/// Names and texts of a file go into messages cut short.
fn cut(text: &str) -> String {
    const MOST: usize = 100;
    let line = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('`', "'");
    match line.chars().count() {
        0..=MOST => line,
        _ => line.chars().take(MOST - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests;
