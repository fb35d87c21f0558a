use serde_json::Value;

use super::fixture::{least, phase, stamp, stored, take};
use super::integrity::{Strictness, Trust};
use super::load::{Evidence, Expected, load, trust};
use crate::id::SprintId;

#[test]
fn what_is_read_back_is_judged_before_it_is_believed() {
    let prepared = take("qa", &least("qa")).unwrap();
    let (qa, sprint) = (phase("qa"), stamp().sprint);
    let judge = |bytes: Option<&[u8]>, name: &str, recorded: bool, strictness| {
        let expected = Expected {
            phase: &phase(name),
            sprint: Some(&sprint),
            sha256: recorded.then_some(&prepared.sha256),
        };
        match load(bytes, &expected, strictness) {
            Evidence::Read(_) => "read".to_owned(),
            Evidence::Tampered(trust) => format!("tampered: {trust:?}"),
            Evidence::Invalid(problems) => format!("invalid: {}", problems[0]),
            other @ (Evidence::Missing | Evidence::NotApplicable) => format!("{other:?}"),
        }
    };
    let text = String::from_utf8(prepared.bytes.clone()).unwrap();
    let changed = text.replace("agent-7", "agent-8").into_bytes();
    let mut open: Value = serde_json::from_slice(&prepared.bytes).unwrap();
    open.as_object_mut().unwrap().remove("integrity");
    let open = open.to_string().into_bytes();
    use Strictness::{Lenient, Require, Verify};
    let mut table = Vec::new();
    for (what, bytes) in [
        ("nothing", None),
        ("as saved", Some(prepared.bytes.as_slice())),
        ("changed", Some(changed.as_slice())),
        ("without hash", Some(open.as_slice())),
        ("no JSON", Some(b"{".as_slice())),
    ] {
        for recorded in [true, false] {
            let cells = [Lenient, Verify, Require].map(|mode| judge(bytes, "qa", recorded, mode));
            let expected = Expected {
                phase: &qa,
                sprint: None,
                sha256: recorded.then_some(&prepared.sha256),
            };
            let trust = trust(bytes, &expected);
            let recorded = if recorded { "recorded" } else { "not recorded" };
            table.push(format!(
                "{what}, {recorded}: {trust:?}: {}",
                cells.join(" | ")
            ));
        }
    }
    insta::assert_snapshot!(table.join("\n"), @r#"
nothing, recorded: NotFound: Missing | Missing | Missing
nothing, not recorded: NotFound: Missing | Missing | Missing
as saved, recorded: Verified: read | read | read
as saved, not recorded: Verified: read | read | read
changed, recorded: IntegrityMismatch: read | tampered: IntegrityMismatch | tampered: IntegrityMismatch
changed, not recorded: IntegrityMismatch: read | tampered: IntegrityMismatch | tampered: IntegrityMismatch
without hash, recorded: IntegrityMismatch: read | tampered: IntegrityMismatch | tampered: IntegrityMismatch
without hash, not recorded: IntegrityMissing: read | read | tampered: IntegrityMissing
no JSON, recorded: IntegrityMismatch: invalid: is not JSON: EOF while parsing an object at line 1 column 1 | tampered: IntegrityMismatch | tampered: IntegrityMismatch
no JSON, not recorded: IntegrityMissing: invalid: is not JSON: EOF while parsing an object at line 1 column 1 | invalid: is not JSON: EOF while parsing an object at line 1 column 1 | invalid: is not JSON: EOF while parsing an object at line 1 column 1
"#);
    assert_eq!(judge(None, "build", false, Require), "NotApplicable");
    let build = Expected {
        phase: &phase("build"),
        sprint: None,
        sha256: None,
    };
    assert_eq!(trust(None, &build), Trust::NotApplicable);
    assert!(judge(Some(&prepared.bytes), "security", true, Require).starts_with("invalid: phase"));
    let elsewhere = SprintId::new("sprint-20260101-000000").unwrap();
    let expected = Expected {
        phase: &qa,
        sprint: Some(&elsewhere),
        sha256: None,
    };
    let found = load(Some(&prepared.bytes), &expected, Require);
    assert!(matches!(found, Evidence::Invalid(problems) if problems[0].path == "sprint"));
    assert_eq!(
        Trust::of(stored(&prepared).as_object().unwrap()),
        Trust::Verified
    );
}
