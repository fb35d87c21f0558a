//! What happens to each kind of action in each mode, as a table: what our rules and the real
//! program are both tested against.
//!
//! The workspace of the table has `package.json` with the scripts of [`CHECKS`], a committed file
//! `a.txt`, and a directory beside it that is outside.

/// The checks that the table is about, in gate order.
pub const CHECKS: [&str; 3] = ["npm run build", "npm run lint", "npm test"];

/// Something an agent tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A shell command.
    Bash(&'static str),
    /// Reading a file.
    Read(Target),
    /// Writing a file.
    Write(Target),
}

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// One in the workspace.
    Inside,
    /// One outside of it.
    Outside,
    /// One outside of it, by a link that is inside.
    Link,
    /// `.claude/settings.json` in the workspace: what the agent itself is ruled by.
    Settings,
    /// `.git/hooks/pre-commit` in the workspace, where that is a repository of its own.
    Hook,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done; whether it succeeds is another matter.
    Runs,
    /// It is refused, and the agent goes on without.
    Denied,
    /// A person is asked.
    Asks,
}

/// What decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decider {
    /// The rules we make.
    Rules,
    /// The program's own reading of the command or path.
    Program,
}

/// One action in the modes for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// What is tried.
    pub action: Action,
    /// What decides.
    pub by: Decider,
    /// What comes of it with rules made from [`CHECKS`].
    pub auto_approve: Outcome,
    /// Where nobody is asked.
    pub skip_all: Outcome,
    /// Where a person is asked.
    pub manual: Outcome,
}

const fn allowed(command: &'static str) -> Case {
    row(
        Action::Bash(command),
        Decider::Rules,
        Outcome::Runs,
        Outcome::Runs,
    )
}

const fn undecided(command: &'static str) -> Case {
    row(
        Action::Bash(command),
        Decider::Rules,
        Outcome::Denied,
        Outcome::Runs,
    )
}

const fn forbidden(command: &'static str) -> Case {
    Case {
        manual: Outcome::Denied,
        ..row(
            Action::Bash(command),
            Decider::Rules,
            Outcome::Denied,
            Outcome::Denied,
        )
    }
}

/// Decided by the program, and not asked about.
const fn free(action: Action) -> Case {
    Case {
        manual: Outcome::Runs,
        ..row(action, Decider::Program, Outcome::Runs, Outcome::Runs)
    }
}

const fn row(action: Action, by: Decider, auto_approve: Outcome, skip_all: Outcome) -> Case {
    Case {
        action,
        by,
        auto_approve,
        skip_all,
        manual: Outcome::Asks,
    }
}

/// The table.
#[rustfmt::skip]
pub const MATRIX: &[Case] = &[
    allowed("npm run build"),
    allowed("npm run lint"),
    allowed("npm test"),
    allowed("git add -A"),
    allowed("git commit -m work"),
    allowed("git mv a.txt b.txt"),
    allowed("git rm -f b.txt"),
    // The same program is not the same command.
    undecided("npm test -- --watch"),
    undecided("npm testx"),
    undecided("FOO=1 npm test"),
    undecided("npm exec -c true"),
    undecided("npm test $(touch made)"),
    undecided("npm run build && rm -rf made"),
    undecided("touch made"),
    undecided("rm -rf made"),
    undecided("curl http://127.0.0.1:9/"),
    forbidden("git push"),
    forbidden("git push origin main"),
    forbidden("git reset --hard HEAD"),
    forbidden("git branch -D main"),
    forbidden("git worktree list"),
    forbidden("git config user.name me"),
    forbidden("git remote -v"),
    forbidden("git switch main"),
    forbidden("git stash"),
    forbidden("claude --version"),
    // The program sees through these.
    Case { by: Decider::Program, ..forbidden("env git push") },
    Case { by: Decider::Program, ..forbidden("cd . && git push") },
    // And not through these: only the lack of a credential stops them.
    undecided("git -C . push"),
    undecided("/usr/bin/git push"),
    undecided("bash -c 'git push'"),
    // Writing a file of the workspace this way is writing a file of the workspace.
    Case { by: Decider::Program, ..allowed("npm test > out.txt") },
    Case { by: Decider::Program, ..undecided("npm test > ../out.txt") },
    free(Action::Bash("ls")),
    free(Action::Bash("git status")),
    free(Action::Read(Target::Inside)),
    row(Action::Read(Target::Outside), Decider::Program, Outcome::Denied, Outcome::Runs),
    row(Action::Write(Target::Inside), Decider::Rules, Outcome::Runs, Outcome::Runs),
    row(Action::Write(Target::Outside), Decider::Program, Outcome::Denied, Outcome::Runs),
    row(Action::Write(Target::Link), Decider::Program, Outcome::Denied, Outcome::Runs),
    row(Action::Write(Target::Settings), Decider::Program, Outcome::Denied, Outcome::Runs),
    row(Action::Write(Target::Hook), Decider::Program, Outcome::Denied, Outcome::Runs),
];
