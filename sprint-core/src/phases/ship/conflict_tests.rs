use std::collections::BTreeMap;

use serde_json::json;

use super::PhaseFacts;
use super::case::{Case, at, status_of};
use super::fixture::{document, finding, says, sprint};
use super::status::Status;
use super::verdict::Verdict;
use crate::phases::artifact::Mode;
use crate::phases::conflict::Outcome;
use crate::phases::conflict::opinion::Opinion;
use crate::phases::conflict::resolve::Confirmation;
use crate::phases::standing::Standing;

/// Two findings that contradict each other about validation.
fn contradiction(security: &str) -> Vec<PhaseFacts> {
    let here = |stance: &str| json!({"file": "src/login.rs", "line": 7, "topic": "validation", "stance": stance});
    let mut phases = sprint();
    says(
        &mut phases,
        &document(
            "review",
            json!([finding("REV-1", "blocking", here("remove"))]),
        ),
    );
    says(
        &mut phases,
        &document(
            "security",
            json!([finding("SEC-1", security, here("keep"))]),
        ),
    );
    phases
}

#[test]
fn a_finding_that_lost_is_informational_and_stays() {
    let summary = Case::new(contradiction("medium")).decide();
    assert_eq!(summary.conflicts[0].outcome, Outcome::B);
    assert_eq!(status_of(&summary, "review"), Status::Ok);
    assert_eq!(status_of(&summary, "security"), Status::Warn);
    assert_eq!(summary.verdict, Verdict::ReadyWithWarnings);
    assert!(summary.blocking.is_empty());
    let counts: Vec<_> = summary
        .findings
        .iter()
        .map(|(s, n)| (s.as_str(), *n))
        .collect();
    assert_eq!(counts, [("medium", 1), ("informational", 1)]);
}

#[test]
fn in_mode_thorough_nothing_goes_on_until_a_person_confirms_it() {
    let mut case = Case::new(contradiction("low"));
    case.mode = Mode::Thorough;
    let summary = case.decide();
    assert_eq!(summary.verdict, Verdict::Blocked);
    assert_eq!(
        status_of(&summary, "review"),
        Status::Blocked,
        "nothing has lost yet"
    );
    let confirmation = Confirmation {
        by: "the lead".into(),
        outcome: None,
        reason: "right".into(),
    };
    case.confirmed
        .insert("review/REV-1+security/SEC-1".parse().unwrap(), confirmation);
    let other = case.confirmed.values().next().cloned().unwrap();
    case.confirmed
        .insert("qa/QA-1+review/REV-1".parse().unwrap(), other);
    let summary = case.decide();
    assert_eq!(
        summary.refused,
        ["qa/QA-1+review/REV-1 is no conflict, and cannot be confirmed"]
    );
    assert_eq!(summary.verdict, Verdict::Ready);
    assert_eq!(
        summary.conflicts[0].confirmed_by.as_deref(),
        Some("the lead")
    );
}

#[test]
fn conflicts_that_are_open_or_make_no_sense_are_a_warning() {
    let mut phases = sprint();
    let mut said = document("review", json!([finding("REV-1", "nitpick", json!({}))]));
    said["conflicts"] =
        json!([{"finding_id": "REV-1", "conflicts_with": "SEC-9", "tension": "scope"}]);
    says(&mut phases, &said);
    let summary = Case::new(phases).decide();
    assert_eq!(
        (summary.unresolved.len(), summary.verdict),
        (1, Verdict::ReadyWithWarnings)
    );

    let here =
        |stance: &str| json!({"file": "a", "line": 7, "topic": "change_split", "stance": stance});
    let mut phases = sprint();
    says(
        &mut phases,
        &document(
            "review",
            json!([finding("REV-1", "nitpick", here("atomic"))]),
        ),
    );
    says(
        &mut phases,
        &document("qa", json!([finding("QA-1", "low", here("split"))])),
    );
    let summary = Case::new(phases).decide();
    assert_eq!(summary.conflicts[0].outcome, Outcome::Deferred);
    assert_eq!(summary.verdict, Verdict::ReadyWithWarnings);
}

/// An agent that understands texts is asked about two findings in one place; what it says counts only
/// with words of both.
#[test]
fn an_opinion_on_a_candidate_counts_if_it_quotes_both_findings() {
    let here = json!({"file": "a", "line": 7});
    let mut phases = sprint();
    says(
        &mut phases,
        &document(
            "review",
            json!([finding("REV-1", "blocking", here.clone())]),
        ),
    );
    says(
        &mut phases,
        &document("security", json!([finding("SEC-1", "low", here)])),
    );
    let mut case = Case::new(phases);
    assert_eq!(case.decide().candidates.len(), 1);
    let mut opine = |id: &str, conflict: bool, quote_b: &str| {
        let opinion = Opinion {
            conflict,
            topic: None,
            tension: None,
            quote_a: "what REV-1 is".into(),
            quote_b: quote_b.into(),
        };
        case.opinions = BTreeMap::from([(id.parse().unwrap(), opinion)]);
        let summary = case.decide();
        let counts = (summary.candidates.len(), summary.conflicts.len());
        (
            counts,
            status_of(&summary, "review"),
            summary.refused.join(""),
        )
    };
    let id = "review/REV-1+security/SEC-1";
    let told = [
        opine(id, true, "SEC-1"),
        opine(id, false, ""),
        opine(id, true, "made up"),
        opine(id, true, " "),
        opine("qa/QA-1+security/SEC-1", true, "SEC-1"),
    ];
    let told: Vec<_> = told.iter().map(|told| format!("{told:?}")).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
((0, 1), Ok, "")
((0, 0), Blocked, "")
((1, 0), Blocked, "the quote from security/SEC-1 is not in its description")
((1, 0), Blocked, "the quote from security/SEC-1 is not in its description")
((1, 0), Blocked, "qa/QA-1+security/SEC-1 is not waiting for an opinion")
"#);
}

#[test]
fn what_both_findings_ask_for_becomes_something_to_verify() {
    let here =
        |stance: &str| json!({"file": "a", "line": 7, "topic": "error_detail", "stance": stance});
    let mut phases = sprint();
    says(
        &mut phases,
        &document(
            "review",
            json!([finding("REV-1", "should_fix", here("more"))]),
        ),
    );
    says(
        &mut phases,
        &document("security", json!([finding("SEC-1", "low", here("less"))])),
    );
    let summary = Case::new(phases).decide();
    assert_eq!(summary.obligations.len(), 2);
    assert_eq!(
        summary.obligations[0].conflict.to_string(),
        "review/REV-1+security/SEC-1"
    );
    assert_eq!(status_of(&summary, "review"), Status::Warn, "nobody lost");
}

#[test]
fn an_artifact_of_a_phase_that_is_not_complete_counts_for_nothing() {
    let mut phases = contradiction("low");
    at(&mut phases, "review").standing = Standing::Failed;
    let summary = Case::new(phases).decide();
    assert!(summary.conflicts.is_empty() && summary.blocking.is_empty());
}
