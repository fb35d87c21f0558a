//! What one would use instead.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::server::Server;

/// The fields and page sizes of Symphony's poll query, by states and a team.
const POLL: &str = "query Poll($states: [String!]!, $first: Int!, $relations: Int!, $after: String) {
  issues(filter: {team: {key: {eq: \"T\"}}, state: {name: {in: $states}}}, first: $first, after: $after) {
    nodes {
      id identifier title description priority state { name } branchName url assignee { id }
      labels { nodes { name } }
      inverseRelations(first: $relations) {
        nodes { type issue { id identifier state { name } } }
      }
      createdAt updatedAt
    }
    pageInfo { hasNextPage endCursor }
  }
}";

/// All pages of the poll query; how many issues there were.
pub(crate) async fn symphony(server: &Server) -> usize {
    let client = asking::Client::new(server);
    let (mut after, mut count) = (Value::Null, 0);
    loop {
        let variables = json!({ "states": ["Todo"], "first": 50, "relations": 50, "after": after });
        let page = client.ask(POLL, &variables).await;
        let issues = &page["data"]["issues"];
        count += issues["nodes"].as_array().map_or(0, Vec::len);
        if issues["pageInfo"]["hasNextPage"] != true {
            return count;
        }
        after = issues["pageInfo"]["endCursor"].clone();
    }
}

/// Linear's SDK with its defaults; `None` if it is not installed.
pub(crate) fn sdk(server: &Server) -> Option<usize> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sprint-linear/local-linear/sdk");
    if !folder.join("node_modules/@linear/sdk").exists() {
        return None;
    }
    let output = Command::new("node")
        .arg("list.mjs")
        .current_dir(folder)
        .env("LINEAR_URL", server.url())
        .env("LINEAR_KEY", server.key())
        .output()
        .expect("node can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

mod asking {
    //! The least of an HTTP client: our own transport.

    use std::time::Duration;

    use serde_json::{Value, json};
    use sprint_linear::transport::{Body, Https, Transport as _};

    use crate::server::Server;

    pub(super) struct Client {
        https: Https,
        url: String,
        key: String,
    }

    impl Client {
        pub(super) fn new(server: &Server) -> Self {
            Self {
                https: Https::new().expect("certificates can be read"),
                url: server.url().to_owned(),
                key: server.key(),
            }
        }

        pub(super) async fn ask(&self, query: &str, variables: &Value) -> Value {
            let body = json!({ "query": query, "variables": variables }).to_string();
            let request = http::Request::post(&self.url)
                .header("Authorization", &self.key)
                .header("Content-Type", "application/json")
                .body(Body::from(body.into_bytes()))
                .expect("it is a request");
            let answer = self.https.send(request, Duration::from_secs(60)).await;
            let body = answer.expect("the server answers").into_body();
            let body = body.bytes(64 << 20).await.expect("the answer is whole");
            serde_json::from_slice(&body).expect("the answer is JSON")
        }
    }
}
