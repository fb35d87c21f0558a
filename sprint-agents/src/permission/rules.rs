//! Rules as text: `Bash(<command>)` allows exactly this command, `Bash(<command>:*)` this command
//! with any further words.

use std::error::Error;
use std::fmt;

use sprint_core::id::CommitId;

/// A configured command that cannot become a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCommand {
    /// The command.
    pub command: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for BadCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the command {:?} cannot become a permission rule: {}; put the line into a script of \
             the project and configure the script",
            self.command, self.why
        )
    }
}

impl Error for BadCommand {}

/// Rules in the order in which they were added, each once.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<String>);

/// Git commands that stay inside the work tree and its branch.
const GIT_WORK: &[&str] = &["git add", "git commit", "git mv", "git rm"];

/// Git commands that reach the remote, other branches, other work trees or the configuration.
const GIT_FORBIDDEN: &[&str] = &[
    "git push",
    "git reset --hard",
    "git branch -D",
    "git branch -d",
    "git branch -f",
    "git branch -M",
    "git branch -m",
    "git branch --delete",
    "git branch --force",
    "git branch --move",
    "git switch",
    "git checkout -b",
    "git checkout -B",
    "git worktree",
    "git config",
    "git remote",
    "git stash",
    "git tag",
    "git update-ref",
    "git symbolic-ref",
    "git reflog",
    "git gc",
];

/// Programs that run what they read: with a bare one, everything can be run.
const INTERPRETERS: &[&str] = &[
    "sh", "bash", "dash", "zsh", "ksh", "fish", "python", "python3", "node", "deno", "bun", "perl",
    "ruby", "php", "xargs", "env", "sudo", "eval", "source", "exec",
];

impl Rules {
    /// What no agent may do in any mode: the tracker, and git beyond its own branch.
    pub(super) fn forbidden() -> Self {
        let mut rules = Self::default();
        rules.add("mcp__linear");
        rules.add("mcp__*inear*");
        for command in GIT_FORBIDDEN {
            rules.add(&format!("Bash({command}:*)"));
        }
        // Another agent would have none of these rules.
        rules.add("Bash(claude:*)");
        rules
    }

    /// This rule.
    pub(super) fn add(&mut self, rule: &str) {
        if !self.0.iter().any(|known| known == rule) {
            self.0.push(rule.to_owned());
        }
    }

    /// Exactly this command and, if it is several, each of them.
    pub(super) fn command(&mut self, command: &str) -> Result<(), BadCommand> {
        let command = sound(command)?;
        self.add(&format!("Bash({command})"));
        let parts = parts(command);
        if parts.len() > 1 {
            for part in parts.into_iter().filter(|part| !runs_its_input(part)) {
                self.add(&format!("Bash({part})"));
            }
        }
        Ok(())
    }

    /// This command with any further words.
    pub(super) fn with_arguments(&mut self, command: &str) -> Result<(), BadCommand> {
        let command = sound(command)?;
        self.add(&format!("Bash({command}:*)"));
        Ok(())
    }

    /// Changing files of the workspace, by whatever tool. A bare `Edit` or `Write` would allow it
    /// everywhere, as was seen.
    pub(super) fn workspace(&mut self) {
        self.add("Edit(./**)");
    }

    /// Committing.
    pub(super) fn git_work(&mut self) {
        for command in GIT_WORK {
            self.add(&format!("Bash({command}:*)"));
        }
    }

    /// Looking at what changed since `base`. Behind `--` there are only paths: no option that
    /// would write a file.
    pub(super) fn git_reading(&mut self, base: &CommitId) {
        self.add(&format!("Bash(git diff {base}..HEAD)"));
        self.add(&format!("Bash(git diff --stat {base}..HEAD)"));
        self.add(&format!("Bash(git diff {base}..HEAD --:*)"));
        self.add(&format!("Bash(git log --oneline {base}..HEAD)"));
    }

    pub(super) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

/// The command, if a rule can say it and nothing else.
fn sound(command: &str) -> Result<&str, BadCommand> {
    let command = command.trim();
    let why = if command.is_empty() {
        "it is blank"
    } else if command.contains('*') {
        "`*` in a rule stands for anything"
    } else if command.contains('\\') {
        "a backslash in a rule changes what follows it"
    } else if command.chars().any(char::is_control) {
        "it has more than one line, or a control character"
    } else {
        return Ok(command);
    };
    Err(BadCommand {
        command: command.chars().take(200).collect(),
        why,
    })
}

/// The commands that `&&`, `||`, `;`, `|` and `&` join, as they stand in the line.
fn parts(line: &str) -> Vec<&str> {
    let bytes = line.as_bytes();
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    let mut quote = None;
    let mut depth = 0_usize;
    while at < bytes.len() {
        let byte = bytes[at];
        let next = bytes.get(at + 1).copied();
        let mut width = 1;
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"' | b'`') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            // Part of a redirection: `2>&1`, `&> file`, `>| file`.
            (None, b'>') if matches!(next, Some(b'&' | b'|')) => width = 2,
            (None, b'&') if next == Some(b'>') => width = 2,
            (None, b'&' | b'|' | b';') if depth == 0 => {
                found.push(&line[start..at]);
                let double = next == Some(byte) || (byte, next) == (b'|', Some(b'&'));
                width = 1 + usize::from(double);
                start = at + width;
            }
            (None, _) => {}
        }
        at += width;
    }
    found.push(&line[start..]);
    let trimmed = found.into_iter().map(str::trim);
    trimmed.filter(|part| !part.is_empty()).collect()
}

/// Whether a command runs what it is fed, so that alone it would allow everything.
fn runs_its_input(command: &str) -> bool {
    let mut words = command.split_whitespace();
    let program = words.next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or(program);
    let always = matches!(program, "xargs" | "env" | "sudo" | "eval" | "exec");
    INTERPRETERS.contains(&program) && (always || words.all(|word| word.starts_with('-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(command: &str) -> String {
        let mut rules = Rules::default();
        match rules.command(command) {
            Ok(()) => rules.into_vec().join("  "),
            Err(error) => error.to_string(),
        }
    }

    #[rustfmt::skip]
    #[test]
    fn a_command_becomes_the_rules_that_allow_it() {
        for (command, expected) in [
            ("npm run test:unit", "Bash(npm run test:unit)"),
            (" FOO=1 npm test ", "Bash(FOO=1 npm test)"),
            (r#"bash -c "echo a, b && c""#, r#"Bash(bash -c "echo a, b && c")"#),
            (r#"pytest -k "a or b""#, r#"Bash(pytest -k "a or b")"#),
            ("eslint . --ext .ts,.tsx", "Bash(eslint . --ext .ts,.tsx)"),
            ("sh scripts/(x).sh", "Bash(sh scripts/(x).sh)"),
            ("a && b", "Bash(a && b)  Bash(a)  Bash(b)"),
            ("a&&b;c||a", "Bash(a&&b;c||a)  Bash(a)  Bash(b)  Bash(c)"),
            ("make 2>&1 | tail -5", "Bash(make 2>&1 | tail -5)  Bash(make 2>&1)  Bash(tail -5)"),
            ("make &> log; a >| b", "Bash(make &> log; a >| b)  Bash(make &> log)  Bash(a >| b)"),
            ("(cd x && make) && b", "Bash((cd x && make) && b)  Bash((cd x && make))  Bash(b)"),
            ("cat a | sh", "Bash(cat a | sh)  Bash(cat a)"),
            ("cat a | /bin/sh -e; xargs rm; node a.js", "Bash(cat a | /bin/sh -e; xargs rm; node a.js)  Bash(cat a)  Bash(node a.js)"),
            ("a 'x; y' && b", "Bash(a 'x; y' && b)  Bash(a 'x; y')  Bash(b)"),
        ] {
            assert_eq!(rules(command), expected, "{command}");
        }
    }

    #[test]
    fn what_a_rule_cannot_say_is_refused_with_the_way_out() {
        let told = ["npm test *", "npm run lint:*", "grep a\\|b", "a\nb", " "].map(rules);
        insta::assert_snapshot!(told.join("\n"), @r#"
        the command "npm test *" cannot become a permission rule: `*` in a rule stands for anything; put the line into a script of the project and configure the script
        the command "npm run lint:*" cannot become a permission rule: `*` in a rule stands for anything; put the line into a script of the project and configure the script
        the command "grep a\\|b" cannot become a permission rule: a backslash in a rule changes what follows it; put the line into a script of the project and configure the script
        the command "a\nb" cannot become a permission rule: it has more than one line, or a control character; put the line into a script of the project and configure the script
        the command "" cannot become a permission rule: it is blank; put the line into a script of the project and configure the script
        "#);
    }

    proptest::proptest! {
        #[test]
        fn any_line_falls_into_parts_that_it_holds(line in "[a-z|&;()'\"`> é]{0,40}") {
            for part in parts(&line) {
                proptest::prop_assert!(line.contains(part));
            }
        }
    }
}
