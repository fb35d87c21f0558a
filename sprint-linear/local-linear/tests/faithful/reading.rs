use local_linear::{Actor, NewComment, NewIssue, Team};
use serde_json::{Value, json};

use crate::support::{Bench, id, ids};

#[test]
fn a_page_has_50_rows_and_never_more_than_250() {
    let bench = Bench::new();
    let all: Vec<String> = (0..120)
        .map(|n| bench.issue(&format!("issue {n}")))
        .collect();
    let page = "query($first: Int, $after: String) {
        issues(first: $first, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }";
    assert_eq!(ids(&bench.data(page, Value::Null)["issues"]).len(), 50);
    assert_eq!(
        bench.error(page, json!({ "first": 251 })).3,
        "first must not be greater than 250"
    );
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let issues = bench.data(page, json!({ "first": 7, "after": after }))["issues"].clone();
        seen.extend(ids(&issues));
        after = issues["pageInfo"]["endCursor"].clone();
        if issues["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    seen.reverse();
    assert_eq!(seen, all, "newest first, each once");
    assert_eq!(
        bench.error(page, json!({ "after": "nonsense" })).2,
        "INPUT_ERROR"
    );
}

#[test]
fn a_page_can_be_read_from_its_end() {
    let bench = Bench::new();
    let all: Vec<String> = (0..5).map(|n| bench.issue(&format!("issue {n}"))).collect();
    let page = "query($before: String) { issues(last: 2, before: $before) {
        nodes { id } pageInfo { hasPreviousPage startCursor } } }";
    let last = bench.data(page, Value::Null)["issues"].clone();
    assert_eq!(ids(&last), [all[1].clone(), all[0].clone()]);
    let before =
        bench.data(page, json!({ "before": last["pageInfo"]["startCursor"] }))["issues"].clone();
    assert_eq!(ids(&before), [all[3].clone(), all[2].clone()]);
}

#[test]
fn nested_pages_have_50_rows_too() {
    let bench = Bench::new();
    let issue = bench.issue("blocked");
    for n in 0..60 {
        let blocker = bench.issue(&format!("blocker {n}"));
        bench.linear.add_relation(&blocker, &issue, "blocks");
        bench.linear.add_comment(NewComment::new(&issue, "text"));
    }
    let query = "query($id: String!) { issue(id: $id) {
        inverseRelations { nodes { id type issue { title } relatedIssue { id } } pageInfo { hasNextPage } }
        relations { nodes { id } } comments { nodes { id } pageInfo { hasNextPage } } } }";
    let found = bench.data(query, json!({ "id": issue }))["issue"].clone();
    assert_eq!(ids(&found["inverseRelations"]).len(), 50);
    assert_eq!(found["inverseRelations"]["pageInfo"]["hasNextPage"], true);
    assert_eq!(
        found["inverseRelations"]["nodes"][0]["relatedIssue"]["id"],
        json!(issue)
    );
    assert_eq!(ids(&found["relations"]), [""; 0]);
    assert_eq!(ids(&found["comments"]).len(), 50);
}

#[test]
fn lists_hide_what_is_archived_and_ids_show_it() {
    let bench = Bench::new();
    let (archived, trashed) = (bench.issue("archived"), bench.issue("trashed"));
    bench.linear.archive(&archived);
    bench.linear.trash(&trashed);
    assert_eq!(
        ids(&bench.data("{ issues { nodes { id } } }", Value::Null)["issues"]).len(),
        0
    );
    let query = "{ issues(includeArchived: true) { nodes { id } } }";
    assert_eq!(ids(&bench.data(query, Value::Null)["issues"]).len(), 2);
    let query = "query($id: String!) { issue(id: $id) { archivedAt trashed } }";
    assert_eq!(
        bench.data(query, json!({ "id": trashed }))["issue"]["trashed"],
        true
    );
    let archived = bench.data(query, json!({ "id": archived }))["issue"].clone();
    assert_eq!(
        (
            archived["trashed"].clone(),
            archived["archivedAt"].is_string()
        ),
        (Value::Null, true)
    );
}

#[test]
fn an_unknown_id_is_an_error_and_not_null() {
    let bench = Bench::new();
    for (field, entity) in [
        ("issue", "Issue"),
        ("comment", "Comment"),
        ("project", "Project"),
        ("attachment", "Attachment"),
        ("issueRelation", "IssueRelation"),
        ("team", "Team"),
    ] {
        let error = bench.error(
            &format!("{{ {field}(id: \"{}\") {{ id }} }}", id(1)),
            Value::Null,
        );
        assert_eq!(error.1, format!("Entity not found: {entity}"));
    }
}

#[test]
fn an_identifier_finds_its_issue_also_after_a_move() {
    let bench = Bench::new();
    let issue = bench.issue("a");
    let other = bench.linear.add_team(Team::new("Design", "DES"));
    bench.linear.add_states(&other);
    bench.linear.move_team(&issue, &other);
    let query = "{ issue(id: \"ENG-1\") { id identifier previousIdentifiers team { key } } }";
    let found = bench.data(query, Value::Null)["issue"].clone();
    assert_eq!(
        found,
        json!({ "id": issue, "identifier": "DES-1", "previousIdentifiers": ["ENG-1"], "team": { "key": "DES" } })
    );
}

#[test]
fn filters_choose_by_team_state_label_project_parent_and_time() {
    let bench = Bench::new();
    let label = bench.linear.add_label(Some(&bench.team), "Bug");
    let project = bench.linear.add_project("P", &[&bench.team]);
    let other = bench.linear.add_team(Team::new("Design", "DES"));
    bench.linear.add_states(&other);
    bench.linear.add_issue(NewIssue::new(&other, "elsewhere"));
    let plain = bench.issue("plain");
    bench.pass(60_000);
    let full = bench.linear.add_issue(NewIssue {
        state: Some(bench.done.clone()),
        labels: vec![label.clone()],
        project: Some(project.clone()),
        parent: Some(plain.clone()),
        ..NewIssue::new(&bench.team, "full")
    });
    let team = json!({ "team": { "key": { "eq": "ENG" } } });
    for (filter, wanted) in [
        (
            json!({ "state": { "id": { "in": [bench.done] } } }),
            vec![&full],
        ),
        (
            json!({ "state": { "type": { "eq": "unstarted" } } }),
            vec![&plain],
        ),
        (
            json!({ "state": { "name": { "eq": "Done" } } }),
            vec![&full],
        ),
        (
            json!({ "labels": { "some": { "id": { "in": [label] } } } }),
            vec![&full],
        ),
        (
            json!({ "labels": { "name": { "eqIgnoreCase": "bug" } } }),
            vec![&full],
        ),
        (
            json!({ "project": { "id": { "eq": project } } }),
            vec![&full],
        ),
        (json!({ "project": { "null": true } }), vec![&plain]),
        (json!({ "parent": { "id": { "eq": plain } } }), vec![&full]),
        (json!({ "number": { "eq": 1 } }), vec![&plain]),
        (json!({ "updatedAt": { "gte": "-PT30S" } }), vec![&full]),
        (
            json!({ "updatedAt": { "gte": "2023-11-14T22:13:20.000Z" } }),
            vec![&full, &plain],
        ),
        (
            json!({ "or": [{ "id": { "eq": plain } }, { "title": { "startsWith": "fu" } }] }),
            vec![&full, &plain],
        ),
        (
            json!({ "and": [{ "id": { "eq": plain } }, { "title": { "eq": "full" } }] }),
            vec![],
        ),
    ] {
        let query = "query($filter: IssueFilter) { issues(filter: $filter) { nodes { id } } }";
        let both = json!({ "filter": { "and": [team, filter] } });
        assert_eq!(
            ids(&bench.data(query, both)["issues"]),
            wanted.into_iter().cloned().collect::<Vec<_>>(),
            "{filter}"
        );
    }
}

#[test]
fn the_order_of_an_answer_to_a_list_of_ids_is_by_chance_and_the_pages_still_fit() {
    let bench = Bench::new();
    let all: Vec<String> = (0..20)
        .map(|n| bench.issue(&format!("issue {n}")))
        .collect();
    let query = "query($ids: [ID!], $after: String) { issues(filter: { id: { in: $ids } }, first: 15, after: $after) {
        nodes { id } pageInfo { endCursor } } }";
    let page = bench.data(query, json!({ "ids": all }))["issues"].clone();
    let mut found = ids(&page);
    let after = &page["pageInfo"]["endCursor"];
    found.extend(ids(
        &bench.data(query, json!({ "ids": all, "after": after }))["issues"]
    ));
    let reversed: Vec<String> = all.iter().rev().cloned().collect();
    assert!(found != all && found != reversed);
    found.sort();
    let mut all = all;
    all.sort();
    assert_eq!(found, all);
}

#[test]
fn comments_say_who_wrote_them_and_whether_they_were_edited() {
    let bench = Bench::new();
    let issue = bench.issue("a");
    let bob = bench.linear.add_user("Bob");
    let theirs = bench.linear.add_comment(NewComment {
        user: Some(bob.clone()),
        ..NewComment::new(&issue, "theirs")
    });
    let mine = bench.linear.add_comment(NewComment {
        parent: Some(theirs.clone()),
        ..NewComment::new(&issue, "mine")
    });
    bench.linear.edit_comment(&theirs, "edited");
    let query = "query($ids: [ID!]) { comments(filter: { issue: { id: { in: $ids } } }) {
        nodes { id body editedAt parent { id } user { id isMe } issue { id } } } }";
    let found = bench.data(query, json!({ "ids": [issue] }))["comments"]["nodes"].clone();
    let of = |id: &str| {
        found
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["id"] == id)
            .unwrap()
            .clone()
    };
    let (theirs, mine) = (of(&theirs), of(&mine));
    assert_eq!(theirs["user"], json!({ "id": bob, "isMe": false }));
    assert_eq!(
        (theirs["body"].clone(), theirs["editedAt"].is_string()),
        (json!("edited"), true)
    );
    assert_eq!(
        (mine["user"]["isMe"].clone(), mine["parent"]["id"].clone()),
        (json!(true), theirs["id"].clone())
    );
    assert_eq!(mine["editedAt"], Value::Null);
}

#[test]
fn the_history_names_the_automation_that_moved_an_issue() {
    let bench = Bench::new();
    let issue = bench.issue("a");
    bench
        .linear
        .move_issue(&issue, &bench.done, Actor::User(bench.linear.owner()));
    bench
        .linear
        .move_issue(&issue, &bench.started, Actor::Bot("GitHub".to_owned()));
    let query = "query($id: String!) { issue(id: $id) { completedAt history { nodes {
        fromState { name } toState { name } actor { id } botActor { name type } } } } }";
    let found = bench.data(query, json!({ "id": issue }))["issue"].clone();
    assert_eq!(found["completedAt"], Value::Null);
    assert_eq!(
        found["history"]["nodes"][0],
        json!({ "fromState": { "name": "Done" }, "toState": { "name": "In Progress" }, "actor": null,
            "botActor": { "name": "GitHub", "type": "workflow" } })
    );
}
