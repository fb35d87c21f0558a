//! Names of test data that two tickets made up independently.
//!
//! Two tickets that both seed a `test-user` pass alone and fail together. A *fixture name* is a
//! word such as `test-user`, `mock_db` or `seed-42` in a line that a ticket adds to a test file;
//! a word is a run of letters, digits, `-` and `_`, in a string or outside. Names that the same
//! files have already are shared helpers and mean nothing.
//!
//! Runners ask for test functions to be called `test_…`, and no two of those meet outside of
//! their file. So the name that a line defines (`fn`, `def`, `func` or `function test_…`) and the
//! names of modules in `mod`, `use`, `import` and `from` lines are no fixtures. In strings, and
//! everywhere else, the same word counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::path::RepoPath;
use crate::domain::workspace::AddedLine;
use crate::id::TicketId;
use crate::plan::edge_cases::is_test_file;

/// Two tickets that made up the same names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collision {
    /// The ticket that is merged first.
    pub earlier: TicketId,
    /// The one that is merged later, whose names should change.
    pub later: TicketId,
    /// What both call their fixtures.
    pub names: BTreeSet<String>,
}

/// The fixture names in the lines that a ticket adds to test files, without those that `before`
/// has: the texts of these files where the ticket's own changes begin.
pub fn names<'a>(
    added: &[AddedLine],
    test_file_globs: &[String],
    before: impl IntoIterator<Item = &'a str>,
) -> BTreeSet<String> {
    let mut is_test: BTreeMap<&RepoPath, bool> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for line in added {
        let tests = is_test
            .entry(&line.path)
            .or_insert_with(|| is_test_file(&line.path, test_file_globs));
        if *tests {
            names.extend(names_in(&line.text).map(str::to_owned));
        }
    }
    for name in before.into_iter().flat_map(str::lines).flat_map(names_in) {
        names.remove(name);
    }
    names
}

/// Where the tickets collide. `tickets` come in merge order, each with its [`names`].
///
/// Goes by name rather than by pair, so it takes time for what is found, not for all pairs.
pub fn collisions<'a>(
    tickets: impl IntoIterator<Item = (&'a TicketId, &'a BTreeSet<String>)>,
) -> Vec<Collision> {
    let mut order = Vec::new();
    let mut users: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, (ticket, names)) in tickets.into_iter().enumerate() {
        order.push(ticket);
        for name in names {
            users.entry(name).or_default().push(place);
        }
    }
    let mut found: BTreeMap<(usize, usize), BTreeSet<String>> = BTreeMap::new();
    users.retain(|_, users| users.len() > 1);
    for (name, users) in users {
        for (at, earlier) in users.iter().enumerate() {
            for later in &users[at + 1..] {
                let names = found.entry((*earlier, *later)).or_default();
                names.insert(name.to_owned());
            }
        }
    }
    let collision = |((earlier, later), names): ((usize, usize), _)| Collision {
        earlier: order[earlier].clone(),
        later: order[later].clone(),
        names,
    };
    found.into_iter().map(collision).collect()
}

/// The fixture names in one line.
fn names_in(line: &str) -> impl Iterator<Item = &str> {
    /// What stands before a name that is defined, not used.
    const DEFINES: &[&str] = &["fn", "def", "func", "function"];
    /// What a line with names of modules begins with.
    const MODULES: &[&str] = &["mod", "pub", "use", "import", "from"];
    let first = words(line).next().map_or("", |(_, word)| word);
    let names_modules = MODULES.contains(&first);
    let mut before = "";
    words(line).filter_map(move |(at, word)| {
        let defined = DEFINES.contains(&before);
        before = word;
        let quoted = line[..at]
            .chars()
            .filter(|c| matches!(c, '"' | '\'' | '`'))
            .count()
            % 2
            == 1;
        let code = !quoted && (defined || names_modules);
        (!code && is_fixture(word)).then_some(word)
    })
}

/// Whether a word is one of the four prefixes, a separator and something after it.
fn is_fixture(word: &str) -> bool {
    let rest = ["test", "mock", "fixture", "seed"]
        .into_iter()
        .find_map(|prefix| word.strip_prefix(prefix));
    let name = rest.and_then(|rest| rest.strip_prefix(['-', '_']));
    name.is_some_and(|name| name.contains(|c: char| c.is_ascii_alphanumeric()))
}

/// The words of a line, and where they begin.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let mut at = 0;
    line.split(move |c: char| !part(c)).filter_map(move |word| {
        let start = at;
        // The separator, whatever its length.
        at += word.len()
            + line[start + word.len()..]
                .chars()
                .next()
                .map_or(0, char::len_utf8);
        let word = word.trim_end_matches('-');
        (!word.is_empty()).then_some((start, word))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names_of(lines: &[(&str, &str)]) -> Vec<String> {
        let added = lines.iter().map(|(path, text)| AddedLine {
            path: RepoPath::from(*path),
            line: 1,
            text: (*text).to_owned(),
        });
        let globs = ["*.test.*".to_owned(), "tests/*".to_owned()];
        names(&added.collect::<Vec<_>>(), &globs, ["seed('test-helper')"])
            .into_iter()
            .collect()
    }

    #[test]
    fn names_in_lines_of_tests() {
        let table: &[(&str, &[&str])] = &[
            (
                "const u = { id: 'test-user', db: `mock_db` };",
                &["mock_db", "test-user"],
            ),
            ("seed_users = [\"fixture-7\"]", &["fixture-7", "seed_users"]),
            ("insert(\"test-user@example.org\")", &["test-user"]),
            ("é 'seed-é' 'seed-1'", &["seed-1"]),
            // Part of a longer word, or no name after it.
            (
                "latest-news contest_1 pretest-a test- mock_ test testing mockery",
                &[],
            ),
            // The file has it already.
            ("seed('test-helper', 'test-user')", &["test-user"]),
            // Names of tests.
            ("fn test_adds_two() {", &[]),
            ("    async def test_adds_two(seed_db):", &["seed_db"]),
            ("pub(crate) fn mock_server() {", &[]),
            ("func test_x(t *testing.T) {", &[]),
            ("it('test_adds_two', () => {", &["test_adds_two"]),
            // Modules.
            ("mod test_support;", &[]),
            ("from tests.mock_server import mock_server", &[]),
            ("import x from './test-utils'", &["test-utils"]),
            ("use crate::test_support::seed_db;", &[]),
        ];
        for (line, expected) in table {
            assert_eq!(names_of(&[("tests/a.rs", line)]), *expected, "{line}");
        }
    }

    #[test]
    fn only_test_files_are_searched() {
        let line = "id = 'test-user'";
        assert_eq!(names_of(&[("src/a.ts", line)]), Vec::<String>::new());
        assert_eq!(
            names_of(&[("src/a.test.ts", line), ("src/b.ts", "'mock-x'")]),
            ["test-user"]
        );
    }

    #[test]
    fn later_means_later_in_merge_order() {
        let id = |n: u32| TicketId::new(format!("A-{n}")).unwrap();
        let set = |names: &[&str]| {
            names
                .iter()
                .map(|n| (*n).to_owned())
                .collect::<BTreeSet<_>>()
        };
        let tickets = [
            (id(3), set(&["test-user", "mock-db", "seed-1"])),
            (id(1), set(&["test-user", "seed-1", "test-own"])),
            (id(2), set(&["mock-db", "test-other"])),
        ];
        let found = collisions(tickets.iter().map(|(id, names)| (id, names)));
        let expected = [
            Collision {
                earlier: id(3),
                later: id(1),
                names: set(&["test-user", "seed-1"]),
            },
            Collision {
                earlier: id(3),
                later: id(2),
                names: set(&["mock-db"]),
            },
        ];
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn any_line_can_be_searched(line in "([\"'-]|test-|seed_|fn |use |\\PC){0,12}") {
            for name in names_in(&line) {
                prop_assert!(line.contains(name) && is_fixture(name));
            }
        }
    }
}
