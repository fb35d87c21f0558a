//! Something goes wrong, and is dealt with without being asked again.

use std::time::Duration;

use local_linear::{Fault, Limits, When};
use sprint_core::failure::ErrorKind;

use super::*;

fn invalid() -> Fault {
    Fault::InvalidInput { user: "No.".into() }
}

/// The requests that creating the small plan takes, and whether they write.
fn writes() -> Vec<bool> {
    let scene = Scene::new();
    scene.create(&small()).unwrap();
    let requests = scene.fixture.linear.requests().into_iter();
    requests
        .map(|request| request.document.starts_with("mutation"))
        .collect()
}

#[test]
fn f11_a_batch_that_is_refused_is_sent_one_by_one() {
    let scene = Scene::new();
    let draft = small();
    scene
        .fixture
        .linear
        .fault(When::on("issueBatchCreate").always(), invalid());
    scene.create(&draft).unwrap();
    scene.assert_holds(&draft);
}

#[test]
fn f11_of_a_batch_that_was_carried_out_without_an_answer_nothing_is_sent_again() {
    for fault in [
        Fault::LostAfter,
        Fault::DuplicateDelivery,
        Fault::Partial,
        Fault::NullEntity,
        Fault::StatusAfter {
            code: 502,
            body: "<html>".into(),
        },
    ] {
        let scene = Scene::new();
        let draft = small();
        scene
            .fixture
            .linear
            .fault(When::on("issueBatchCreate").nth(2), fault.clone());
        let created = scene.create(&draft);
        assert!(created.is_ok(), "{fault:?}: {created:?}");
        scene.assert_holds(&draft);
        let requests = scene.fixture.linear.requests();
        let batches = requests
            .iter()
            .filter(|r| r.operation == "PlanIssueBatchCreate")
            .count();
        assert_eq!(batches, 3, "{fault:?}");
    }
}

#[test]
fn f11_a_ticket_that_is_refused_keeps_its_children_from_being_sent_and_nothing_else() {
    let scene = Scene::new();
    let mut good = small().plan().clone();
    // More than a request may hold: refused for good.
    good.tickets[0].body = "x".repeat(1 << 20);
    let draft = good.check().unwrap();
    let error = scene.create(&draft).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    insta::assert_snapshot!(error.chain(), @"failed to create the plan for sign-in: what was created is in the journal: go on with it later, or take it back: failed to create ticket a: the request is too large (PlanIssueCreate: 1049247 bytes, at most 1048576 are sent); 3 below were not tried");
    let titles: BTreeSet<_> = scene.ours().into_iter().map(|issue| issue.title).collect();
    assert_eq!(
        titles,
        BTreeSet::from(["Ticket b".into(), "Ticket b1".into()])
    );
    assert_eq!(scene.take_back().unwrap().survivors, []);
    scene.assert_empty();
}

#[test]
fn f12_whatever_passes_at_whichever_request_the_plan_is_there_once() {
    let faults = [
        Fault::LostBefore,
        Fault::LostAfter,
        Fault::DuplicateDelivery,
        Fault::LockTimeout,
        Fault::PhantomConflict,
        Fault::SuccessFalse,
        Fault::NoEffect,
        Fault::StaleReads { ms: 5_000 },
        Fault::LaggingLists { ms: 9_000 },
        Fault::Status {
            code: 500,
            body: String::new(),
        },
        Fault::RateLimited {
            reset_in_ms: 600_000,
            endpoint: false,
            status: 400,
            retry_after: None,
        },
    ];
    let writes = writes();
    for fault in faults {
        for (nth, is_write) in (1..).zip(&writes) {
            if fault == Fault::PhantomConflict && !is_write {
                continue;
            }
            let scene = Scene::new();
            let draft = small();
            scene
                .fixture
                .linear
                .fault(When::any().nth(nth), fault.clone());
            let created = scene.create(&draft);
            assert!(created.is_ok(), "{fault:?} at {nth}: {created:?}");
            assert_eq!(created.unwrap().findings, [], "{fault:?} at {nth}");
            scene.assert_holds(&draft);
        }
    }
}

#[test]
fn f12_whatever_stops_it_at_whichever_request_it_is_completed_or_taken_back() {
    let faults = [
        invalid(),
        Fault::Forbidden,
        Fault::AuthExpired,
        Fault::UsageLimit,
        Fault::Partial,
        Fault::NullEntity,
    ];
    let requests = u32::try_from(writes().len()).unwrap();
    for fault in faults {
        for nth in 1..=requests {
            for complete in [true, false] {
                let scene = Scene::new();
                let draft = small();
                scene
                    .fixture
                    .linear
                    .fault(When::any().nth(nth), fault.clone());
                let begun = scene.create(&draft).is_ok();
                scene.fixture.linear.clear_faults();
                if complete {
                    scene.create(&draft).unwrap();
                    scene.assert_holds(&draft);
                } else if begun || scene.journal.saves() > 0 {
                    assert_eq!(
                        scene.take_back().unwrap().survivors,
                        [],
                        "{fault:?} at {nth}"
                    );
                    scene.assert_empty();
                }
            }
        }
    }
}

#[test]
fn f15_an_answer_that_denies_success_is_an_error_if_it_stays_so() {
    for field in [
        "projectCreate",
        "issueBatchCreate",
        "issueRelationCreate",
        "issueLabelCreate",
    ] {
        for fault in [Fault::SuccessFalse, Fault::NoEffect] {
            let scene = Scene::new();
            let draft = small();
            scene
                .fixture
                .linear
                .fault(When::on(field).always(), fault.clone());
            scene
                .fixture
                .linear
                .fault(When::on("issueCreate").always(), fault.clone());
            let created = scene.create(&draft);
            if fault == Fault::NoEffect {
                // What is said to be there is read back.
                let findings = created.map(|created| created.findings);
                assert!(
                    findings.is_err()
                        || field == "issueLabelCreate"
                        || !findings.unwrap().is_empty()
                );
            } else {
                created.unwrap_err();
            }
            scene.fixture.linear.clear_faults();
            scene.take_back().unwrap();
            scene.assert_empty();
        }
    }
}

#[test]
fn f23_at_the_limit_of_the_workspace_nothing_more_is_sent() {
    let scene = Scene::new();
    let draft = small();
    scene.fixture.linear.fault(
        When::on("issueBatchCreate").nth(2).always(),
        Fault::UsageLimit,
    );
    let error = scene.create(&draft).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    insta::assert_snapshot!(error.chain(), @"failed to create the plan for sign-in: what was created is in the journal: go on with it later, or take it back: failed to create 3 tickets from a1 on: the plan of the workspace allows no more (PlanIssueBatchCreate: You've exceeded the free issue limit for this workspace.)");
    let last = scene.fixture.linear.requests().pop().unwrap();
    assert_eq!(last.operation, "PlanIssueBatchCreate");
    assert_eq!(scene.ours().len(), 2);
    scene.fixture.linear.clear_faults();
    scene.create(&draft).unwrap();
    scene.assert_holds(&draft);
}

#[test]
fn a_plan_is_not_begun_with_less_than_twice_what_it_needs() {
    let scene = Scene::new();
    let draft = small();
    let limits = |requests_per_hour| Limits {
        requests_per_hour,
        ..Limits::default()
    };
    scene.fixture.linear.limits(limits(20));
    let error = scene.create(&draft).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    insta::assert_snapshot!(error.chain(), @"failed to begin the plan for sign-in: 38 requests are wanted, twice what is needed, and Linear allows 20 an hour: divide the plan");
    scene.assert_empty();
    assert_eq!(scene.journal.saves(), 0);
    // Enough an hour, and too much is used up.
    scene.fixture.linear.limits(limits(39));
    let error = scene.create(&draft).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::RateLimited { .. }),
        "{}",
        error.chain()
    );
    scene.assert_empty();
}

#[test]
fn a_hold_that_is_too_long_is_an_error_that_names_the_time_and_the_plan_goes_on_after_it() {
    let scene = Scene::new();
    let draft = small();
    let hour = Fault::RateLimited {
        reset_in_ms: 3_600_000,
        endpoint: false,
        status: 400,
        retry_after: None,
    };
    scene
        .fixture
        .linear
        .fault(When::on("issueBatchCreate").nth(2), hour);
    let error = scene.create(&draft).unwrap_err();
    let ErrorKind::RateLimited { retry_after_ms } = error.kind() else {
        panic!("{}", error.chain());
    };
    let hold = Duration::from_millis(retry_after_ms.unwrap());
    assert!(hold >= Duration::from_secs(900));
    scene.create(&draft).unwrap_err();
    scene.fixture.clock.advance(hold);
    scene.create(&draft).unwrap();
    scene.assert_holds(&draft);
}

#[test]
fn f10_a_label_that_others_create_and_lists_do_not_show_yet_is_used() {
    let scene = Scene::new();
    let draft = small();
    let linear = &scene.fixture.linear;
    linear.fault(When::on("viewer"), Fault::LaggingLists { ms: 10_000 });
    assert!(scene.create_until(&draft, 2, Side::Before));
    let theirs = linear.add_label(None, "BACKEND");
    scene.create(&draft).unwrap();
    scene.assert_holds(&draft);
    let issues = scene.ours().into_iter();
    let mut wearers = issues.filter(|issue| issue.labels.contains(&theirs));
    assert_eq!(wearers.next().unwrap().title, "Ticket a2");
    let requests = linear.requests();
    assert!(
        requests
            .iter()
            .any(|request| request.operation == "PlanLabelCreate")
    );
}
