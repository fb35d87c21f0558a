//! `sprint verify` on a real sprint: evidence that holds, and everything that can happen to it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use support::{git, sprint};

/// A finished demo.
struct Demo {
    _folder: TempDir,
    dir: PathBuf,
}

impl Demo {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("demo");
        sprint(folder.path(), &["demo", "--dir", dir.to_str().unwrap()]);
        Self {
            _folder: folder,
            dir,
        }
    }

    /// The exit code, and the documents for tools: one per ticket, then the summary.
    fn verify(&self, tickets: &[&str]) -> (Option<i32>, Vec<Value>) {
        let args = [&["--json", "verify"], tickets].concat();
        let output = sprint(&self.dir, &args);
        let text = String::from_utf8(output.stdout).unwrap();
        let documents = text.lines().map(|line| serde_json::from_str(line).unwrap());
        (output.status.code(), documents.collect())
    }

    /// Whether and why a ticket's evidence holds; the exit code has to agree.
    fn status(&self, ticket: &str) -> String {
        let (code, documents) = self.verify(&[ticket]);
        let [document, summary] = documents.as_slice() else {
            panic!("{documents:?}");
        };
        let status = document["status"].as_str().unwrap();
        assert_eq!(summary["summary"][status.to_lowercase()], 1);
        assert_eq!(code, Some(if status == "VALID" { 0 } else { 3 }));
        let text = sprint(&self.dir, &["verify", ticket]);
        assert_eq!(text.status.code(), code);
        let text = String::from_utf8(text.stdout).unwrap();
        let why = document["why"].as_str().unwrap();
        assert!(text.starts_with(&format!("{ticket}  {status}  {why}\n")));
        let remarks = document["remarks"].as_array().unwrap();
        let remarks = remarks.iter().map(|remark| remark.as_str().unwrap());
        let all: Vec<_> = [status, why].into_iter().chain(remarks).collect();
        all.join("; ")
    }

    fn comments(&self, ticket: &str) -> PathBuf {
        self.dir
            .join(format!(".claude/tickets/{ticket}.comments.md"))
    }
}

/// Runs `act` with a file changed, and puts the file back.
fn with<T>(file: &Path, change: impl FnOnce(&Path), act: impl FnOnce() -> T) -> T {
    let before = fs::read(file).unwrap();
    change(file);
    let result = act();
    fs::write(file, before).unwrap();
    result
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    let edited = text.replace(from, to);
    assert_ne!(edited, text, "{from:?} is there");
    fs::write(file, edited).unwrap();
}

/// A ticket that landed and whose branch the clean-up removed, as `verify` shows it.
struct Landed<'a> {
    demo: &'a Demo,
    document: &'a Value,
}

const LANDED: &str = "VALID; base holds the verified commit";

impl Landed<'_> {
    fn text(&self, field: &str) -> &str {
        self.document[field].as_str().unwrap()
    }

    fn status(&self) -> String {
        self.demo.status(self.text("ticket"))
    }

    /// Its branch comes back, is amended, and goes again.
    fn history_is_rewritten(&self) {
        let git = |args: &[&str]| git(&self.demo.dir, args);
        let branch = self.text("branch");
        git(&["branch", branch, self.text("commit")]);
        let back = "VALID; the branch is at the verified commit, and base has it";
        assert_eq!(self.status(), back);
        let base = git(&["branch", "--show-current"]);
        git(&["checkout", "-q", branch]);
        git(&["commit", "-q", "--amend", "-m", "better words"]);
        let head = git(&["rev-parse", "HEAD"]);
        git(&["checkout", "-q", &base]);
        let amended = format!(
            "VOIDED; the branch was rewritten: it is at {head} now, without the verified commit, \
             which base holds"
        );
        assert_eq!(self.status(), amended);
        git(&["branch", "-q", "-D", branch]);
        assert_eq!(self.status(), LANDED);
    }

    /// What its tests printed is replaced, then removed.
    fn outputs_are_tampered_with(&self) {
        let layers = self.document["layers"].as_array().unwrap().iter();
        let mut runs = layers.flat_map(|layer| layer["runs"].as_array().unwrap());
        let test = runs.find(|run| run["check"] == "test").unwrap();
        let blobs = self.demo.dir.join(".claude/sprints/demo/blobs");
        let output = blobs.join(test["output"].as_str().unwrap());
        let praise = |file: &Path| fs::write(file, "all 99 tests passed\n").unwrap();
        let altered = with(&output, praise, || self.status());
        assert_eq!(altered, "MISMATCHED; the stored output of test was altered");
        let removed = with(&output, remove, || self.status());
        assert_eq!(removed, "MISMATCHED; the stored output of test is gone");
    }

    /// Its comment is edited, replaced by the one of another ticket, and removed.
    fn comments_are_tampered_with(&self, other: &str) {
        let comments = self.demo.comments(self.text("ticket"));
        let commit = self.text("commit");
        let elsewhere = |file: &Path| edit(file, commit, &"b".repeat(commit.len()));
        let edited = with(&comments, elsewhere, || self.status());
        let damaged = "MISMATCHED; its machine-readable line is damaged or was changed";
        assert_eq!(edited, damaged);
        let praise = |file: &Path| edit(file, "| passed |", "| great |");
        let praised = with(&comments, praise, || self.status());
        let remark = "the text differs from what was posted";
        assert_eq!(praised, format!("{LANDED}; {remark}"));
        let copy = |file: &Path| assert!(fs::copy(self.demo.comments(other), file).is_ok());
        let copied = with(&comments, copy, || self.status());
        assert_eq!(
            copied,
            format!("MISMATCHED; it is evidence for ticket {other}")
        );
        let removed = with(&comments, remove, || self.status());
        assert_eq!(removed, "MISSING; no comment on the ticket is evidence");
        // Nor is it passed over where no ticket is named.
        let (code, documents) = with(&comments, remove, || self.demo.verify(&[]));
        assert_eq!(code, Some(3));
        assert_eq!(documents.last().unwrap()["summary"]["missing"], 1);
        assert_eq!(self.status(), LANDED);
    }
}

fn remove(file: &Path) {
    fs::remove_file(file).unwrap();
}

#[test]
fn evidence_of_the_demo_holds_until_something_happens_to_it() {
    let demo = Demo::new();
    let (code, documents) = demo.verify(&[]);
    assert_eq!(code, Some(0), "{documents:?}");
    let (summary, tickets) = documents.split_last().unwrap();
    assert_eq!(summary["summary"]["valid"], tickets.len());
    let mut landed = tickets
        .iter()
        .filter(|document| document["why"] == "base holds the verified commit");
    let document = landed.next().unwrap();
    let other = landed.next().unwrap()["ticket"].as_str().unwrap();
    let landed = Landed {
        demo: &demo,
        document,
    };
    landed.history_is_rewritten();
    landed.outputs_are_tampered_with();
    landed.comments_are_tampered_with(other);
}

#[test]
fn what_cannot_be_verified_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "-b", "main"]);
    let none = sprint(folder.path(), &["verify"]);
    assert_eq!(none.status.code(), Some(2), "{none:?}");
    let wrong = sprint(folder.path(), &["verify", "../etc"]);
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
}
