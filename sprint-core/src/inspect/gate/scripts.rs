//! Scripts and recipes that the gate's commands run, before and after.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::domain::command::{CheckKind, CommandLine};
use crate::inspect::gate::knobs::leaf;
use crate::inspect::gate::narrow;
use crate::inspect::gate::variables::voids;
use crate::inspect::lex::words;
use crate::inspect::shell::{Simple, Weakness, WeaknessKind, commands, weakness};

/// Names under which people keep what a gate runs.
const USUAL: &[&str] = &[
    "test",
    "tests",
    "lint",
    "build",
    "typecheck",
    "type-check",
    "check",
    "verify",
    "ci",
];

/// The scripts of a `package.json`.
pub(super) fn of_package(tree: &Value) -> BTreeMap<String, String> {
    match leaf(tree, &["scripts"]) {
        Some(Value::Object(scripts)) => scripts
            .iter()
            .filter_map(|(name, line)| Some((name.clone(), line.as_str()?.to_owned())))
            .collect(),
        Some(_) | None => BTreeMap::new(),
    }
}

/// The recipes of a Makefile or a justfile, each line joined by `&&` as both run them.
pub(super) fn of_recipes(text: &str) -> BTreeMap<String, String> {
    let mut recipes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            let command = line.trim().trim_start_matches(['@', '+']);
            // A dash says to ignore the failure.
            let command = match command.strip_prefix('-') {
                Some(ignored) => format!("{} || true", ignored.trim_start_matches('@')),
                None => command.to_owned(),
            };
            if let Some(lines) = current.as_ref().and_then(|name| recipes.get_mut(name)) {
                lines.extend(Some(command).filter(|command| !command.is_empty()));
            }
            continue;
        }
        let head = line
            .split_once(':')
            .filter(|(_, rest)| !rest.starts_with('='));
        if let Some((name, _)) = head {
            let name = name
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned();
            recipes.entry(name.clone()).or_default();
            current = Some(name);
        }
    }
    recipes
        .into_iter()
        .map(|(name, lines)| (name, lines.join("\n")))
        .collect()
}

/// What became weaker in the scripts that the gate uses.
pub(super) fn weakened(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    checks: &BTreeMap<CheckKind, CommandLine>,
) -> Vec<String> {
    let used = used(before, checks);
    let mut found = Vec::new();
    for (name, line) in before.iter().filter(|(name, _)| used.contains(name)) {
        let Some(now) = after.get(name).filter(|now| *now != line) else {
            if !after.contains_key(name) {
                found.push(format!("the script `{name}` was taken out"));
            }
            continue;
        };
        let is_test = name.contains("test");
        let matters = |weakness: &Weakness| match weakness.kind {
            WeaknessKind::CannotFail | WeaknessKind::MayHide => true,
            WeaknessKind::RunsNoTest => is_test,
        };
        let was = worst(line).filter(matters).map(|weakness| weakness.kind);
        match worst(now).filter(matters) {
            Some(weakness) if was.is_none_or(|was| was < weakness.kind) => {
                found.push(format!(
                    "the script `{name}` became weaker: {}",
                    weakness.why
                ));
            }
            Some(_) | None => {
                let lost = steps(line)
                    .into_iter()
                    .find(|step| !has_step(now, step, after));
                if let Some(step) = lost {
                    found.push(format!("the script `{name}` no longer runs `{step}`"));
                }
            }
        }
    }
    found
}

/// What the gate's scripts run less of than before, or with variables that void the run.
pub(super) fn narrowed(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    checks: &BTreeMap<CheckKind, CommandLine>,
) -> Vec<String> {
    let used = used(before, checks);
    let changed = before.iter().filter_map(|(name, line)| {
        let now = after.get(name).filter(|now| *now != line)?;
        used.contains(name).then_some((name, line, now))
    });
    let mut found = Vec::new();
    for (name, line, now) in changed {
        let was = commands(line);
        // What a script runs may be in another one now.
        let others = after
            .iter()
            .filter(|(other, _)| now.contains(other.as_str()));
        let mut is = commands(now);
        is.extend(others.flat_map(|(_, text)| commands(text)));
        if let Some(set) = voiding(&was, &is) {
            found.push(format!("the script `{name}` sets `{set}`"));
        }
        if let Some(less) = was.iter().find_map(|command| narrow::less(command, &is)) {
            found.push(format!("the script `{name}` runs less than before: {less}"));
        }
    }
    found
}

/// A variable that is set now, was not before, and voids what runs.
fn voiding(was: &[Simple], is: &[Simple]) -> Option<String> {
    let known: BTreeSet<&String> = was.iter().flat_map(|command| &command.set).collect();
    let mut new = is.iter().flat_map(|command| &command.set);
    let voids = |set: &&String| {
        let (name, value) = set.split_once('=').unwrap_or((set, ""));
        !known.contains(set) && voids(name, value)
    };
    new.find(voids).cloned()
}

/// The texts that the gate's commands reach by the names of scripts.
pub(super) fn reached(
    scripts: &BTreeMap<String, String>,
    checks: &BTreeMap<CheckKind, CommandLine>,
) -> Vec<String> {
    let named = |name: &&String| checks.values().any(|line| mentions(line.as_str(), name));
    let names = through(scripts, scripts.keys().filter(named).cloned().collect());
    let texts = names.iter().filter_map(|name| scripts.get(name));
    texts.cloned().collect()
}

/// The weakest line: a make recipe runs each by itself, and a script is one line.
fn worst(text: &str) -> Option<Weakness> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with(['e', 'p']) || text.lines().count() == 1);
    lines
        .filter_map(weakness)
        .max_by_key(|weakness| weakness.kind)
}

/// The names that the gate's commands use, by themselves or through other scripts.
fn used(
    scripts: &BTreeMap<String, String>,
    checks: &BTreeMap<CheckKind, CommandLine>,
) -> Vec<String> {
    let first = scripts.keys().filter(|name| {
        USUAL.contains(&name.as_str()) || checks.values().any(|line| mentions(line.as_str(), name))
    });
    through(scripts, first.cloned().collect())
}

/// These names, and those that their scripts use.
fn through(scripts: &BTreeMap<String, String>, first: Vec<String>) -> Vec<String> {
    let mut used = first;
    let mut next = 0;
    while let Some(text) = used.get(next).and_then(|name| scripts.get(name)) {
        let more: Vec<String> = scripts
            .keys()
            .filter(|name| !used.contains(name) && mentions(text, name))
            .cloned()
            .collect();
        used.extend(more);
        next += 1;
    }
    used
}

fn mentions(text: &str, name: &str) -> bool {
    text.split([' ', '\n', ';', '&', '"', '\''])
        .any(|word| word == name)
}

/// The commands of a line, by the tool and what it is told to do.
fn steps(line: &str) -> Vec<String> {
    let parts = line.split("&&").flat_map(|part| part.split([';', '\n']));
    parts
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// Whether a step is still run, possibly with other flags, possibly by another script.
fn has_step(now: &str, step: &str, scripts: &BTreeMap<String, String>) -> bool {
    let Some((_, tool)) =
        words(step).find(|(_, word)| !matches!(*word, "npx" | "npm" | "run" | "yarn" | "pnpm"))
    else {
        return true;
    };
    let runs = |text: &str| words(text).any(|(_, word)| word == tool);
    runs(now)
        || scripts
            .iter()
            .any(|(name, text)| now.contains(name.as_str()) && runs(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: &str, after: &str) -> Vec<String> {
        let scripts = |text: &str| of_package(&serde_json::from_str(text).unwrap());
        let checks = [(CheckKind::Test, CommandLine::new("npm run unit").unwrap())];
        weakened(&scripts(before), &scripts(after), &checks.into())
    }

    #[rustfmt::skip]
    #[test]
    fn scripts_that_became_weaker_are_found() {
        let rows = [
            (r#"{"scripts":{"test":"jest"}}"#, r#"{"scripts":{"test":"jest || true"}}"#),
            (r#"{"scripts":{"test":"jest"}}"#, r#"{"scripts":{"test":"jest --passWithNoTests"}}"#),
            (r#"{"scripts":{"test":"jest"}}"#, r#"{"scripts":{"test":"jest --listTests"}}"#),
            (r#"{"scripts":{"test":"eslint . && jest"}}"#, r#"{"scripts":{"test":"jest"}}"#),
            (r#"{"scripts":{"lint":"eslint ."}}"#, r#"{"scripts":{}}"#),
            (r#"{"scripts":{"unit":"jest"}}"#, r#"{"scripts":{"unit":"echo ok"}}"#),
            (r#"{"scripts":{"test":"npm run a","a":"jest"}}"#, r#"{"scripts":{"test":"npm run a","a":"true"}}"#),
        ];
        for (before, after) in rows {
            assert_eq!(change(before, after).len(), 1, "{after}");
            assert_eq!(change(before, before).len(), 0, "{before}");
        }
        let honest = [
            (r#"{"scripts":{"test":"jest"}}"#, r#"{"scripts":{"test":"jest --ci"}}"#),
            (r#"{"scripts":{"test":"jest"}}"#, r#"{"scripts":{"test":"eslint . && jest"}}"#),
            (r#"{"scripts":{"test":"jest"}}"#, r#"{"scripts":{"test":"npm run unit","unit":"jest"}}"#),
            (r#"{"scripts":{"start":"node ."}}"#, r#"{"scripts":{"start":"node . || true"}}"#),
            (r#"{"scripts":{"test":"jest || true"}}"#, r#"{"scripts":{"test":"jest || true"}}"#),
        ];
        for (before, after) in honest {
            assert_eq!(change(before, after), Vec::<String>::new(), "{after}");
        }
    }

    #[test]
    fn recipes_of_make_and_just_are_scripts() {
        let before =
            of_recipes("CC := x\ntest: build\n\tgo test ./...\n\tgo vet ./...\nrun:\n\t./a\n");
        assert_eq!(before["test"], "go test ./...\ngo vet ./...");
        let none = BTreeMap::new();
        let ignored = of_recipes("test: build\n\t-go test ./...\n\tgo vet ./...\n");
        assert_eq!(weakened(&before, &ignored, &none).len(), 1);
        let honest = of_recipes("test: build\n\t@go test -race ./...\n\tgo vet ./...\n");
        assert_eq!(weakened(&before, &honest, &none), Vec::<String>::new());
    }
}
