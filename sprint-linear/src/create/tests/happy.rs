//! Nothing goes wrong.

use local_linear::{check_document, check_variables, points};

use super::*;
use crate::create::PlannedOperation;

/// 120 tickets: 60, with 40 below them, with 20 below those.
fn large() -> CheckedDraft {
    let mut tickets = Vec::new();
    for n in 0..60 {
        let name = format!("t{n}");
        let before = format!("t{}", n.max(1) - 1);
        let blocked_by = if n == 0 { vec![] } else { vec![&*before] };
        tickets.push(ticket(&name, None, &blocked_by));
    }
    for n in 0..40 {
        let (name, parent) = (format!("u{n}"), format!("t{}", n % 20));
        tickets.push(ticket(&name, Some(&parent), &["t59"]));
    }
    for n in 0..20 {
        let (name, parent) = (format!("v{n}"), format!("u{n}"));
        let mut ticket = ticket(&name, Some(&parent), &[]);
        ticket.labels = vec![format!("Area {}", n % 3), "PLANNED".into()];
        tickets.push(ticket);
    }
    // One with more blockers than are read with it.
    let many: Vec<_> = (0..30).map(|n| format!("t{n}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    tickets.last_mut().unwrap().blocked_by = many.into_iter().map(key).collect();
    plan(tickets)
}

#[test]
fn a_plan_of_120_tickets_is_there_exactly_once() {
    let scene = Scene::new();
    let draft = large();
    let created = scene.create(&draft).unwrap();
    scene.assert_holds(&draft);
    assert_eq!(created.findings, []);
    assert_eq!(created.tickets.len(), 120);
    for (key, ticket) in &created.tickets {
        let issue = scene.fixture.linear.issue(&ticket.uuid).unwrap();
        assert_eq!(issue.identifier, ticket.id.as_str());
        assert_eq!(issue.title, format!("Ticket {key}"));
    }
    let project = created.project.unwrap();
    assert_eq!(project.uuid, scene.our_projects()[0].id);
    // 4 batches of tickets: 50 + 10, 40, 20.
    let requests = scene.fixture.linear.requests();
    let sent = |field: &str| {
        requests
            .iter()
            .filter(|r| r.fields.iter().any(|f| f == field))
            .count()
    };
    assert_eq!(sent("issueBatchCreate"), 4);
    assert_eq!(sent("issueCreate"), 0);
    assert_eq!(sent("issueRelationCreate"), 129);
    assert_eq!(sent("issueLabelCreate"), 3);
    assert_eq!(requests.len(), 153);
}

#[test]
fn creating_again_writes_nothing_and_says_the_same() {
    let scene = Scene::new();
    let draft = small();
    let first = scene.create(&draft).unwrap();
    scene.fixture.linear.forget_requests();
    assert_eq!(scene.create(&draft).unwrap(), first);
    let requests = scene.fixture.linear.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.document.starts_with("query"))
    );
    scene.assert_holds(&draft);
}

#[test]
fn a_plan_whose_journal_is_lost_is_found_by_its_ids() {
    let mut scene = Scene::new();
    let draft = small();
    let first = scene.create(&draft).unwrap();
    scene.journal = Memory::default();
    assert_eq!(scene.create(&draft).unwrap(), first);
    scene.assert_holds(&draft);
}

#[test]
fn a_preview_says_everything_and_writes_nothing() {
    let scene = Scene::new();
    let draft = small();
    let mut journal = scene.journal.clone();
    let preview = scene
        .fixture
        .run(scene.plans().preview(&draft, &mut journal))
        .unwrap();
    scene.assert_empty();
    assert_eq!(scene.journal.saves(), 0);
    assert_eq!(preview.team, "Test");
    assert_eq!(preview.state, "Todo");
    assert_eq!(preview.collisions.len(), 1);
    assert!(preview.is_affordable());
    let lines: Vec<_> = preview.operations.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    create label Backend
    create project Sign in
    create ticket a: Ticket a
    create ticket b: Ticket b
    create ticket a1: Ticket a1 (part of a)
    create ticket a2: Ticket a2 (part of a)
    create ticket b1: Ticket b1 (part of b)
    create ticket a1x: Ticket a1x (part of a1)
    say that a blocks b
    say that a1 blocks a2
    say that b blocks a2
    say that a1x blocks b1
    ");
    scene.fixture.linear.forget_requests();
    scene.create(&draft).unwrap();
    let sent = scene.fixture.linear.requests().len() as u64;
    // The identity and the team are asked for in any case; that a label is there, which would be
    // sent and read back otherwise, only Linear knows.
    assert_eq!(preview.requests, sent - 2 + 2);
    let preview = scene
        .fixture
        .run(scene.plans().preview(&draft, &mut journal))
        .unwrap();
    assert_eq!(preview.operations, Vec::<PlannedOperation>::new());
    assert_eq!(preview.collisions.len(), 1, "ours is none");
}

#[test]
fn what_was_sent_fits_the_schema_and_costs_what_was_counted() {
    let scene = Scene::new();
    let draft = large();
    scene.create(&draft).unwrap();
    let issue = scene
        .ours()
        .into_iter()
        .find(|issue| issue.title == "Ticket v0")
        .unwrap();
    comment_by_another(&scene, &issue.id);
    scene.take_back().unwrap();
    let mut operations = BTreeSet::new();
    for request in scene.fixture.linear.requests() {
        check_document(&request.document).unwrap();
        check_variables(&request.document, &request.operation, &request.variables).unwrap();
        assert!(
            points(&request.document, &request.variables) < 9_000,
            "{}",
            request.operation
        );
        operations.insert(request.operation);
    }
    for operation in [
        "PlanBlockers",
        "PlanIssueTouches",
        "PlanIssueDelete",
        "PlanProject",
    ] {
        assert!(operations.contains(operation), "{operation}");
    }
}
