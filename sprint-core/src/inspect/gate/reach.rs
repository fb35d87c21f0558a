//! What the gate's commands run: by themselves, and through scripts and recipes at the root.

use crate::domain::path::RepoPath;
use crate::inspect::gate::{RECIPES, scripts, tree};
use crate::inspect::shell::{SHELLS, Simple, commands, tool};
use crate::inspect::{Change, FileChange, blocks};
use crate::plan::edge_cases::is_test_file;

/// Programs that run the file they are given; Python's have numbers too.
const INTERPRETERS: &[&str] = &[
    "node", "nodejs", "deno", "bun", "tsx", "ts-node", "ruby", "perl", "php", "source", ".",
];

/// Flags after which a file is only read, or is one of the tests.
const READS: &[&str] = &[
    "-c", "--check", "-e", "--eval", "-p", "--print", "-l", "-wc", "--test",
];

/// Flags that name what is run before anything else.
const LOADS: &[&str] = &[
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
];

/// What a program may be called without its ending.
const ENDINGS: &[&str] = &[
    "",
    ".js",
    ".mjs",
    ".cjs",
    ".ts",
    ".py",
    "/index.js",
    "/__main__.py",
];

/// The commands of the gate as it was before the change.
pub(super) struct Reach {
    commands: Vec<Simple>,
    /// The programs in the repository that they run.
    programs: Vec<String>,
}

impl Reach {
    pub(super) fn of(change: &Change<'_>) -> Self {
        let mut texts: Vec<String> = change
            .checks
            .values()
            .map(|line| line.as_str().to_owned())
            .collect();
        for name in RECIPES.iter().chain(&["package.json"]) {
            let Some(text) = before(change, name) else {
                continue;
            };
            let scripts = if *name == "package.json" {
                tree::read(text, tree::Format::Json)
                    .map(|tree| scripts::of_package(&tree))
                    .unwrap_or_default()
            } else {
                scripts::of_recipes(text)
            };
            texts.extend(scripts::reached(&scripts, change.checks));
        }
        let mut reach = Self {
            commands: Vec::new(),
            programs: Vec::new(),
        };
        for text in texts {
            reach.line(&text);
        }
        reach
    }

    /// Whether any command is this program, or has this word.
    pub(super) fn mentions(&self, words: &[&str]) -> bool {
        let all = self.commands.iter().flat_map(|command| &command.words);
        all.into_iter().any(|word| {
            let name = tool(word);
            words.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'))
        })
    }

    /// What a change does to a program of the gate. What did not exist cannot have been one.
    pub(super) fn replaced(&self, file: &FileChange, globs: &[String]) -> Option<String> {
        let before = file.before.as_deref()?;
        let path = file.path.as_str();
        let is = |program: &String| {
            let rest = path.strip_prefix(program.as_str());
            rest.is_some_and(|rest| ENDINGS.contains(&rest))
        };
        // What its tests lose is looked at one by one.
        let tests = || {
            is_test_file(&file.path, globs)
                && blocks::read(&file.path, before, false).is_some_and(|t| !t.blocks.is_empty())
        };
        if !self.programs.iter().any(is) || file.after.as_deref() == Some(before) || tests() {
            return None;
        }
        Some(match file.after {
            Some(_) => "a program that the gate runs was changed".to_owned(),
            None => "a program that the gate runs is gone, or is no text any more".to_owned(),
        })
    }

    fn line(&mut self, text: &str) {
        let mut directory = String::new();
        for command in commands(text) {
            if let [cd, to] = command.words.as_slice()
                && cd == "cd"
            {
                directory = within(&directory, to).unwrap_or_default();
            }
            let programs = programs(&command.words);
            self.programs
                .extend(programs.iter().filter_map(|word| within(&directory, word)));
            self.commands.push(command);
        }
    }
}

/// A file of the gate at the root, as it was before the change.
fn before<'a>(change: &Change<'a>, name: &str) -> Option<&'a str> {
    let path = RepoPath::from(name);
    match change.files.iter().find(|file| file.path == path) {
        Some(file) => file.before.as_deref(),
        None => {
            let mut unchanged = change.configuration.iter();
            unchanged
                .find(|(other, _)| *other == path)
                .map(|(_, text)| text.as_str())
        }
    }
}

/// The files that a command runs, as it names them.
pub(super) fn programs(words: &[String]) -> Vec<String> {
    let Some((first, args)) = words.split_first() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if first.contains('/') {
        found.push(first.clone());
    }
    let name = tool(first);
    let shell = SHELLS.contains(&name);
    let python = name.starts_with("python");
    // `$(PYTHON)` of a recipe is one, too.
    if !shell && !python && !INTERPRETERS.contains(&name) && !first.starts_with('$') {
        return found;
    }
    let mut reads = false;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let (flag, value) = arg
            .split_once('=')
            .map_or((arg.as_str(), None), |(flag, value)| (flag, Some(value)));
        if !arg.starts_with('-') {
            found.extend(Some(arg.clone()).filter(|_| !reads));
            break;
        } else if shell {
            let short = !arg.starts_with("--");
            reads |= short && arg.contains(['n', 'c']);
            // `-o pipefail`
            if short && arg.ends_with('o') {
                args.next();
            }
        } else if LOADS.contains(&flag) {
            found.extend(value.map(str::to_owned).or_else(|| args.next().cloned()));
        } else if python && arg == "-m" {
            found.extend(args.next().map(|module| module.replace('.', "/")));
            break;
        } else if python && matches!(arg.as_str(), "-W" | "-X") {
            args.next();
        } else {
            reads |= READS.contains(&flag);
        }
    }
    found
}

/// A path as it is named in a directory; `None` if it is not in the repository.
fn within(directory: &str, path: &str) -> Option<String> {
    let here = ["$PWD/", "${PWD}/", "$(pwd)/"];
    let path = here
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix))
        .unwrap_or(path);
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rustfmt::skip]
    #[test]
    fn programs_are_told_from_what_they_are_given() {
        for (line, expected) in [
            ("sh check.sh lib/a.sh", "check.sh"),
            ("bash -euo pipefail ./a/../check.sh", "check.sh"),
            ("./scripts/test.sh", "scripts/test.sh"),
            ("cd tools && node run.js", "tools/run.js"),
            ("node --require ./a.js --test test/b.js", "a.js"),
            ("python3 -W error run_tests.py", "run_tests.py"),
            ("python3 -m tools.run", "tools/run"),
            ("$(PYTHON) run_tests.py", "run_tests.py"),
            ("sh -n lib/a.sh; node --check a.js; python3 -c 'a.py'; test -s a.js", ""),
            ("/bin/sh ../a.sh; jest a.js", ""),
        ] {
            let mut reach = Reach { commands: Vec::new(), programs: Vec::new() };
            reach.line(line);
            assert_eq!(reach.programs.join(" "), expected, "{line}");
        }
    }
}
