use serde_json::{Value, json};

use super::case::{Case, at, status_of};
use super::fixture::{complete, document, finding, phase, says, sprint, tree};
use super::required::{pending, required};
use super::status::Status;
use super::timing::timing;
use super::verdict::Verdict;
use super::{Check, Failure, PhaseFacts, StillPresent, Waiver};
use crate::domain::path::RepoPath;
use crate::id::PhaseName;
use crate::phases::artifact::integrity::Trust;
use crate::phases::artifact::load::Evidence;
use crate::phases::artifact::summary::DriftStatus;
use crate::phases::standing::Standing;
use crate::time::Timestamp;

#[test]
fn a_sprint_whose_phases_all_are_content_is_ready() {
    let summary = Case::new(sprint()).decide();
    assert_eq!(summary.verdict, Verdict::Ready);
    let names: Vec<_> = summary
        .phases
        .iter()
        .map(|line| line.phase.as_str())
        .collect();
    assert_eq!(
        names,
        ["review", "qa", "security"],
        "in declared order, without plan and build"
    );
    assert!(summary.pending.is_empty() && summary.blocking.is_empty());
    assert_eq!(summary.scope.unwrap().status, DriftStatus::Clean);
    assert_eq!(summary.security_grade.unwrap().to_string(), "A");
}

#[test]
fn what_signs_off_is_what_ship_depends_on_directly_or_not() {
    let names = |phases: &[PhaseFacts], target| {
        let required = required(phases, &phase(target));
        required
            .iter()
            .map(PhaseName::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut phases = sprint();
    assert_eq!(names(&phases, "ship"), "review qa security");
    assert_eq!(names(&phases, "review"), "");
    // No such phase: the usual three, whether they exist or not.
    assert_eq!(names(&phases, "release"), "review qa security");
    assert_eq!(names(&[], "ship"), "review qa security");
    // Over another phase, and one that nobody declared.
    at(&mut phases, "ship").depends_on = vec![phase("security"), phase("licences")];
    at(&mut phases, "security").depends_on = vec![phase("qa"), phase("ship")];
    assert_eq!(names(&phases, "ship"), "qa security licences");
}

#[test]
fn a_required_phase_that_does_not_exist_is_missing() {
    let summary = Case::new(Vec::new()).decide();
    assert_eq!(summary.verdict, Verdict::Blocked);
    assert!(
        summary
            .phases
            .iter()
            .all(|line| line.status == Status::Missing)
    );
    assert_eq!(summary.pending.len(), 3);
}

#[test]
fn ship_waits_for_what_is_neither_complete_nor_failed_nor_waived() {
    use Standing::{Blocked, Claimed, Complete, Failed, Ready, Stale, Waived};
    for standing in [Blocked, Ready, Claimed, Stale, Complete, Failed, Waived] {
        let mut phases = sprint();
        at(&mut phases, "qa").standing = standing;
        let waits = pending(&phases, &required(&phases, &phase("ship")));
        let waits: Vec<_> = waits.iter().map(|pending| pending.standing).collect();
        let expected = if standing.is_settled() {
            vec![]
        } else {
            vec![Some(standing)]
        };
        assert_eq!(waits, expected);
    }
}

/// What each kind of phase says, by what it found.
fn cases() -> Vec<(&'static str, Value)> {
    let with =
        |name: &str, severity: &str| document(name, json!([finding("F-1", severity, json!({}))]));
    let qa = |summary: Value| {
        let mut qa = document("qa", json!([]));
        qa["summary"] = summary;
        qa
    };
    let custom = |status: &str| {
        let mut custom = document("licences", json!([]));
        custom["summary"] = json!({"status": status});
        custom
    };
    let mut fixed = with("qa", "critical");
    fixed["findings"][0]["fixed"] = true.into();
    let mut no_status = document("licences", json!([]));
    no_status["summary"] = "fine".into();
    let mut hidden = document("security", json!([]));
    hidden["truncated"] = json!({"by_severity": {"high": 1}});
    let mut hidden_bugs = document("qa", json!([]));
    hidden_bugs["truncated"] = json!({"by_severity": {"high": 3}, "fixed": 2});
    let tests = |status: &str, run: u64, failed: u64| {
        qa(
            json!({"status": status, "tests_run": run, "tests_passed": run - failed, "tests_failed": failed}),
        )
    };
    vec![
        ("blocking", with("review", "blocking")),
        ("should_fix", with("review", "should_fix")),
        ("nitpick", with("review", "nitpick")),
        ("positive", with("review", "positive")),
        ("critical", with("security", "critical")),
        ("high", with("security", "high")),
        ("medium", with("security", "medium")),
        ("low", with("security", "low")),
        ("high, cut", hidden),
        ("pass", tests("pass", 3, 0)),
        ("partial", tests("partial", 3, 0)),
        ("fail", tests("fail", 3, 0)),
        ("tests failed", tests("fail", 3, 1)),
        ("nothing run", tests("pass", 0, 0)),
        ("nothing said", qa(json!({}))),
        ("critical bug", with("qa", "critical")),
        ("low bug", with("qa", "low")),
        ("fixed bug", fixed),
        ("bugs, cut", hidden_bugs),
        ("OK", custom("OK")),
        ("pass", custom("pass")),
        ("WARN", custom("WARN")),
        ("BLOCKED", custom("BLOCKED")),
        ("fail", custom("fail")),
        ("unknown", custom("great")),
        ("no status", no_status),
        ("high finding", with("licences", "high")),
    ]
}

#[test]
fn what_an_artifact_says_gives_the_status_of_its_phase() {
    let row = |(what, said): (&str, Value)| {
        let mut phases = sprint();
        phases.push(complete(
            "licences",
            &["build"],
            (40, 45),
            &document("licences", json!([])),
        ));
        at(&mut phases, "ship").depends_on.push(phase("licences"));
        says(&mut phases, &said);
        let summary = Case::new(phases).decide();
        let name = said["phase"].as_str().unwrap();
        let line = summary
            .phases
            .iter()
            .find(|line| line.phase.as_str() == name)
            .unwrap();
        format!(
            "{name:<9}{what:<13}{:<8} {}",
            line.status,
            line.why.join("; ")
        )
        .trim_end()
        .to_owned()
    };
    let table: Vec<_> = cases().into_iter().map(row).collect();
    insta::assert_snapshot!(table.join("\n"), @r#"
review   blocking     BLOCKED  1 blocking
review   should_fix   WARN     1 should fix
review   nitpick      OK
review   positive     OK
security critical     BLOCKED  1 critical
security high         BLOCKED  1 high
security medium       WARN     1 medium
security low          OK
security high, cut    BLOCKED  1 high
qa       pass         OK
qa       partial      WARN     qa looked at a part
qa       fail         BLOCKED  qa says fail
qa       tests failed BLOCKED  1 tests failed; qa says fail
qa       nothing run  WARN     no test was run
qa       nothing said WARN     qa gives no status; no test was run
qa       critical bug WARN     1 open bugs, medium or worse
qa       low bug      OK
qa       fixed bug    OK
qa       bugs, cut    WARN     1 open bugs, medium or worse
licences OK           OK
licences pass         OK
licences WARN         WARN     it says WARN
licences BLOCKED      BLOCKED  it says BLOCKED
licences fail         BLOCKED  it says fail
licences unknown      WARN     it gives an unknown status
licences no status    WARN     it gives no status
licences high finding WARN     1 findings, medium or worse
"#);
}

#[test]
fn what_cannot_be_trusted_read_or_compared_is_not_looked_at() {
    let check = |evidence: Evidence, status: Status| {
        let mut phases = sprint();
        at(&mut phases, "qa").evidence = evidence;
        let summary = Case::new(phases).decide();
        assert_eq!(
            (status_of(&summary, "qa"), summary.verdict),
            (status, Verdict::Blocked)
        );
    };
    check(Evidence::Missing, Status::Missing);
    check(
        Evidence::Tampered(Trust::IntegrityMissing),
        Status::Tampered,
    );
    check(
        Evidence::Tampered(Trust::IntegrityMismatch),
        Status::Tampered,
    );
    check(Evidence::Invalid(Vec::new()), Status::Invalid);
}

/// Files that were changed after the review were once shipped with it.
#[test]
fn an_artifact_speaks_of_one_tree_only() {
    let status = |now: Option<char>, then: Option<char>| {
        let mut said = document("qa", json!([]));
        said["tree"] = then.map_or(Value::Null, |c| tree(c).as_str().into());
        let mut phases = sprint();
        says(&mut phases, &said);
        let mut case = Case::new(phases);
        case.repository.tree = now.map(tree);
        status_of(&case.decide(), "qa")
    };
    assert_eq!(status(Some('a'), Some('a')), Status::Ok);
    assert_eq!(status(Some('b'), Some('a')), Status::Stale);
    assert_eq!(status(Some('a'), None), Status::Stale);
    assert_eq!(status(None, Some('a')), Status::Ok);
    assert_eq!(status(None, None), Status::Ok);
}

#[test]
fn a_failed_phase_needs_a_person_and_a_waived_one_is_named() {
    let mut phases = sprint();
    let qa = at(&mut phases, "qa");
    qa.standing = Standing::Failed;
    qa.evidence = Evidence::Missing;
    let failure = Failure {
        reason: "no browser".into(),
        tag: Some("environment".into()),
    };
    qa.failure = Some(failure.clone());
    let summary = Case::new(phases.clone()).decide();
    assert_eq!(summary.verdict, Verdict::NeedsDecision);
    assert_eq!(summary.questions.len(), 1);
    assert_eq!(summary.questions[0].failure, Some(failure));
    assert!(!summary.verdict.may_ship());

    let qa = at(&mut phases, "qa");
    qa.standing = Standing::Waived;
    qa.waiver = Some(Waiver {
        by: "the lead".into(),
        reason: "tested by hand".into(),
        at: Timestamp::from_millis(0),
    });
    let summary = Case::new(phases).decide();
    assert_eq!(summary.verdict, Verdict::ReadyWithWarnings);
    assert!(summary.verdict.may_ship() && summary.questions.is_empty());
    assert_eq!(
        summary.waivers[0].waiver.as_ref().unwrap().reason,
        "tested by hand"
    );
    assert_eq!(status_of(&summary, "qa"), Status::Waived);
}

#[test]
fn a_blocking_finding_is_still_there_unless_its_file_changed_or_somebody_looked() {
    let mut said = document(
        "review",
        json!([finding(
            "REV-1",
            "blocking",
            json!({"file": "./src/login.rs", "line": 3})
        )]),
    );
    let id: crate::phases::artifact::finding::FindingRef = "review/REV-1".parse().unwrap();
    let present = |said: &Value, now: char, changed: Option<&[&str]>, check: Option<bool>| {
        let mut phases = sprint();
        says(&mut phases, said);
        let mut case = Case::new(phases);
        case.repository.tree = Some(tree(now));
        let changed = changed.map(|files| files.iter().map(|file| RepoPath::from(*file)).collect());
        case.repository
            .changed_since
            .extend(changed.map(|files| (tree('a'), files)));
        let check = check.map(|present| Check {
            present,
            by: "somebody".into(),
        });
        case.checks.extend(check.map(|check| (id.clone(), check)));
        let summary = case.decide();
        (
            summary.blocking[0].still_present.clone(),
            status_of(&summary, "review"),
        )
    };
    let unchanged = |status| (StillPresent::Unchanged, status);
    let to_check = |status| (StillPresent::ToCheck, status);
    assert_eq!(present(&said, 'a', None, None), unchanged(Status::Blocked));
    assert_eq!(
        present(&said, 'b', Some(&["README.md"]), None),
        unchanged(Status::Stale)
    );
    assert_eq!(
        present(&said, 'b', Some(&["src/login.rs"]), None),
        to_check(Status::Stale)
    );
    assert_eq!(present(&said, 'b', None, None), to_check(Status::Stale));
    let seen = StillPresent::SeenBy("somebody".into());
    assert_eq!(
        present(&said, 'a', None, Some(true)),
        (seen, Status::Blocked)
    );
    let gone = StillPresent::GoneSaid("somebody".into());
    assert_eq!(present(&said, 'a', None, Some(false)), (gone, Status::Ok));
    said["findings"][0]["file"] = Value::Null;
    assert_eq!(
        present(&said, 'b', Some(&[]), None),
        to_check(Status::Stale)
    );
}

#[test]
fn time_is_measured_over_all_phases() {
    let timing = timing(&sprint());
    let minutes = |ms: u64| ms / 60_000;
    // 10 + 30 one after the other, then 20, 30 and 10 side by side.
    assert_eq!(
        (minutes(timing.total_ms), minutes(timing.work_ms)),
        (70, 100)
    );
    let path: Vec<_> = timing.critical_path.iter().map(PhaseName::as_str).collect();
    assert_eq!(path, ["plan", "build", "qa"]);
    assert_eq!(minutes(timing.critical_path_ms), 70);
    assert_eq!(timing.speed_up_percent, Some(142));
}

#[test]
fn times_that_are_missing_or_go_backwards_and_circles_are_survived() {
    let mut phases = sprint();
    let build = at(&mut phases, "build");
    (build.claimed_at, build.settled_at) = (build.settled_at, build.claimed_at);
    at(&mut phases, "plan").depends_on = vec![phase("qa"), phase("plan"), phase("nowhere")];
    at(&mut phases, "security").claimed_at = None;
    let some = timing(&phases);
    assert_eq!(some.work_ms, 60 * 60_000);
    assert!(some.critical_path.len() <= phases.len());
    let none = timing(&[]);
    assert_eq!((none.speed_up_percent, none.total_ms), (None, 0));
}

fn any_phase() -> impl proptest::strategy::Strategy<Value = (Standing, usize)> {
    use Standing::{Blocked, Claimed, Complete, Failed, Ready, Stale, Waived};
    let standings = vec![
        Blocked, Ready, Claimed, Stale, Complete, Complete, Complete, Failed, Waived,
    ];
    (proptest::sample::select(standings), 0..5usize)
}

proptest::proptest! {
    /// A sprint may be shipped only if every phase that has to sign off did, or was waived.
    #[test]
    fn nothing_ships_without_a_sign_off_or_a_waiver(
        phases in proptest::collection::vec(any_phase(), 3), now in proptest::sample::select(vec!['a', 'b']),
    ) {
        let mut all = sprint();
        for (name, (standing, evidence)) in ["review", "qa", "security"].iter().zip(&phases) {
            let facts = at(&mut all, name);
            facts.standing = *standing;
            match evidence {
                0 => facts.evidence = Evidence::Missing,
                1 => facts.evidence = Evidence::Tampered(Trust::IntegrityMismatch),
                2 => facts.evidence = Evidence::Invalid(Vec::new()),
                _ => {}
            }
        }
        let mut case = Case::new(all);
        case.repository.tree = Some(tree(now));
        let signed = |(standing, evidence): &(Standing, usize)| match standing {
            Standing::Waived => true,
            Standing::Complete => *evidence > 2 && now == 'a',
            Standing::Blocked
            | Standing::Ready
            | Standing::Claimed
            | Standing::Stale
            | Standing::Failed => false,
        };
        let expected = phases.iter().all(signed);
        proptest::prop_assert_eq!(case.decide().verdict.may_ship(), expected);
    }
}
