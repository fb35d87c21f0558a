use super::*;
use crate::domain::command::{CheckKind, CommandLine};
use crate::domain::workspace::AddedLine;
use crate::testing::fixture;

/// The worst that a change of one file is worth, beside a change of `src/a.ts`.
fn worst(path: &str, before: Option<&str>, after: Option<&str>, body: &str) -> Option<Severity> {
    let mut ticket = fixture::tickets("T").remove(0);
    ticket.body = body.to_owned();
    let file = |path: &str, before: Option<&str>, after: Option<&str>| FileChange {
        path: RepoPath::from(path),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    let files = [
        file("src/a.ts", Some(""), Some("")),
        file(path, before, after),
    ];
    let change = Change {
        ticket: &ticket,
        checks: &[].into(),
        test_file_globs: &[],
        files: &files,
        added: &[] as &[AddedLine],
        configuration: &[],
    };
    findings(&change)
        .iter()
        .map(|finding| finding.severity)
        .max()
}

/// A file, how it was, how it is when loosened, and when changed honestly.
#[rustfmt::skip]
const ROWS: &[(&str, &str, &str, &str)] = &[
    ("tsconfig.json", r#"{"compilerOptions":{"strict":true}}"#, r#"{"compilerOptions":{"strict":false}}"#, r#"{"compilerOptions":{"strict":true,"target":"es2022"}}"#),
    ("tsconfig.json", r#"{"compilerOptions":{"strict":true}}"#, r#"{"compilerOptions":{}}"#, r#"{/* c */"compilerOptions":{"strict":true,},}"#),
    ("tsconfig.json", "{}", r#"{"compilerOptions":{"skipLibCheck":true}}"#, r#"{"compilerOptions":{"skipLibCheck":false}}"#),
    ("tsconfig.json", "{}", r#"{"exclude":["src/a.ts"]}"#, r#"{"include":[]}"#),
    ("tsconfig.json", r#"{"include":["src","test"]}"#, r#"{"include":["test"]}"#, r#"{"include":["src","test","x"]}"#),
    (".eslintrc.json", r#"{"rules":{"no-undef":"error"}}"#, r#"{"rules":{"no-undef":"off"}}"#, r#"{"rules":{"no-undef":["error",{}]}}"#),
    (".eslintrc.json", r#"{"rules":{"no-undef":2}}"#, r#"{"rules":{"no-undef":1}}"#, r#"{"rules":{"no-undef":2,"semi":1}}"#),
    (".eslintrc.json", r#"{"overrides":[{"rules":{"a":"error"}}]}"#, r#"{"overrides":[{"rules":{"a":"warn"}}]}"#, r#"{"overrides":[{"rules":{"a":"error"},"files":["x"]}]}"#),
    (".eslintrc.yml", "rules:\n  semi: error\n", "rules:\n  semi: off\n", "rules:\n  semi: error\n  a: warn\n"),
    ("package.json", r#"{"jest":{"passWithNoTests":false}}"#, r#"{"jest":{"passWithNoTests":true}}"#, r#"{"jest":{"verbose":true}}"#),
    ("package.json", "{}", r#"{"jest":{"testPathIgnorePatterns":["/src/"]}}"#, r#"{"version":"2"}"#),
    ("package.json", r#"{"jest":{"coverageThreshold":{"global":{"lines":90}}}}"#, r#"{"jest":{"coverageThreshold":{"global":{"lines":80}}}}"#, r#"{"jest":{"coverageThreshold":{"global":{"lines":95}}}}"#),
    ("package.json", r#"{"scripts":{"test":"jest"}}"#, r#"{"scripts":{"test":"jest || true"}}"#, r#"{"scripts":{"test":"jest --ci"}}"#),
    (".eslintignore", "dist\n", "dist\nsrc/\n", "# c\ndist\n"),
    (".prettierignore", "", "*.ts\n", "# *.ts\n"),
    (".mocharc.json", r#"{"forbidOnly":true}"#, r#"{"forbidOnly":false}"#, r#"{"forbidOnly":true,"bail":true}"#),
    ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = \"-q\"\n", "[tool.pytest.ini_options]\naddopts = \"-q --ignore=tests/x\"\n", "[tool.pytest.ini_options]\naddopts = \"-q -x\"\n"),
    ("pyproject.toml", "[tool.pytest.ini_options]\ntestpaths = [\"a\", \"b\"]\n", "[tool.pytest.ini_options]\ntestpaths = [\"a\"]\n", "[tool.pytest.ini_options]\ntestpaths = [\"a\", \"b\", \"c\"]\n"),
    ("pyproject.toml", "[tool.ruff.lint]\nignore = [\"E1\"]\n", "[tool.ruff.lint]\nignore = [\"E1\", \"F4\"]\n", "[tool.ruff.lint]\nignore = []\nselect = [\"A\"]\n"),
    ("pyproject.toml", "", "[tool.ruff.lint.per-file-ignores]\n\"x.py\" = [\"F4\"]\n", "[tool.ruff]\nline-length = 100\n"),
    ("pyproject.toml", "[tool.mypy]\nstrict = true\n", "[tool.mypy]\nstrict = false\n", "[tool.mypy]\nstrict = true\npretty = true\n"),
    ("pyproject.toml", "", "[[tool.mypy.overrides]]\nmodule = \"a\"\nignore_errors = true\n", "[[tool.mypy.overrides]]\nmodule = \"a\"\nstrict = true\n"),
    ("pyproject.toml", "[tool.coverage.report]\nfail_under = 90\n", "[tool.coverage.report]\nfail_under = 50\n", "[tool.coverage.report]\nfail_under = 90.5\n"),
    ("pytest.ini", "[pytest]\naddopts = -q\n", "[pytest]\naddopts = -q -k \"not slow\"\n", "[pytest]\naddopts = -q -v\n"),
    ("setup.cfg", "[flake8]\nignore = E1\n", "[flake8]\nignore = E1,F4\n", "[flake8]\nignore =\n"),
    ("mypy.ini", "[mypy]\nstrict = True\n", "[mypy]\nstrict = False\n", "[mypy]\nstrict = True\n[mypy-x]\npretty = True\n"),
    ("mypy.ini", "[mypy]\n", "[mypy]\n[mypy-x]\nignore_errors = True\n", "[mypy]\n[mypy-x]\nignore_errors = False\n"),
    ("Cargo.toml", "[lints.clippy]\nall = \"deny\"\n", "[lints.clippy]\nall = \"warn\"\n", "[lints.clippy]\nall = \"forbid\"\n"),
    ("Cargo.toml", "[lints.clippy]\nall = { level = \"deny\", priority = -1 }\n", "[lints.clippy]\n", "[lints.clippy]\nall = \"deny\"\n"),
    ("Cargo.toml", "", "[lib]\ntest = false\n", "[lib]\ntest = true\n"),
    ("Cargo.toml", "[workspace]\n", "[workspace]\nexclude = [\"src\"]\n", "[workspace]\nmembers = [\"a\"]\n"),
    (".cargo/config.toml", "[build]\n", "[alias]\ntest = \"check\"\n", "[net]\noffline = true\n"),
    (".cargo/config.toml", "[build]\n", "[build]\nrustflags = [\"--cap-lints\", \"allow\"]\n", "[build]\njobs = 2\n"),
    ("x/.cargo/config.toml", "", "[target.x86_64]\nrunner = \"true\"\n", "[term]\nquiet = true\n"),
    (".golangci.yml", "linters:\n  enable: [a, b]\n", "linters:\n  enable: [a]\n", "linters:\n  enable: [a, b, c]\n"),
    (".golangci.yml", "linters: {}\n", "linters:\n  disable: [errcheck]\n", "run:\n  timeout: 5m\n"),
    ("Makefile", "test:\n\tgo test ./...\n", "test:\n\tgo test ./... || true\n", "test:\n\tgo test -v ./...\n"),
    ("justfile", "lint:\n    ruff check\n", "lint:\n    ruff check --exit-zero\n", "lint:\n    ruff check .\n"),
];

#[test]
fn a_laxer_configuration_is_told_from_another_one() {
    let mut wrong = Vec::new();
    for (path, before, lax, honest) in ROWS {
        for (after, expected) in [(lax, Some(Severity::High)), (honest, None), (before, None)] {
            let found = worst(path, Some(before), Some(after), "");
            if found != expected {
                wrong.push(format!("{path}: {after:?}: {found:?}"));
            }
        }
        // A new file was not agreed on before.
        assert!(
            worst(path, None, Some(lax), "") < Some(Severity::High),
            "{path}: {lax}"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The worst that a change is worth to a gate that runs this, beside files that stay as they are.
fn judged(
    gate: &str,
    stays: &[(&str, &str)],
    path: &str,
    texts: (Option<&str>, &str),
    body: &str,
) -> Option<Severity> {
    let mut ticket = fixture::tickets("T").remove(0);
    ticket.body = body.to_owned();
    let file = FileChange {
        path: RepoPath::from(path),
        before: texts.0.map(str::to_owned),
        after: Some(texts.1.to_owned()),
    };
    let stays = stays
        .iter()
        .map(|(path, text)| (RepoPath::from(*path), (*text).to_owned()));
    let checks = [(CheckKind::Test, CommandLine::new(gate).unwrap())].into();
    let change = Change {
        ticket: &ticket,
        checks: &checks,
        test_file_globs: &["test_*".to_owned()],
        files: &[file],
        added: &[] as &[AddedLine],
        configuration: &stays.collect::<Vec<_>>(),
    };
    let found = findings(&change).into_iter();
    let found = found.filter(|finding| finding.kind == FindingKind::GateLoosened);
    found.map(|finding| finding.severity).max()
}

/// A gate, files that stay as they are, and a file with how it was and how it is.
type Steered<'a> = (
    &'a str,
    &'a [(&'a str, &'a str)],
    &'a str,
    Option<&'a str>,
    &'a str,
);

/// Each row is an attack, unless the ticket names the file, and no more so once it was there.
#[rustfmt::skip]
#[test]
fn what_steers_the_gate_must_not_change_unasked() {
    let package = r#"{"scripts":{"test":"node tools/run.js"}}"#;
    let make = "test:\n\tsh check.sh\n";
    let suite = "def test_a():\n    assert f() == 1\n";
    let rows: &[Steered<'_>] = &[
        ("sh check.sh", &[], "check.sh", Some("exit $failed"), "exit 0"),
        ("./scripts/test.sh", &[], "scripts/test.sh", Some("jest"), "true"),
        ("python3 run_tests.py", &[], "run_tests.py", Some("main()"), "print('OK')"),
        ("npm test", &[("package.json", package)], "tools/run.js", Some("run()"), "ok()"),
        ("make test", &[("Makefile", make)], "check.sh", Some("exit $failed"), "exit 0"),
        ("npm test", &[], ".npmrc", None, "script-shell=/bin/true"),
        ("npm test", &[], ".npmrc", Some("a=b\n"), "a=b\nnode-options = --require ./quiet.js"),
        ("make test", &[], "Makefile", Some(make), ".IGNORE:\ntest:\n\tsh check.sh\n"),
        ("make test", &[], "Makefile", Some(make), "SHELL = /bin/true\ntest:\n\tsh check.sh\n"),
        ("make test", &[], "Makefile", Some(make), ".SHELLFLAGS = -n -c\ntest:\n\tsh check.sh\n"),
        ("make test", &[], "Makefile", Some(make), "MAKEFLAGS += -i\ntest:\n\tsh check.sh\n"),
        ("make test", &[], "Makefile", Some(make), "export NODE_OPTIONS := --import=./q.js\ntest:\n\tsh check.sh\n"),
        ("make test", &[], "Makefile", Some(make), "test:\n\tPATH=fake:$$PATH sh check.sh\n"),
        ("make test", &[], "rules.mk", None, "SHELL := /bin/true\n"),
        ("just test", &[], "justfile", Some("test:\n    jest\n"), "set shell := [\"true\"]\ntest:\n    jest\n"),
        ("make test", &[("Makefile", make)], "GNUmakefile", None, "test:\n\ttrue\n"),
        ("npm test", &[], "package.json", Some(package), r#"{"scripts":{"test":"NODE_OPTIONS=--require=./q.js node tools/run.js"}}"#),
        ("npm test", &[], "package.json", Some(package), r#"{"scripts":{"test":"node tools/other.js"}}"#),
        ("npm test", &[], "package.json", Some(r#"{"scripts":{"test":"jest"}}"#), r#"{"scripts":{"test":"jest src/a"}}"#),
        ("python3 -m unittest", &[], "unittest.py", None, "print('OK')"),
        ("python3 -m pytest", &[], "pytest/__main__.py", None, "print('OK')"),
        ("pytest", &[], "src/sitecustomize.py", None, "import sys"),
        ("python3 -m unittest", &[], "traceback.py", None, "x = 1"),
        ("npm test", &[], "node_modules/.bin/node", None, "#!/bin/sh"),
        ("pytest", &[], ".venv/bin/pytest", Some("a"), "b"),
    ];
    for (gate, stays, path, before, after) in rows {
        let found = |before, body: &str| judged(gate, stays, path, (before, after), body);
        assert_eq!(found(*before, "Add it."), Some(Severity::High), "{path}: {after}");
        let named = format!("- `{path}`: modify");
        assert_eq!(found(*before, &named), Some(Severity::Low), "{path}: {after}");
    }
    let honest: &[Steered<'_>] = &[
        ("sh check.sh", &[], "check.sh", None, "exit 0"),
        ("sh check.sh", &[], "check.sh", Some("exit 1"), "exit 1"),
        ("sh -n lib/a.sh", &[], "lib/a.sh", Some("a"), "b"),
        ("sh check.sh lib/a.sh", &[], "lib/a.sh", Some("a"), "b"),
        ("node --check a.js && node --test b.js", &[], "a.js", Some("a"), "b"),
        ("python3 test_a.py", &[], "test_a.py", Some(suite), "def test_a():\n    assert f() == 1\n# more\n"),
        ("jest", &[("package.json", package)], "tools/run.js", Some("run()"), "ok()"),
        ("npm test", &[], ".npmrc", None, "save-exact=true\nscript-shell=bash\nnode-options=--no-warnings\n"),
        ("make test", &[], "Makefile", Some(make), "SHELL := /bin/bash\n.SHELLFLAGS := -eu -o pipefail -c\nMAKEFLAGS += --no-print-directory\ntest:\n\tsh check.sh\n"),
        ("make test", &[], "GNUmakefile", None, "test:\n\tjest\n"),
        ("npm test", &[("Makefile", make)], "GNUmakefile", None, "all:\n\tcc a.c\n"),
        ("npm test", &[], "package.json", Some(package), r#"{"scripts":{"test":"NODE_ENV=test node tools/run.js"}}"#),
        ("npm test", &[], "unittest.py", None, "x = 1"),
        ("python3 -m unittest", &[], "sums/types.py", None, "x = 1"),
        ("python3 -m unittest", &[], "types.py", Some("x = 1"), "x = 2"),
        ("npm test", &[], "bin/node", None, "#!/bin/sh"),
        ("go test ./...", &[], "vendor/a/b.go", None, "package b"),
    ];
    for (gate, stays, path, before, after) in honest {
        let found = judged(gate, stays, path, (*before, after), "Add it.");
        assert_eq!(found, None, "{path}: {after}");
    }
}

#[rustfmt::skip]
#[test]
fn programs_are_looked_at_line_by_line() {
    for (path, line, honest) in [
        ("eslint.config.js", "  'no-undef': 'off',", "  'no-undef': 'error',"),
        ("jest.config.ts", "  passWithNoTests: true,", "  passWithNoTests: false,"),
        ("vitest.config.ts", "  exclude: ['src'],", "  environment: 'node',"),
        ("conftest.py", "collect_ignore = ['x.py']", "# collect_ignore = []"),
        ("playwright.config.ts", "  testIgnore: 'x',", "  timeout: 5,"),
    ] {
        assert_eq!(worst(path, Some(""), Some(line), ""), Some(Severity::Medium), "{path}");
        assert_eq!(worst(path, Some(line), Some(line), ""), None, "{path}");
        assert_eq!(worst(path, Some(""), Some(honest), ""), None, "{path}");
    }
}

#[test]
fn the_ticket_can_ask_for_it_and_files_elsewhere_matter_less() {
    let (before, after) = (Some(r#"{"compilerOptions":{"strict":true}}"#), Some("{}"));
    let asked = worst(
        "tsconfig.json",
        before,
        after,
        "Drop strict from tsconfig.json",
    );
    assert_eq!(asked, Some(Severity::Low));
    let named = worst("tsconfig.json", before, after, "- `tsconfig.json`: modify");
    assert_eq!(named, Some(Severity::High));
    let elsewhere = worst(".eslintignore", Some(""), Some("dist/\n"), "");
    assert_eq!(elsewhere, Some(Severity::Medium));
    assert_eq!(
        worst("tsconfig.json", before, Some("{"), ""),
        Some(Severity::Medium)
    );
    assert_eq!(
        worst(".eslintrc.json", Some("{}"), None, ""),
        Some(Severity::Medium)
    );
}

#[rustfmt::skip]
#[test]
fn a_permissive_configuration_is_remarked() {
    for (path, lax, honest) in [
        ("tsconfig.json", r#"{"compilerOptions":{"strict":true,"skipLibCheck":true}}"#, r#"{"compilerOptions":{"strict":true}}"#),
        ("tsconfig.json", "{}", r#"{"compilerOptions":{"noImplicitAny":true,"strictNullChecks":true}}"#),
        (".eslintrc.json", r#"{"rules":{"no-undef":0}}"#, r#"{"rules":{"no-undef":"warn"}}"#),
        (".eslintrc.yml", "rules:\n  no-unused-vars: off\n", "rules:\n  semi: off\n"),
        ("package.json", r#"{"jest":{"passWithNoTests":true}}"#, r#"{"jest":{}}"#),
        ("Cargo.toml", "[lints.rust]\nwarnings = \"allow\"\n", "[lints.rust]\nwarnings = \"deny\"\n"),
        ("Cargo.toml", "[lib]\ntest = false\n", "[lib]\n"),
        ("pyproject.toml", "[tool.mypy]\nignore_errors = true\n", "[tool.mypy]\nstrict = true\n"),
        ("mypy.ini", "[mypy]\nignore_errors = True\n", "[mypy]\n"),
        (".golangci.yml", "run:\n  tests: false\n", "run:\n  tests: true\n"),
    ] {
        let found = |text: &str| permissive::findings(&RepoPath::from(path), text);
        assert_eq!(found(lax).len(), 1, "{path}: {lax}");
        assert!(found(lax).iter().all(|f| f.severity == Severity::Medium));
        assert_eq!(found(honest).len(), 0, "{path}: {honest}");
    }
}

#[test]
fn the_rules_are_listed() {
    let rules: BTreeSet<&str> = KNOBS.iter().map(|knob| knob.rule).collect();
    insta::assert_snapshot!(rules.into_iter().collect::<Vec<_>>().join("\n"), @r#"
    cargo-alias
    cargo-flags
    cargo-lint-lowered
    cargo-narrowed
    cargo-runner
    cargo-tests-off
    coverage-lowered
    eslint-ignores-more
    eslint-rule-lowered
    flake8-ignores-more
    golangci-ignores-more
    jest-narrowed
    jest-passes-empty
    mocha-narrowed
    mypy-lax
    prettier-ignores-more
    pytest-narrowed
    pytest-xfail-lax
    ruff-ignores-more
    ts-checks-less
    ts-narrowed
    ts-strict-off
    "#);
}

proptest::proptest! {
    #[test]
    fn any_configuration_is_read(before in "[a-z\\[\\]{}:,=\"'/ \n-]{0,40}", after in "[a-z\\[\\]{}:,=\"'/ \n-]{0,40}") {
        for name in names() {
            worst(&name.replace('*', "x"), Some(&before), Some(&after), "");
        }
    }
}
