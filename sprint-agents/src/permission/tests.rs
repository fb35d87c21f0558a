use std::collections::BTreeMap;

use sprint_core::domain::agent::Assignment;
use sprint_core::domain::command::CheckKind;
use sprint_core::domain::workspace::Workspace;
use sprint_core::id::{BranchName, CommitId, TicketId};

use super::matrix::{Action, CHECKS, Decider, MATRIX, Outcome, Target};
use super::*;

fn task(role: Role) -> AgentTask {
    let commit = CommitId::new("a".repeat(40)).unwrap();
    let workspace = Workspace {
        path: "/w".into(),
        branch: BranchName::new("sprint/ENG-1").unwrap(),
        base: commit.clone(),
        work_base: commit,
    };
    let kinds = [CheckKind::Build, CheckKind::Lint, CheckKind::Test];
    let lines = CHECKS.map(str::to_owned);
    AgentTask {
        checks: kinds.into_iter().zip(lines).collect::<BTreeMap<_, _>>(),
        ..AgentTask::new("k", role, TicketId::new("ENG-1").unwrap(), &workspace)
    }
}

fn made(mode: Mode, role: Role) -> Permissions {
    let scope = Scope {
        task: &task(role),
        commands: &["npm ci"],
        browser: None,
        own_tools: if role == Role::Worker {
            &["mcp__sprint__ask_context"]
        } else {
            &[]
        },
    };
    permissions(mode, &Profile::of(role, &Assignment::First), &scope).unwrap()
}

/// What a rule says of a command, where it is compared as text.
fn matches(rule: &str, command: &str) -> bool {
    let said = rule
        .strip_prefix("Bash(")
        .and_then(|rest| rest.strip_suffix(')'));
    let Some(said) = said else { return false };
    match said.strip_suffix(":*") {
        Some(prefix) => command
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')),
        None => said == command,
    }
}

fn outcome(permissions: &Permissions, action: Action) -> Outcome {
    let any = |rules: &[String]| match action {
        Action::Bash(command) => rules.iter().any(|rule| matches(rule, command)),
        Action::Read(_) => rules.iter().any(|rule| rule == "Read"),
        Action::Write(_) => rules.iter().any(|rule| rule == "Edit(./**)"),
    };
    if any(&permissions.deny) {
        return Outcome::Denied;
    } else if any(&permissions.allow) {
        return Outcome::Runs;
    }
    match permissions.cli_mode {
        CliMode::DontAsk => Outcome::Denied,
        CliMode::Default => Outcome::Asks,
        CliMode::BypassPermissions => Outcome::Runs,
    }
}

#[test]
fn our_rules_decide_what_the_table_says_they_decide() {
    for case in MATRIX.iter().filter(|case| case.by == Decider::Rules) {
        for (mode, expected) in [
            (Mode::AutoApprove, case.auto_approve),
            (Mode::SkipAll, case.skip_all),
            (Mode::Manual, case.manual),
        ] {
            let permissions = made(mode, Role::Worker);
            let got = outcome(&permissions, case.action);
            assert_eq!(got, expected, "{:?} in {mode}", case.action);
        }
    }
    let deciders = MATRIX.iter().filter(|case| case.by == Decider::Program);
    assert!(deciders.count() >= 5, "the program is to be tested as well");
    let write = Action::Write(Target::Inside);
    assert_eq!(
        outcome(&made(Mode::AutoApprove, Role::Review), write),
        Outcome::Denied
    );
}

#[test]
fn each_role_is_started_with_its_rules() {
    let shown = |mode, role| {
        let permissions = made(mode, role);
        let more = [
            (permissions.asks, " asks"),
            (permissions.reads_settings, " settings"),
        ];
        let more: String = more
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, word)| *word)
            .collect();
        let allow: String = permissions
            .allow
            .iter()
            .map(|rule| format!("\n    {rule}"))
            .collect();
        format!(
            "{mode} {role}: {}{more}{allow}",
            permissions.cli_mode.name()
        )
    };
    let rows = Mode::ALL.map(|mode| shown(mode, Role::Worker));
    let readers = [Role::Context, Role::Review, Role::E2e, Role::Scheduler];
    let readers = readers.map(|role| shown(Mode::AutoApprove, role));
    insta::assert_snapshot!([rows.as_slice(), &readers].concat().join("\n"), @r"
    auto-approve worker: dontAsk
        Edit(./**)
        Bash(npm run build)
        Bash(npm run lint)
        Bash(npm test)
        Bash(npm ci)
        Bash(git add:*)
        Bash(git commit:*)
        Bash(git mv:*)
        Bash(git rm:*)
        mcp__sprint__ask_context
    skip-all worker: bypassPermissions
        mcp__sprint__ask_context
    manual worker: default asks
        Edit(./**)
        mcp__sprint__ask_context
    pre-configured worker: dontAsk settings
        mcp__sprint__ask_context
    auto-approve context: dontAsk
    auto-approve review: dontAsk
        Bash(git diff aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..HEAD)
        Bash(git diff --stat aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..HEAD)
        Bash(git diff aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..HEAD --:*)
        Bash(git log --oneline aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..HEAD)
    auto-approve e2e: dontAsk
        Bash(agent-browser --session ENG-1:*)
        Bash(npm ci)
    auto-approve scheduler: dontAsk
    ");
}

#[test]
fn a_role_that_only_reads_is_never_let_off_the_rules() {
    for role in Role::ALL {
        for mode in Mode::ALL {
            let permissions = made(mode, role);
            let free = permissions.cli_mode == CliMode::BypassPermissions;
            assert_eq!(
                free,
                mode == Mode::SkipAll && role.writes(),
                "{role} {mode}"
            );
            assert!(permissions.deny.iter().any(|rule| rule == "mcp__linear"));
            let bare = ["Bash", "Read", "Edit", "Write", "Bash(*)", "Bash(git:*)"];
            assert!(
                !permissions
                    .allow
                    .iter()
                    .any(|rule| bare.contains(&rule.as_str()))
            );
        }
    }
}

#[test]
fn a_reader_of_changes_cannot_write_a_file_by_an_option() {
    let allow = made(Mode::AutoApprove, Role::Review).allow;
    let base = "a".repeat(40);
    let runs = |command: &str| {
        let command = command.replace("BASE", &base);
        allow.iter().any(|rule| matches(rule, &command))
    };
    assert!(runs("git diff BASE..HEAD -- src/a.rs src/b.rs"));
    assert!(!runs("git diff BASE..HEAD --output=src/a.rs"));
    assert!(!runs("git diff --output=src/a.rs BASE..HEAD"));
    assert!(!runs("git log --oneline BASE..HEAD --output=x"));
}

#[test]
fn a_wildcard_in_a_configured_command_stops_the_start() {
    let mut task = task(Role::Worker);
    task.checks.insert(CheckKind::Test, "npm test *".into());
    let scope = Scope {
        task: &task,
        commands: &[],
        browser: None,
        own_tools: &[],
    };
    let profile = Profile::of(Role::Worker, &Assignment::First);
    assert!(permissions(Mode::AutoApprove, &profile, &scope).is_err());
    // Nobody makes a rule of it there.
    assert!(permissions(Mode::Manual, &profile, &scope).is_ok());
}

#[test]
fn modes_have_the_names_people_type() {
    for mode in Mode::ALL {
        assert_eq!(Mode::parse(mode.name()), Some(mode));
    }
    assert_eq!(Mode::parse("yolo"), None);
}
