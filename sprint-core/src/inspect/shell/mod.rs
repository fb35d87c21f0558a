//! Commands of a gate that cannot fail, or hide that something failed.
//!
//! The gate believes exit statuses. A line such as `npm test || true` has one that says nothing.
//! The line is read as a shell would read it, and the statuses of its parts are followed.

mod commands;
mod parse;
#[cfg(test)]
mod tests;
mod tools;

use std::collections::BTreeMap;

use crate::domain::command::{CheckKind, CommandLine};
use crate::domain::verdict::{Finding, FindingKind};
pub(crate) use crate::inspect::shell::commands::{SHELLS, Simple, commands, tool};
use crate::inspect::shell::parse::{Command, Item, Join, List, Pipeline, parse};

/// Why a command line is no use in a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weakness {
    /// How bad it is.
    pub kind: WeaknessKind,
    /// What is wrong, for people.
    pub why: String,
    /// What to write instead, if that is plain.
    pub instead: Option<String>,
}

/// How much a command line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WeaknessKind {
    /// Some failures do not show in its status.
    MayHide,
    /// It does not run the tests; as a check of anything else it may do.
    RunsNoTest,
    /// Its status is success, whatever happens.
    CannotFail,
}

/// What is weak about a line for `sh -c`; the worst, if several things are.
pub fn weakness(line: &str) -> Option<Weakness> {
    examine(line, Shell::default(), 0)
}

/// The weaknesses of a configured gate, as findings.
pub fn command_findings(checks: &BTreeMap<CheckKind, CommandLine>) -> Vec<Finding> {
    let finding = |(check, line): (&CheckKind, &CommandLine)| {
        let weakness = weakness(line.as_str())?;
        let instead = weakness
            .instead
            .map_or_else(String::new, |text| format!("; write `{text}`"));
        let message = format!("the {check} command `{line}`: {}{instead}", weakness.why);
        match (weakness.kind, check) {
            (WeaknessKind::CannotFail, _) | (WeaknessKind::RunsNoTest, CheckKind::Test) => {
                Some(Finding::blocking(FindingKind::CannotFail, message))
            }
            (WeaknessKind::MayHide, _) => Some(Finding::remark(FindingKind::CannotFail, message)),
            // Compiling the tests is a way to build.
            (
                WeaknessKind::RunsNoTest,
                CheckKind::Build | CheckKind::Lint | CheckKind::Typecheck,
            ) => None,
        }
    };
    checks.iter().filter_map(finding).collect()
}

/// What a shell was told about failures.
#[derive(Clone, Copy, Default)]
struct Shell {
    errexit: bool,
    pipefail: bool,
}

/// What the status of a command can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Success, whatever happens.
    Succeeds,
    /// Failure, whatever happens.
    Fails,
    /// It says something.
    Telling,
}

/// `sh -c` in `sh -c`: nobody writes that often.
const DEEPEST: usize = 4;

fn examine(line: &str, shell: Shell, depth: usize) -> Option<Weakness> {
    let mut walk = Walk {
        shell,
        depth,
        found: Vec::new(),
    };
    let list = parse(line);
    let status = walk.list(&list);
    if status == Status::Succeeds && !list.items.is_empty() {
        let (why, instead) = hidden(&list);
        walk.note(WeaknessKind::CannotFail, why, instead);
    }
    // The first of the worst.
    let worst = walk.found.iter().map(|weakness| weakness.kind).max()?;
    walk.found
        .into_iter()
        .find(|weakness| weakness.kind == worst)
}

/// Why a list that succeeds does, and what it would be without that.
fn hidden(list: &List) -> (String, Option<String>) {
    let Some(last) = list.items.last() else {
        return ("it does nothing".into(), None);
    };
    if last.background {
        return (
            format!(
                "`{}` runs in the background, and nobody waits for it",
                last.text
            ),
            Some(last.text.clone()),
        );
    }
    if let Some((Join::Or, otherwise)) = last.rest.last() {
        let instead = match last.rest.as_slice() {
            [_] => Some(last.first.text.clone()),
            _ => None,
        };
        let instead = instead.filter(|_| list.items.len() == 1);
        return (
            format!("`|| {}` makes a success of every failure", otherwise.text),
            instead,
        );
    }
    match list.items.as_slice() {
        [only] => (format!("`{}` always succeeds", only.text), None),
        [before @ .., last] => {
            let instead: Vec<_> = before.iter().map(|item| item.text.as_str()).collect();
            let why = format!(
                "its status is that of `{}`, which always succeeds",
                last.text
            );
            (why, Some(instead.join(" && ")))
        }
        [] => ("it does nothing".into(), None),
    }
}

struct Walk {
    shell: Shell,
    depth: usize,
    found: Vec<Weakness>,
}

impl Walk {
    fn note(&mut self, kind: WeaknessKind, why: impl Into<String>, instead: Option<String>) {
        self.found.push(Weakness {
            kind,
            why: why.into(),
            instead,
        });
    }

    fn list(&mut self, list: &List) -> Status {
        let mut status = Status::Succeeds;
        let mut aborts = false;
        for (number, item) in list.items.iter().enumerate() {
            let last = number + 1 == list.items.len();
            status = self.item(item);
            let checks = !is_preparation(&item.first);
            if item.background {
                let waits = list.items[number + 1..].iter().any(waits_for_job);
                if !waits && !last && checks {
                    let why = format!(
                        "`{}` runs in the background: its failure goes unnoticed",
                        item.text
                    );
                    self.note(WeaknessKind::MayHide, why, Some(item.text.clone()));
                }
                status = if waits {
                    Status::Telling
                } else {
                    Status::Succeeds
                };
            } else if self.shell.errexit && status == Status::Telling {
                aborts = true;
            } else if !last && status == Status::Telling && checks && !leaves(item) {
                let why = format!(
                    "a failure of `{}` goes unnoticed: what comes after `;` runs anyway",
                    item.text
                );
                let instead = format!("{} && {}", item.text, list.items[number + 1].text);
                self.note(
                    WeaknessKind::MayHide,
                    why,
                    Some(instead).filter(|_| list.items.len() == 2),
                );
            }
            // What ends the script decides its status.
            aborts |= !last && leaves(item);
            if ends(item) {
                break;
            }
        }
        if aborts && status == Status::Succeeds {
            Status::Telling
        } else {
            status
        }
    }

    fn item(&mut self, item: &Item) -> Status {
        let mut status = self.pipeline(&item.first);
        let mut before = &item.first;
        for (join, pipeline) in &item.rest {
            let next = self.pipeline(pipeline);
            status = match (join, status, next) {
                (Join::And, Status::Fails, _) | (Join::And, _, Status::Fails) => Status::Fails,
                (Join::And, Status::Succeeds, next) => next,
                (Join::And, Status::Telling, _) => Status::Telling,
                (Join::Or, Status::Succeeds, _) | (Join::Or, _, Status::Succeeds) => {
                    Status::Succeeds
                }
                (Join::Or, Status::Fails, next) => next,
                (Join::Or, Status::Telling, Status::Fails) => Status::Telling,
                (Join::Or, Status::Telling, Status::Telling) => {
                    if !is_question(before) {
                        let why = format!(
                            "a failure of `{}` is forgiven where `{}` succeeds",
                            before.text, pipeline.text
                        );
                        self.note(WeaknessKind::MayHide, why, None);
                    }
                    Status::Telling
                }
            };
            before = pipeline;
        }
        status
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Status {
        let mut status = Status::Succeeds;
        let mut telling = false;
        for command in &pipeline.commands {
            // A part of a pipe is a shell of its own.
            let shell = self.shell;
            status = self.command(command);
            if pipeline.commands.len() > 1 {
                self.shell = shell;
            }
            telling |= status == Status::Telling;
        }
        if pipeline.commands.len() > 1 {
            let produces = pipeline.commands.first().is_some_and(tools::is_producer);
            if self.shell.pipefail {
                status = if telling { Status::Telling } else { status };
            } else if !produces {
                let why = format!(
                    "of `{}` only the last command's status counts",
                    pipeline.text
                );
                let instead = format!("bash -o pipefail -c '{}'", pipeline.text);
                self.note(
                    WeaknessKind::MayHide,
                    why,
                    Some(instead).filter(|_| !pipeline.text.contains('\'')),
                );
                // That the last always succeeds is said as well as it can be.
                status = Status::Telling;
            }
        }
        match (pipeline.inverted, status) {
            (false, status) => status,
            (true, Status::Succeeds) => Status::Fails,
            (true, Status::Fails) => Status::Succeeds,
            (true, Status::Telling) => {
                if !is_question(pipeline) {
                    self.note(
                        WeaknessKind::MayHide,
                        format!("`{}` succeeds when the command fails", pipeline.text),
                        None,
                    );
                }
                Status::Telling
            }
        }
    }

    fn command(&mut self, command: &Command) -> Status {
        match command {
            Command::Simple { set, words } => self.simple(set, words),
            Command::Subshell(list) => {
                let shell = self.shell;
                let status = self.list(list);
                self.shell = shell;
                status
            }
            Command::Group(list) => self.list(list),
            Command::If {
                branches,
                otherwise,
            } => self.conditional(branches, otherwise.as_ref()),
            Command::Loop(body) => {
                let status = self.list(body);
                if status == Status::Telling
                    && !self.shell.errexit
                    && !body.items.iter().any(leaves)
                {
                    self.note(
                        WeaknessKind::MayHide,
                        "only the last round of a loop decides its status",
                        None,
                    );
                }
                status
            }
            Command::Other => Status::Telling,
        }
    }

    fn conditional(&mut self, branches: &[(List, List)], otherwise: Option<&List>) -> Status {
        let mut statuses = Vec::new();
        let mut asks = true;
        for (condition, body) in branches {
            let mut inner = Self {
                shell: Shell::default(),
                depth: self.depth,
                found: Vec::new(),
            };
            inner.list(condition);
            asks &= condition.items.iter().all(|item| is_question(&item.first));
            statuses.push(self.list(body));
        }
        statuses.push(otherwise.map_or(Status::Succeeds, |list| self.list(list)));
        let succeeds = statuses.iter().all(|status| *status == Status::Succeeds);
        let fails = statuses.contains(&Status::Fails);
        if succeeds {
            return Status::Succeeds;
        }
        if otherwise.is_none() && !fails {
            self.note(
                WeaknessKind::MayHide,
                "an `if` without `else` succeeds where its condition does not hold",
                None,
            );
        } else if !asks && !fails && statuses.last() == Some(&Status::Succeeds) {
            self.note(
                WeaknessKind::MayHide,
                "an `if` makes a success of its condition's failure",
                None,
            );
        }
        Status::Telling
    }

    fn simple(&mut self, set: &[String], words: &[String]) -> Status {
        for weakness in tools::weaknesses(set, words) {
            self.found.push(weakness);
        }
        let words = tools::unwrapped(words);
        let Some((name, arguments)) = words.split_first() else {
            return Status::Succeeds;
        };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match name.as_str() {
            "set" => self.set(&arguments),
            "trap" => {
                let exits = arguments
                    .first()
                    .is_some_and(|action| examine(action, Shell::default(), DEEPEST).is_some());
                if arguments.contains(&"EXIT") && exits && arguments[0].contains("exit 0") {
                    self.note(
                        WeaknessKind::CannotFail,
                        "its trap exits with success, whatever happened",
                        None,
                    );
                }
                Status::Succeeds
            }
            "sh" | "bash" | "zsh" | "dash" => self.shell(&arguments),
            "eval" => self.script(&arguments.join(" "), self.shell),
            "exit" | "return" => match arguments.first() {
                Some(&"0") => Status::Succeeds,
                Some(code) if code.parse::<i64>().is_ok() => Status::Fails,
                Some(_) | None => Status::Telling,
            },
            "false" => Status::Fails,
            "wait" => {
                if arguments.is_empty() {
                    Status::Succeeds
                } else {
                    Status::Telling
                }
            }
            name if tools::ALWAYS_SUCCEED.contains(&name) => Status::Succeeds,
            _ => Status::Telling,
        }
    }

    fn set(&mut self, arguments: &[&str]) -> Status {
        for (at, argument) in arguments.iter().enumerate() {
            let on = argument.starts_with('-');
            if argument.starts_with(['-', '+']) && argument.contains('e') {
                if self.shell.errexit && !on {
                    self.note(
                        WeaknessKind::MayHide,
                        "`set +e` goes on after failures",
                        None,
                    );
                }
                self.shell.errexit = on;
            }
            if argument.ends_with('o') && argument.starts_with(['-', '+']) {
                match arguments.get(at + 1) {
                    Some(&"pipefail") => self.shell.pipefail = on,
                    Some(&"errexit") => self.shell.errexit = on,
                    Some(_) | None => {}
                }
            }
        }
        Status::Succeeds
    }

    /// `sh -c '…'`
    fn shell(&mut self, arguments: &[&str]) -> Status {
        let mut shell = Shell::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest
            .next()
            .filter(|argument| argument.starts_with(['-', '+']))
        {
            let flags = argument.trim_start_matches(['-', '+']);
            shell.errexit |= flags.contains('e') && !argument.starts_with("--");
            if flags.ends_with('o') {
                match rest.next() {
                    Some(&"pipefail") => shell.pipefail = true,
                    Some(&"errexit") => shell.errexit = true,
                    Some(_) | None => {}
                }
            }
            if flags.contains('c') && !argument.starts_with("--") {
                let script = rest.next().copied().unwrap_or_default();
                // `-c` may come before the other flags.
                return self.script(script, shell);
            }
        }
        Status::Telling
    }

    fn script(&mut self, script: &str, shell: Shell) -> Status {
        if self.depth >= DEEPEST {
            return Status::Telling;
        }
        match examine(script, shell, self.depth + 1) {
            Some(weakness) => {
                // Said once, with what is inside.
                self.found.push(Weakness {
                    instead: None,
                    ..weakness
                });
                Status::Telling
            }
            None => Status::Telling,
        }
    }
}

/// The first command's name, behind words such as `env`.
fn name(pipeline: &Pipeline) -> Option<&str> {
    match pipeline.commands.first()? {
        Command::Simple { words, .. } => Some(tools::unwrapped(words).first()?.as_str()),
        Command::Subshell(_)
        | Command::Group(_)
        | Command::If { .. }
        | Command::Loop(_)
        | Command::Other => None,
    }
}

/// Whether a pipeline only asks, so that either answer is fine; asking for `$?` is no such thing.
fn is_question(pipeline: &Pipeline) -> bool {
    const ASK: &[&str] = &[
        "[", "[[", "test", "command", "type", "which", "hash", "grep", "egrep", "rg", "git",
    ];
    !pipeline.text.contains("$?") && name(pipeline).is_some_and(|name| ASK.contains(&name))
}

/// Whether a pipeline prepares something rather than checks it.
fn is_preparation(pipeline: &Pipeline) -> bool {
    const PREPARE: &[&str] = &[
        "set", "export", "source", ".", "unset", "mkdir", "rm", "umask", "ulimit", "trap", "echo",
        "printf", "local", "sleep", "kill", "shopt", "alias",
    ];
    let assignment =
        |command: &Command| matches!(command, Command::Simple { words, .. } if words.is_empty());
    name(pipeline).is_some_and(|name| PREPARE.contains(&name))
        || pipeline.commands.iter().all(assignment)
        || pipeline
            .commands
            .iter()
            .all(|command| *command == Command::Other)
}

/// `wait $pid`.
fn waits_for_job(item: &Item) -> bool {
    let joined = item.rest.iter().map(|(_, pipeline)| pipeline);
    let commands = joined
        .chain([&item.first])
        .flat_map(|pipeline| &pipeline.commands);
    commands.into_iter().any(|command| {
        matches!(command, Command::Simple { words, .. } if words.len() > 1 && words[0] == "wait")
    })
}

/// Whether an item leaves the script with a failure where it fails: `a || exit 1`.
fn leaves(item: &Item) -> bool {
    fn exits(command: &Command) -> bool {
        match command {
            Command::Simple { words, .. } => {
                matches!(
                    words.first().map(String::as_str),
                    Some("exit" | "return" | "break")
                ) && words.get(1).is_none_or(|code| code != "0")
            }
            Command::Group(list) => list
                .items
                .iter()
                .any(|item| item.first.commands.iter().any(exits)),
            Command::If {
                branches,
                otherwise,
            } => branches
                .iter()
                .map(|(_, body)| body)
                .chain(otherwise)
                .any(|body| {
                    body.items
                        .iter()
                        .any(|item| item.first.commands.iter().any(exits))
                }),
            Command::Subshell(_) | Command::Loop(_) | Command::Other => false,
        }
    }
    let last = item.rest.iter().map(|(_, pipeline)| pipeline).next_back();
    let conditional =
        matches!(item.first.commands.as_slice(), [Command::If { .. }]).then_some(&item.first);
    last.or(conditional)
        .is_some_and(|pipeline| pipeline.commands.iter().any(exits))
}

/// Whether nothing after this item runs.
fn ends(item: &Item) -> bool {
    item.rest.is_empty() && matches!(name(&item.first), Some("exit" | "exec" | "return"))
}
