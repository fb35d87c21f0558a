//! Lines as version 2.1.197 prints them, shortened.

use serde_json::json;

use super::*;

fn read_all(lines: &[&str]) -> Vec<Message> {
    lines.iter().map(|line| parse(line.as_bytes())).collect()
}

#[test]
fn a_turn_is_understood() {
    let read = read_all(&[
        r#"{"type":"system","subtype":"init","cwd":"/w","session_id":"s","tools":["Bash"],"mcp_servers":[{"name":"sprint","status":"failed"}],"model":"claude-sonnet-5","permissionMode":"dontAsk","slash_commands":["init"],"claude_code_version":"2.1.197","agents":["claude"]}"#,
        r#"{"type":"assistant","message":{"id":"m","type":"message","role":"assistant","model":"claude-sonnet-5","content":[{"type":"tool_use","id":"toolu_1","name":"Bash","input":{"command":"echo hi > out"}}],"stop_reason":null,"usage":{"input_tokens":100}},"parent_tool_use_id":null,"session_id":"s"}"#,
        r#"{"type":"user","message":{"role":"user","content":[{"type":"tool_result","content":"denied","is_error":true,"tool_use_id":"toolu_1"}]},"parent_tool_use_id":null,"tool_use_result":"Error: denied"}"#,
        r#"{"type":"user","message":{"role":"user","content":"[Request interrupted by user]"},"parent_tool_use_id":null}"#,
        r#"{"type":"assistant","message":{"id":"x","model":"<synthetic>","content":[{"type":"text","text":"Failed to authenticate."}]},"error":"authentication_failed"}"#,
    ]);
    let init = Init {
        session_id: "s".into(),
        cwd: "/w".into(),
        model: "claude-sonnet-5".into(),
        mode: "dontAsk".into(),
        tools: vec!["Bash".into()],
        mcp_servers: vec![Server {
            name: "sprint".into(),
            status: "failed".into(),
        }],
    };
    let bash = Block {
        id: "toolu_1".into(),
        name: Some("Bash".into()),
        input: Input {
            command: Some("echo hi > out".into()),
            ..Input::default()
        },
    };
    let denied = ToolResult {
        id: "toolu_1".into(),
        is_error: Some(true),
    };
    let said = |error, block| {
        Message::Assistant(Assistant {
            error,
            blocks: vec![block],
        })
    };
    assert_eq!(
        read,
        [
            Message::Init(Box::new(init)),
            said(None, bash),
            Message::ToolResults(vec![denied]),
            Message::ToolResults(Vec::new()),
            said(Some("authentication_failed".into()), Block::default()),
        ]
    );
}

#[test]
fn a_result_is_understood() {
    let line = r#"{"type":"result","subtype":"success","is_error":false,"api_error_status":null,"num_turns":2,"result":"text","stop_reason":"end_turn","total_cost_usd":0.0012,"usage":{"input_tokens":200,"cache_creation_input_tokens":1,"cache_read_input_tokens":2,"output_tokens":40},"permission_denials":[{"tool_name":"Bash","tool_use_id":"t","tool_input":{"command":"x"}}],"terminal_reason":"completed","structured_output":{"a":1}}"#;
    assert_eq!(
        parse(line.as_bytes()),
        Message::Result(Box::new(ResultMessage {
            subtype: "success".into(),
            is_error: false,
            api_status: None,
            text: "text".into(),
            stop_reason: Some("end_turn".into()),
            terminal_reason: Some("completed".into()),
            structured: Some(json!({ "a": 1 })),
            rounds: 2,
            total_cost_usd: 0.0012,
            input_tokens: 200,
            output_tokens: 40,
            cache_tokens: 3,
            denials: vec![("Bash".into(), "t".into(), json!({ "command": "x" }))],
        }))
    );
    let line = r#"{"type":"result","subtype":"error_during_execution","is_error":true,"errors":["a","b"]}"#;
    let Message::Result(result) = parse(line.as_bytes()) else {
        panic!("not a result")
    };
    assert_eq!((result.is_error, result.text.as_str()), (true, "a; b"));
}

#[test]
fn requests_and_answers_are_understood() {
    let read = read_all(&[
        r#"{"type":"control_request","request_id":"1","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"x"},"permission_suggestions":[],"tool_use_id":"t"}}"#,
        r#"{"type":"control_request","request_id":"2","request":{"subtype":"mcp_message","server_name":"sprint","message":{"jsonrpc":"2.0","id":0}}}"#,
        r#"{"type":"control_request","request_id":"3","request":{"subtype":"hook_callback"}}"#,
        r#"{"type":"control_cancel_request","request_id":"1"}"#,
        r#"{"type":"control_response","response":{"subtype":"success","request_id":"r1","response":{"mcpServers":[]}}}"#,
        r#"{"type":"control_response","response":{"subtype":"success","request_id":"r1"}}"#,
        r#"{"type":"control_response","response":{"subtype":"error","request_id":"r2","error":"no"}}"#,
    ]);
    let response = |id: &str, answer| Message::Response {
        id: id.into(),
        answer,
    };
    let request = |id: &str, ask| Message::Request { id: id.into(), ask };
    let tool = Ask::Tool {
        tool: "Bash".into(),
        input: json!({ "command": "x" }),
        id: Some("t".into()),
    };
    let mcp = Ask::Mcp {
        server: "sprint".into(),
        message: json!({ "jsonrpc": "2.0", "id": 0 }),
    };
    assert_eq!(
        read,
        [
            request("1", tool),
            request("2", mcp),
            request("3", Ask::Unknown("hook_callback".into())),
            Message::Withdrawn("1".into()),
            response("r1", Ok(json!({ "mcpServers": [] }))),
            response("r1", Ok(Value::Null)),
            response("r2", Err("no".into())),
        ]
    );
}

#[test]
fn what_happens_on_the_way_is_understood() {
    let delay = Duration::from_millis(523);
    for (line, expect) in [
        (
            r#"{"type":"system","subtype":"api_retry","attempt":1,"max_retries":1,"retry_delay_ms":523.7,"error_status":429,"error":"rate_limit"}"#,
            Message::Retry {
                delay,
                status: Some(429),
            },
        ),
        (
            r#"{"type":"system","subtype":"api_retry","retry_delay_ms":523,"error_status":null}"#,
            Message::Retry {
                delay,
                status: None,
            },
        ),
        (
            r#"{"type":"system","subtype":"model_fallback","trigger":"overloaded","original_model":"a","fallback_model":"b"}"#,
            Message::Fallback {
                from: "a".into(),
                to: "b".into(),
            },
        ),
        (
            r#"{"type":"system","subtype":"status","status":"compacting"}"#,
            Message::Other,
        ),
        (
            r#"{"type":"system","subtype":"compact_boundary","compact_metadata":{"trigger":"auto"}}"#,
            Message::Compacted,
        ),
        (
            r#"{"type":"system","subtype":"status","status":null,"compact_result":"failed","compact_error":"exhausted"}"#,
            Message::NotCompacted("exhausted".into()),
        ),
        (
            r#"{"type":"system","subtype":"permission_denied","tool_name":"Bash","tool_use_id":"t","message":"no"}"#,
            Message::Denied {
                tool: "Bash".into(),
                id: "t".into(),
            },
        ),
        (
            r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1796006997,"rateLimitType":"five_hour"}}"#,
            Message::RateLimit {
                rejected: true,
                resets_at: Some(1_796_006_997),
            },
        ),
    ] {
        assert_eq!(parse(line.as_bytes()), expect, "{line}");
    }
}

#[test]
fn nothing_that_is_not_understood_is_an_error() {
    for line in [
        "",
        "not JSON",
        "[1]",
        "{}",
        r#"{"type":7}"#,
        r#"{"type":"new"}"#,
        r#"{"type":"system","subtype":"new"}"#,
        r#"{"type":"assistant"}"#,
        r#"{"type":"assistant","message":{"content":[7]}}"#,
        r#"{"type":"control_request"}"#,
        r#"{"type":"control_response","response":7}"#,
        r#"{"type":"system","subtype":"api_retry"}"#,
        r#"{"type":"rate_limit_event","rate_limit_info":null}"#,
    ] {
        assert_eq!(parse(line.as_bytes()), Message::Other, "{line}");
    }
    // A tool with arguments of a form that no tool has still counts as used.
    let odd =
        r#"{"type":"assistant","message":{"content":[{"name":"Bash","input":{"command":7}}]}}"#;
    assert!(matches!(parse(odd.as_bytes()), Message::Assistant(said) if said.blocks.len() == 1));
}

#[test]
fn the_beginning_of_a_line_tells_its_kind() {
    assert_eq!(classify(br#"{"type":"user","mess"#), Some("user"));
    assert_eq!(classify(br#"{"type":"us"#), None);
    assert_eq!(classify(br#"{"a":1}"#), None);
}

proptest::proptest! {
    #[test]
    fn no_line_is_too_strange(
        line: Vec<u8>,
        kind in "assistant|user|system|result|control_request",
        rest in "[a-z\":{}\\[\\],0-9]*",
    ) {
        parse(&line);
        parse(format!(r#"{{"type":"{kind}",{rest}}}"#).as_bytes());
    }
}
