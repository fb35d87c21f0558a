//! A server with one team, and short ways to ask it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use local_linear::{LocalLinear, NewIssue, Team};
use serde_json::{Value, json};

pub(crate) const CREATE: &str = "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id identifier description } } }";
pub(crate) const COMMENT: &str = "mutation($input: CommentCreateInput!) { commentCreate(input: $input) { success comment { id body } } }";
pub(crate) const UPDATE: &str = "mutation($id: String!, $input: IssueUpdateInput!) {
    issueUpdate(id: $id, input: $input) { success issue { id state { id } labelIds completedAt } } }";
pub(crate) const BATCH: &str = "mutation($input: IssueBatchCreateInput!) { issueBatchCreate(input: $input) { success issues { id } } }";

/// The `n`th id of a client.
pub(crate) fn id(n: u32) -> String {
    format!("00000000-0000-4000-8000-{n:012x}")
}

/// A server, its clock, and its one team with the five usual states.
pub(crate) struct Bench {
    pub(crate) linear: LocalLinear,
    pub(crate) team: String,
    pub(crate) backlog: String,
    pub(crate) todo: String,
    pub(crate) started: String,
    pub(crate) done: String,
    clock: Arc<AtomicU64>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(AtomicU64::new(1_700_000_000_000));
        let time = Arc::clone(&clock);
        let linear = LocalLinear::new(move || time.load(Ordering::SeqCst));
        let team = linear.add_team(Team::new("Engine", "ENG"));
        let [backlog, todo, started, done, _] = linear.add_states(&team);
        Self {
            linear,
            team,
            backlog,
            todo,
            started,
            done,
            clock,
        }
    }

    pub(crate) fn pass(&self, ms: u64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn issue(&self, title: &str) -> String {
        self.linear.add_issue(NewIssue::new(&self.team, title))
    }

    pub(crate) fn request(&self, query: &str, variables: &Value) -> Request<Bytes> {
        Request::post(self.linear.endpoint())
            .header("Authorization", self.linear.api_key())
            .header("Content-Type", "application/json")
            .body(
                json!({ "query": query, "variables": variables })
                    .to_string()
                    .into(),
            )
            .unwrap()
    }

    pub(crate) fn answer(&self, query: &str, variables: Value) -> Response<Bytes> {
        self.linear.handle(self.request(query, &variables)).unwrap()
    }

    /// The status and the body.
    pub(crate) fn ask(&self, query: &str, variables: Value) -> (u16, Value) {
        let answer = self.answer(query, variables);
        (
            answer.status().as_u16(),
            serde_json::from_slice(answer.body()).unwrap_or_default(),
        )
    }

    /// The data of an answer without errors.
    #[track_caller]
    pub(crate) fn data(&self, query: &str, variables: Value) -> Value {
        let (status, body) = self.ask(query, variables);
        assert_eq!((status, &body["errors"]), (200, &Value::Null), "{body}");
        body["data"].clone()
    }

    /// Status, message, code and user text of the first error.
    #[track_caller]
    pub(crate) fn error(&self, query: &str, variables: Value) -> (u16, String, String, String) {
        let (status, body) = self.ask(query, variables);
        let error = &body["errors"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        assert!(error.is_object(), "{body}");
        let extensions = &error["extensions"];
        (
            status,
            text(&error["message"]),
            text(&extensions["code"]),
            text(&extensions["userPresentableMessage"]),
        )
    }

    /// Creates an issue with an id of the client.
    pub(crate) fn create(&self, n: u32) -> Value {
        json!({ "input": { "id": id(n), "teamId": self.team, "title": format!("issue {n}") } })
    }
}

/// The header of an answer as a number.
pub(crate) fn number(answer: &Response<Bytes>, name: &str) -> u64 {
    answer.headers()[name].to_str().unwrap().parse().unwrap()
}

/// The ids of the nodes of a connection.
pub(crate) fn ids(connection: &Value) -> Vec<String> {
    connection["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["id"].as_str().unwrap().to_owned())
        .collect()
}
