//! Hints as planners write them, and as they should not.

use serde_json::{Value, json};

use crate::domain::config::CoordinationMode;
use crate::domain::hints::{HintField, Hints, HintsError, MAX_HINTS_BYTES, parse};

fn whole() -> Value {
    json!({
        "problem_id": "login",
        "generated_at": "2026-01-31T09:05:00Z",
        "plan_commit": "1F0C9D8E7A6B5C4D3E2F1F0C9D8E7A6B5C4D3E2F",
        "plan_doc": ".claude/plans/login.md",
        "coordination_mode_recommendation": "agent-teams",
        "total_tickets": 2,
        "total_edge_cases": "7",
        "tickets": {
            "ENG-1": {
                "title": "Parse", "complexity": "S", "dependencies": [],
                "files_to_create": ["./src/a.rs"], "files_to_modify": ["src/lib.rs"],
                "edge_case_count": 3, "wave": 1
            },
            "ENG-2": {
                "title": "Print", "complexity": "L", "dependencies": ["ENG-1"],
                "files_to_create": [], "files_to_modify": [], "edge_case_count": 4, "wave": 2
            }
        }
    })
}

fn read(value: &Value) -> (Hints, String) {
    let (hints, faults) = parse(value.to_string().as_bytes()).unwrap();
    let said: Vec<_> = faults.iter().map(ToString::to_string).collect();
    (hints, said.join("\n"))
}

#[test]
fn whole_hints_are_read_without_a_fault() {
    let (hints, said) = read(&whole());
    assert_eq!(said, "");
    assert_eq!(hints.coordination, Some(CoordinationMode::AgentTeams));
    assert_eq!(hints.edge_cases(), hints.total_edge_cases.unwrap());
    assert!(hints.plan_commit.unwrap().as_str().starts_with("1f0c9d8e"));
    let [first, second] = &hints.tickets.values().collect::<Vec<_>>()[..] else {
        panic!("two tickets");
    };
    let files: Vec<_> = first.files().map(ToString::to_string).collect();
    assert_eq!(files, ["src/a.rs", "src/lib.rs"]);
    assert_eq!(second.dependencies.as_ref().unwrap().len(), 1);
}

#[test]
fn every_field_can_be_missing_and_costs_no_other() {
    let (complete, _) = read(&whole());
    for field in HintField::TOP {
        let mut value = whole();
        value.as_object_mut().unwrap().remove(field.name());
        let (hints, said) = read(&value);
        assert_eq!(said, format!("{} is missing", field.name()));
        assert_eq!(hints.tickets.is_empty(), field == HintField::Tickets);
    }
    for field in HintField::TICKET {
        let mut value = whole();
        value["tickets"]["ENG-2"][field.name()] = Value::Null;
        let (hints, said) = read(&value);
        assert_eq!(said, format!("ticket ENG-2: {} is missing", field.name()));
        assert_eq!(hints.tickets.len(), complete.tickets.len());
    }
}

#[test]
fn what_is_wrong_is_named_with_what_was_found() {
    let value = json!({
        "problem_id": "Log in", "generated_at": 5, "plan_commit": "HEAD", "plan_doc": "/etc/passwd",
        "coordination_mode_recommendation": "both", "total_tickets": -1, "total_edge_cases": {},
        "tickets": {
            "../x": {},
            "ENG-1": [],
            "ENG-2": {
                "title": 3, "complexity": "XL", "dependencies": "ENG-1",
                "files_to_create": ["a/../../b"], "files_to_modify": ["ok", 7],
                "edge_case_count": 1.5, "wave": 0
            }
        }
    });
    let (_, said) = read(&value);
    insta::assert_snapshot!(said, @r#"
problem_id: problem id "Log in" may contain only lower-case letters, digits and hyphens
generated_at: expected text, found 5
plan_commit: commit "head" must be 4 to 64 lower-case hexadecimal digits
plan_doc: expected a path inside the repository, found "/etc/passwd"
coordination_mode_recommendation: expected agent-teams or subagents, found "both"
total_tickets: expected a whole number, found -1
total_edge_cases: expected a whole number, found an object
ticket ../x: tickets: ticket id "../x" may contain only letters, digits, '.', '_' and '-'
ticket ENG-1: tickets: expected an object, found a list
ticket ENG-2: title: expected text, found 3
ticket ENG-2: complexity: expected S, M or L, found "XL"
ticket ENG-2: dependencies: expected a list, found "ENG-1"
ticket ENG-2: files_to_create: item 1: expected a path inside the repository, found "a/../../b"
ticket ENG-2: files_to_modify: item 2: expected text, found 7
ticket ENG-2: edge_case_count: expected a whole number, found 1.5
ticket ENG-2: wave: waves are counted from 1, found 0
"#);
}

#[test]
fn what_is_no_hints_at_all_is_an_error() {
    assert!(matches!(
        parse(b"{\"tickets\": "),
        Err(HintsError::Syntax(_))
    ));
    assert_eq!(parse(b"[]"), Err(HintsError::NoObject("a list")));
    let long = vec![b' '; MAX_HINTS_BYTES + 1];
    assert_eq!(parse(&long), Err(HintsError::TooLong));
    let deep = "[".repeat(100_000);
    assert!(matches!(parse(deep.as_bytes()), Err(HintsError::Syntax(_))));
}

#[test]
fn modes_are_read_as_planners_write_them() {
    for (text, mode) in [
        ("agent-teams", CoordinationMode::AgentTeams),
        ("Agent Teams", CoordinationMode::AgentTeams),
        ("agent_teams", CoordinationMode::AgentTeams),
        ("subagents", CoordinationMode::Subagents),
        ("Sub-agents", CoordinationMode::Subagents),
    ] {
        let mut value = whole();
        value["coordination_mode_recommendation"] = text.into();
        assert_eq!(read(&value).0.coordination, Some(mode), "{text}");
    }
}

#[test]
fn who_needs_which_field() {
    let mut lines = Vec::new();
    for field in HintField::TOP.into_iter().chain(HintField::TICKET) {
        let mark = |needed| if needed { "x" } else { "-" };
        lines.push(format!(
            "{} {} {} {}",
            mark(field.needed_by_sprint()),
            mark(field.needed_by_dry_run()),
            mark(field.is_derivable()),
            field.name()
        ));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
- - - problem_id
- x - generated_at
x x - plan_commit
- x x plan_doc
x - - coordination_mode_recommendation
x x - total_tickets
- x - total_edge_cases
x x - tickets
x x - title
x x - complexity
x x - dependencies
x x - files_to_create
x x - files_to_modify
x x - edge_case_count
- x x wave
"#);
}
