use local_linear::{NewComment, NewIssue, SameRelation};
use serde_json::{Value, json};

use crate::support::{Bench, CREATE, UPDATE, id};

#[test]
fn absent_leaves_a_member_alone_and_null_clears_it() {
    let bench = Bench::new();
    let project = bench.linear.add_project("P", &[&bench.team]);
    let new = NewIssue {
        project: Some(project),
        description: Some("text".to_owned()),
        ..NewIssue::new(&bench.team, "a")
    };
    let issue = bench.linear.add_issue(new);
    bench.data(
        UPDATE,
        json!({ "id": issue, "input": { "projectId": null } }),
    );
    let stored = bench.linear.issue(&issue).unwrap();
    assert_eq!(
        (stored.project, stored.description),
        (None, Some("text".to_owned()))
    );
    assert_eq!(
        bench
            .error(UPDATE, json!({ "id": issue, "input": { "title": null } }))
            .2,
        "INPUT_ERROR"
    );
}

#[test]
fn label_ids_replace_all_labels_and_added_ones_do_not() {
    let bench = Bench::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| bench.linear.add_label(Some(&bench.team), name));
    let issue = bench.linear.add_issue(NewIssue {
        labels: vec![a.clone()],
        ..NewIssue::new(&bench.team, "x")
    });
    let labels = |input: Value| {
        bench.data(UPDATE, json!({ "id": issue, "input": input }))["issueUpdate"]["issue"]["labelIds"].clone()
    };
    assert_eq!(labels(json!({ "addedLabelIds": [b] })), json!([a, b]));
    assert_eq!(labels(json!({ "removedLabelIds": [a] })), json!([b]));
    assert_eq!(labels(json!({ "labelIds": [c] })), json!([c]));
}

#[test]
fn a_state_change_sets_the_times_and_the_history() {
    let bench = Bench::new();
    let issue = bench.issue("a");
    let answer = bench.data(
        UPDATE,
        json!({ "id": issue, "input": { "stateId": bench.done } }),
    );
    assert_eq!(
        answer["issueUpdate"]["issue"]["state"]["id"],
        json!(bench.done)
    );
    assert!(answer["issueUpdate"]["issue"]["completedAt"].is_string());
    bench.data(
        UPDATE,
        json!({ "id": issue, "input": { "stateId": bench.done } }),
    );
    assert_eq!(
        bench.linear.history().len(),
        1,
        "repeating a state changes nothing"
    );
}

#[test]
fn the_last_child_closes_its_parent_when_the_team_wants_that() {
    let bench = Bench::new();
    let parent = bench.issue("parent");
    let child = |title| {
        bench.linear.add_issue(NewIssue {
            parent: Some(parent.clone()),
            ..NewIssue::new(&bench.team, title)
        })
    };
    let (first, second) = (child("first"), child("second"));
    bench
        .linear
        .edit_team(&bench.team, |team| team.auto_close_parents = true);
    let close = |issue: &str| {
        bench.data(
            UPDATE,
            json!({ "id": issue, "input": { "stateId": bench.done } }),
        )
    };
    close(&first);
    assert_eq!(bench.linear.issue(&parent).unwrap().state, bench.todo);
    close(&second);
    assert_eq!(bench.linear.issue(&parent).unwrap().state, bench.done);
}

#[test]
fn an_archived_issue_cannot_be_edited() {
    let bench = Bench::new();
    let issue = bench.issue("a");
    bench.linear.archive(&issue);
    assert_eq!(
        bench
            .error(UPDATE, json!({ "id": issue, "input": { "title": "b" } }))
            .2,
        "INPUT_ERROR"
    );
}

#[test]
fn deleting_trashes_and_only_administrators_delete_for_good() {
    let bench = Bench::new();
    let issue = bench.issue("a");
    let delete = "mutation($id: String!, $for_good: Boolean) {
        issueDelete(id: $id, permanentlyDelete: $for_good) { success entity { id trashed } } }";
    assert_eq!(
        bench
            .error(delete, json!({ "id": issue, "for_good": true }))
            .0,
        403
    );
    let answer = bench.data(delete, json!({ "id": issue }));
    assert_eq!(
        answer["issueDelete"]["entity"],
        json!({ "id": issue, "trashed": true })
    );
    assert!(bench.linear.issue(&issue).unwrap().trashed);
    bench.linear.settings(|settings| settings.admin = true);
    bench.data(delete, json!({ "id": issue, "for_good": true }));
    assert_eq!(bench.linear.issue(&issue), None);
}

#[test]
fn a_comment_is_edited_and_deleted_by_its_author_only() {
    let bench = Bench::new();
    let issue = bench.issue("a");
    let bob = bench.linear.add_user("Bob");
    let mine = bench.linear.add_comment(NewComment::new(&issue, "mine"));
    let theirs = bench.linear.add_comment(NewComment {
        user: Some(bob),
        ..NewComment::new(&issue, "theirs")
    });
    let update = "mutation($id: String!) { commentUpdate(id: $id, input: { body: \"new\" }) { comment { editedAt } } }";
    let delete = "mutation($id: String!) { commentDelete(id: $id) { success entityId } }";
    assert_eq!(bench.error(update, json!({ "id": theirs })).0, 403);
    assert_eq!(bench.error(delete, json!({ "id": theirs })).0, 403);
    assert!(
        bench.data(update, json!({ "id": mine }))["commentUpdate"]["comment"]["editedAt"]
            .is_string()
    );
    assert_eq!(
        bench.data(delete, json!({ "id": mine }))["commentDelete"]["entityId"],
        json!(mine)
    );
    assert_eq!(bench.linear.comments().len(), 1);
}

#[test]
fn a_second_identical_relation_does_what_the_switch_says() {
    let bench = Bench::new();
    let (a, b) = (bench.issue("a"), bench.issue("b"));
    let create = "mutation($input: IssueRelationCreateInput!) {
        issueRelationCreate(input: $input) { issueRelation { id type } } }";
    let relate = |n| json!({ "input": { "id": id(n), "issueId": a, "relatedIssueId": b, "type": "blocks" } });
    bench.data(create, relate(1));
    bench.data(create, relate(2));
    assert_eq!(bench.linear.relations().len(), 2);
    bench
        .linear
        .settings(|settings| settings.same_relation = SameRelation::First);
    assert_eq!(
        bench.data(create, relate(3))["issueRelationCreate"]["issueRelation"]["id"],
        json!(id(1))
    );
    bench
        .linear
        .settings(|settings| settings.same_relation = SameRelation::Refused);
    assert_eq!(bench.error(create, relate(4)).2, "INPUT_ERROR");
    assert_eq!(bench.linear.relations().len(), 2);
}

#[test]
fn one_wrong_field_hides_the_earlier_ones_that_were_done() {
    let bench = Bench::new();
    let query = "mutation($a: IssueCreateInput!, $b: IssueCreateInput!) {
        a: issueCreate(input: $a) { success } b: issueCreate(input: $b) { success } }";
    let (status, body) = bench.ask(
        query,
        json!({ "a": bench.create(1)["input"], "b": bench.create(1)["input"] }),
    );
    assert_eq!((status, &body["data"]), (400, &Value::Null));
    assert_eq!(bench.linear.issues().len(), 1);
}

#[test]
fn a_batch_of_updates_is_one_transaction_over_50_uuids_at_most() {
    let bench = Bench::new();
    let update = "mutation($ids: [UUID!]!, $input: IssueUpdateInput!) {
        issueBatchUpdate(ids: $ids, input: $input) { success issues { id } } }";
    let (a, b) = (bench.issue("a"), bench.issue("b"));
    let input = json!({ "stateId": bench.done });
    assert_eq!(
        bench
            .error(update, json!({ "ids": [a, "ENG-2"], "input": input }))
            .2,
        "INPUT_ERROR"
    );
    assert_eq!(bench.linear.issue(&a).unwrap().state, bench.todo);
    let many: Vec<String> = (0..51).map(id).collect();
    assert_eq!(
        bench
            .error(update, json!({ "ids": many, "input": input }))
            .0,
        400
    );
    bench.data(update, json!({ "ids": [a, b], "input": input }));
    assert!(
        bench
            .linear
            .issues()
            .iter()
            .all(|issue| issue.state == bench.done)
    );
}

#[test]
fn a_deleted_project_is_trashed_and_takes_no_more_issues() {
    let bench = Bench::new();
    let create = "mutation($input: ProjectCreateInput!) { projectCreate(input: $input) { project { id teams { nodes { id } } } } }";
    let made = bench.data(
        create,
        json!({ "input": { "id": id(1), "name": "P", "teamIds": [bench.team] } }),
    );
    assert_eq!(
        made["projectCreate"]["project"]["teams"]["nodes"][0]["id"],
        json!(bench.team)
    );
    let delete = format!(
        "mutation {{ projectDelete(id: \"{}\") {{ success entity {{ trashed }} }} }}",
        id(1)
    );
    assert_eq!(
        bench.data(&delete, Value::Null)["projectDelete"]["entity"]["trashed"],
        true
    );
    let mut issue = bench.create(2);
    issue["input"]["projectId"] = json!(id(1));
    assert_eq!(bench.error(CREATE, issue).2, "INPUT_ERROR");
}
