//! What a ticket itself asks to be taken out of the tests.
//!
//! Only the ticket speaks here: what an agent writes permits nothing.

use crate::domain::path::RepoPath;
use crate::domain::ticket::Ticket;
use crate::inspect::lex::words;

/// The label that permits every change to tests.
const TESTS_MAY_CHANGE: &str = "tests-may-change";

/// Beginnings of words that ask for something to go.
const REMOVALS: &[&str] = &[
    "remov", "delet", "drop", "replac", "renam", "rewr", "skip", "disabl", "obsolet",
];

/// Words that turn a line into its opposite. With one of them it permits nothing.
const NEGATIONS: &[&str] = &[
    "not", "don", "dont", "never", "without", "keep", "no", "must", "cannot",
];

/// The lines of a ticket that ask for a removal.
pub(super) struct Permission {
    everything: bool,
    lines: Vec<String>,
}

impl Permission {
    pub(super) fn of(ticket: &Ticket) -> Self {
        let lines = std::iter::once(ticket.title.as_str()).chain(ticket.body.lines());
        let everything = ticket
            .labels
            .iter()
            .any(|label| label.eq_ignore_ascii_case(TESTS_MAY_CHANGE));
        Self {
            everything,
            lines: lines.map(str::to_lowercase).collect(),
        }
    }

    /// Whether the ticket asks for this test, or for its whole file, to go.
    pub(super) fn covers(&self, path: &RepoPath, test: Option<&str>) -> bool {
        self.everything || self.lines.iter().any(|line| asks(line, path, test))
    }

    /// Whether the ticket speaks of this file at all: then somebody expects it to change.
    pub(super) fn names(&self, path: &RepoPath) -> bool {
        let full = path.as_str().to_lowercase();
        let names = [format!("./{full}"), path.file_name().to_lowercase(), full];
        let named = |line: &String| names.iter().any(|name| without(line, name).is_some());
        self.everything || self.lines.iter().any(named)
    }
}

/// Whether a line names the test, its file or its directory, and asks for a removal.
fn asks(line: &str, path: &RepoPath, test: Option<&str>) -> bool {
    let full = path.as_str().to_lowercase();
    let name = path.file_name().to_lowercase();
    let mut names = vec![full.clone(), name];
    names.extend(test.map(str::to_lowercase).filter(|test| test.len() > 3));
    // A directory counts only if it is written as one.
    let mut parent = path.parent();
    while let Some(directory) = parent {
        let directory_name = directory.as_str().to_lowercase();
        names.push(format!("{directory_name}/ "));
        names.push(format!("{directory_name}/`"));
        names.push(format!("`{directory_name}`"));
        parent = directory.parent();
    }
    let line = format!("{line} ");
    names.iter().any(|name| {
        let Some(rest) = without(&line, name) else {
            return false;
        };
        let mut removal = false;
        for (_, word) in words(&rest) {
            if NEGATIONS.contains(&word) {
                return false;
            }
            removal |= REMOVALS.iter().any(|start| word.starts_with(start));
        }
        removal
    })
}

/// The line without a name that stands in it by itself; a test's name may hold any word.
fn without(line: &str, name: &str) -> Option<String> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
    let (at, _) = line.match_indices(name).find(|(at, _)| {
        let before = line[..*at].chars().next_back();
        let after = line[*at + name.len()..].chars().next();
        !before.is_some_and(part) && (!after.is_some_and(part) || name.ends_with([' ', '`']))
    })?;
    Some(format!("{} {}", &line[..at], &line[at + name.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;

    fn covers(body: &str, test: Option<&str>) -> bool {
        let mut ticket = fixture::tickets("T").remove(0);
        ticket.body = body.to_owned();
        Permission::of(&ticket).covers(&RepoPath::from("tests/legacy/old.test.ts"), test)
    }

    #[test]
    fn a_line_permits_what_it_names() {
        for body in [
            "- Delete `tests/legacy/old.test.ts`",
            "old.test.ts is obsolete",
            "Everything in tests/legacy/ can be removed",
            "Drop `tests/legacy`",
            "- [ ] rewrite the test `reads blank lines`",
            "Rename \"Reads Blank Lines\".",
        ] {
            assert!(covers(body, Some("reads blank lines")), "{body}");
        }
        for body in [
            "",
            "Remove the old parser",
            "Delete legacy things",
            "Look at tests/legacy/old.test.ts\nand remove what is not needed",
            "Do not delete tests/legacy/old.test.ts",
            "tests/legacy/old.test.ts must pass after you replace the parser",
            "Delete tests/legacy/old.test.tsx",
            "Remove mold.test.ts",
            "The test `skips blank lines` passes",
            "Drop it",
        ] {
            assert!(!covers(body, Some("skips blank lines")), "{body}");
        }
        assert!(!covers("Remove x", Some("x")), "too short to be a name");
    }

    #[test]
    fn a_file_is_named_by_itself() {
        let mut ticket = fixture::tickets("T").remove(0);
        let mut names = |body: &str| {
            body.clone_into(&mut ticket.body);
            Permission::of(&ticket).names(&RepoPath::from("scripts/check.sh"))
        };
        for body in [
            "- `scripts/check.sh`: modify",
            "Run ./scripts/check.sh.",
            "Not Check.sh",
        ] {
            assert!(names(body), "{body}");
        }
        for body in ["", "check", "other/check.sh", "recheck.sh", "check.sha"] {
            assert!(!names(body), "{body}");
        }
    }

    #[test]
    fn a_label_permits_everything() {
        let mut ticket = fixture::tickets("T").remove(0);
        ticket.labels = vec!["Tests-May-Change".into()];
        assert!(Permission::of(&ticket).covers(&RepoPath::from("a"), None));
    }
}
