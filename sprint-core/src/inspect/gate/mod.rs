//! Whether a change lets more through the gate than before, and how strict the gate is at all.

mod knobs;
mod narrow;
mod permissive;
mod reach;
mod scripts;
mod steering;
mod suppress;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod variables;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::domain::path::RepoPath;
use crate::domain::verdict::{Finding, FindingKind, Severity};
use crate::inspect::gate::knobs::{Turn, covers, loosened};
use crate::inspect::gate::reach::Reach;
use crate::inspect::gate::table::KNOBS;
use crate::inspect::permit::Permission;
use crate::inspect::{Change, FileChange};

/// Files of the gate that hold recipes.
const RECIPES: &[&str] = &[
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "Justfile",
    ".justfile",
];

/// Configuration that is a program, of which only lines can be looked at, and what to look for.
#[rustfmt::skip]
const PROGRAMS: &[(&[&str], &[&str])] = &[
    (&["eslint.config.*", ".eslintrc.js", ".eslintrc.cjs"], &["'off'", "\"off\"", "ignores:", "ignorePatterns"]),
    (&["jest.config.*", "vitest.config.*", "vite.config.*"], &["passWithNoTests: true", "testPathIgnorePatterns", "exclude:", "--passWithNoTests"]),
    (&["conftest.py"], &["collect_ignore", "collect_ignore_glob", "pytest_ignore_collect", "pytest_collection_modifyitems"]),
    (&["playwright.config.*"], &["testIgnore", "grepInvert"]),
];

/// Everything about the gate in a change.
pub(super) fn findings(change: &Change<'_>) -> Vec<Finding> {
    let permission = Permission::of(change.ticket);
    let reach = Reach::of(change);
    let mut found = Vec::new();
    for file in change.files {
        found.extend(of_runs(file, change, &reach).into_iter().map(|message| {
            // To name the file is enough: it is no more the gate than code is.
            match permission.names(&file.path) {
                true => finding(
                    file,
                    Severity::Low,
                    format!("{message} (the ticket names it)"),
                ),
                false => finding(file, Severity::High, message),
            }
        }));
        for mut finding in of_file(file, change) {
            if permission.covers(&file.path, None) {
                finding.severity = Severity::Low;
                finding.message.push_str(" (the ticket asks for it)");
            }
            found.push(finding);
        }
    }
    found.extend(suppress::findings(change.added));
    found.extend(
        change
            .configuration
            .iter()
            .flat_map(|(path, text)| permissive::findings(path, text)),
    );
    found
}

/// The names of files that may configure a gate, `*` standing for anything.
pub(super) fn names() -> BTreeSet<&'static str> {
    let programs = PROGRAMS.iter().flat_map(|(files, _)| *files);
    KNOBS
        .iter()
        .flat_map(|knob| knob.files)
        .chain(RECIPES)
        .chain(programs)
        .copied()
        .collect()
}

fn of_file(file: &FileChange, change: &Change<'_>) -> Vec<Finding> {
    let mut found: Vec<(Severity, String)> = Vec::new();
    if let Some((before, after)) = scripts_of(file) {
        let lost = scripts::weakened(&before, &after, change.checks);
        found.extend(lost.into_iter().map(|what| (Severity::High, what)));
    }
    found.extend(settings(file, change));
    found.extend(programs(file));
    let all = found.into_iter();
    all.map(|(severity, message)| finding(file, severity, message))
        .collect()
}

/// What a change does to the programs of the gate, and to how they are run.
fn of_runs(file: &FileChange, change: &Change<'_>, reach: &Reach) -> Vec<String> {
    let mut found = steering::findings(file, change, reach);
    found.extend(reach.replaced(file, change.test_file_globs));
    if let Some((before, after)) = scripts_of(file)
        // Once is enough.
        && scripts::weakened(&before, &after, change.checks).is_empty()
    {
        found.extend(scripts::narrowed(&before, &after, change.checks));
    }
    found
}

fn finding(file: &FileChange, severity: Severity, message: String) -> Finding {
    Finding {
        severity,
        kind: FindingKind::GateLoosened,
        message,
        place: Some(file.path.to_string()),
    }
}

/// Scripts or recipes by name.
type Scripts = BTreeMap<String, String>;

/// The scripts of a file before and after, if it holds any.
fn scripts_of(file: &FileChange) -> Option<(Scripts, Scripts)> {
    let name = file.path.file_name();
    let read = |text: &str| match name {
        "package.json" => {
            let tree = tree::read(text, tree::Format::Json)?;
            Some(scripts::of_package(&tree))
        }
        _ if RECIPES.contains(&name) => Some(scripts::of_recipes(text)),
        _ => None,
    };
    Some((
        read(file.before.as_deref()?)?,
        read(file.after.as_deref()?)?,
    ))
}

/// Settings of a file that is data.
fn settings(file: &FileChange, change: &Change<'_>) -> Vec<(Severity, String)> {
    let mut found = Vec::new();
    let Some(first) = KNOBS.iter().find(|knob| applies(knob.files, &file.path)) else {
        return found;
    };
    let read = |text: Option<&String>| text.and_then(|text| tree::read(text, first.format));
    let before = read(file.before.as_ref());
    let Some(after) = read(file.after.as_ref()) else {
        if before.is_some() {
            let how = if file.after.is_some() {
                "can no longer be read"
            } else {
                "was deleted"
            };
            found.push((
                Severity::Medium,
                format!("a configuration of the gate {how}"),
            ));
        }
        return found;
    };
    let is_new = before.is_none();
    let before = before.unwrap_or(Value::Null);
    for knob in KNOBS.iter().filter(|knob| applies(knob.files, &file.path)) {
        for loosened in loosened(knob, &before, &after) {
            let touches = |pattern: &String| {
                change
                    .files
                    .iter()
                    .any(|changed| covers(pattern, changed.path.as_str()))
            };
            let harmless = knob.turn == Turn::MoreFiles && !loosened.patterns.iter().any(touches);
            // A new file may be a new project's; a change of what was agreed is not.
            let severity = if is_new || harmless {
                Severity::Medium
            } else {
                Severity::High
            };
            found.push((severity, format!("{} ({})", loosened.what, knob.rule)));
        }
    }
    found
}

/// Lines of a program that were not there before.
fn programs(file: &FileChange) -> Vec<(Severity, String)> {
    let Some((_, marks)) = PROGRAMS
        .iter()
        .find(|(files, _)| applies(files, &file.path))
    else {
        return Vec::new();
    };
    let before: BTreeSet<&str> = file
        .before
        .iter()
        .flat_map(|text| text.lines().map(str::trim))
        .collect();
    let new = file
        .after
        .iter()
        .flat_map(|text| text.lines().map(str::trim));
    let new = new.filter(|line| !before.contains(line) && !line.starts_with(['#', '/', '*']));
    let loose = new.filter(|line| marks.iter().any(|mark| line.contains(mark)));
    loose
        .take(5)
        .map(|line| {
            let line: String = line.chars().take(100).collect();
            (
                Severity::Medium,
                format!("a line of the gate's configuration may let more through: `{line}`"),
            )
        })
        .collect()
}

/// Whether a file is one of these, by name or by the end of its path.
fn applies(files: &[&str], path: &RepoPath) -> bool {
    files.iter().any(|file| {
        let name = match file.contains('/') {
            true => path.as_str(),
            false => path.file_name(),
        };
        match file.split_once('*') {
            Some((start, end)) => {
                name.len() >= start.len() + end.len()
                    && name.starts_with(start)
                    && name.ends_with(end)
            }
            None => name == *file || (file.contains('/') && name.ends_with(&format!("/{file}"))),
        }
    })
}
