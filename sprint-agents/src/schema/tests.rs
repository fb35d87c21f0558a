use serde_json::json;
use sprint_core::domain::agent::RoleResult;

use super::*;

/// One whole answer of each role: every member is there.
fn sample(role: Role) -> Value {
    let at = json!({ "path": "src/a.rs", "start": 3, "end": 9 });
    let errors = json!({ "style": "result", "examples": [at] });
    let tests = json!({
        "runner": "cargo test", "assertion": "assert_eq!", "mocking": "fakes",
        "fixtures": ["tests/data.json"], "setup": "none", "example": at,
    });
    let code_type = json!({
        "name": "User", "path": "src/a.rs", "line": 3, "kind": "struct",
        "fields": [{ "name": "id", "type": "u64", "optional": false, "nullable": false,
                     "note": "" }],
        "variants": [],
    });
    let check = json!({ "exit_code": 0, "passed": 3, "failed": 0, "output": "ok" });
    match role {
        Role::Context => json!({ "report": "start in src/lib.rs:10" }),
        Role::Worker => json!({
            "ticket_id": "ENG-1", "branch": "sprint/ENG-1", "status": "SUCCESS",
            "commit_hash": "a".repeat(40),
            "evidence": { "preflight_ran": true, "build": check, "lint": check,
                          "typecheck": check, "test": check },
            "learnings_added": ["tests need --all"], "notes": ["none"],
        }),
        Role::Review => json!({
            "findings": [{ "severity": "HIGH", "place": "src/a.rs:3", "message": "no check" }],
            "summary": "read it all",
        }),
        Role::Completion => json!({
            "requirements": [{ "requirement": "greets", "met": true, "place": "src/a.rs:3" }],
        }),
        Role::Simplifier => json!({ "changes_made": ["one loop less"] }),
        Role::Conflict => json!({
            "ticket_id": "ENG-1", "acceptance_preserved": true, "summary": "kept both",
            "waivers": [{ "path": "src/a.rs", "what": "let x", "reason": "renamed" }],
        }),
        Role::E2e => json!({
            "checks": [{ "kind": "browser", "step": "open /", "passed": true, "evidence": "Hi" }],
            "tests_passed": 2, "tests_failed": 0,
            "failures": [{ "what": "no greeting", "expected": "Hi", "actual": "nothing",
                           "severity": "HIGH", "files": ["src/a.rs"], "reproduce": ["open /"],
                           "suggestion": "render it" }],
        }),
        Role::Retrospective => json!({
            "report": "# Sprint", "patterns": ["a"], "progress": ["b"], "standards": ["c"],
            "tickets_feedback": ["d"],
            "alignment": [{ "aspect": "journey", "text": "1. open", "standing": "full",
                            "evidence": "ENG-1" }],
        }),
        Role::Explore => json!({
            "architecture": "three layers", "gaps": ["no cache"], "conventions": ["no unwrap"],
            "files": [{ "path": "src/a.rs", "start": 3, "end": 9, "role": "pattern",
                        "exports": [{ "name": "greet", "kind": "fn", "signature": "fn greet()" }],
                        "line_count": 40, "read": true, "note": "" }],
            "types": [code_type], "tests": tests, "errors": errors, "unread": ["src/b.rs"],
            "risks": [{ "id": "R1", "kind": "performance", "text": "slow", "at": at }],
            "memory_updates": [{ "topic": "tests", "at": at, "note": "run by cargo" }],
        }),
        Role::TicketContext => json!({
            "ticket": "T-1", "errors": errors, "tests": tests, "unread": [],
            "files": [{ "path": "src/a.rs", "modifies": true, "read": true, "line_count": 40,
                        "functions": [{ "name": "greet", "line": 3, "signature": "fn greet()",
                                        "params": [{ "name": "who", "type": "&str",
                                                     "optional": false, "nullable": false }],
                                        "returns": "String", "behavior": "greets",
                                        "side_effects": ["fs"], "errors": "throws",
                                        "shared_state": false, "idempotent": true }],
                        "types": [code_type],
                        "callers": [{ "path": "src/b.rs", "function": "greet",
                                      "usage": "with a name" }] }],
            "suggested_edge_cases": [{ "function": "greet", "input": "empty name",
                                       "expected": "an error" }],
        }),
        Role::Scheduler => json!({
            "predictions": [{ "branch_a": "sprint/A", "branch_b": "sprint/B",
                              "shared_files": ["src/a.rs"], "risk": "MEDIUM" }],
            "merge_order": [{ "ticket": "A", "reason": "B needs it" }],
            "conflict_context": [{ "path": "src/a.rs",
                                   "intents": [{ "ticket": "A", "intent": "adds a field",
                                                 "edge_cases": ["empty"] }] }],
        }),
    }
}

/// Where and how `value` breaks the schema, as far as our schemas say anything.
fn faults(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let fault = |what: &str| vec![format!("{at}: {what}")];
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return if choices.contains(value) {
            Vec::new()
        } else {
            fault("is none of the words")
        };
    }
    match (schema["type"].as_str().unwrap_or_default(), value) {
        ("object", Value::Object(members)) => {
            let required = schema.get("required").and_then(Value::as_array);
            let missing = required.into_iter().flatten().filter_map(Value::as_str);
            let missing = missing.filter(|name| !members.contains_key(*name));
            let mut found: Vec<_> = missing.map(|name| format!("{at}: no {name}")).collect();
            for (name, member) in members {
                match schema["properties"].get(name) {
                    Some(inner) => found.extend(faults(inner, member, &format!("{at}.{name}"))),
                    None => found.push(format!("{at}: unknown {name}")),
                }
            }
            found
        }
        ("array", Value::Array(items)) => items
            .iter()
            .flat_map(|item| faults(&schema["items"], item, &format!("{at}[]")))
            .collect(),
        ("string", Value::String(_)) | ("boolean", Value::Bool(_)) => Vec::new(),
        ("integer", Value::Number(number)) if number.as_i64() >= schema["minimum"].as_i64() => {
            Vec::new()
        }
        (expected, _) => fault(&format!("is no {expected}")),
    }
}

#[test]
fn a_whole_answer_is_accepted_and_is_what_the_type_says() {
    for role in Role::ALL {
        let sample = sample(role);
        assert_eq!(faults(&schema(role), &sample, role.name()), [""; 0]);
        let read = RoleResult::parse(role, &sample.to_string()).unwrap();
        assert_eq!(read.role(), role);
        // Serialised, it is inside one more object that names the role.
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(written[role.name()], sample, "{role}");
    }
}

#[test]
fn every_part_that_is_missing_or_wrong_is_refused_by_schema_or_type_alike() {
    for role in Role::ALL {
        let schema = schema(role);
        let whole = sample(role);
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for name in required.iter().filter_map(Value::as_str) {
            let mut broken = whole.clone();
            broken.as_object_mut().unwrap().remove(name);
            assert_ne!(
                faults(&schema, &broken, ""),
                [""; 0],
                "{role} without {name}"
            );
            assert!(
                RoleResult::parse(role, &broken.to_string()).is_err(),
                "{role} {name}"
            );
        }
        for name in whole.as_object().unwrap().keys() {
            let mut wrong = whole.clone();
            wrong[name] = json!({ "x": [1] });
            assert_ne!(
                faults(&schema, &wrong, ""),
                [""; 0],
                "{role} with another {name}"
            );
            let optional = !required.contains(&name.clone().into());
            let mut without = whole.clone();
            without.as_object_mut().unwrap().remove(name);
            assert_eq!(
                RoleResult::parse(role, &without.to_string()).is_ok(),
                optional,
                "{role}: the type and the schema agree on whether {name} is needed"
            );
        }
        if let Some(at) = whole.pointer("/files/0/line_count") {
            assert!(at.is_number());
            let mut below = whole.clone();
            below["files"][0]["line_count"] = json!(-1);
            assert_ne!(faults(&schema, &below, ""), [""; 0], "{role}");
        }
        let mut more = whole.clone();
        more["confidence"] = 1.into();
        assert_ne!(faults(&schema, &more, ""), [""; 0], "{role}");
    }
}

#[test]
fn schemas_hold_nothing_that_validators_disagree_about() {
    fn walk(value: &Value, at: &str) {
        match value {
            Value::Object(members) => {
                let is_members = at.ends_with(".properties");
                for (name, member) in members {
                    let known = [
                        "type",
                        "description",
                        "properties",
                        "required",
                        "items",
                        "enum",
                        "additionalProperties",
                        "pattern",
                        "minimum",
                    ];
                    assert!(is_members || known.contains(&name.as_str()), "{at}.{name}");
                    walk(member, &format!("{at}.{name}"));
                }
                let one_type = is_members || members["type"].is_string();
                assert!(one_type, "{at}: one type each");
            }
            Value::Array(_) | Value::String(_) | Value::Bool(_) | Value::Number(_) => {}
            Value::Null => panic!("{at}: {value}"),
        }
    }
    for role in Role::ALL {
        let schema = schema(role);
        assert_eq!(schema["type"], "object");
        walk(&schema, role.name());
    }
}

#[test]
fn each_role_has_its_schema() {
    for role in Role::ALL {
        let mut schema = schema(role);
        schema.sort_all_objects();
        insta::assert_snapshot!(role.name(), format!("{schema:#}"));
    }
}
