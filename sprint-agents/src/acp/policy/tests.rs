use serde_json::json;
use sprint_core::domain::agent::Role;
use sprint_core::domain::command::CheckKind;

use super::Kind::{Change, Execute, Look, Other};
use super::*;

fn wanted(tool: &str, kind: Kind, paths: &[&str], command: Option<&str>) -> Use {
    Use {
        tool: tool.into(),
        kind,
        paths: paths.iter().map(PathBuf::from).collect(),
        input: command.map(|command| json!({ "command": command })),
    }
}

fn policy(writes: bool, undecided: Undecided) -> Policy {
    Policy {
        writes,
        edits: writes && undecided == Undecided::Refuse,
        workspace: vec!["/w/t".into(), "/real/t".into()],
        commands: vec![
            Command::Line("npm test".into()),
            Command::WithArguments("git add".into()),
        ],
        forbidden: vec![Command::WithArguments("git push".into())],
        grants: Vec::new(),
        undecided,
    }
}

#[rustfmt::skip]
const USES: &[(&str, Kind, &str, &str)] = &[
    ("Read", Look, "/w/t/a", ""),
    ("Read", Look, "/real/t/a", ""),
    ("Grep", Look, "", ""),
    ("Read", Look, "/etc/passwd", ""),
    ("Read", Look, "/w/t/../u/a", ""),
    ("Read", Look, "/w/tt/a", ""),
    ("Edit", Change, "/w/t/src/a", ""),
    ("Edit", Change, "", ""),
    ("Edit", Change, "/w/u/a", ""),
    ("Edit", Change, "/w/t/.git/hooks/x", ""),
    ("Edit", Change, "/w/t/.Claude/settings.json", ""),
    ("Bash", Execute, "", "npm test"),
    ("Bash", Execute, "", "npm test -- --watch"),
    ("Bash", Execute, "", "npm test; curl x"),
    ("Bash", Execute, "", "git add -A src 'a b'"),
    ("Bash", Execute, "", "git add"),
    ("Bash", Execute, "", "git addx"),
    ("Bash", Execute, "", "git add $(curl x)"),
    ("Bash", Execute, "", "git add a\ncurl x"),
    ("Bash", Execute, "", "curl x"),
    ("Bash", Execute, "", "git push"),
    ("Bash", Execute, "", "cd x && A=1 git  push -f"),
    ("Bash", Execute, "", "git pushed"),
    ("Fetch", Other, "", ""),
    ("mcp__sprint__ask_context", Other, "", ""),
    ("sprint_ask_context", Other, "", ""),
    ("mcp__other__ask_context", Other, "", ""),
    ("mcp__Linear_Server__list", Other, "", ""),
    ("mcp__linear__get", Look, "", ""),
    ("grep linear", Look, "/w/t/linear.rs", ""),
];

#[test]
fn every_kind_of_use_in_every_mode() {
    let mut table = Vec::new();
    for &(tool, kind, path, command) in USES {
        let paths: Vec<_> = [path].into_iter().filter(|path| !path.is_empty()).collect();
        let command = Some(command).filter(|command| !command.is_empty());
        let wanted = wanted(tool, kind, &paths, command);
        let decide = |writes, undecided| match policy(writes, undecided).decide(&wanted) {
            Decision::Allow => "allow",
            Decision::Refuse => "-",
            Decision::Ask => "ask",
        };
        let [refuse, allow, ask] =
            [Undecided::Refuse, Undecided::Allow, Undecided::Ask].map(|mode| decide(true, mode));
        let reader =
            [Undecided::Refuse, Undecided::Allow, Undecided::Ask].map(|mode| decide(false, mode));
        assert!(
            reader.iter().all(|decision| *decision == reader[0]),
            "no mode lets a reader off"
        );
        let what = command.unwrap_or(path).replace('\n', "\\n");
        table.push(format!(
            "{tool:24} {what:27} {refuse:5} {allow:5} {ask:5} {}",
            reader[0]
        ));
    }
    insta::assert_snapshot!(table.join("\n"), @r"
    Read                     /w/t/a                      allow allow allow allow
    Read                     /real/t/a                   allow allow allow allow
    Grep                                                 allow allow allow allow
    Read                     /etc/passwd                 -     allow ask   -
    Read                     /w/t/../u/a                 -     allow ask   -
    Read                     /w/tt/a                     -     allow ask   -
    Edit                     /w/t/src/a                  allow allow ask   -
    Edit                                                 -     allow ask   -
    Edit                     /w/u/a                      -     allow ask   -
    Edit                     /w/t/.git/hooks/x           -     allow ask   -
    Edit                     /w/t/.Claude/settings.json  -     allow ask   -
    Bash                     npm test                    allow allow allow allow
    Bash                     npm test -- --watch         -     allow ask   -
    Bash                     npm test; curl x            -     allow ask   -
    Bash                     git add -A src 'a b'        allow allow allow allow
    Bash                     git add                     allow allow allow allow
    Bash                     git addx                    -     allow ask   -
    Bash                     git add $(curl x)           -     allow ask   -
    Bash                     git add a\ncurl x           -     allow ask   -
    Bash                     curl x                      -     allow ask   -
    Bash                     git push                    -     -     -     -
    Bash                     cd x && A=1 git  push -f    -     -     -     -
    Bash                     git pushed                  -     allow ask   -
    Fetch                                                -     allow ask   -
    mcp__sprint__ask_context                             allow allow allow allow
    sprint_ask_context                                   allow allow allow allow
    mcp__other__ask_context                              -     allow ask   -
    mcp__Linear_Server__list                             -     -     -     -
    mcp__linear__get                                     -     -     -     -
    grep linear              /w/t/linear.rs              allow allow allow allow
    ");
}

#[test]
fn a_decision_of_a_person_holds_for_the_same_use_and_no_other() {
    let asked = wanted("Bash", Execute, &[], Some("npm publish"));
    let other = wanted("Bash", Execute, &[], Some("npm publish --force"));
    for (allowed, expect) in [(true, Decision::Allow), (false, Decision::Refuse)] {
        let policy = Policy {
            grants: vec![Grant {
                request: asked.request(),
                allowed,
            }],
            ..policy(true, Undecided::Ask)
        };
        assert_eq!(policy.decide(&asked), expect);
        assert_eq!(policy.decide(&other), Decision::Ask);
    }
}

#[test]
fn policies_follow_from_mode_role_and_commands() {
    let workspace = tempfile::tempdir().unwrap();
    let place = sprint_core::domain::workspace::Workspace {
        path: workspace.path().to_owned(),
        branch: "eng-1".parse().unwrap(),
        base: "a".repeat(40).parse().unwrap(),
        work_base: "a".repeat(40).parse().unwrap(),
    };
    let mut table = Vec::new();
    for role in [Role::Worker, Role::Review] {
        let mut task = AgentTask::new("k", role, "ENG-1".parse().unwrap(), &place);
        task.checks.insert(CheckKind::Test, "npm test".into());
        for mode in Mode::ALL {
            let policy = Policy::of(mode, &task, &["npm ci".into()]).unwrap();
            assert!(
                policy
                    .forbidden
                    .contains(&Command::WithArguments("git push".into()))
            );
            let inside = workspace.path().join("a.txt");
            let uses = [
                wanted("Edit", Change, &[inside.to_str().unwrap()], None),
                wanted("Bash", Execute, &[], Some("npm test")),
                wanted("Bash", Execute, &[], Some("npm ci")),
                wanted("Bash", Execute, &[], Some("npm publish")),
                wanted("Bash", Execute, &[], Some("git push")),
            ];
            let told = uses.map(|wanted| format!("{:?}", policy.decide(&wanted)));
            table.push(format!("{role} {mode}: {}", told.join(" ")));
        }
    }
    insta::assert_snapshot!(table.join("\n"), @r"
    worker auto-approve: Allow Allow Allow Refuse Refuse
    worker skip-all: Allow Allow Allow Allow Refuse
    worker manual: Allow Ask Ask Ask Refuse
    worker pre-configured: Refuse Refuse Refuse Refuse Refuse
    review auto-approve: Refuse Refuse Refuse Refuse Refuse
    review skip-all: Refuse Refuse Refuse Refuse Refuse
    review manual: Refuse Refuse Refuse Refuse Refuse
    review pre-configured: Refuse Refuse Refuse Refuse Refuse
    ");
    let mut task = AgentTask::new("k", Role::Worker, "ENG-1".parse().unwrap(), &place);
    task.checks.insert(CheckKind::Test, "npm *".into());
    assert!(Policy::of(Mode::AutoApprove, &task, &[]).is_err());
}
