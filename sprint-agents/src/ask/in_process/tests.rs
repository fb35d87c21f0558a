use std::time::Duration;

use super::*;
use crate::ask::fixture::{call, desk, opening, said};

async fn open() -> InProcess {
    let server = InProcess::new(desk());
    let [initialize, initialized] = opening();
    let hello = server.message(initialize).await;
    assert_eq!(hello["id"], 0);
    assert_eq!(hello["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(hello["result"]["serverInfo"]["name"], "sprint");
    let empty = json!({ "jsonrpc": "2.0", "result": {} });
    assert_eq!(server.message(initialized).await, empty);
    server
}

#[tokio::test]
async fn one_tool_is_offered_that_only_reads_and_is_always_loaded() {
    let list = json!({ "jsonrpc": "2.0", "id": "x", "method": "tools/list" });
    let listed = open().await.message(list).await;
    assert_eq!(listed["id"], "x");
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 1);
    let mut tool = listed["result"]["tools"][0].clone();
    assert!(
        tool["description"]
            .take()
            .as_str()
            .unwrap()
            .contains("read the files")
    );
    tool["inputSchema"]["properties"]["question"]["description"].take();
    insta::assert_snapshot!(tool, @r#"{"name":"ask_context","description":null,"inputSchema":{"type":"object","properties":{"question":{"type":"string","description":null}},"required":["question"],"additionalProperties":false},"annotations":{"readOnlyHint":true,"openWorldHint":false},"_meta":{"anthropic/alwaysLoad":true}}"#);
}

#[tokio::test(start_paused = true)]
async fn calls_are_answered_by_the_desk_in_turn() {
    let server = open().await;
    let (slow, quick) = (call(7, "wait 20"), call(8, "where"));
    let (slow, quick) = tokio::join!(server.message(slow), server.message(quick));
    assert_eq!((&slow["id"], &quick["id"]), (&json!(7), &json!(8)));
    assert_eq!(said(&slow), (false, "wait 20: answer 1"));
    assert_eq!(said(&quick), (false, "where: answer 2"));
    for question in ["wait 40", "fail", "die", "where"] {
        let response = server.message(call(9, question)).await;
        let (is_error, text) = said(&response);
        assert!(
            is_error && text.contains("Read the files yourself"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn what_is_no_call_of_the_tool_is_refused() {
    let server = open().await;
    let mut other = call(1, "a");
    other["params"]["name"] = "other".into();
    let mut blank = call(2, "a");
    blank["params"]["arguments"] = json!({ "query": "a" });
    let unknown = json!({ "jsonrpc": "2.0", "id": 3, "method": "resources/read", "params": { "uri": "a:b" } });
    let odd = json!({ "id": 4, "text": "x" });
    for (message, id, code) in [
        (other, json!(1), -32602),
        (blank, json!(2), -32602),
        (unknown, json!(3), -32601),
        (odd, json!(4), -32600),
        (json!(5), json!(null), -32600),
    ] {
        let answer = server.message(message).await;
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&id, &json!(code)),
            "{answer}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_is_answered_and_the_next_one_too() {
    let server = open().await;
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 5 } });
    let slow = server.message(call(5, "wait 20"));
    let cancelled = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.message(cancel).await
    };
    let (slow, _) = tokio::join!(slow, cancelled);
    assert_eq!(slow["error"]["code"], -32603);
    let next = server.message(call(6, "a")).await;
    assert_eq!(said(&next), (false, "a: answer 2"));
}

#[tokio::test]
async fn a_server_that_has_ended_says_so() {
    let server = open().await;
    server.server.abort();
    server.incoming.closed().await;
    let answer = server.message(call(5, "a")).await;
    assert_eq!(answer["error"]["code"], -32603);
}
