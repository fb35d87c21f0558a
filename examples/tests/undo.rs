//! `sprint revert` and `sprint reland` on a real repository.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::Path;

use support::{git, sprint};

fn tree(dir: &Path) -> String {
    git(dir, &["rev-parse", "HEAD^{tree}"])
}

/// The ticket of the demo that was merged last: nothing builds on it.
fn last_merged(dir: &Path) -> String {
    let subject = git(dir, &["log", "-1", "--first-parent", "--format=%s"]);
    let (_, id) = subject.rsplit_once('(').unwrap();
    id.trim_end_matches(')').to_owned()
}

#[test]
fn a_ticket_of_the_demo_is_taken_back_and_lands_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    sprint(folder.path(), &["demo", "--dir", dir.to_str().unwrap()]);
    let (with, id) = (tree(&dir), last_merged(&dir));
    let before = git(&dir, &["rev-parse", "HEAD^1^{tree}"]);

    let done = sprint(&dir, &["revert", &id]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(tree(&dir), before);
    assert_eq!(git(&dir, &["status", "--porcelain", "-uno"]), "");
    let again = sprint(&dir, &["revert", &id]);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    assert_eq!(tree(&dir), before);

    let done = sprint(&dir, &["reland", &id]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(tree(&dir), with);
    let subjects = git(&dir, &["log", "-2", "--first-parent", "--format=%s"]);
    let kinds: Vec<_> = subjects
        .lines()
        .filter_map(|line| line.split(':').next())
        .collect();
    assert_eq!(kinds, ["reland", "revert"]);

    let unknown = sprint(&dir, &["revert", "NOBODY-1"]);
    assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");
}
