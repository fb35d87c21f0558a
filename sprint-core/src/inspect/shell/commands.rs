//! The single commands of a line, whatever joins them.

use crate::inspect::shell::parse::{Command, List, Pipeline, parse};
use crate::inspect::shell::tools::unwrapped;

/// A command, without what only starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Simple {
    /// The variables that are set for it, as `name=value`.
    pub(crate) set: Vec<String>,
    /// Its words without their quotes; none if it only sets variables.
    pub(crate) words: Vec<String>,
}

/// Shells, which run the text after `-c`.
pub(crate) const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ksh"];

/// Commands that set variables, for the rest of their words or of the line.
const SETTERS: &[&str] = &["export", "cross-env", "cross-env-shell"];

/// Commands that run one of a project's tools.
const LAUNCHERS: &[&[&str]] = &[
    &["npx"],
    &["bunx"],
    &["npm", "exec"],
    &["pnpm", "exec"],
    &["yarn", "exec"],
    &["uv", "run"],
    &["poetry", "run"],
    &["pipenv", "run"],
    &["pdm", "run"],
    &["bundle", "exec"],
];

/// A shell in a shell in a shell: nobody writes that often.
const DEEPEST: usize = 8;

/// Every command of a text for a shell, in the order in which they are written.
pub(crate) fn commands(text: &str) -> Vec<Simple> {
    let mut found = Vec::new();
    list(&parse(text), 0, &mut found);
    found
}

/// The last part of a path: what a program is called.
pub(crate) fn tool(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn list(of: &List, depth: usize, found: &mut Vec<Simple>) {
    for item in &of.items {
        pipeline(&item.first, depth, found);
        for (_, next) in &item.rest {
            pipeline(next, depth, found);
        }
    }
}

fn pipeline(of: &Pipeline, depth: usize, found: &mut Vec<Simple>) {
    for command in &of.commands {
        match command {
            Command::Simple { set, words } => simple(set, words, depth, found),
            Command::Subshell(inner) | Command::Group(inner) | Command::Loop(inner) => {
                list(inner, depth, found);
            }
            Command::If {
                branches,
                otherwise,
            } => {
                for (condition, then) in branches {
                    list(condition, depth, found);
                    list(then, depth, found);
                }
                if let Some(inner) = otherwise {
                    list(inner, depth, found);
                }
            }
            Command::Other => {}
        }
    }
}

fn simple(set: &[String], words: &[String], depth: usize, found: &mut Vec<Simple>) {
    let mut set = set.to_vec();
    let mut rest = words;
    loop {
        let run = unwrapped(rest);
        let before = &rest[..rest.len() - run.len()];
        set.extend(before.iter().filter(|word| word.contains('=')).cloned());
        rest = run;
        let Some((first, more)) = rest.split_first() else {
            break;
        };
        if SETTERS.contains(&first.as_str()) {
            let values = more.iter().take_while(|word| word.contains('=')).count();
            set.extend(more[..values].iter().cloned());
            rest = &more[values..];
            continue;
        }
        let starts = |launcher: &&&[&str]| {
            launcher.len() < rest.len()
                && launcher.iter().zip(rest).all(|(part, word)| part == word)
        };
        let Some(launcher) = LAUNCHERS.iter().find(starts) else {
            break;
        };
        let after = &rest[launcher.len()..];
        rest = &after[after
            .iter()
            .take_while(|word| word.starts_with('-'))
            .count()..];
    }
    let shell = rest
        .first()
        .is_some_and(|word| SHELLS.contains(&tool(word)));
    let inner = rest
        .iter()
        .skip(1)
        .position(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'))
        .and_then(|at| rest.get(at + 2));
    if let (true, true, Some(inner)) = (shell, depth < DEEPEST, inner) {
        list(&parse(inner), depth + 1, found);
    }
    found.push(Simple {
        set,
        words: rest.to_vec(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let shown = commands(text).into_iter().map(|command| {
            let all: Vec<String> = [command.set, command.words].concat();
            all.join(" ")
        });
        shown.collect::<Vec<_>>().join(" | ")
    }

    #[rustfmt::skip]
    #[test]
    fn commands_are_found_behind_what_starts_them() {
        for (text, expected) in [
            ("A=1 jest -t 'a b' && tsc", "A=1 jest -t a b | tsc"),
            ("env A=1 npx --yes jest", "A=1 jest"),
            ("cross-env A=1 B=2 uv run pytest", "A=1 B=2 pytest"),
            ("export A=1; (cd x; ./y)", "A=1 | cd x | ./y"),
            ("bash -euc 'node a.js'", "node a.js | bash -euc node a.js"),
            ("if a; then b; else c; fi", "a | b | c"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_has_commands(text in "[a-z=&|;()'\" \n$-]{0,60}") {
            commands(&text);
        }
    }
}
