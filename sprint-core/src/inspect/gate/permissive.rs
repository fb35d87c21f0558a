//! Configuration that lets more through than it should, changed or not. It never blocks.

use serde_json::Value;

use crate::domain::path::RepoPath;
use crate::domain::verdict::{Finding, FindingKind};
use crate::inspect::gate::knobs::{is_on, leaf, level};
use crate::inspect::gate::table::KNOBS;
use crate::inspect::gate::{applies, tree};

/// A setting that is too permissive, and why.
struct Lax {
    file: &'static str,
    path: &'static [&'static str],
    is: Is,
    why: &'static str,
}

enum Is {
    On,
    /// Said to be off.
    Off,
    /// A level below `warn`.
    LevelOff,
}

const fn lax(file: &'static str, path: &'static [&'static str], is: Is, why: &'static str) -> Lax {
    Lax {
        file,
        path,
        is,
        why,
    }
}

#[rustfmt::skip]
const TABLE: &[Lax] = &[
    lax("tsconfig.json", &["compilerOptions", "skipLibCheck"], Is::On, "types of declaration files are not checked"),
    lax("tsconfig.json", &["compilerOptions", "noCheck"], Is::On, "types are not checked"),
    lax(".eslintrc.json", &["rules", "no-unused-vars"], Is::LevelOff, "unused variables are not reported"),
    lax(".eslintrc.json", &["rules", "no-undef"], Is::LevelOff, "undefined variables are not reported"),
    lax(".eslintrc.json", &["rules", "@typescript-eslint/no-unused-vars"], Is::LevelOff, "unused variables are not reported"),
    lax(".eslintrc.yml", &["rules", "no-unused-vars"], Is::LevelOff, "unused variables are not reported"),
    lax(".eslintrc.yml", &["rules", "no-undef"], Is::LevelOff, "undefined variables are not reported"),
    lax("package.json", &["jest", "passWithNoTests"], Is::On, "a run without tests succeeds"),
    lax("Cargo.toml", &["lints", "rust", "warnings"], Is::LevelOff, "no warning is reported"),
    lax("Cargo.toml", &["lints", "clippy", "all"], Is::LevelOff, "clippy reports nothing"),
    lax("Cargo.toml", &["lib", "test"], Is::Off, "the library's tests do not run"),
    lax("pyproject.toml", &["tool", "mypy", "ignore_errors"], Is::On, "type errors are ignored"),
    lax("pyproject.toml", &["tool", "mypy", "ignore_missing_imports"], Is::On, "imports without types are not checked"),
    lax("mypy.ini", &["mypy", "ignore_errors"], Is::On, "type errors are ignored"),
    lax(".golangci.yml", &["linters", "disable-all"], Is::On, "linters are off unless they are named"),
    lax(".golangci.yml", &["run", "tests"], Is::Off, "tests are not linted"),
];

/// The remarks about one file.
pub(super) fn findings(path: &RepoPath, text: &str) -> Vec<Finding> {
    let Some(format) = KNOBS
        .iter()
        .find(|knob| applies(knob.files, path))
        .map(|knob| knob.format)
    else {
        return Vec::new();
    };
    let Some(tree) = tree::read(text, format) else {
        return Vec::new();
    };
    let remark =
        |message: String| Finding::remark(FindingKind::Permissive, message).at(path.to_string());
    let rows = TABLE
        .iter()
        .filter(|lax| applies(&[lax.file], path) && holds(lax, &tree));
    let mut found: Vec<Finding> = rows
        .map(|lax| remark(format!("`{}`: {}", lax.path.join("."), lax.why)))
        .collect();
    if path.file_name() == "tsconfig.json" && !is_strict(&tree) {
        found.push(remark(
            "`compilerOptions.strict` is off: many type errors are not reported".into(),
        ));
    }
    found
}

fn holds(lax: &Lax, tree: &Value) -> bool {
    let value = leaf(tree, lax.path);
    match lax.is {
        Is::On => is_on(value),
        Is::Off => value.is_some() && !is_on(value),
        Is::LevelOff => value.and_then(level) == Some(0),
    }
}

/// Strict itself, its two most important parts, or another file to take it from.
fn is_strict(tree: &Value) -> bool {
    let on = |name| is_on(leaf(tree, &["compilerOptions", name]));
    on("strict")
        || (on("noImplicitAny") && on("strictNullChecks"))
        || leaf(tree, &["extends"]).is_some()
        || leaf(tree, &["references"]).is_some()
}
