//! The settings that are watched.

use crate::inspect::gate::knobs::Knob;
use crate::inspect::gate::knobs::Turn::{
    self, Disabled, Flags, Less, Level, Lower, More, MoreFiles, Off, On,
};
use crate::inspect::gate::tree::Format::{self, Ini, Json, Lines, Toml, Yaml};

const fn knob(
    rule: &'static str,
    files: &'static [&'static str],
    format: Format,
    path: &'static [&'static str],
    turn: Turn,
) -> Knob {
    Knob {
        rule,
        files,
        format,
        path,
        turn,
    }
}

const TSCONFIG: &[&str] = &["tsconfig*.json"];
const ESLINT_JSON: &[&str] = &[".eslintrc", ".eslintrc.json"];
const ESLINT_YAML: &[&str] = &[".eslintrc.yml", ".eslintrc.yaml"];
const PACKAGE: &[&str] = &["package.json"];
const JEST: &[&str] = &["jest.config.json"];
const MOCHA: &[&str] = &[".mocharc.json", ".mocharc.jsonc"];
const PYPROJECT: &[&str] = &["pyproject.toml"];
const RUFF: &[&str] = &["ruff.toml", ".ruff.toml"];
const PY_INI: &[&str] = &[
    "pytest.ini",
    "setup.cfg",
    "tox.ini",
    ".flake8",
    "mypy.ini",
    ".mypy.ini",
];
const CARGO: &[&str] = &["Cargo.toml"];
const CARGO_CONFIG: &[&str] = &[".cargo/config.toml", ".cargo/config"];
const GOLANGCI: &[&str] = &[".golangci.yml", ".golangci.yaml"];

#[rustfmt::skip]
pub(super) const KNOBS: &[Knob] = &[
    knob("ts-strict-off", TSCONFIG, Json, &["compilerOptions", "strict"], Off),
    knob("ts-strict-off", TSCONFIG, Json, &["compilerOptions", "noImplicitAny"], Off),
    knob("ts-strict-off", TSCONFIG, Json, &["compilerOptions", "strictNullChecks"], Off),
    knob("ts-strict-off", TSCONFIG, Json, &["compilerOptions", "noUnusedLocals"], Off),
    knob("ts-strict-off", TSCONFIG, Json, &["compilerOptions", "noUncheckedIndexedAccess"], Off),
    knob("ts-strict-off", TSCONFIG, Json, &["compilerOptions", "noImplicitReturns"], Off),
    knob("ts-strict-off", TSCONFIG, Json, &["compilerOptions", "noEmitOnError"], Off),
    knob("ts-strict-off", TSCONFIG, Json, &["compilerOptions", "checkJs"], Off),
    knob("ts-checks-less", TSCONFIG, Json, &["compilerOptions", "skipLibCheck"], On),
    knob("ts-checks-less", TSCONFIG, Json, &["compilerOptions", "noCheck"], On),
    knob("ts-narrowed", TSCONFIG, Json, &["exclude"], MoreFiles),
    knob("ts-narrowed", TSCONFIG, Json, &["include"], Less),
    knob("ts-narrowed", TSCONFIG, Json, &["files"], Less),
    knob("eslint-rule-lowered", ESLINT_JSON, Json, &["rules", "*"], Level),
    knob("eslint-rule-lowered", ESLINT_JSON, Json, &["overrides", "rules", "*"], Level),
    knob("eslint-rule-lowered", ESLINT_YAML, Yaml, &["rules", "*"], Level),
    knob("eslint-rule-lowered", PACKAGE, Json, &["eslintConfig", "rules", "*"], Level),
    knob("eslint-ignores-more", ESLINT_JSON, Json, &["ignorePatterns"], MoreFiles),
    knob("eslint-ignores-more", ESLINT_YAML, Yaml, &["ignorePatterns"], MoreFiles),
    knob("eslint-ignores-more", PACKAGE, Json, &["eslintIgnore"], MoreFiles),
    knob("eslint-ignores-more", &[".eslintignore"], Lines, &[], MoreFiles),
    knob("prettier-ignores-more", &[".prettierignore"], Lines, &[], MoreFiles),
    knob("jest-narrowed", PACKAGE, Json, &["jest", "testPathIgnorePatterns"], MoreFiles),
    knob("jest-narrowed", PACKAGE, Json, &["jest", "testMatch"], Less),
    knob("jest-narrowed", JEST, Json, &["testPathIgnorePatterns"], MoreFiles),
    knob("jest-narrowed", JEST, Json, &["testMatch"], Less),
    knob("jest-passes-empty", PACKAGE, Json, &["jest", "passWithNoTests"], On),
    knob("jest-passes-empty", JEST, Json, &["passWithNoTests"], On),
    knob("coverage-lowered", PACKAGE, Json, &["jest", "coverageThreshold", "*", "*"], Lower),
    knob("coverage-lowered", JEST, Json, &["coverageThreshold", "*", "*"], Lower),
    knob("coverage-lowered", PYPROJECT, Toml, &["tool", "coverage", "report", "fail_under"], Lower),
    knob("mocha-narrowed", MOCHA, Json, &["ignore"], MoreFiles),
    knob("mocha-narrowed", MOCHA, Json, &["spec"], Less),
    knob("mocha-narrowed", MOCHA, Json, &["forbidOnly"], Off),
    knob("pytest-narrowed", PYPROJECT, Toml, &["tool", "pytest", "ini_options", "addopts"], Flags),
    knob("pytest-narrowed", PYPROJECT, Toml, &["tool", "pytest", "ini_options", "testpaths"], Less),
    knob("pytest-narrowed", PYPROJECT, Toml, &["tool", "pytest", "ini_options", "python_files"], Less),
    knob("pytest-narrowed", PY_INI, Ini, &["pytest", "addopts"], Flags),
    knob("pytest-narrowed", PY_INI, Ini, &["pytest", "testpaths"], Less),
    knob("pytest-narrowed", PY_INI, Ini, &["tool:pytest", "addopts"], Flags),
    knob("pytest-narrowed", PY_INI, Ini, &["tool:pytest", "testpaths"], Less),
    knob("pytest-xfail-lax", PYPROJECT, Toml, &["tool", "pytest", "ini_options", "xfail_strict"], Off),
    knob("pytest-xfail-lax", PY_INI, Ini, &["pytest", "xfail_strict"], Off),
    knob("ruff-ignores-more", PYPROJECT, Toml, &["tool", "ruff", "lint", "ignore"], More),
    knob("ruff-ignores-more", PYPROJECT, Toml, &["tool", "ruff", "lint", "extend-ignore"], More),
    knob("ruff-ignores-more", PYPROJECT, Toml, &["tool", "ruff", "lint", "per-file-ignores"], More),
    knob("ruff-ignores-more", PYPROJECT, Toml, &["tool", "ruff", "ignore"], More),
    knob("ruff-ignores-more", PYPROJECT, Toml, &["tool", "ruff", "exclude"], MoreFiles),
    knob("ruff-ignores-more", PYPROJECT, Toml, &["tool", "ruff", "extend-exclude"], MoreFiles),
    knob("ruff-ignores-more", RUFF, Toml, &["lint", "ignore"], More),
    knob("ruff-ignores-more", RUFF, Toml, &["lint", "per-file-ignores"], More),
    knob("ruff-ignores-more", RUFF, Toml, &["exclude"], MoreFiles),
    knob("flake8-ignores-more", PY_INI, Ini, &["flake8", "ignore"], More),
    knob("flake8-ignores-more", PY_INI, Ini, &["flake8", "extend-ignore"], More),
    knob("flake8-ignores-more", PY_INI, Ini, &["flake8", "per-file-ignores"], More),
    knob("flake8-ignores-more", PY_INI, Ini, &["flake8", "exclude"], MoreFiles),
    knob("mypy-lax", PYPROJECT, Toml, &["tool", "mypy", "strict"], Off),
    knob("mypy-lax", PYPROJECT, Toml, &["tool", "mypy", "ignore_errors"], On),
    knob("mypy-lax", PYPROJECT, Toml, &["tool", "mypy", "overrides", "ignore_errors"], On),
    knob("mypy-lax", PYPROJECT, Toml, &["tool", "mypy", "disable_error_code"], More),
    knob("mypy-lax", PYPROJECT, Toml, &["tool", "mypy", "exclude"], MoreFiles),
    knob("mypy-lax", PY_INI, Ini, &["mypy", "strict"], Off),
    knob("mypy-lax", PY_INI, Ini, &["*", "ignore_errors"], On),
    knob("mypy-lax", PY_INI, Ini, &["mypy", "disable_error_code"], More),
    knob("cargo-lint-lowered", CARGO, Toml, &["lints", "*", "*"], Level),
    knob("cargo-lint-lowered", CARGO, Toml, &["workspace", "lints", "*", "*"], Level),
    knob("cargo-tests-off", CARGO, Toml, &["lib", "test"], Disabled),
    knob("cargo-tests-off", CARGO, Toml, &["lib", "doctest"], Disabled),
    knob("cargo-tests-off", CARGO, Toml, &["package", "autotests"], Disabled),
    knob("cargo-narrowed", CARGO, Toml, &["workspace", "exclude"], MoreFiles),
    knob("cargo-narrowed", CARGO, Toml, &["workspace", "default-members"], Less),
    knob("cargo-alias", CARGO_CONFIG, Toml, &["alias"], More),
    knob("cargo-runner", CARGO_CONFIG, Toml, &["target", "*", "runner"], More),
    knob("cargo-flags", CARGO_CONFIG, Toml, &["build", "rustflags"], More),
    knob("golangci-ignores-more", GOLANGCI, Yaml, &["linters", "disable"], More),
    knob("golangci-ignores-more", GOLANGCI, Yaml, &["linters", "disable-all"], On),
    knob("golangci-ignores-more", GOLANGCI, Yaml, &["linters", "enable"], Less),
    knob("golangci-ignores-more", GOLANGCI, Yaml, &["issues", "exclude"], More),
    knob("golangci-ignores-more", GOLANGCI, Yaml, &["issues", "exclude-dirs"], MoreFiles),
    knob("golangci-ignores-more", GOLANGCI, Yaml, &["run", "tests"], Disabled),
];
