//! Imports go downward only, pure modules wait for nothing, and files stay small.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may use of this crate, beside itself. Everything else is forbidden.
const MAY_USE: &[(&str, &[&str])] = &[
    ("id", &[]),
    ("time", &[]),
    ("failure", &[]),
    ("domain", &["id", "time", "failure"]),
    ("config", &["domain", "id"]),
    ("evidence", &["domain", "id"]),
    ("plan", &["domain", "id", "time"]),
    ("inspect", &["plan", "domain", "id", "time"]),
    ("preflight", &["plan", "domain", "id"]),
    ("readiness", &["inspect", "plan", "domain", "id", "time"]),
    ("phases", &["domain", "id", "time"]),
    ("resume", &["evidence", "domain", "id", "time"]),
    (
        "run",
        &[
            "resume", "inspect", "plan", "domain", "id", "time", "failure",
        ],
    ),
    (
        "report",
        &[
            "run",
            "resume",
            "readiness",
            "phases",
            "inspect",
            "plan",
            "domain",
            "id",
            "time",
        ],
    ),
    (
        "ports",
        &["run", "phases", "domain", "id", "time", "failure"],
    ),
    (
        "local",
        &["ports", "run", "phases", "domain", "id", "time", "failure"],
    ),
    (
        "memory",
        &["ports", "run", "domain", "id", "time", "failure"],
    ),
    (
        "engine",
        &[
            "ports", "report", "run", "resume", "inspect", "plan", "evidence", "domain", "id",
            "time", "failure",
        ],
    ),
];

/// Modules in which nothing waits.
const PURE: &[&str] = &[
    "id",
    "time",
    "failure",
    "domain",
    "config",
    "evidence",
    "plan",
    "inspect",
    "preflight",
    "readiness",
    "phases",
    "resume",
    "run",
    "report",
];

/// No file has more lines of code than this, comments, blanks and in-file tests not counted.
const CEILING: usize = 600;

fn sources() -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut open, mut found) = (vec![root.clone()], BTreeMap::new());
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_path_buf();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    assert!(found.len() > 20, "the sources were found");
    found
}

/// The code of a file: no comments, no blank lines, no in-file tests.
fn code(text: &str) -> Vec<&str> {
    let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..tests].lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .collect()
}

fn is_test(path: &Path) -> bool {
    let name = path.file_stem().unwrap().to_string_lossy();
    name == "tests"
        || name.ends_with("_tests")
        || path.components().any(|c| c.as_os_str() == "tests")
}

fn module(path: &Path) -> String {
    let first = path
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn imports_go_downward() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module(&path);
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        if is_test(&path) {
            continue;
        }
        for line in code(&text) {
            for (at, _) in line.match_indices("crate::") {
                let used: String = line[at + 7..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                if used != module && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{} uses {used}: {line}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_is_in_the_table() {
    let known: Vec<_> = MAY_USE.iter().map(|(name, _)| *name).collect();
    for path in sources().keys() {
        let module = module(path);
        assert!(
            known.contains(&module.as_str()) || ["lib", "testing"].contains(&module.as_str()),
            "{module} is not in the table"
        );
    }
}

#[test]
fn pure_modules_wait_for_nothing_and_ask_no_clock() {
    for (path, text) in sources() {
        if is_test(&path) || !PURE.contains(&module(&path).as_str()) {
            continue;
        }
        for line in code(&text) {
            let impure = [
                "async ",
                ".await",
                "std::fs",
                "std::process",
                "SystemTime",
                "Instant",
            ];
            // Words inside a string are data.
            let outside = |at: usize| line[..at].matches('"').count() % 2 == 0;
            let found = impure
                .iter()
                .find(|word| line.find(**word).is_some_and(outside));
            assert!(found.is_none(), "{}: {line}", path.display());
        }
    }
}

#[test]
fn files_stay_small() {
    for (path, text) in sources() {
        let lines = code(&text).len();
        assert!(
            lines <= CEILING,
            "{} has {lines} lines of code",
            path.display()
        );
    }
}
