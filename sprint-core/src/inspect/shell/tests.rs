use proptest::prelude::*;

use super::*;
use WeaknessKind::{CannotFail, MayHide, RunsNoTest};

#[rustfmt::skip]
const WEAK: &[(&str, WeaknessKind)] = &[
    ("true", CannotFail),
    (":", CannotFail),
    ("echo ok", CannotFail),
    ("exit 0", CannotFail),
    ("npm test || true", CannotFail),
    ("npm test || :", CannotFail),
    ("npm test || echo failed", CannotFail),
    ("npm test || exit 0", CannotFail),
    ("timeout 60 npm test || true", CannotFail),
    ("npm test; true", CannotFail),
    ("npm test; exit 0", CannotFail),
    ("npm test; echo done", CannotFail),
    ("npm test\ntrue", CannotFail),
    ("npm test &", CannotFail),
    ("npm test & wait", CannotFail),
    ("(npm test || exit 0)", CannotFail),
    ("{ npm test || true; }", CannotFail),
    ("sh -c 'npm test || true'", CannotFail),
    ("bash -lc \"npm test; true\"", CannotFail),
    ("env A=1 sh -c 'npm test || :'", CannotFail),
    ("eval 'npm test || true'", CannotFail),
    ("trap 'exit 0' EXIT; npm test", CannotFail),
    ("ruff check --exit-zero", CannotFail),
    ("flake8 --exit-zero src", CannotFail),
    ("pylint --exit-zero src", CannotFail),
    ("make -i test", CannotFail),
    ("make --ignore-errors", CannotFail),
    ("make -n test", CannotFail),
    ("make test --dry-run", CannotFail),
    ("mvn test -Dmaven.test.failure.ignore=true", CannotFail),
    ("mvn -fn test", CannotFail),
    ("if npm test; then echo ok; else echo no; fi", CannotFail),
    ("npm test && echo ok || true", CannotFail),
    ("cd x && npm test || true", CannotFail),
    ("set +e; npm test; true", CannotFail),
    ("! false", CannotFail),
    ("cargo test --no-run", RunsNoTest),
    ("cargo test -- --list", RunsNoTest),
    ("pytest --collect-only", RunsNoTest),
    ("python -m pytest --co -q", RunsNoTest),
    ("npx jest --listTests", RunsNoTest),
    ("go test -run '^$' ./...", RunsNoTest),
    ("go test -run=^$ -bench . ./...", RunsNoTest),
    ("mvn install -DskipTests", RunsNoTest),
    ("ctest -N", RunsNoTest),
    ("npx mocha --dry-run", RunsNoTest),
    ("npm test | tee log", MayHide),
    ("npm test 2>&1 | tail -5", MayHide),
    ("bash -c 'npm test | tee log'", MayHide),
    ("! npm test", MayHide),
    ("set -e; set +e; npm test", MayHide),
    ("if npm test; then npm run lint; fi", MayHide),
    ("if [ -f x ]; then npm test; fi", MayHide),
    ("jest --passWithNoTests", MayHide),
    ("vitest run --pass-with-no-tests", MayHide),
    ("npm run test --if-present", MayHide),
    ("pytest || [ $? -eq 5 ]", MayHide),
    ("PYTHONOPTIMIZE=1 pytest", MayHide),
    ("env PYTHONOPTIMIZE=2 pytest", MayHide),
    ("python -O -m pytest", MayHide),
    ("npm run lint; npm test", MayHide),
    ("npm run lint & npm test", MayHide),
    ("for d in a b; do npm test $d; done", MayHide),
    ("npm test || npm test", MayHide),
    ("cd x; npm test", MayHide),
];

#[rustfmt::skip]
const SOUND: &[&str] = &[
    "",
    "npm test",
    "cargo test",
    "cargo test --no-fail-fast",
    "cargo check",
    "cargo clippy --all-targets -- -D warnings",
    "a && b",
    "a &&\n  b",
    "cd x && y",
    "set -e; a; b",
    "set -e\na\nb",
    "set -euo pipefail; a | tee log; b",
    "set -o pipefail; a | tee log",
    "bash -o pipefail -c 'a | b'",
    "bash -eo pipefail -c 'a | b; c'",
    "a || exit 1",
    "a || { echo no; exit 1; }",
    "a || (echo no; exit 1)",
    "a || { echo no >&2; false; }",
    "FOO=1 cargo test",
    "export FOO=1; cargo test",
    "FOO=1; cargo test",
    "test -f x",
    "[ -n \"$X\" ] && y",
    "[ -d node_modules ] || npm ci",
    "if [ -f x ]; then a; else b; fi",
    "if ! a; then echo no; exit 1; fi",
    "! grep -rn TODO src",
    "echo start && npm test",
    "echo 'a || true'",
    "npm test -- -t 'a || true'",
    "npm test # || true",
    "npm test -- --grep \"x; true\"",
    "git ls-files | xargs eslint",
    "find . -name '*.sh' | xargs shellcheck",
    "cat list | xargs -n1 check",
    "a > log 2>&1",
    "a 2>&1 && b",
    "a & pid=$!; b && wait $pid",
    "for d in a b; do npm test $d || exit 1; done",
    "set -e; for d in a b; do npm test $d; done",
    "timeout 60 npm test",
    "make -k test",
    "make -j4 test",
    "eslint --quiet .",
    "eslint --max-warnings 0 .",
    "go test -run TestX ./...",
    "pytest -x -q",
    "PYTHONOPTIMIZE=0 pytest",
    "command -v x || exit 1",
    "sh -c 'a && b'",
    "case $x in a) b;; esac",
    "source env.sh; npm test",
    "$(npm bin)/jest",
    "jest --passWithNoTests=false",
];

#[test]
fn lines_that_tell_nothing_are_found() {
    for (line, kind) in WEAK {
        let found = weakness(line).map(|weakness| weakness.kind);
        assert_eq!(found, Some(*kind), "{line}");
    }
}

#[test]
fn honest_lines_raise_no_alarm() {
    for line in SOUND {
        // An `echo` alone is no check, but the text in it is not what makes it so.
        let found = weakness(line).filter(|_| !line.starts_with("echo 'a"));
        assert_eq!(found, None, "{line}");
    }
}

#[test]
fn findings_say_what_to_write_instead() {
    let rows = [
        (CheckKind::Build, "cargo test --no-run"),
        (CheckKind::Lint, "ruff check --exit-zero ."),
        (CheckKind::Typecheck, "tsc | tee log"),
        (CheckKind::Test, "npm test || true"),
    ];
    let checks = rows.map(|(kind, line)| (kind, CommandLine::new(line).unwrap()));
    let found = command_findings(&checks.into());
    let found: Vec<_> = found
        .iter()
        .map(|f| format!("{:?} {}", f.severity, f.message))
        .collect();
    insta::assert_snapshot!(found.join("\n"), @r#"
    High the lint command `ruff check --exit-zero .`: `--exit-zero`: it succeeds whatever it finds; write `ruff check .`
    Medium the typecheck command `tsc | tee log`: of `tsc | tee log` only the last command's status counts; write `bash -o pipefail -c 'tsc | tee log'`
    High the test command `npm test || true`: `|| true` makes a success of every failure; write `npm test`
    "#);
}

proptest! {
    #[test]
    fn any_line_is_read(parts in proptest::collection::vec(part(), 0..25), any: String) {
        weakness(&parts.join(" "));
        weakness(&parts.concat());
        weakness(&any);
    }

    #[test]
    fn or_true_is_found_behind_every_command(words in proptest::collection::vec("[a-z]{2,6}", 1..4)) {
        prop_assume!(words[0] != "if" && words[0] != "do" && !["for", "case", "while", "until", "select", "time", "then", "else", "fi", "done", "esac", "elif"].contains(&words[0].as_str()));
        let line = words.join(" ");
        prop_assert_eq!(weakness(&format!("{line} || true")).map(|w| w.kind), Some(CannotFail));
    }
}

fn part() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "a",
        "&&",
        "||",
        ";",
        "|",
        "&",
        "(",
        ")",
        "{",
        "}",
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "for",
        "do",
        "done",
        "while",
        "case",
        "esac",
        "in",
        "true",
        "exit 0",
        "'",
        "\"",
        "\\",
        "\n",
        "#",
        "$(",
        "${",
        "`",
        ">",
        "2>&1",
        "<<EOF",
        "!",
        "sh -c",
        "bash -eo pipefail -c",
        "set -e",
        "set +o",
        "trap",
        "eval",
        "é",
        "wait",
        "-run",
    ])
}
