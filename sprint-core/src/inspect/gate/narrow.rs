//! Whether a command runs on less than before: on fewer files, or on tests picked by name.

use crate::inspect::gate::reach::programs;
use crate::inspect::shell::{Simple, tool};

/// Tools that take files or names of tests as words.
const TOOLS: &[&str] = &[
    "jest",
    "vitest",
    "mocha",
    "ava",
    "tap",
    "playwright",
    "pytest",
    "py.test",
    "unittest",
    "nose2",
    "rspec",
    "phpunit",
    "bats",
    "go",
    "cargo",
    "eslint",
    "ruff",
    "flake8",
    "mypy",
    "prettier",
];

/// Tools whose script another script may run, with flags after `--`.
const MANAGERS: &[&str] = &["npm", "pnpm", "yarn"];

/// Flags by which any of them leaves something out.
const FILTERS: &[&str] = &[
    "--grep",
    "--fgrep",
    "--invert",
    "--testPathPattern",
    "--testPathPatterns",
    "--testPathIgnorePatterns",
    "--testNamePattern",
    "--test-name-pattern",
    "--test-skip-pattern",
    "--test-only",
    "--filter",
    "--exclude",
    "--exclude-group",
    "--group",
    "--deselect",
    "--ignore",
    "--ignore-glob",
    "--ignore-pattern",
    "--onlyChanged",
    "--onlyFailures",
    "--changed",
    "--changedSince",
    "--findRelatedTests",
    "--shard",
    "--last-failed",
    "--lf",
    "--example",
    "--testsuite",
    "--skip",
];

/// Flags of one tool by which it leaves something out.
const OWN: &[(&[&str], &[&str])] = &[
    (&["jest", "vitest", "npm", "pnpm", "yarn"], &["-t", "-o"]),
    (
        &["mocha", "playwright", "npm", "pnpm", "yarn"],
        &["-g", "-f"],
    ),
    (&["pytest", "py.test"], &["-k", "-m"]),
    (&["unittest"], &["-k"]),
    (&["go"], &["-run", "-skip"]),
    (
        &["cargo"],
        &["-p", "--package", "--lib", "--bin", "--test", "--doc"],
    ),
    (&["rspec"], &["-e", "-t"]),
    (&["bats"], &["-f"]),
];

/// Flags whose value is the next word, and no file to test.
const VALUED: &[&str] = &[
    "--config",
    "-c",
    "--reporter",
    "--reporters",
    "-R",
    "-r",
    "--require",
    "--import",
    "--loader",
    "--project",
    "-P",
    "--rootDir",
    "--rootdir",
    "--coverageDirectory",
    "--outputFile",
    "-o",
    "--output",
    "--timeout",
    "--maxWorkers",
    "-w",
    "-j",
    "-n",
    "--workers",
    "--env",
    "--cov",
    "--cov-report",
    "--junitxml",
    "-W",
    "--ext",
    "--test-reporter",
    "--test-reporter-destination",
    "--test-concurrency",
    "--manifest-path",
    "--features",
    "--format",
    "--max-warnings",
    "--run",
    "-s",
    "-t",
    "-count",
    "-coverprofile",
    "--tb",
    "--maxfail",
    "--durations",
    "--target-dir",
];

/// Words that say what to do, not to what.
const VERBS: &[&str] = &[
    "run", "test", "watch", "check", "discover", "vet", "clippy", "nextest", "lint", "build",
];

/// Directories that hold all there is.
const WHOLE: &[&str] = &[
    ".",
    "./...",
    "test",
    "tests",
    "spec",
    "specs",
    "__tests__",
    "src",
    "lib",
    "e2e",
];

/// What a command runs that none of those after it does, in words.
pub(super) fn less(was: &Simple, is: &[Simple]) -> Option<String> {
    let Some(was) = Run::of(was) else {
        let ran = programs(&was.words);
        let program = ran.first()?;
        let runs = |command: &Simple| programs(&command.words).contains(program);
        return (!is.iter().any(runs)).then(|| format!("`{program}` is not run any more"));
    };
    let same: Vec<Run<'_>> = is
        .iter()
        .filter_map(Run::of)
        .filter(|run| run.tool == was.tool)
        .collect();
    // That a tool is gone is another finding.
    let reasons: Option<Vec<String>> = same.iter().map(|run| run.narrower(&was)).collect();
    reasons?.into_iter().next()
}

/// A tool and what it is told to work on.
struct Run<'a> {
    tool: &'a str,
    /// Flags that leave something out, each with its value.
    filters: Vec<(&'a str, &'a str)>,
    /// Files, directories and patterns.
    on: Vec<&'a str>,
}

impl<'a> Run<'a> {
    fn of(command: &'a Simple) -> Option<Self> {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        let named = |word: &str| TOOLS.contains(&tool(word));
        let manager = words.first().filter(|word| MANAGERS.contains(word));
        let tests = words.contains(&"--test");
        let (at, name) = match words.iter().position(|word| named(word)) {
            _ if manager.is_some() => {
                let dashes = words.iter().position(|word| *word == "--");
                (dashes.unwrap_or(words.len() - 1), *manager?)
            }
            Some(at) => (at, tool(words[at])),
            None if tests && words.first().is_some_and(|word| tool(word) == "node") => (0, "node"),
            None => return None,
        };
        let mut run = Self {
            tool: name,
            filters: Vec::new(),
            on: Vec::new(),
        };
        run.read(&words[at + 1..]);
        Some(run)
    }

    fn read(&mut self, args: &[&'a str]) {
        let mut flag: Option<&str> = None;
        for (at, word) in args.iter().enumerate() {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let own = OWN.iter().filter(|(tools, _)| tools.contains(&self.tool));
            let filters = FILTERS.contains(&name) || own.clone().any(|(_, of)| of.contains(&name));
            if word.starts_with('-') {
                // The value may be the next word.
                let next = args.get(at + 1).copied().filter(|_| !word.contains('='));
                if filters {
                    self.filters.push((name, next.unwrap_or(value)));
                }
                flag = Some(*word).filter(|_| !word.contains('='));
                continue;
            }
            let path = word.contains(['/', '.', '*']);
            let taken = flag.take().is_some_and(|flag| {
                let filter = self.filters.last().is_some_and(|(last, _)| *last == flag);
                VALUED.contains(&flag) || filter || !path
            });
            let verb = self.on.is_empty() && VERBS.contains(word);
            if !taken && !verb {
                self.on.push(word);
            }
        }
    }

    /// Why this is less than it was; `None` if it is not.
    fn narrower(&self, was: &Self) -> Option<String> {
        let mut filters = self
            .filters
            .iter()
            .filter(|filter| !was.filters.contains(filter));
        if let Some((flag, value)) = filters.next() {
            return Some(format!("`{} {flag} {value}`", self.tool));
        }
        let whole = self.on.iter().any(|word| is_whole(word));
        let covers = |word: &&&str| whole || self.on.iter().any(|now| covers(now, word));
        let unknown = self.on.iter().any(|word| word.contains('$'));
        if unknown || self.on.is_empty() || whole && was.on.is_empty() {
            return None;
        }
        let lost = was.on.iter().find(|word| !covers(word));
        match lost {
            Some(lost) => Some(format!("`{}` no longer runs on `{lost}`", self.tool)),
            None if was.on.is_empty() => Some(format!(
                "`{}` runs on `{}` only",
                self.tool,
                self.on.join(" ")
            )),
            None => None,
        }
    }
}

fn is_whole(word: &str) -> bool {
    let word = word.trim_end_matches('/');
    let inner = word.strip_prefix("./").unwrap_or(word);
    WHOLE.contains(&word) || WHOLE.contains(&inner) || word.contains("**") || word.starts_with('*')
}

/// Whether a word means at least what another one does.
fn covers(now: &str, was: &str) -> bool {
    let now = now.trim_end_matches('/');
    was.trim_end_matches('/')
        .strip_prefix(now)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::shell::commands;

    fn is_less(was: &str, is: &str) -> bool {
        let is = commands(is);
        commands(was).iter().any(|was| less(was, &is).is_some())
    }

    #[rustfmt::skip]
    #[test]
    fn less_is_told_from_otherwise() {
        for (was, narrow, honest) in [
            ("jest", "jest src/a", "jest --ci --config jest.ci.js"),
            ("jest", "jest average", "jest --maxWorkers 2 && tsc"),
            ("jest", "npx jest -t adds", "npx jest --coverage"),
            ("jest src test", "jest src/a.test.js", "jest src test e2e"),
            ("vitest run", "vitest run --testNamePattern=a", "vitest run --coverage"),
            ("mocha", "mocha --grep adds", "mocha 'test/**/*.js' --timeout 5"),
            ("mocha", "mocha test/a.js", "mocha test"),
            ("node --test", "node --test test/a.test.js", "node --check a.js && node --test"),
            ("node --test", "node --test --test-name-pattern=a", "node --test --test-reporter=tap"),
            ("pytest", "pytest tests/test_a.py", "pytest -q tests"),
            ("pytest -m fast", "pytest -m fast -k a", "pytest -m fast -x"),
            ("python3 -m pytest", "python3 -m pytest -k a", "uv run python3 -m pytest -v"),
            ("python3 -m unittest", "python3 -m unittest tests.test_a", "python3 -m unittest -v"),
            ("go test ./...", "go test ./a", "go test -race ./..."),
            ("go test ./...", "go test -run A ./...", "go test -count 1 ./..."),
            ("cargo test", "cargo test -p a", "cargo test --workspace"),
            ("eslint .", "eslint a.js", "eslint src test"),
            ("npm run unit", "npm run unit -- -t a", "npm run unit"),
        ] {
            assert!(is_less(was, narrow), "{was} -> {narrow}");
            assert!(!is_less(was, honest), "{was} -> {honest}");
            assert!(!is_less(narrow, was), "{narrow} -> {was}");
            assert!(!is_less(was, was), "{was}");
        }
        assert!(is_less("sh check.sh", "sh other.sh"));
        assert!(!is_less("sh check.sh", "sh -e check.sh"));
    }
}
