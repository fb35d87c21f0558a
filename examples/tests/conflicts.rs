//! `sprint conflicts` on real repositories: what it finds, what it says, and that it writes nothing.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use support::{git, sprint};

/// A repository with a base of four files, three of which know each other.
fn repository() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("repo");
    fs::create_dir(&dir).unwrap();
    git(&dir, &["init", "-q", "-b", "main"]);
    git(&dir, &["config", "user.name", "Test"]);
    git(&dir, &["config", "user.email", "test@localhost"]);
    commit(
        &dir,
        &[
            ("api.py", "def answer():\n    return 41\n"),
            ("report.py", "import api\n\nprint(api.answer())\n"),
            ("notes.md", "one\n\n\n\n\ntwo\n"),
        ],
    );
    (folder, dir)
}

fn commit(dir: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        fs::write(dir.join(name), text).unwrap();
    }
    git(dir, &["add", "-A"]);
    git(dir, &["commit", "-q", "-m", "change"]);
}

/// A branch of main with these files, and main checked out again.
fn branch(dir: &Path, name: &str, files: &[(&str, &str)]) {
    git(dir, &["checkout", "-q", "-b", name, "main"]);
    commit(dir, files);
    git(dir, &["checkout", "-q", "main"]);
}

/// Branches of every kind: two that clash, one that imports what they change, two that only add,
/// two that share a file and merge, one that is merged already, and one that base moved away from.
fn crowd() -> (TempDir, PathBuf) {
    let (folder, dir) = repository();
    git(&dir, &["branch", "done"]);
    branch(&dir, "behind", &[("report.py", "print('behind')\n")]);
    commit(
        &dir,
        &[("report.py", "import api\n\nprint('base', api.answer())\n")],
    );
    branch(&dir, "fix", &[("api.py", "def answer():\n    return 42\n")]);
    branch(
        &dir,
        "guess",
        &[("api.py", "def answer():\n    return 43\n")],
    );
    let asks = "import api\n\nprint('so', api.answer())\n";
    branch(&dir, "asks", &[("report.py", asks)]);
    branch(&dir, "top", &[("notes.md", "ONE\n\n\n\n\ntwo\n")]);
    branch(&dir, "bottom", &[("notes.md", "one\n\n\n\n\nTWO\n")]);
    branch(&dir, "add-a", &[("new/a.md", "a\n")]);
    branch(&dir, "add-b", &[("new/b.md", "b\n")]);
    (folder, dir)
}

/// Everything that is there: refs, index, and every file with its content, git's own among them.
fn everything(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                all.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    all
}

/// Runs `sprint conflicts`; returns what it says without what differs from run to run.
fn conflicts(dir: &Path, args: &[&str]) -> String {
    let before = everything(dir);
    let output = sprint(dir, &[&["conflicts"], args].concat());
    assert_eq!(everything(dir), before, "nothing is written");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let folder = dir.canonicalize().unwrap();
    let error = error.replace(folder.to_str().unwrap(), "REPO");
    assert_eq!(output.status.success(), error.is_empty(), "{error}");
    let text = String::from_utf8(output.stdout).unwrap() + &error;
    let words = text.split_inclusive(' ').map(|word| {
        let id = word.trim_end_matches([' ', ':']);
        let hex = id.len() == 12 && id.chars().all(|c| c.is_ascii_hexdigit());
        if hex {
            word.replace(id, "COMMIT")
        } else {
            word.to_owned()
        }
    });
    let text: String = words.collect();
    match text.rsplit_once(" in 0.") {
        Some((before, _)) => format!("{before} in TIME"),
        None => text,
    }
}

#[test]
fn people_get_what_does_not_merge_and_what_may_not() {
    let (_folder, dir) = crowd();
    insta::assert_snapshot!(conflicts(&dir, &[]), @r#"
    Do not merge onto main:
      behind: report.py

    BRANCH A  BRANCH B  RISK    CLASH    FILES
    fix       guess     HIGH    yes      api.py
    bottom    top       HIGH    no       notes.md
    asks      fix       MEDIUM  no       api.py
    asks      guess     MEDIUM  no       api.py
    add-a     add-b     LOW     no
    asks      behind    HIGH    untried  report.py

    8 branches on main at COMMIT: 28 pairs, 1 clashing, 3 HIGH, 2 MEDIUM, 1 LOW; 3 merges in TIME
    "#);
}

#[test]
fn named_branches_are_compared_on_the_base_that_is_named() {
    let (_folder, dir) = crowd();
    git(&dir, &["checkout", "-q", "top"]);
    insta::assert_snapshot!(conflicts(&dir, &["--base", "main", "bottom", "fix", "fix"]), @"2 branches on main at COMMIT: 1 pair, 0 clashing, 0 HIGH, 0 MEDIUM, 0 LOW; 0 merges in TIME");
    insta::assert_snapshot!(conflicts(&dir, &["bottom", "main"]), @"2 branches on top at COMMIT: 1 pair, 0 clashing, 0 HIGH, 0 MEDIUM, 0 LOW; 1 merge in TIME");
}

#[test]
fn tools_get_json() {
    let (_folder, dir) = crowd();
    let output = sprint(&dir, &["conflicts", "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = &json["conflicts"];
    assert_eq!(found["base"], "main");
    assert_eq!(found["base_head"], git(&dir, &["rev-parse", "main"]));
    assert_eq!(found["branches"].as_array().unwrap().len(), 8);
    assert_eq!(found["against_base"][0]["branch"], "behind");
    assert_eq!(found["against_base"][0]["files"][0], "report.py");
    let pair = |a: &str, b: &str| {
        let mut pairs = found["pairs"].as_array().unwrap().iter();
        pairs.find(|pair| pair["a"] == a && pair["b"] == b)
    };
    let clash = pair("fix", "guess").unwrap();
    assert_eq!(
        (&clash["risk"], &clash["clash"]),
        (&"HIGH".into(), &true.into())
    );
    assert_eq!(clash["files"][0], "api.py");
    let near = pair("asks", "fix").unwrap();
    assert_eq!(
        (&near["risk"], &near["clash"]),
        (&"MEDIUM".into(), &false.into())
    );
    assert_eq!(near["files"][0], "api.py");
    assert_eq!(
        pair("asks", "behind").unwrap()["clash"],
        Value::Null,
        "there is nothing to try"
    );
    assert!(
        pair("fix", "top").is_none(),
        "nothing in common, nothing to say"
    );
    assert!(found["merges"].as_u64().unwrap() > 0);
    assert!(found["took_ms"].is_u64());

    let output = sprint(&dir, &["conflicts", "--json", "nowhere"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        json["error"].as_str().unwrap().contains("nowhere"),
        "{json}"
    );
}

#[test]
fn names_of_branches_are_data() {
    let (_folder, dir) = repository();
    branch(&dir, "fix", &[("api.py", "def answer():\n    return 42\n")]);
    let tip = git(&dir, &["rev-parse", "fix"]);
    let hostile = [
        "--upload-pack=touch${IFS}canary",
        "$(touch${IFS}canary)",
        "red\u{202e}txt",
    ];
    for name in hostile {
        git(&dir, &["update-ref", &format!("refs/heads/{name}"), &tip]);
    }
    insta::assert_snapshot!(conflicts(&dir, &[]), @r#"
    BRANCH A                         BRANCH B                         RISK  CLASH  FILES
    $(touch${IFS}canary)             --upload-pack=touch${IFS}canary  HIGH  no     api.py
    $(touch${IFS}canary)             fix                              HIGH  no     api.py
    $(touch${IFS}canary)             red\u{202e}txt                   HIGH  no     api.py
    --upload-pack=touch${IFS}canary  fix                              HIGH  no     api.py
    --upload-pack=touch${IFS}canary  red\u{202e}txt                   HIGH  no     api.py
    fix                              red\u{202e}txt                   HIGH  no     api.py

    4 branches on main at COMMIT: 6 pairs, 0 clashing, 6 HIGH, 0 MEDIUM, 0 LOW; 1 merge in TIME
    "#);
    insta::assert_snapshot!(conflicts(&dir, &["--", "fix", hostile[0]]), @r#"
    BRANCH A                         BRANCH B  RISK  CLASH  FILES
    --upload-pack=touch${IFS}canary  fix       HIGH  no     api.py

    2 branches on main at COMMIT: 1 pair, 0 clashing, 1 HIGH, 0 MEDIUM, 0 LOW; 1 merge in TIME
    "#);
    assert!(!dir.join("canary").exists());
}

#[test]
fn errors_name_the_branch_the_reason_and_what_to_do() {
    let (folder, dir) = repository();
    git(&dir, &["checkout", "-q", "--orphan", "pages"]);
    commit(&dir, &[("index.html", "hello\n")]);
    git(&dir, &["checkout", "-q", "main"]);
    insta::assert_snapshot!(conflicts(&dir, &["x\u{1b}[31m"]), @r#"error: there is no local branch x\u{1b}[31m; `git branch --list` shows those there are, and `git branch NAME REMOTE/NAME` makes one of a remote branch"#);
    insta::assert_snapshot!(conflicts(&dir, &["pages"]), @"error: branch pages has no commit in common with base, so it cannot be merged; leave it out, or name its own base with --base");
    insta::assert_snapshot!(conflicts(&dir, &[]), @r#"
    Left out, without a commit in common with main: pages

    0 branches on main at COMMIT: 0 pairs, 0 clashing, 0 HIGH, 0 MEDIUM, 0 LOW; 0 merges in TIME
    "#);
    insta::assert_snapshot!(conflicts(&dir, &["--base", "a..b"]), @r#"
    error: invalid value 'a..b' for '--base <BRANCH>': branch name "a..b" must not contain '..' or '@{' or end in '.'

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(conflicts(&dir, &["--base", "nowhere"]), @"error: cannot compare branches with nowhere; name another one with --base, or another repository with --repo: failed to open repository REPO: branch nowhere does not exist or has no commit yet");
    git(&dir, &["checkout", "-q", "--detach"]);
    insta::assert_snapshot!(conflicts(&dir, &[]), @"error: no branch is checked out; name the branch to merge onto with --base, and the repository with --repo");
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    insta::assert_snapshot!(conflicts(&outside, &["--base", "main"]), @"error: cannot compare branches with main; name another one with --base, or another repository with --repo: failed to open repository REPO: git rev-parse ended with exit code 128: fatal: not a git repository (or any of the parent directories): .git");
}
