use local_linear::Team;
use serde_json::{Value, json};

use crate::support::{BATCH, Bench, COMMENT, CREATE, UPDATE, id};

#[test]
fn an_id_is_taken_once_and_stays_taken_after_the_trash() {
    let bench = Bench::new();
    bench.data(CREATE, bench.create(1));
    let conflict = (
        400,
        "conflict on insert of Issue".to_owned(),
        "INPUT_ERROR".to_owned(),
        format!("Entity Issue with id {} already exists.", id(1)),
    );
    assert_eq!(bench.error(CREATE, bench.create(1)), conflict);
    bench.data(
        &format!(
            "mutation {{ issueDelete(id: \"{}\") {{ success }} }}",
            id(1)
        ),
        Value::Null,
    );
    assert_eq!(bench.error(CREATE, bench.create(1)), conflict);
    assert_eq!(bench.linear.issues().len(), 1);
}

#[test]
fn a_conflict_on_a_comment_comes_with_status_200_unless_switched() {
    let bench = Bench::new();
    let input = json!({ "input": { "id": id(2), "issueId": bench.issue("a"), "body": "text" } });
    bench.data(COMMENT, input.clone());
    let conflict = bench.error(COMMENT, input.clone());
    assert_eq!(
        (conflict.0, conflict.1.as_str()),
        (200, "conflict on insert of Comment")
    );
    bench
        .linear
        .settings(|settings| settings.comment_conflict_status = 400);
    assert_eq!(bench.error(COMMENT, input).0, 400);
    assert_eq!(bench.linear.comments().len(), 1);
}

#[test]
fn an_id_must_be_a_uuid_of_version_4() {
    let bench = Bench::new();
    for wrong in [
        "1",
        "00000000-0000-1000-8000-000000000000",
        "00000000-0000-4000-0000-000000000000",
    ] {
        let input = json!({ "input": { "id": wrong, "teamId": bench.team, "title": "a" } });
        assert_eq!(bench.error(CREATE, input).3, "id must be a UUID.");
    }
}

#[test]
fn numbers_are_not_used_again() {
    let bench = Bench::new();
    let first = bench.issue("a");
    bench.linear.purge(&first);
    let second = bench.issue("b");
    assert_eq!(bench.linear.issue(&second).unwrap().identifier, "ENG-2");
}

#[test]
fn an_issue_without_a_state_begins_in_triage_when_that_is_on() {
    let bench = Bench::new();
    bench.data(CREATE, bench.create(1));
    assert_eq!(bench.linear.issues()[0].state, bench.todo);
    bench.linear.edit_team(&bench.team, |team| {
        team.default_state = Some(bench.backlog.clone());
    });
    bench.data(CREATE, bench.create(2));
    assert_eq!(bench.linear.issues()[1].state, bench.backlog);
    let triage = bench.linear.add_state(&bench.team, "Triage", "triage");
    bench
        .linear
        .edit_team(&bench.team, |team| team.triage_state = Some(triage.clone()));
    bench.data(CREATE, bench.create(3));
    assert_eq!(bench.linear.issues()[2].state, triage);
}

#[test]
fn what_an_issue_refers_to_must_exist_and_fit_its_team() {
    let bench = Bench::new();
    let other = bench.linear.add_team(Team::new("Design", "DES"));
    let [state, ..] = bench.linear.add_states(&other);
    let label = bench.linear.add_label(Some(&other), "theirs");
    let project = bench.linear.add_project("theirs", &[&other]);
    for (member, value) in [
        ("stateId", json!(state)),
        ("stateId", json!(id(9))),
        ("labelIds", json!([label])),
        ("labelIds", json!([id(9)])),
        ("projectId", json!(project)),
        ("projectId", json!(id(9))),
        ("parentId", json!(id(9))),
        ("teamId", json!(id(9))),
    ] {
        let mut variables = bench.create(1);
        variables["input"][member] = value;
        let error = bench.error(CREATE, variables);
        assert_eq!(error.2, "INPUT_ERROR", "{member}");
    }
    assert_eq!(bench.linear.issues(), []);
    bench.data(CREATE, bench.create(1));
}

#[test]
fn a_batch_has_50_issues_at_most_and_is_one_transaction() {
    let bench = Bench::new();
    let batch = |range: std::ops::Range<u32>| {
        let issues: Vec<Value> = range.map(|n| bench.create(n)["input"].clone()).collect();
        json!({ "input": { "issues": issues } })
    };
    assert_eq!(bench.error(BATCH, batch(0..51)).0, 400);
    assert_eq!(bench.linear.issues().len(), 0);
    bench.data(BATCH, batch(0..50));
    assert_eq!(bench.linear.issues().len(), 50);
    assert_eq!(
        bench.error(BATCH, batch(49..60)).1,
        "conflict on insert of Issue"
    );
    assert_eq!(bench.linear.issues().len(), 50);
    bench.data(BATCH, batch(50..60));
}

#[test]
fn a_parent_of_the_same_batch_is_unknown_unless_switched() {
    let bench = Bench::new();
    let mut child = bench.create(2)["input"].clone();
    child["parentId"] = json!(id(1));
    let batch = json!({ "input": { "issues": [bench.create(1)["input"], child] } });
    assert_eq!(
        bench.error(BATCH, batch.clone()).1,
        "Entity not found: Issue"
    );
    bench
        .linear
        .settings(|settings| settings.parents_in_batch = true);
    bench.data(BATCH, batch);
    assert_eq!(bench.linear.issue(&id(2)).unwrap().parent, Some(id(1)));
}

#[test]
fn a_null_counts_as_a_second_home_of_a_comment() {
    let bench = Bench::new();
    let issue = bench.issue("a");
    let input = json!({ "input": { "issueId": issue, "projectId": null, "body": "text" } });
    assert_eq!(
        bench.error(COMMENT, input).3,
        "A comment must belong to exactly one entity."
    );
}

#[test]
fn names_of_labels_are_unique_in_the_team_whatever_their_case() {
    let bench = Bench::new();
    let create =
        "mutation($input: IssueLabelCreateInput!) { issueLabelCreate(input: $input) { success } }";
    let label = |name: &str, team: Value| json!({ "input": { "name": name, "teamId": team } });
    bench.data(create, label("Feature", json!(bench.team)));
    assert_eq!(
        bench.error(create, label("feature", json!(bench.team))).1,
        "duplicate label name"
    );
    assert_eq!(
        bench.error(create, label("FEATURE", Value::Null)).1,
        "duplicate label name"
    );
    let other = bench.linear.add_team(Team::new("Design", "DES"));
    bench.data(create, label("feature", json!(other)));
}

#[test]
fn an_attachment_is_one_for_each_issue_and_address() {
    let bench = Bench::new();
    let issue = bench.issue("a");
    let create = "mutation($input: AttachmentCreateInput!) {
        attachmentCreate(input: $input) { attachment { id metadata } } }";
    let attach = |n: u32, title: &str| {
        let input = json!({ "input": { "id": id(n), "issueId": issue, "url": "https://x.io/1", "title": title,
            "metadata": { "n": n } } });
        bench.data(create, input)["attachmentCreate"]["attachment"].clone()
    };
    attach(1, "first");
    assert_eq!(
        attach(2, "second"),
        json!({ "id": id(1), "metadata": { "n": 2 } })
    );
    let stored = bench.linear.attachments();
    assert_eq!((stored.len(), stored[0].title.as_str()), (1, "second"));
}

#[test]
fn issues_nest_10_levels_deep_and_never_in_a_circle() {
    let bench = Bench::new();
    let mut parent = bench.issue("top");
    let top = parent.clone();
    for n in 1..=10 {
        let mut input = bench.create(n);
        input["input"]["parentId"] = json!(parent);
        bench.data(CREATE, input);
        parent = id(n);
    }
    let mut input = bench.create(11);
    input["input"]["parentId"] = json!(parent);
    assert_eq!(bench.error(CREATE, input).2, "INPUT_ERROR");
    let circle = json!({ "id": top, "input": { "parentId": id(2) } });
    assert_eq!(bench.error(UPDATE, circle).2, "INPUT_ERROR");
}

#[test]
fn a_backdated_issue_must_lie_in_the_past() {
    let bench = Bench::new();
    let at = |text: &str| {
        let mut input = bench.create(1);
        input["input"]["createdAt"] = json!(text);
        input
    };
    assert_eq!(
        bench.error(CREATE, at("2030-01-01T00:00:00.000Z")).2,
        "INPUT_ERROR"
    );
    bench.data(CREATE, at("2020-01-01T00:00:00.000Z"));
    assert_eq!(bench.linear.issues()[0].created_at, 1_577_836_800_000);
}
