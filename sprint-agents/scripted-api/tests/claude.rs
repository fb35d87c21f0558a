//! Claude Code and the stand-in do the same under the same script.
#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use scripted_api::{Reply, Request, ScriptedApi, TestCli, claude_for_tests, stand_in_for_tests};
use serde_json::{Value, json};

use crate::support::Talk;

/// Each case on both programs.
macro_rules! cases {
    ($($case:ident)*) => {
        mod claude {
            $(#[tokio::test] async fn $case() { super::$case(super::claude_for_tests()).await; })*
        }
        mod stand_in {
            $(#[tokio::test] async fn $case() { super::$case(super::stand_in_for_tests()).await; })*
        }
    };
}

cases! {
    text
    tool
    denied
    files
    structured
    unstructured
    rate_limit
    cut_stream
    lost_connection
    error_event
    interrupt_in_tool
    signal_in_tool
    interrupt_in_answer
    server_in_process
    permission_question
    resume
    questions_about_itself
}

async fn api(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> ScriptedApi {
    ScriptedApi::start(script).await.unwrap()
}

/// One tool call, then what came of it.
fn one_call(request: &Request, tool: &str, input: Value) -> Reply {
    match request.turn() {
        0 => Reply::tool(tool, input),
        _ => Reply::text(&request.tool_results()[0].text),
    }
}

fn is(kind: &'static str) -> impl Fn(&Value) -> bool {
    move |line| line["type"] == kind
}

async fn text(cli: TestCli) {
    let api = api(|request| Reply::text(format!("{}!", request.last_user_text()))).await;
    let session = "0f0e0d0c-0b0a-4908-8706-050403020100";
    let url = api.scenario_url("greeting");
    let flags = ["--tools", "Bash,Read", "--session-id", session];
    let mut talk = Talk::start(&cli, &url, &[&flags[..], &SYSTEM].concat());
    talk.say("Hi").await;
    let init = talk.next(|line| line["subtype"] == "init").await;
    assert_eq!(init["tools"], json!(["Bash", "Read"]));
    assert_eq!(init["cwd"], json!(talk.work()));
    assert_eq!(init["session_id"], session);
    assert_eq!(init["model"], "claude-sonnet-5");
    assert_eq!(init["permissionMode"], "dontAsk");
    assert_eq!(init["mcp_servers"], json!([]));
    let said = talk.next(is("assistant")).await;
    assert_eq!(said["message"]["content"][0]["text"], "Hi!");
    let result = talk.result().await;
    assert_eq!(result["subtype"], "success");
    assert_eq!(result["is_error"], false);
    assert_eq!(result["result"], "Hi!");
    assert_eq!(result["num_turns"], 1);
    assert_eq!(result["usage"]["input_tokens"], 100);
    talk.say("Ho").await;
    let second = talk.result().await;
    assert_eq!(second["result"], "Ho!");
    let cost = |result: &Value| result["total_cost_usd"].as_f64().unwrap();
    assert!(
        (cost(&second) - 2.0 * cost(&result)).abs() < 1e-9,
        "cumulative"
    );
    assert_eq!(talk.end().await, Some(0));

    let requests = api.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].first_user_text(), "Hi");
    assert_eq!(requests[0].scenario(), "greeting");
    assert_eq!(requests[0].session(), Some(session));
    assert_eq!(requests[0].model(), "claude-sonnet-5");
    assert_eq!(requests[0].tools(), ["Bash", "Read"]);
    assert!(
        requests[0].system().contains("Be kind."),
        "{}",
        requests[0].system()
    );
    assert!(requests[0].is_streaming());
    assert_eq!(api.complaints(), [""; 0]);
}
const SYSTEM: [&str; 2] = ["--append-system-prompt", "Be kind."];

/// The command runs in the working directory, and leads a session of its own.
async fn tool(cli: TestCli) {
    const COMMAND: &str = "pwd; [ $(cut -d' ' -f6 /proc/$$/stat) = $$ ] && echo leads";
    let api = api(|request| one_call(request, "Bash", json!({"command": COMMAND}))).await;
    let mut talk = Talk::start(&cli, &api.base_url(), &["--allowedTools", "Bash"]);
    talk.say("Where are you?").await;
    let mut result = talk.next(is("user")).await;
    let result = result["message"]["content"][0].take();
    let place = talk.work().display().to_string();
    assert_eq!(result["content"], format!("{place}\nleads"));
    assert_eq!(talk.result().await["num_turns"], 2);
    assert_eq!(talk.end().await, Some(0));
}

async fn denied(cli: TestCli) {
    let command = json!({"command": "npm test && touch x"});
    let call = command.clone();
    let api = api(move |request| one_call(request, "Bash", call.clone())).await;
    let mut talk = Talk::start(&cli, &api.base_url(), &["--allowedTools", "Bash(npm test)"]);
    talk.say("Test.").await;
    let result = talk.result().await;
    assert_eq!(result["is_error"], false);
    let denials = result["permission_denials"].as_array().unwrap();
    assert_eq!(denials.len(), 1);
    assert_eq!(denials[0]["tool_name"], "Bash");
    assert_eq!(denials[0]["tool_input"], command);
    assert!(!talk.work().join("x").exists());
    let told = &api.requests()[1].tool_results()[0];
    assert!(
        told.is_error && told.text.starts_with("Permission to use Bash"),
        "{told:?}"
    );
}

async fn files(cli: TestCli) {
    let api = api(|request| match request.turn() {
        0 => Reply::tool("Write", json!({"file_path": "a", "content": "one\ntwo\n"})),
        1 => Reply::tool(
            "Edit",
            json!({"file_path": "a", "old_string": "two", "new_string": "2"}),
        ),
        2 => Reply::tool("Read", json!({"file_path": "a"})),
        3 => Reply::tool("Write", json!({"file_path": "../b", "content": ""})),
        _ => Reply::text("Done."),
    })
    .await;
    let flags = ["--permission-mode", "acceptEdits"];
    let mut talk = Talk::start(&cli, &api.base_url(), &flags);
    talk.say("Write.").await;
    let result = talk.result().await;
    assert_eq!(
        fs::read_to_string(talk.work().join("a")).unwrap(),
        "one\n2\n"
    );
    assert_eq!(
        api.requests()[3].tool_results()[0].text,
        "1\tone\n2\t2\n3\t"
    );
    assert_eq!(result["permission_denials"].as_array().unwrap().len(), 1);
    assert!(!talk.work().join("../b").exists());
}

const SCHEMA: [&str; 2] = [
    "--json-schema",
    r#"{"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"]}"#,
];

async fn structured(cli: TestCli) {
    let api = api(|request| match request.turn() {
        0 => Reply::structured(json!({"ok": "yes"})),
        _ => Reply::structured(json!({"ok": true})),
    })
    .await;
    let mut talk = Talk::start(&cli, &api.base_url(), &SCHEMA);
    talk.say("Is it?").await;
    let result = talk.result().await;
    assert_eq!(result["structured_output"], json!({"ok": true}));
    assert_eq!(result["result"], r#"{"ok":true}"#);
    let complaint = &api.requests()[1].tool_results()[0];
    assert_eq!(
        complaint.text,
        "Output does not match required schema: /ok: must be boolean"
    );
    assert_eq!(talk.end().await, Some(0));
}

/// A model that ignores the schema is reminded once, and that is called a success.
async fn unstructured(cli: TestCli) {
    let api = api(|_| Reply::text("It is.")).await;
    let mut talk = Talk::start(&cli, &api.base_url(), &SCHEMA);
    talk.say("Is it?").await;
    let result = talk.result().await;
    assert_eq!(result["is_error"], false);
    assert_eq!(result["structured_output"], Value::Null);
    assert_eq!(api.requests().len(), 2);
}

async fn rate_limit(cli: TestCli) {
    let api = api(|_| {
        Reply::error(429, "rate_limit_error", "slow down").header("x-should-retry", "false")
    })
    .await;
    let mut talk = Talk::start(&cli, &api.base_url(), &[]);
    talk.say("Hi").await;
    let said = talk.next(is("assistant")).await;
    assert_eq!(said["error"], "rate_limit");
    let result = talk.result().await;
    assert_eq!(result["subtype"], "success");
    assert_eq!(result["is_error"], true);
    assert_eq!(result["api_error_status"], 429);
    assert_eq!(
        result["result"],
        "API Error: Request rejected (429) · slow down"
    );
    assert_eq!(api.requests().len(), 1, "not tried again");
    assert_eq!(talk.end().await, Some(1));
}

async fn cut_stream(cli: TestCli) {
    let api = api(|_| Reply::text("Half a").cut()).await;
    let mut talk = Talk::start(&cli, &api.base_url(), &[]);
    talk.say("Hi").await;
    let said = talk.next(|line| !line["error"].is_null()).await;
    assert_eq!(said["error"], "server_error");
    let result = talk.result().await;
    assert_eq!(result["is_error"], true);
    assert_eq!(result["api_error_status"], Value::Null);
    assert_eq!(talk.end().await, Some(1));
}

async fn lost_connection(cli: TestCli) {
    let api = api(|request| match request.last_user_text().as_str() {
        "Hi" => Reply::drop_connection(),
        _ => Reply::text("Here."),
    })
    .await;
    let mut talk = Talk::start(&cli, &api.base_url(), &[]);
    talk.say("Hi").await;
    let retry = talk.next(|line| line["subtype"] == "api_retry").await;
    assert_eq!(retry["attempt"], 1);
    assert_eq!(retry["max_retries"], 1);
    assert_eq!(retry["error_status"], Value::Null);
    let result = talk.result().await;
    assert_eq!(result["is_error"], true);
    assert_eq!(result["api_error_status"], Value::Null);
    assert_eq!(api.requests().len(), 2);
}

/// An error in place of the first event is tried again.
async fn error_event(cli: TestCli) {
    let fails = AtomicBool::new(true);
    let api = api(move |_| match fails.swap(false, Ordering::Relaxed) {
        true => Reply::error_event("api_error", "Internal server error"),
        false => Reply::text("Here."),
    })
    .await;
    let mut talk = Talk::start(&cli, &api.base_url(), &[]);
    talk.say("Hi").await;
    assert_eq!(talk.result().await["result"], "Here.");
    assert_eq!(api.requests().len(), 2);
}

/// The tool says through a pipe when it runs, and the pipe ends when all of it is gone.
async fn interrupt_in_tool(cli: TestCli) {
    let api = api(|request| match request.last_user_text().as_str() {
        "Wait." => Reply::tool("Bash", json!({"command": WAIT})),
        _ => Reply::text("Here."),
    })
    .await;
    let mut talk = Talk::start(&cli, &api.base_url(), &["--allowedTools", "Bash"]);
    let mut pipe = talk.pipe("pipe");
    talk.say("Wait.").await;
    assert_eq!(pipe.line().await, Some("up".to_owned()));
    talk.control("r1", json!({"subtype": "interrupt"})).await;
    let reply = talk.next(is("control_response")).await;
    assert_eq!(reply["response"]["subtype"], "success");
    let result = talk.result().await;
    assert_eq!(result["subtype"], "error_during_execution");
    assert_eq!(result["terminal_reason"], "aborted_tools");
    assert_eq!(result["is_error"], true);
    assert_eq!(pipe.line().await, None);
    talk.say("Still there?").await;
    assert_eq!(talk.result().await["result"], "Here.");
    assert_eq!(talk.end().await, Some(0));
}

const WAIT: &str = "exec 9> pipe; echo up >&9; tail -f /dev/null";

async fn signal_in_tool(cli: TestCli) {
    let api = api(|_| Reply::tool("Bash", json!({"command": WAIT}))).await;
    let mut talk = Talk::start(&cli, &api.base_url(), &["--allowedTools", "Bash"]);
    let mut pipe = talk.pipe("pipe");
    talk.say("Wait.").await;
    assert_eq!(pipe.line().await, Some("up".to_owned()));
    talk.signal(Signal::INT);
    assert_eq!(talk.result().await["subtype"], "error_during_execution");
    assert_eq!(pipe.line().await, None);
    assert!(talk.end().await.is_some(), "not killed by the signal");
}

async fn interrupt_in_answer(cli: TestCli) {
    let api = api(|request| match request.last_user_text().as_str() {
        "Wait." => Reply::hang(),
        _ => Reply::text("Here."),
    })
    .await;
    let mut talk = Talk::start(&cli, &api.base_url(), &[]);
    talk.say("Wait.").await;
    api.received(1).await;
    talk.control("r1", json!({"subtype": "interrupt"})).await;
    let result = talk.result().await;
    assert_eq!(result["subtype"], "error_during_execution");
    assert_eq!(result["terminal_reason"], "aborted_streaming");
    talk.say("Still there?").await;
    assert_eq!(talk.result().await["result"], "Here.");
}

async fn server_in_process(cli: TestCli) {
    let api = api(|request| {
        one_call(
            request,
            "mcp__sprint__ask_context",
            json!({"question": "Why?"}),
        )
    })
    .await;
    let flags = ["--tools", "Read", "--allowedTools", "mcp__sprint"];
    let mut talk = Talk::start(&cli, &api.base_url(), &flags);
    talk.control(
        "r1",
        json!({"subtype": "initialize", "sdkMcpServers": ["sprint"]}),
    )
    .await;
    talk.next(is("control_response")).await;
    talk.control("r2", json!({"subtype": "mcp_status"})).await;
    let status = talk.next(is("control_response")).await;
    assert_eq!(
        status["response"]["response"]["mcpServers"],
        json!([]),
        "not before a turn"
    );
    talk.say("Ask.").await;
    let mut calls = Vec::new();
    let result = loop {
        let line = talk
            .next(|line| {
                line["request"]["subtype"] == "mcp_message"
                    || line["subtype"] == "init"
                    || line["type"] == "result"
            })
            .await;
        if line["type"] == "result" {
            break line;
        }
        if line["subtype"] == "init" {
            let server = json!({"name": "sprint", "status": "connected"});
            assert_eq!(line["mcp_servers"], json!([server]));
            assert_eq!(line["tools"], json!(["Read", "mcp__sprint__ask_context"]));
            continue;
        }
        assert_eq!(line["request"]["server_name"], "sprint");
        let message = &line["request"]["message"];
        let answer = match message["method"].as_str().unwrap() {
            "initialize" => json!({"protocolVersion": message["params"]["protocolVersion"],
                "capabilities": {"tools": {}}, "serverInfo": {"name": "sprint", "version": "1"}}),
            "tools/list" => json!({"tools": [{"name": "ask_context", "description": "Ask.",
                "inputSchema": {"type": "object"}}]}),
            "tools/call" => {
                calls.push(message["params"].clone());
                json!({"content": [{"type": "text", "text": "Because."}]})
            }
            _ => json!({}),
        };
        let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": answer});
        talk.answer(&line, json!({"mcp_response": answer})).await;
    };
    assert_eq!(result["result"], "Because.");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["arguments"], json!({"question": "Why?"}));
    let id = &api.requests()[1].tool_results()[0].id;
    assert_eq!(calls[0]["_meta"]["claudecode/toolUseId"], *id);
}

async fn permission_question(cli: TestCli) {
    let api = api(|request| {
        one_call(
            request,
            "Bash",
            json!({"command": request.last_user_text()}),
        )
    })
    .await;
    let flags = [
        "--permission-mode",
        "default",
        "--permission-prompt-tool",
        "stdio",
    ];
    let mut talk = Talk::start(&cli, &api.base_url(), &flags);
    talk.say("touch x").await;
    let question = talk.next(is("control_request")).await;
    assert_eq!(question["request"]["subtype"], "can_use_tool");
    assert_eq!(question["request"]["tool_name"], "Bash");
    assert_eq!(question["request"]["input"]["command"], "touch x");
    let changed = json!({"behavior": "allow", "updatedInput": {"command": "touch y"}});
    talk.answer(&question, changed).await;
    talk.result().await;
    assert!(talk.work().join("y").exists());
    talk.say("touch z").await;
    let question = talk.next(is("control_request")).await;
    talk.answer(
        &question,
        json!({"behavior": "deny", "message": "No, thanks."}),
    )
    .await;
    assert_eq!(talk.result().await["result"], "No, thanks.");
    // A question that nobody waits for any more is withdrawn.
    talk.say("touch z").await;
    let question = talk.next(is("control_request")).await;
    talk.control("r1", json!({"subtype": "interrupt"})).await;
    let withdrawn = talk.next(is("control_cancel_request")).await;
    assert_eq!(withdrawn["request_id"], question["request_id"]);
    assert_eq!(talk.result().await["subtype"], "error_during_execution");
    assert!(!talk.work().join("z").exists());
}

async fn resume(cli: TestCli) {
    let api = api(|request| Reply::text(request.first_user_text())).await;
    let session = "0f0e0d0c-0b0a-4908-8706-050403020100";
    let mut talk = Talk::start(&cli, &api.base_url(), &["--session-id", session]);
    talk.say("First.").await;
    talk.result().await;
    let mut talk = talk
        .again(&cli, &api.base_url(), &["--resume", session])
        .await;
    talk.say("Second.").await;
    let result = talk.result().await;
    assert_eq!(result["result"], "First.");
    assert_eq!(result["session_id"], session);
    let talk = talk
        .again(&cli, &api.base_url(), &["--session-id", session])
        .await;
    assert_eq!(talk.end().await, Some(1), "the id is in use");
}

async fn questions_about_itself(cli: TestCli) {
    let api = api(|_| Reply::text("Hi.")).await;
    let mut talk = Talk::start(&cli, &api.base_url(), &[]);
    talk.control("r1", json!({"subtype": "initialize"})).await;
    assert_eq!(talk.reply("r1").await["subtype"], "success");
    let mode = json!({"subtype": "set_permission_mode", "mode": "plan"});
    talk.control("r2", mode).await;
    assert_eq!(talk.reply("r2").await["response"]["mode"], "plan");
    talk.control("r3", json!({"subtype": "get_context_usage"}))
        .await;
    let usage = talk.reply("r3").await["response"].take();
    assert_eq!(usage["maxTokens"], 200_000);
    assert!(
        usage["percentage"].is_u64() && usage["totalTokens"].is_u64(),
        "{usage}"
    );
    talk.control("r4", json!({"subtype": "nonsense"})).await;
    assert_eq!(talk.reply("r4").await["subtype"], "error");
    // Idle, an interrupt does nothing.
    talk.control("r5", json!({"subtype": "interrupt"})).await;
    assert_eq!(talk.reply("r5").await["subtype"], "success");
    talk.say("Hi.").await;
    let init = talk.next(|line| line["subtype"] == "init").await;
    assert_eq!(init["permissionMode"], "plan");
    talk.result().await;
    talk.line("no JSON").await;
    assert_eq!(talk.end().await, Some(1));
}
