//! What single commands and their flags do to a status.

use crate::inspect::shell::parse::Command;
use crate::inspect::shell::{Weakness, WeaknessKind};

/// Commands that succeed in all that matters.
pub(super) const ALWAYS_SUCCEED: &[&str] = &[
    "true", ":", "echo", "printf", "export", "sleep", "date", "unset", "umask",
];

/// A flag that takes the force from a tool.
struct Flag {
    /// Words that must all be there; no words for any tool.
    tool: &'static [&'static str],
    /// One of these must be there, as a word or as the start of `word=`.
    flags: &'static [&'static str],
    kind: WeaknessKind,
    why: &'static str,
}

const fn flag(
    tool: &'static [&'static str],
    flags: &'static [&'static str],
    kind: WeaknessKind,
    why: &'static str,
) -> Flag {
    Flag {
        tool,
        flags,
        kind,
        why,
    }
}

use WeaknessKind::{CannotFail, MayHide, RunsNoTest};

#[rustfmt::skip]
const FLAGS: &[Flag] = &[
    flag(&[], &["--passWithNoTests", "--pass-with-no-tests"], MayHide, "it succeeds without any test"),
    flag(&[], &["--exit-zero"], CannotFail, "it succeeds whatever it finds"),
    flag(&["npm"], &["--if-present"], MayHide, "it succeeds where there is no such script"),
    flag(&["pnpm"], &["--if-present"], MayHide, "it succeeds where there is no such script"),
    flag(&[], &["--no-error-on-unmatched-pattern"], MayHide, "it succeeds without any file"),
    flag(&["make"], &["-i", "--ignore-errors"], CannotFail, "it goes on and succeeds whatever fails"),
    flag(&["make"], &["-n", "--dry-run", "--just-print"], CannotFail, "it only prints what it would do"),
    flag(&["cargo", "test"], &["--no-run", "--list"], RunsNoTest, "it runs no test"),
    flag(&["cargo", "nextest"], &["list", "--no-run"], RunsNoTest, "it runs no test"),
    flag(&["pytest"], &["--collect-only", "--co", "--fixtures"], RunsNoTest, "it runs no test"),
    flag(&["jest"], &["--listTests", "--showConfig"], RunsNoTest, "it runs no test"),
    flag(&["vitest"], &["list"], RunsNoTest, "it runs no test"),
    flag(&["mocha"], &["--dry-run"], RunsNoTest, "it runs no test"),
    flag(&["rspec"], &["--dry-run"], RunsNoTest, "it runs no test"),
    flag(&["go", "test"], &["-list", "-c"], RunsNoTest, "it runs no test"),
    flag(&["ctest"], &["-N", "--show-only"], RunsNoTest, "it runs no test"),
    flag(&["phpunit"], &["--list-tests"], RunsNoTest, "it runs no test"),
    flag(&["mvn"], &["-DskipTests", "-Dmaven.test.skip"], RunsNoTest, "it skips the tests"),
    flag(&["mvn"], &["-fn", "--fail-never", "-Dmaven.test.failure.ignore"], CannotFail, "it succeeds whatever fails"),
];

/// Words that run the command that follows them.
const WRAPPERS: &[&str] = &[
    "env", "time", "nice", "exec", "command", "nohup", "timeout", "stdbuf", "xvfb-run", "sudo",
];

/// The words of the command that is run in the end.
pub(super) fn unwrapped(words: &[String]) -> &[String] {
    let mut rest = words;
    while let Some((first, more)) = rest.split_first() {
        // `command -v` asks, it runs nothing.
        let asks = first == "command" && more.first().is_some_and(|word| word.starts_with("-v"));
        if !WRAPPERS.contains(&first.as_str()) || more.is_empty() || asks {
            break;
        }
        let belongs = |word: &&String| {
            word.starts_with('-')
                || word.contains('=')
                || word.starts_with(|c: char| c.is_ascii_digit())
        };
        rest = &more[more.iter().take_while(belongs).count()..];
    }
    rest
}

/// What is weak about a single command.
pub(super) fn weaknesses(set: &[String], words: &[String]) -> Vec<Weakness> {
    let mut found = Vec::new();
    for flag in FLAGS {
        let has = |word: &&str| {
            words
                .iter()
                .any(|other| other.rsplit('/').next() == Some(word))
        };
        let given = |name: &&str| {
            words.iter().skip(1).find(|word| {
                *word == name
                    || word
                        .strip_prefix(name)
                        .is_some_and(|rest| rest.starts_with('='))
            })
        };
        let Some(word) = flag.flags.iter().find_map(given) else {
            continue;
        };
        let off = word.ends_with("=false");
        if flag.tool.iter().all(has) && !off {
            let rest: Vec<&str> = words
                .iter()
                .filter(|other| *other != word)
                .map(String::as_str)
                .collect();
            found.push(Weakness {
                kind: flag.kind,
                why: format!("`{word}`: {}", flag.why),
                instead: Some(rest.join(" ")),
            });
        }
    }
    found.extend(no_go_tests(words));
    found.extend(environment(set, words));
    found
}

/// `go test -run '^$'` matches no test.
fn no_go_tests(words: &[String]) -> Option<Weakness> {
    if !(words.iter().any(|word| word == "go") && words.iter().any(|word| word == "test")) {
        return None;
    }
    let patterns =
        words
            .iter()
            .enumerate()
            .filter_map(|(at, word)| match word.strip_prefix("-run")? {
                "" => words.get(at + 1).map(String::as_str),
                rest => rest.strip_prefix('='),
            });
    let mut nothing =
        patterns.filter(|pattern| matches!(*pattern, "^$" | "^^" | "NONE" | "XXX" | "xxx" | "^#"));
    let pattern = nothing.next()?;
    Some(Weakness {
        kind: RunsNoTest,
        why: format!("`-run {pattern}` matches no test"),
        instead: None,
    })
}

/// Variables and interpreter flags that void a run.
fn environment(set: &[String], words: &[String]) -> Option<Weakness> {
    let all = set.iter().chain(
        words
            .iter()
            .take_while(|word| *word == "env" || word.contains('=')),
    );
    let mut optimised = all.filter_map(|word| word.strip_prefix("PYTHONOPTIMIZE="));
    let python = words.iter().any(|word| word.starts_with("python"));
    let flagged = python
        && words
            .iter()
            .any(|word| matches!(word.as_str(), "-O" | "-OO"));
    (flagged || optimised.any(|value| !value.is_empty() && value != "0")).then(|| Weakness {
        kind: MayHide,
        why: "Python drops `assert` when it optimises".into(),
        instead: None,
    })
}

/// Whether a command only gives text to the next.
pub(super) fn is_producer(command: &Command) -> bool {
    const PRODUCE: &[&str] = &[
        "echo", "printf", "cat", "yes", "find", "git", "ls", "jq", "head", "tail", "sort", "true",
        ":", "curl",
    ];
    match command {
        Command::Simple { words, .. } => unwrapped(words)
            .first()
            .is_none_or(|name| PRODUCE.contains(&name.as_str())),
        Command::Subshell(_)
        | Command::Group(_)
        | Command::If { .. }
        | Command::Loop(_)
        | Command::Other => false,
    }
}
