//! The server over HTTP, without any client library.

use local_linear::{Fault, LocalLinear, When};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends one query, and reads until the connection closes.
async fn ask(linear: &LocalLinear) -> String {
    let endpoint = linear.endpoint();
    let host = endpoint
        .trim_start_matches("http://")
        .trim_end_matches("/graphql");
    let body = r#"{"query":"{ viewer { isMe } }"}"#;
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: {host}\r\nAuthorization: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        linear.api_key(),
        body.len()
    );
    let mut stream = TcpStream::connect(host).await.expect("the server listens");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the request is read");
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8(answer).expect("text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_comes_over_http_until_the_server_is_dropped() {
    let linear = LocalLinear::new(|| 1_700_000_000_000);
    let served = linear.serve().await.expect("a free port");
    assert_eq!(served.url(), linear.endpoint());
    let answer = ask(&linear).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK")
            && answer.ends_with(r#"{"data":{"viewer":{"isMe":true}}}"#),
        "{answer}"
    );
    assert!(
        answer.contains("x-ratelimit-requests-remaining: 2499"),
        "{answer}"
    );
    drop(served);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_reply_breaks_the_connection() {
    let linear = LocalLinear::new(|| 1_700_000_000_000);
    let _served = linear.serve().await.expect("a free port");
    linear.fault(When::on("viewer"), Fault::LostAfter);
    let answer = ask(&linear).await;
    assert!(
        !answer.contains("isMe") && !answer.ends_with("0\r\n\r\n"),
        "{answer}"
    );
}
