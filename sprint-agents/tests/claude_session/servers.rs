//! MCP servers on loopback, and starts that fail.

use serde_json::{Value, json};
use sprint_agents::claude::{
    HttpServer, Launch, NoHost, Outcome, Session, Start, StartError, SystemPrompt, session_id,
};
use sprint_core::failure::ErrorKind;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{LONG, Stage, echo, said, shell, start};

const TOKEN: &str = "canary-token-0123456789";

async fn refused(launch: &Launch) -> StartError {
    let started = Session::start(launch, Arc::new(NoHost)).await;
    started.map(|session| panic!("{session:?}")).unwrap_err()
}

fn server(name: &str, listener: &TcpListener) -> HttpServer {
    HttpServer {
        name: name.into(),
        url: format!("http://{}/mcp", listener.local_addr().unwrap()),
        token: TOKEN.into(),
    }
}

/// Serves the smallest MCP there is to those who know the token.
async fn serve(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(converse(BufReader::new(stream)));
    }
}

async fn converse(mut stream: BufReader<TcpStream>) {
    let (mut length, mut known, mut post) = (0, false, false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let lower = line.to_ascii_lowercase();
        post |= line.starts_with("POST");
        known |= line.trim_end().ends_with(TOKEN);
        if let Some(count) = lower.strip_prefix("content-length:") {
            length = count.trim().parse().unwrap();
        }
        if !line.trim().is_empty() {
            continue;
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let message: Value = serde_json::from_slice(&body).unwrap_or_default();
        let (status, answer) = match message["method"].as_str() {
            _ if !known => ("401 Unauthorized", String::new()),
            Some("initialize") => (
                "200 OK",
                json!({ "jsonrpc": "2.0", "id": message["id"], "result": {
                    "protocolVersion": message["params"]["protocolVersion"],
                    "capabilities": { "tools": {} },
                    "serverInfo": { "name": "sprint", "version": "0" },
                } })
                .to_string(),
            ),
            Some("tools/list") => (
                "200 OK",
                json!({ "jsonrpc": "2.0", "id": message["id"], "result": { "tools": [] } })
                    .to_string(),
            ),
            _ if post => ("202 Accepted", String::new()),
            _ => ("405 Method Not Allowed", String::new()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        let sent = stream.write_all((head + &answer).as_bytes()).await;
        if sent.is_err() {
            return;
        }
        (length, known, post) = (0, false, false);
    }
}

#[tokio::test]
async fn a_server_is_connected_before_the_first_turn_and_its_token_is_nowhere_to_be_seen() {
    let stage = Stage::set(shell).await;
    if !stage.is_real("MCP over HTTP") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let launch = Launch {
        http_servers: vec![server("sprint", &listener)],
        system_prompt: Some(SystemPrompt::Append("canary-prompt".into())),
        ..stage.unbound("connected")
    };
    let serving = tokio::spawn(serve(listener));
    let session = start(&launch).await;
    // Neither the command line nor the environment shows it, and the file is gone.
    let looked = "tr '\\0' '\\n' < /proc/$PPID/cmdline; env; \
                  cat $(tr '\\0' '\\n' < /proc/$PPID/cmdline | grep servers.json) 2>&1";
    let turn = session.ask(looked, LONG).await;
    let Outcome::Done { text, .. } = &turn.outcome else {
        panic!("{turn:?}");
    };
    assert!(
        text.contains("--strict-mcp-config") && text.contains("No such file"),
        "{text}"
    );
    assert!(!text.contains("canary"), "{text}");
    let asked = &stage.api.requests()[0];
    assert!(asked.system().contains("canary-prompt"));
    serving.abort();
}

#[tokio::test]
async fn without_its_servers_a_session_does_not_start() {
    let stage = Stage::set(echo).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut wrong = server("sprint", &listener);
    wrong.token = "wrong-token".into();
    let serving = tokio::spawn(serve(listener));
    // One that nobody listens for, and one that knows another token.
    let gone = server("gone", &TcpListener::bind("127.0.0.1:0").await.unwrap());
    for server in [gone, wrong] {
        let launch = Launch {
            http_servers: vec![server.clone()],
            ..stage.launch(&server.name)
        };
        let error = refused(&launch).await;
        assert!(
            matches!(&error, StartError::Servers(states) if states[0].0 == server.name),
            "{error}"
        );
        assert_eq!(error.kind(), ErrorKind::Transient);
        assert_eq!(stage.alive(), Vec::<String>::new());
    }
    serving.abort();
    assert!(stage.api.requests().is_empty());
}

#[tokio::test]
async fn a_server_that_never_answers_is_not_waited_for_without_end() {
    let stage = Stage::set(echo).await;
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let launch = Launch {
        http_servers: vec![server("mute", &mute)],
        ..stage.launch("mute")
    };
    let error = refused(&launch).await;
    let said = error.to_string();
    assert!(
        said.starts_with("MCP servers are not connected: mute is "),
        "{said}"
    );
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let stage = Stage::set(echo).await;
    let launch = |key: &str| stage.launch(key);
    let missing = Launch {
        session: Start::Resume(session_id("never started")),
        ..launch("missing")
    };
    let error = refused(&missing).await;
    assert!(matches!(error, StartError::NoSuchSession(_)), "{error}");
    let other = Launch {
        program: "/bin/ls".into(),
        ..launch("other")
    };
    let error = refused(&other).await;
    let StartError::Ended { stderr, .. } = &error else {
        panic!("{error}");
    };
    assert!(stderr.contains("--input-format"), "{stderr}");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let program = Launch {
        program: "no-such-program".into(),
        ..launch("program")
    };
    assert_eq!(refused(&program).await.kind(), ErrorKind::Invalid);
    // Another directory is another world, and so no session of this id is there.
    let session = start(&launch("here")).await;
    assert_eq!(session.ask("hello", LONG).await.outcome, said("echo hello"));
    drop(session);
    let elsewhere = Launch {
        directory: stage.home(),
        session: Start::Resume(session_id("here")),
        ..launch("here")
    };
    let error = refused(&elsewhere).await;
    assert!(matches!(error, StartError::NoSuchSession(_)), "{error}");
}
