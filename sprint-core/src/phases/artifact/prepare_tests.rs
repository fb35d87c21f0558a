use serde_json::{Value, json};

use super::finding::Severity;
use super::fixture::{PHASES, finding, least, phase, read_back, stamp, stored, take, taken};
use super::prepare::{MOST_FINDINGS, Rules, prepare};
use crate::id::TreeId;
use crate::phases::conflict::rulebook::Rulebook;

#[test]
fn what_only_the_keeper_knows_stands_in_place_of_what_an_agent_wrote() {
    let mut document = least("qa");
    for member in [
        "integrity",
        "timestamp",
        "project",
        "branch",
        "sprint",
        "agent",
        "epoch",
    ] {
        document[member] = "made up".into();
    }
    document["schema_legacy"] = true.into();
    let mut stored = stored(&take("qa", &document).unwrap());
    let integrity = stored.as_object_mut().unwrap().remove("integrity").unwrap();
    assert_eq!(
        (&integrity["alg"], &integrity["canon"]),
        (&json!("sha256"), &json!("rfc8785"))
    );
    stored.sort_all_objects();
    insta::assert_snapshot!(serde_json::to_string_pretty(&stored).unwrap(), @r#"
{
  "agent": "agent-7",
  "branch": "feat/login",
  "context_checkpoint": {
    "decisions_made": [],
    "key_files": [],
    "open_questions": [],
    "summary": "done"
  },
  "epoch": 2,
  "findings": [],
  "phase": "qa",
  "project": "login",
  "schema_version": "1",
  "sprint": "sprint-20260131-090500",
  "summary": {
    "bugs_fixed": 0,
    "bugs_found": 0
  },
  "timestamp": "2026-01-31T09:05:00Z",
  "tree": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
}
"#);
}

#[test]
fn a_tree_that_the_agent_names_is_the_one_it_looked_at() {
    let mut document = least("qa");
    let other = "b".repeat(40);
    document["tree"] = other.as_str().into();
    let prepared = take("qa", &document).unwrap();
    assert_eq!(prepared.artifact.tree, Some(TreeId::new(&other).unwrap()));
    document["tree"] = "HEAD".into();
    let rejected = take("qa", &document).unwrap_err();
    assert_eq!(rejected.problems[0].path, "tree");
}

/// A hash that was made over an earlier hash once made every artifact that was saved again look
/// changed.
#[test]
fn an_artifact_that_is_saved_again_still_has_its_integrity() {
    for name in PHASES {
        let mut document = least(name);
        document["x_numbers"] = json!([0.1, 1e21, 123_456_789_012_345_680_000.0, 5e-324, -0.0]);
        let first = take(name, &document).unwrap();
        let second = taken(name, &first.bytes).unwrap();
        assert_eq!(first.bytes, second.bytes, "{name}");
        assert_eq!(read_back(name, &second.bytes), first.artifact, "{name}");
    }
}

/// The first fifty were once kept, whatever came later.
#[test]
fn long_lists_keep_the_worst_and_the_full_list_is_elsewhere() {
    let mut document = least("security");
    let mut all: Vec<_> = (0..60)
        .map(|n| finding(&format!("SEC-{n}"), "low"))
        .collect();
    all.push(finding("SEC-60", "critical"));
    all.push(finding("SEC-61", "medium"));
    document["findings"] = all.into();
    let prepared = take("security", &document).unwrap();
    let full: Vec<Value> = serde_json::from_slice(prepared.all_findings.as_ref().unwrap()).unwrap();
    assert_eq!(full.len(), 62);
    let artifact = read_back("security", &prepared.bytes);
    assert_eq!(artifact.findings().len(), MOST_FINDINGS);
    let kept = |n: usize| artifact.findings()[n].severity;
    assert_eq!(kept(MOST_FINDINGS - 2), Severity::Critical);
    assert_eq!(kept(MOST_FINDINGS - 1), Severity::Medium);
    assert_eq!(artifact.truncated.as_ref().unwrap().of(Severity::Low), 12);
    let summary = &stored(&prepared)["summary"];
    assert_eq!(
        (&summary["low"], &summary["total_findings"]),
        (&json!(60), &json!(62))
    );
    // Saved again, it says the same, and no list is lost.
    let again = taken("security", &prepared.bytes).unwrap();
    assert_eq!(again.bytes, prepared.bytes);
    assert!(
        take("security", &least("security"))
            .unwrap()
            .all_findings
            .is_none()
    );
}

#[test]
fn secrets_are_gone_before_anything_is_hashed_or_told() {
    let rules = Rulebook::default();
    let redact = |text: &str| text.replace("hunter2", "[redacted]");
    let rules = Rules {
        redact: &redact,
        vocabulary: &rules.vocabulary,
        most_findings: 1,
    };
    let mut document = least("review");
    document["hunter2"] = json!(["hunter2", {"deep": "a hunter2 b"}]);
    document["findings"] = json!([finding("REV-1", "nitpick"), finding("REV-2", "blocking")]);
    document["findings"][0]["description"] = "the password is hunter2".into();
    let prepare = |document: &Value| {
        prepare(
            document.to_string().as_bytes(),
            &phase("review"),
            &stamp(),
            &rules,
        )
    };
    let prepared = prepare(&document).unwrap();
    let files = [prepared.bytes.clone(), prepared.all_findings.unwrap()].concat();
    let files = String::from_utf8(files).unwrap();
    assert!(!files.contains("hunter2") && files.contains("the password is [redacted]"));
    let kept: Value = serde_json::from_slice(&prepared.bytes).unwrap();
    assert_eq!(
        kept["[redacted]"],
        json!(["[redacted]", {"deep": "a [redacted] b"}])
    );
    read_back("review", &prepared.bytes);
    document["mode"] = "hunter2".into();
    assert!(
        !prepare(&document)
            .unwrap_err()
            .to_string()
            .contains("hunter2")
    );
}

#[test]
fn names_of_members_that_become_equal_by_redaction_stay_apart() {
    let mut document = least("licences");
    document["key-1"] = 1.into();
    document["key-2"] = 2.into();
    let document = super::redact::document(document.as_object().unwrap().clone(), &|text| {
        if text.starts_with("key-") {
            "key".into()
        } else {
            text.to_owned()
        }
    });
    assert_eq!(
        (&document["key"], &document["key (2)"]),
        (&json!(1), &json!(2))
    );
}
