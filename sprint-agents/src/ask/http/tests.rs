use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::ask::fixture::{call, desk, hanging, opening, said};

/// Posts one message with these headers; the status and everything after it, as it came.
async fn raw(address: SocketAddr, host: &str, headers: &str, message: &Value) -> (u16, String) {
    let body = message.to_string();
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n\
         Connection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

/// Posts one message as an agent does; the messages that came back.
async fn post(server: &HttpServer, message: &Value) -> Vec<Value> {
    let authorization = format!("Authorization: {}\r\n", server.token().header());
    let host = server.address.to_string();
    let (status, answer) = raw(server.address, &host, &authorization, message).await;
    assert!(matches!(status, 200 | 202), "{answer}");
    let events = answer.lines().filter_map(|line| line.strip_prefix("data:"));
    events
        .filter_map(|data| serde_json::from_str(data).ok())
        .collect()
}

async fn open() -> HttpServer {
    let server = HttpServer::start(desk()).await.unwrap();
    let [initialize, initialized] = opening();
    let hello = post(&server, &initialize).await;
    assert_eq!(hello[0]["result"]["serverInfo"]["name"], "sprint");
    assert_eq!(post(&server, &initialized).await, [] as [Value; 0]);
    server
}

#[tokio::test]
async fn calls_are_answered_by_the_desk() {
    let server = open().await;
    assert!(server.url().starts_with("http://127.0.0.1:") && server.url().ends_with("/mcp"));
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    assert_eq!(
        post(&server, &list).await[0]["result"]["tools"][0]["name"],
        "ask_context"
    );
    for (question, expect) in [
        ("where", (false, "where: answer 1")),
        (
            "fail",
            (
                true,
                "The context agent gave no answer: the turn failed. Read the files yourself, go on, and note it in your result.",
            ),
        ),
        (
            "die",
            (
                true,
                "The context agent gave no answer: it has ended: exit 1. Read the files yourself, go on, and note it in your result.",
            ),
        ),
        (
            "where",
            (
                true,
                "The context agent gave no answer: it has ended. Read the files yourself, go on, and note it in your result.",
            ),
        ),
    ] {
        let answer = post(&server, &call(2, question)).await;
        assert_eq!(said(answer.last().unwrap()), expect);
    }
}

#[tokio::test]
async fn parallel_calls_are_answered_one_after_another() {
    let server = open().await;
    let calls = [1, 2, 3].map(|id| call(id, "where"));
    let (a, b, c) = tokio::join!(
        post(&server, &calls[0]),
        post(&server, &calls[1]),
        post(&server, &calls[2])
    );
    let mut answers = [a, b, c].map(|answer| said(&answer[0]).1.to_owned());
    answers.sort();
    assert_eq!(
        answers,
        ["where: answer 1", "where: answer 2", "where: answer 3"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_is_kept_alive_by_progress() {
    let server = open().await;
    let messages = post(&server, &call(4, "wait 29")).await;
    let told: Vec<_> = messages
        .iter()
        .map(|message| message["params"]["progress"].as_f64())
        .collect();
    assert_eq!(told, [Some(1.0), Some(2.0), None]);
    assert_eq!(messages[0]["params"]["progressToken"], 4);
    assert_eq!(said(&messages[2]), (false, "wait 29: answer 1"));
}

#[tokio::test]
async fn nobody_else_gets_in() {
    let server = HttpServer::start(desk()).await.unwrap();
    let right = format!("Authorization: {}\r\n", server.token().header());
    let other = HttpServer::start(desk()).await.unwrap();
    let wrong = format!("Authorization: {}\r\n", other.token().header());
    let bare = format!("Authorization: {}\r\n", server.token().expose());
    let browser = format!("{right}Origin: http://127.0.0.1:1\r\n");
    let [initialize, _] = opening();
    for (host, headers, expect) in [
        ("127.0.0.1", &right, 200),
        ("127.0.0.1", &String::new(), 401),
        ("127.0.0.1", &wrong, 401),
        ("127.0.0.1", &bare, 401),
        ("rebound.example", &right, 403),
        ("127.0.0.1", &browser, 403),
    ] {
        let (status, _) = raw(server.address, host, headers, &initialize).await;
        assert_eq!(status, expect, "{host} {}", headers.len());
    }
}

#[tokio::test]
async fn it_is_gone_when_dropped_and_calls_end_with_it() {
    let (desk, asked, gone) = hanging();
    let server = HttpServer::start(desk).await.unwrap();
    let address = server.address;
    let authorization = format!("Authorization: {}\r\n", server.token().header());
    let slow =
        tokio::spawn(
            async move { raw(address, "127.0.0.1", &authorization, &call(4, "where")).await },
        );
    asked.await.unwrap();
    drop(server);
    gone.await.unwrap_err();
    let (_, answer) = slow.await.unwrap();
    assert!(!answer.contains("result"), "{answer}");
    TcpStream::connect(address).await.unwrap_err();
}
