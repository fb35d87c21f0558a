//! What the commands of a gate need, told without running them.

use std::collections::BTreeSet;

use crate::inspect::shell::{SHELLS, commands, tool};

/// Something a command needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A program: a path, or a name to be found by `PATH` or among the project's own tools.
    Program(String),
    /// A script of `package.json`, run by this package manager.
    Script {
        /// `npm`, `yarn`, `pnpm` or `bun`.
        manager: String,
        /// The script; for all but npm it may also be one of the project's own tools.
        name: String,
    },
    /// A file of the project that a shell runs.
    File(String),
}

/// Words that a shell itself knows.
const BUILTINS: &[&str] = &[
    ".", ":", "[", "[[", "alias", "bg", "break", "builtin", "case", "cd", "command", "continue",
    "declare", "dirs", "echo", "eval", "exec", "exit", "export", "false", "fg", "getopts", "hash",
    "jobs", "kill", "let", "local", "popd", "printf", "pushd", "pwd", "read", "readonly", "return",
    "set", "shift", "shopt", "source", "test", "times", "trap", "true", "type", "typeset",
    "ulimit", "umask", "unalias", "unset", "wait",
];

/// What package managers do by themselves, so that it is no script.
const OWN: &[&str] = &[
    "add",
    "audit",
    "cache",
    "ci",
    "config",
    "create",
    "dedupe",
    "dlx",
    "exec",
    "i",
    "info",
    "init",
    "install",
    "link",
    "list",
    "ls",
    "outdated",
    "pack",
    "publish",
    "remove",
    "set",
    "up",
    "update",
    "upgrade",
    "version",
    "why",
    "workspace",
    "workspaces",
    "x",
];

/// What a command line needs. Words that are put together at run time are not told.
pub fn needs(line: &str) -> BTreeSet<Need> {
    let mut found = BTreeSet::new();
    for command in commands(line) {
        let words: Vec<_> = command.words.iter().map(String::as_str).collect();
        let Some((program, rest)) = words.split_first() else {
            continue;
        };
        if BUILTINS.contains(program) || computed(program) {
            continue;
        }
        found.insert(Need::Program((*program).to_owned()));
        let name = tool(program);
        if let ("npm" | "yarn" | "pnpm" | "bun", Some(script)) = (name, script(name, rest)) {
            found.insert(Need::Script {
                manager: name.to_owned(),
                name: script.to_owned(),
            });
        }
        let file = rest
            .first()
            .filter(|word| SHELLS.contains(&name) && !word.starts_with('-'));
        if let Some(file) = file.filter(|file| !computed(file)) {
            found.insert(Need::File((*file).to_owned()));
        }
    }
    found
}

fn script<'a>(manager: &str, words: &[&'a str]) -> Option<&'a str> {
    let mut words = words.iter().copied().filter(|word| !word.starts_with('-'));
    let script = match words.next()? {
        "run" | "run-script" => words.next()?,
        "test" | "t" | "tst" if manager == "npm" => "test",
        "start" if manager == "npm" => "start",
        // bun has a test runner of its own, and runs files.
        _ if matches!(manager, "npm" | "bun") => return None,
        word if OWN.contains(&word) => return None,
        word => word,
    };
    (!computed(script)).then_some(script)
}

fn computed(word: &str) -> bool {
    word.contains(['$', '`', '*'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let shown = needs(line).into_iter().map(|need| match need {
            Need::Program(name) => name,
            Need::Script { manager, name } => format!("{manager}:{name}"),
            Need::File(path) => format!("file:{path}"),
        });
        assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{line}");
    }

    #[test]
    fn programs_scripts_and_files_are_told() {
        check("cargo test --workspace", "cargo");
        check("cd web && npm run build", "npm npm:build");
        check("CI=1 npm test -- --ci", "npm npm:test");
        check("npm ci && yarn lint", "npm yarn yarn:lint");
        check(
            "pnpm --silent typecheck; pnpm install",
            "pnpm pnpm:typecheck",
        );
        check("bun test && bun run check", "bun bun:check");
        check("npx tsc --noEmit", "tsc");
        check("sh scripts/build.sh", "sh file:scripts/build.sh");
        check("sh -c 'make all'", "make sh");
        check("./gradlew build | tee log", "./gradlew tee");
        check("$TOOL run && \"$(pwd)/x\"", "");
        check("test -f a || exit 1", "");
    }
}
