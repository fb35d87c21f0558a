use super::*;
use crate::domain::command::CommandLine;
use crate::id::BlobId;
use crate::testing::fixture::claim;

fn run(check: CheckKind, code: i32, count: Count, failing: &[&str]) -> CheckRun {
    CheckRun {
        check,
        command: CommandLine::new("x").unwrap(),
        exit: Exit::Code(code),
        duration_ms: 1,
        output: BlobId::of(b""),
        tail: "boom".into(),
        count,
        failing: failing.iter().map(|name| (*name).to_owned()).collect(),
        redacted: 0,
        reused: None,
    }
}

const fn known(passed: u64, failed: u64) -> Count {
    Count::Known {
        passed,
        failed,
        skipped: 0,
    }
}

/// The kinds layer 2 finds, in order.
fn kinds(run: CheckRun, evidence: Evidence<'_>) -> Vec<FindingKind> {
    let verdict = decide(CheckReport::new(vec![run], None), evidence);
    let blocks = verdict.findings.iter().any(|f| f.severity.blocks());
    assert_eq!(verdict.accepts(), !blocks);
    verdict.findings.iter().map(|f| f.kind).collect()
}

#[test]
fn exit_code_count_claim_and_inspection_decide() {
    use FindingKind::{DebugArtifacts, EvidenceMismatch, SilentSuccess};
    let test = |code, count| run(CheckKind::Test, code, count, &[]);
    let none = Evidence::default();
    let claims = |claim| Evidence {
        claim: Some(claim),
        ..none
    };
    assert_eq!(kinds(test(0, known(3, 0)), none), []);
    assert_eq!(kinds(test(0, Count::Unknown), none), []);
    assert_eq!(kinds(test(0, known(0, 0)), none), [SilentSuccess]);
    let lint = run(CheckKind::Lint, 0, known(0, 0), &[]);
    assert_eq!(kinds(lint, none), [SilentSuccess]);
    let honest = claim(0, Some(3));
    assert_eq!(kinds(test(0, known(3, 0)), claims(&honest)), []);
    let wrong = claim(0, Some(4));
    assert_eq!(
        kinds(test(0, known(3, 0)), claims(&wrong)),
        [EvidenceMismatch]
    );
    let lie = claim(0, None);
    assert_eq!(
        kinds(test(1, known(2, 1)), claims(&lie))[0],
        EvidenceMismatch
    );
    let leftover = [Finding::blocking(DebugArtifacts, "dbg!(x)")];
    let inspected = Evidence {
        inspected: &leftover,
        ..none
    };
    assert_eq!(kinds(test(0, known(3, 0)), inspected), [DebugArtifacts]);
    assert_eq!(kinds(test(1, known(0, 1)), inspected).len(), 2);
    assert_eq!(kinds(test(1, known(0, 1)), none).len(), 1);
}

#[test]
fn what_fails_on_base_is_subtracted_only_if_every_failure_has_a_name() {
    let base: BTreeSet<String> = ["a".to_owned(), "b".to_owned()].into();
    let nothing = BTreeSet::new();
    let blocks = |run: CheckRun, known| {
        let evidence = Evidence {
            known,
            ..Evidence::default()
        };
        !decide(CheckReport::new(vec![run], None), evidence).accepts()
    };
    let test = |count, failing: &[&str]| run(CheckKind::Test, 1, count, failing);
    for (count, failing, known, expect) in [
        (known(9, 1), &["a"][..], Some(&base), false),
        (known(9, 2), &["a", "b"], Some(&base), false),
        (known(9, 2), &["a", "c"], Some(&base), true),
        (known(9, 2), &["a"], Some(&base), true),
        (Count::Unknown, &["a"], Some(&base), true),
        (known(9, 0), &[], Some(&base), true),
        (known(9, 1), &["a"], Some(&nothing), true),
        (known(9, 1), &["a"], None, true),
    ] {
        assert_eq!(
            blocks(test(count, failing), known),
            expect,
            "{count:?} {failing:?}"
        );
    }
    let lint = run(CheckKind::Lint, 1, known(9, 1), &["a"]);
    assert!(blocks(lint, Some(&base)), "only tests have names");
    let mut late = test(known(9, 1), &["a"]);
    late.exit = Exit::TimedOut;
    assert!(
        blocks(late, Some(&base)),
        "a run that was cut off is no result"
    );
}

#[test]
fn an_exit_code_is_not_believed_beside_counted_failures() {
    let base: BTreeSet<String> = ["a".to_owned()].into();
    let none = Evidence::default();
    let excused = Evidence {
        known: Some(&base),
        ..none
    };
    let run = |failed, failing: &[&str]| run(CheckKind::Test, 0, known(9, failed), failing);
    assert_eq!(kinds(run(1, &["a"]), none), [FindingKind::CannotFail]);
    assert_eq!(kinds(run(1, &[]), none), [FindingKind::CannotFail]);
    assert_eq!(kinds(run(0, &[]), none), []);
    assert_eq!(kinds(run(1, &["a"]), excused), []);
    assert_eq!(
        kinds(run(2, &["a", "b"]), excused),
        [FindingKind::CannotFail]
    );
}

#[test]
fn fewer_tests_than_base_has_need_a_word_of_the_ticket() {
    let run = |passed| run(CheckKind::Test, 0, known(passed, 0), &[]);
    let before = Evidence {
        tests_on_base: Some(5),
        ..Evidence::default()
    };
    assert_eq!(kinds(run(5), before), []);
    assert_eq!(kinds(run(4), before), [FindingKind::TestsWeakened]);
    assert_eq!(kinds(run(4), Evidence::default()), []);
    let mut permitted = Finding::remark(FindingKind::TestsWeakened, "the ticket removes `x`");
    permitted.severity = crate::domain::verdict::Severity::Low;
    let inspected = [permitted];
    let said = Evidence {
        inspected: &inspected,
        ..before
    };
    let report = CheckReport::new(vec![run(4)], None);
    assert!(decide(report, said).accepts());
}

#[test]
fn a_gate_that_changes_tracked_files_is_red() {
    let runs = vec![run(CheckKind::Test, 0, known(3, 0), &[])];
    let mut report = CheckReport::new(runs, None);
    report.altered = vec!["Cargo.lock".into()];
    let verdict = decide(report, Evidence::default());
    assert!(!verdict.accepts());
    assert_eq!(verdict.findings[0].kind, FindingKind::IsolationBreach);
}

#[test]
fn what_blocks_comes_before_remarks() {
    let mut report = CheckReport::new(vec![run(CheckKind::Test, 0, known(3, 0), &[])], None);
    report.findings = vec![Finding::remark(FindingKind::UntrustedRun, "bent")];
    let skipped = [Finding::blocking(FindingKind::TestsWeakened, "skipped")];
    let evidence = Evidence {
        inspected: &skipped,
        ..Evidence::default()
    };
    let verdict = decide(report, evidence);
    let kinds: Vec<_> = verdict.findings.iter().map(|f| f.kind).collect();
    assert_eq!(
        kinds,
        [FindingKind::TestsWeakened, FindingKind::UntrustedRun]
    );
}
