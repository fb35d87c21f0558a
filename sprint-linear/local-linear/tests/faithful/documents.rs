use local_linear::{Unmodelled, check_document, check_variables, points};
use serde_json::{Value, json};

use crate::support::Bench;

#[test]
fn documents_that_the_schema_does_not_allow_are_refused() {
    let bench = Bench::new();
    for wrong in [
        "{ issue(id: \"a\") { nope } }",
        "{ issue { id } }",
        "{ issue(id: \"a\") { state } }",
        "query($id: ID!) { issue(id: $id) { id } }",
        "{ issues(filter: { identifier: { eq: \"ENG-1\" } }) { nodes { id } } }",
        "{ issueLabels(filter: { name: { inIgnoreCase: [\"a\"] } }) { nodes { id } } }",
        "{ projects(filter: { team: { key: { eq: \"ENG\" } } }) { nodes { id } } }",
        "mutation { issueRelationCreate(input: { issueId: \"a\", relatedIssueId: \"b\", type: blocked_by }) { success } }",
        "query($unused: String) { viewer { id } }",
        "{ viewer { id ",
    ] {
        assert!(check_document(wrong).is_err(), "{wrong}");
        let (status, body) = bench.ask(wrong, json!({ "id": "a" }));
        assert_eq!(status, 400, "{wrong}");
        assert_eq!(
            body["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED",
            "{wrong}"
        );
    }
}

#[test]
fn variables_that_do_not_coerce_are_refused() {
    let bench = Bench::new();
    let document = "query A($filter: IssueFilter) { issues(filter: $filter) { nodes { id } } }
        mutation B($input: IssueCreateInput!) { issueCreate(input: $input) { success } }";
    for (operation, wrong) in [
        (
            "A",
            json!({ "filter": { "identifier": { "eq": "ENG-1" } } }),
        ),
        (
            "A",
            json!({ "filter": { "labels": { "some": { "name": { "inIgnoreCase": ["a"] } } } } }),
        ),
        ("B", json!({})),
        ("B", json!({ "input": { "title": "no team" } })),
        (
            "B",
            json!({ "input": { "teamId": "a", "title": "a", "priority": "high" } }),
        ),
    ] {
        assert!(
            check_variables(document, operation, &wrong).is_err(),
            "{wrong}"
        );
        let body = json!({ "query": document, "operationName": operation, "variables": wrong })
            .to_string();
        let request =
            http::Request::post("/graphql").header("Authorization", bench.linear.api_key());
        let answer = bench
            .linear
            .handle(request.body(body.into()).unwrap())
            .unwrap();
        assert_eq!(answer.status(), 400, "{wrong}");
    }
    check_variables(
        document,
        "A",
        &json!({ "filter": { "id": { "in": ["a"] } } }),
    )
    .unwrap();
}

#[test]
fn what_is_not_modelled_is_refused_by_name_or_empty() {
    let bench = Bench::new();
    bench.issue("a");
    let query =
        "{ issues { nodes { sortOrder cycle { id } reactionData subscribers { nodes { id } } } } }";
    let error = bench.error(query, Value::Null);
    assert_eq!(
        (error.0, error.1.as_str()),
        (
            501,
            "not modelled by the local server: field sortOrder of Issue"
        )
    );
    let filter = "{ issues(filter: { dueDate: { null: true } }) { nodes { id } } }";
    assert!(
        bench
            .error(filter, Value::Null)
            .1
            .contains("member dueDate of IssueFilter")
    );
    let mutation = "mutation { issueArchive(id: \"a\") { success } }";
    assert!(
        bench
            .error(mutation, Value::Null)
            .1
            .contains("mutation issueArchive")
    );
    bench
        .linear
        .settings(|settings| settings.unmodelled = Unmodelled::Empty);
    assert_eq!(
        bench.data(query, Value::Null)["issues"]["nodes"][0],
        json!({ "sortOrder": 0.0, "cycle": null, "reactionData": {}, "subscribers": { "nodes": [] } })
    );
}

#[test]
fn requests_are_recorded() {
    let bench = Bench::new();
    let query = "query Both($id: String!) { viewer { id } issue(id: $id) { id } }";
    bench.ask(query, json!({ "id": "a" }));
    let recorded = &bench.linear.requests()[0];
    assert_eq!(recorded.operation, "Both");
    assert_eq!(recorded.fields, ["viewer", "issue"]);
    assert_eq!(recorded.variables, json!({ "id": "a" }));
    assert_eq!(recorded.points, points(query, &Value::Null));
    assert_eq!(
        (recorded.at, recorded.status),
        (1_700_000_000_000, Some(200))
    );
}
