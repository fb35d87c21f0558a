//! Files that steer the gate although no command of it names them.

use std::collections::BTreeSet;

use crate::domain::path::RepoPath;
use crate::inspect::gate::reach::Reach;
use crate::inspect::gate::variables::{is_shell, voids};
use crate::inspect::{Change, FileChange};

/// Makefiles in the order in which make looks for them.
const MAKEFILES: &[&str] = &["GNUmakefile", "makefile", "Makefile"];

/// Directories from which tools are run, and who puts them there is their installer.
const INSTALLED: &[&str] = &[
    "node_modules/.bin/",
    ".venv/bin/",
    "venv/bin/",
    ".venv/Scripts/",
    "vendor/bin/",
];

/// Modules that Python loads by itself, wherever it finds them.
const CUSTOMIZE: &[&str] = &["sitecustomize", "usercustomize"];

/// Python's runners, which a module at the root takes the place of.
const RUNNERS: &[&str] = &["unittest", "pytest", "_pytest", "nose", "nose2", "doctest"];

/// Modules that runners are made of.
const LIBRARY: &[&str] = &[
    "argparse",
    "ast",
    "contextlib",
    "difflib",
    "functools",
    "importlib",
    "inspect",
    "logging",
    "re",
    "runpy",
    "signal",
    "traceback",
    "types",
    "warnings",
    "weakref",
];

/// What a change of one file does to a gate that does not name it.
pub(super) fn findings(file: &FileChange, change: &Change<'_>, reach: &Reach) -> Vec<String> {
    let name = file.path.file_name();
    let mut found = Vec::new();
    if name == ".npmrc" {
        found.extend(
            added(file)
                .filter(|line| npm(line))
                .map(|line| format!("npm is told to run scripts in another way: `{line}`")),
        );
    }
    if is_recipe(name) {
        let lines = added(file).filter(|line| make(line));
        found.extend(lines.map(|line| format!("recipes are run in another way: `{line}`")));
    }
    if takes_place(file, change) && reach.mentions(&["make", "gmake"]) {
        found.push("make reads this file in the place of the one it read before".to_owned());
    }
    // A file that is no text has none before and none after.
    let is_there = file.after.is_some() || file.before.is_none();
    let path = format!("/{}", file.path);
    let installs = |place: &&&str| path.contains(&format!("/{place}"));
    if let Some(place) = INSTALLED.iter().find(installs).filter(|_| is_there) {
        found.push(format!(
            "a program in `{place}` is found before the one that was installed"
        ));
    }
    if file.after.is_some() && shadows(file, reach) {
        found.push("Python loads this module in the place of its own".to_owned());
    }
    found
}

/// The lines of a file that it did not have, but for those of recipes.
fn added(file: &FileChange) -> impl Iterator<Item = &str> {
    fn lines(text: Option<&String>) -> std::str::Lines<'_> {
        text.map_or("", String::as_str).lines()
    }
    let known: BTreeSet<&str> = lines(file.before.as_ref()).map(str::trim).collect();
    let new = lines(file.after.as_ref()).filter(|line| !line.starts_with('\t'));
    new.map(str::trim).filter(move |line| !known.contains(line))
}

/// Whether a line of `.npmrc` decides how scripts run.
fn npm(line: &str) -> bool {
    let Some((key, value)) = line.split_once('=') else {
        return line == "if-present";
    };
    let key = key.trim().trim_matches(['"', '\'']).replace('_', "-");
    match key.as_str() {
        "script-shell" => !is_shell(value),
        "node-options" => voids("NODE_OPTIONS", value),
        "if-present" => value.trim() == "true",
        _ => false,
    }
}

fn is_recipe(name: &str) -> bool {
    super::RECIPES.contains(&name) || name.ends_with(".mk")
}

/// Whether a line outside of recipes decides how they run.
fn make(line: &str) -> bool {
    if line.starts_with('#') {
        return false;
    }
    if line.starts_with(".IGNORE") || line.starts_with(".ONESHELL") {
        return line.contains(':');
    }
    if let Some(shell) = line.strip_prefix("set shell") {
        let program = shell.split(['"', '\'']).nth(1);
        return !program.is_some_and(is_shell);
    }
    let Some((head, value)) = line.split_once('=') else {
        return false;
    };
    // `name =`, `name :=`, `name +=`, also behind `export`, `override` or a target.
    let head = head.trim_end_matches([':', '?', '+', '!', ' ', '\t']);
    let name = head.rsplit([' ', '\t', ':']).next().unwrap_or(head);
    match name {
        "SHELL" => !is_shell(value),
        ".SHELLFLAGS" => !plain_flags(value),
        name => voids(name, value),
    }
}

/// Flags with which a shell runs what it is given, and stops no later than without them.
fn plain_flags(value: &str) -> bool {
    let known = |word: &str| match word.strip_prefix('-') {
        Some(letters) => letters.chars().all(|c| "euxoc".contains(c)),
        None => word == "pipefail",
    };
    value.split_whitespace().all(known) && value.trim_end().ends_with('c')
}

/// Whether make prefers a new file to one that was there.
fn takes_place(file: &FileChange, change: &Change<'_>) -> bool {
    let rank = |path: &RepoPath| MAKEFILES.iter().position(|name| *name == path.file_name());
    let Some(place) = rank(&file.path).filter(|_| file.before.is_none()) else {
        return false;
    };
    let behind = |path: &RepoPath| {
        path.parent() == file.path.parent() && rank(path).is_some_and(|other| other > place)
    };
    let mut changed = change.files.iter().filter(|other| behind(&other.path));
    let mut present = change.configuration.iter().map(|(path, _)| path);
    // One that was only renamed says what it said.
    changed.any(|other| other.before.is_some() && other.before != file.after)
        || present.any(|path| behind(path) && change.files.iter().all(|other| other.path != *path))
}

/// Whether a file is a module that Python takes for one of its own.
fn shadows(file: &FileChange, reach: &Reach) -> bool {
    let path = file.path.as_str();
    let Some(module) = path.strip_suffix(".py") else {
        return false;
    };
    let module = module
        .strip_suffix("/__init__")
        .or_else(|| module.strip_suffix("/__main__"))
        .unwrap_or(module);
    let name = module.rsplit('/').next().unwrap_or(module);
    let new = file.before.is_none();
    let runs = || reach.mentions(&["python", "pytest", "py.test", "nose", "tox"]);
    let shadows = CUSTOMIZE.contains(&name)
        || RUNNERS.contains(&module)
        || (new && LIBRARY.contains(&module));
    shadows && runs()
}
