use serde_json::{Value, json};

use super::MAX_BYTES;
use super::fixture::{PHASES, finding, least, phase, read_back, stored, take, taken};
use super::kind::Kind;

#[test]
fn every_phase_says_all_at_once_what_is_missing() {
    let told = PHASES.map(|name| {
        assert!(take(name, &least(name)).is_ok(), "{name}");
        let problems = taken(name, b"{}").unwrap_err().problems;
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        format!("{name}: {}", problems.join("; "))
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
think: phase: is missing; summary: is missing
plan: phase: is missing; summary: is missing; summary.planned_files: is missing; summary.plan_approval: is missing; context_checkpoint: is missing; context_checkpoint.summary: is missing
build: phase: is missing; summary: is missing
review: phase: is missing; summary: is missing; scope_drift: is missing; scope_drift.status: is missing; findings: is missing; context_checkpoint: is missing; context_checkpoint.summary: is missing
qa: phase: is missing; summary: is missing; findings: is missing; context_checkpoint: is missing; context_checkpoint.summary: is missing
security: phase: is missing; summary: is missing; findings: is missing; context_checkpoint: is missing; context_checkpoint.summary: is missing
ship: phase: is missing; summary: is missing; context_checkpoint: is missing; context_checkpoint.summary: is missing
licences: phase: is missing; summary: is missing
"#);
}

#[test]
fn what_is_there_in_another_shape_is_told_with_what_is_missing() {
    let document = json!({
        "phase": "security",
        "summary": "fine",
        "context_checkpoint": {"key_files": "src"},
        "mode": "fast",
        "findings": [
            {"id": "REV-1", "severity": "high"},
            {"id": "SEC 2", "severity": "high", "description": "x"},
            {"id": "SEC-3", "severity": "severe", "description": "x"},
            "SEC-4",
        ],
        "conflicts": [{"finding_id": "SEC-1"}],
    });
    insta::assert_snapshot!(take("review", &document).unwrap_err(), @r#"
it is not what review has to hand in:
  phase: says "security", but review is claimed
  summary: must be an object
  scope_drift: is missing
  scope_drift.status: is missing
  context_checkpoint.summary: is missing
  mode: unknown variant `fast`, expected one of `quick`, `standard`, `thorough`
  findings[0]: missing field `description`
  findings[1]: finding id "SEC 2" may contain only letters, digits, '.', '_' and '-'
  findings[2]: unknown variant `severe`, expected one of `critical`, `blocking`, `high`, `should_fix`, `medium`, `low`, `nitpick`, `positive`, `informational`
  findings[3]: invalid type: string "SEC-4", expected struct Finding
  conflicts[0]: missing field `conflicts_with`
"#);
}

#[test]
fn findings_must_make_sense_each_for_itself() {
    let mut document = least("review");
    let finding = |rest: Value| {
        let mut finding = json!({"id": "REV-1", "severity": "nitpick", "description": "x"});
        finding
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        finding
    };
    document["findings"] = json!([
        finding(json!({})),
        finding(json!({})),
        finding(json!({"id": "REV-3", "severity": "critical"})),
        finding(json!({"id": "REV-4", "line": 0, "confidence": 11})),
        finding(json!({"id": "REV-5", "line": 9, "end_line": 8})),
        finding(json!({"id": "REV-6", "end_line": 8, "confidence": 0})),
    ]);
    insta::assert_snapshot!(take("review", &document).unwrap_err(), @r#"
it is not what review has to hand in:
  findings[1].id: REV-1 is the id of another finding
  findings[2].severity: must be one of blocking, should_fix, nitpick, positive, informational
  findings[3].line: lines count from 1
  findings[3].confidence: must be 1 to 10
  findings[4].end_line: 8 is before line 9
  findings[5].end_line: needs a line
  findings[5].confidence: must be 1 to 10
"#);

    document["findings"] = json!([
        finding(json!({"topic": "colour", "stance": "more"})),
        finding(json!({"id": "REV-2", "topic": "cache", "stance": "more"})),
        finding(json!({"id": "REV-3", "topic": "cache"})),
        finding(json!({"id": "REV-4", "stance": "add"})),
        finding(json!({"id": "REV-5", "topic": "cache", "stance": "add"})),
        finding(json!({"id": "REV-6", "topic": "other"})),
    ]);
    insta::assert_snapshot!(take("review", &document).unwrap_err(), @r#"
it is not what review has to hand in:
  findings[0].topic: colour is no topic; there are cache, change_split, debug_logging, error_detail, helper, log_payload, scope, test_volume, type_strictness, validation, other
  findings[1].topic: more is no side of cache; there are add, refuse
  findings[2].topic: cache needs a stance
  findings[3].stance: needs a topic
"#);
}

/// An empty file, and two documents in one, were once taken as evidence.
#[test]
fn an_artifact_is_exactly_one_object() {
    let told = |bytes: &[u8]| taken("licences", bytes).unwrap_err().problems[0].to_string();
    let one = least("licences").to_string();
    let told = [
        told(b""),
        told(b" \n\t"),
        told(format!("{one}{one}").as_bytes()),
        told(format!("{one}\nx").as_bytes()),
        told(b"{\"phase\": \"licences\", \"summary\": {\"a\": 1, \"a\": 2}}"),
        told(b"{\"phase\": 1e999}"),
        told(b"[]"),
        told(b"null"),
        told(b"{\"phase\": "),
        told(b"\xff\xfe"),
        told("[".repeat(10_000).as_bytes()),
        told(&vec![b' '; MAX_BYTES + 1]),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
is empty; write one JSON object
is empty; write one JSON object
holds more than one JSON document; write exactly one object
holds more than one JSON document; write exactly one object
is not JSON: an object has two members of one name at line 1 column 49
is not JSON: number out of range at line 1 column 15
is not a JSON object
is not a JSON object
is not JSON: EOF while parsing a value at line 1 column 10
is not UTF-8
is not JSON: recursion limit exceeded at line 1 column 128
has 10485761 bytes; 10485760 are allowed
"#);
    assert!(taken("licences", format!("\u{feff}{one}\n").as_bytes()).is_ok());
}

#[test]
fn an_artifact_of_another_phase_is_refused() {
    let rejected = take("qa", &least("security")).unwrap_err();
    insta::assert_snapshot!(rejected, @r#"
it is not what qa has to hand in:
  phase: says "security", but qa is claimed
"#);
}

#[test]
fn a_ship_that_only_reports_needs_no_checkpoint() {
    let mut document = json!({"phase": "ship", "summary": "would open a pull request"});
    assert!(take("ship", &document).is_err());
    document["run_mode"] = "report_only".into();
    assert!(take("ship", &document).is_ok());
}

#[test]
fn counters_are_filled_in_or_must_agree() {
    let mut review = least("review");
    review["findings"] = json!([finding("REV-1", "blocking"), finding("REV-2", "nitpick")]);
    let summary = stored(&take("review", &review).unwrap())["summary"].clone();
    let filled = json!({"blocking": 1, "should_fix": 0, "nitpicks": 1, "positive": 0});
    assert_eq!(summary, filled);
    review["summary"] = json!({"blocking": 0, "should_fix": 1, "nitpicks": 1, "positive": 2});

    let mut security = least("security");
    security["findings"] = json!([finding("SEC-1", "critical"), finding("SEC-2", "low")]);
    let summary = stored(&take("security", &security).unwrap())["summary"].clone();
    let filled = json!({"critical": 1, "high": 0, "medium": 0, "low": 1, "total_findings": 2});
    assert_eq!(summary, filled);
    security["summary"] =
        json!({"critical": 0, "high": 1, "medium": 1, "low": 0, "total_findings": 1});

    let mut qa = least("qa");
    qa["findings"] = json!([finding("QA-1", "high"), finding("QA-2", "low")]);
    qa["findings"][0]["fixed"] = true.into();
    let summary = stored(&take("qa", &qa).unwrap())["summary"].clone();
    assert_eq!(summary, json!({"bugs_found": 2, "bugs_fixed": 1}));
    qa["summary"] = json!({
        "bugs_found": 1, "bugs_fixed": 2, "status": "pass",
        "tests_run": 3, "tests_passed": 2, "tests_failed": 2
    });

    let told = [("review", review), ("security", security), ("qa", qa)]
        .map(|(name, document)| take(name, &document).unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n"), @r#"
it is not what review has to hand in:
  summary.blocking: says 0, the findings say 1
  summary.should_fix: says 1, the findings say 0
  summary.positive: says 2, the findings say 0
it is not what security has to hand in:
  summary.critical: says 0, the findings say 1
  summary.high: says 1, the findings say 0
  summary.medium: says 1, the findings say 0
  summary.low: says 0, the findings say 1
  summary.total_findings: says 1, the findings say 2
it is not what qa has to hand in:
  summary.bugs_found: says 1, the findings say 2
  summary.bugs_fixed: says 2, the findings say 1
  summary.tests_run: says 3, but 2 passed and 2 failed
  summary.status: says pass, but 2 tests failed
"#);
}

/// A number in the form of one document, a word in that of another.
#[test]
fn what_was_cut_is_counted_in_the_severities_of_the_phase() {
    let mut review = least("review");
    review["truncated"] = json!({"by_severity": {"blocking": 2, "nitpick": 1}});
    let summary = stored(&take("review", &review).unwrap())["summary"].clone();
    assert_eq!(
        (&summary["blocking"], &summary["nitpicks"]),
        (&json!(2), &json!(1))
    );
    review["truncated"] = json!({"by_severity": {"critical": 2}});
    let told = take("review", &review).unwrap_err().problems[0].to_string();
    insta::assert_snapshot!(told, @"truncated.by_severity: critical is no severity of this phase");
}

#[test]
fn the_likelihood_of_surprise_is_a_number_or_a_word() {
    for likelihood in [json!(0.25), json!(3), json!("low")] {
        let mut qa = least("qa");
        qa["summary"]["wtf_likelihood"] = likelihood.clone();
        let stored = stored(&take("qa", &qa).unwrap());
        assert_eq!(stored["summary"]["wtf_likelihood"], likelihood);
    }
}

#[test]
fn members_that_nobody_knows_are_kept_everywhere() {
    let mut document = least("review");
    document["findings"] = json!([finding("REV-1", "nitpick")]);
    document["conflicts"] =
        json!([{"finding_id": "REV-1", "conflicts_with": "SEC-1", "tension": "trade-off"}]);
    let places = [
        "",
        "/summary",
        "/findings/0",
        "/conflicts/0",
        "/context_checkpoint",
        "/scope_drift",
    ];
    for place in places {
        document.pointer_mut(place).unwrap()["x_own"] = json!({"a": [1, null, "é"]});
    }
    let prepared = take("review", &document).unwrap();
    let again = serde_json::to_value(read_back("review", &prepared.bytes)).unwrap();
    for value in [stored(&prepared), again] {
        for place in places {
            let kept = &value.pointer(place).unwrap()["x_own"];
            assert_eq!(*kept, json!({"a": [1, null, "é"]}), "{place}");
        }
    }
}

#[test]
fn only_the_phases_of_every_sprint_have_a_form_of_their_own() {
    for kind in Kind::ALL {
        let name = kind.name().unwrap_or("licences");
        assert_eq!(Kind::of(&phase(name)), kind);
        assert_eq!(kind.needs_artifact(), kind != Kind::Build);
    }
}
