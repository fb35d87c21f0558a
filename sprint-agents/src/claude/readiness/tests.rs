use super::*;
use crate::claude::launch::{Hooks, HttpServer, Start};
use crate::claude::session_id;
use crate::environment::Environment;

fn expected() -> Expected {
    let launch = Launch {
        program: "claude".into(),
        directory: "/work".into(),
        environment: Environment::empty(),
        session: Start::New(session_id("test")),
        model: "opus".into(),
        fallback_model: Some("sonnet".into()),
        tools: vec!["Read".into(), "Agent".into()],
        allow: Vec::new(),
        deny: Vec::new(),
        mode: Mode::DontAsk,
        ask_host: false,
        host_servers: vec!["sprint".into()],
        http_servers: vec![HttpServer {
            name: "context".into(),
            url: String::new(),
            token: String::new(),
        }],
        hooks: Hooks::Disabled,
        setting_sources: None,
        schema: Some(serde_json::json!({})),
        system_prompt: None,
        max_turns: None,
        max_budget_micro_usd: None,
        config_directory: None,
        max_retries: 0,
    };
    Expected::of(&launch, Path::new("/work"))
}

fn server(name: &str, status: &str) -> Server {
    Server {
        name: name.into(),
        status: status.into(),
    }
}

fn init() -> Init {
    let tools = [
        "Read",
        "Task",
        "StructuredOutput",
        "mcp__sprint__ask",
        "mcp__context__ask",
    ];
    Init {
        session_id: session_id("test").as_str().into(),
        cwd: "/work".into(),
        model: "claude-opus-4-8[1m]".into(),
        mode: "dontAsk".into(),
        tools: tools.map(String::from).into(),
        mcp_servers: vec![
            server("sprint", "connected"),
            server("context", "connected"),
        ],
    }
}

#[test]
fn a_session_that_is_not_the_one_asked_for_is_found_out() {
    let flaw = |change: &dyn Fn(&mut Init)| {
        let mut init = init();
        change(&mut init);
        expected().flaw(&init)
    };
    assert_eq!(flaw(&|_| {}), None);
    let flaws = [
        flaw(&|init| init.cwd = "/".into()),
        flaw(&|init| init.mode = "bypassPermissions".into()),
        flaw(&|init| init.tools.push("Bash".into())),
        flaw(&|init| init.tools.push("mcp__sprintx__ask".into())),
        flaw(&|init| init.tools.push("mcp__Linear_Server__create_issue".into())),
        flaw(&|init| init.mcp_servers.push(server("LINEAR", "failed"))),
        flaw(&|init| init.mcp_servers.push(server("other", "connected"))),
        flaw(&|init| init.mcp_servers[0].status = "failed".into()),
        flaw(&|init| drop(init.mcp_servers.remove(1))),
        flaw(&|init| init.model = "claude-haiku-4-5".into()),
        flaw(&|init| init.session_id = "another".into()),
        flaw(&|init| *init = Init::default()),
    ];
    let shown = flaws.map(|flaw| format!("{flaw:?}\n"));
    insta::assert_snapshot!(shown.concat(), @r#"
    Some(Breach("the session runs in /"))
    Some(Breach("the session's permission mode is bypassPermissions"))
    Some(Breach("the session has the tool Bash, which nobody gave it"))
    Some(Breach("the session has the tool mcp__sprintx__ask, which nobody gave it"))
    Some(Breach("the session can reach the tracker: mcp__Linear_Server__create_issue"))
    Some(Breach("the session can reach the tracker: LINEAR"))
    Some(Breach("the session has the MCP server other, which nobody gave it"))
    Some(Failed("the MCP server sprint is failed"))
    Some(Failed("the MCP server context is missing"))
    Some(Unexpected("the session uses the model claude-haiku-4-5"))
    Some(Unexpected("the session is another"))
    Some(Breach("the session runs in "))
    "#);
}

#[test]
fn models_go_by_family_or_by_name() {
    for (asked, found, expect) in [
        ("opus", "claude-opus-4-8", true),
        ("opus[1m]", "claude-opus-4-8[1m]", true),
        ("claude-opus-4-1", "claude-opus-4-8", true),
        ("opus", "claude-sonnet-5", false),
        ("Sonnet", "claude-sonnet-5", true),
        ("my-model", "my-model", true),
        ("my-model", "your-model", false),
        ("opus", "", false),
    ] {
        assert_eq!(is_model(asked, found), expect, "{asked} {found}");
    }
}

#[test]
fn servers_are_waited_for_unless_they_cannot_come() {
    let states = |found: &[Server]| expected().servers(found);
    let context = |state: &str| vec![("context".to_owned(), state.to_owned())];
    for (found, expect) in [
        (vec![], Servers::Pending(context("not started"))),
        (
            vec![server("context", "pending")],
            Servers::Pending(context("pending")),
        ),
        (vec![server("context", "connected")], Servers::Ready),
        (
            vec![server("context", "connected"), server("sprint", "pending")],
            Servers::Ready,
        ),
        (
            vec![server("context", "failed")],
            Servers::Failed(context("failed")),
        ),
        (
            vec![server("context", "needs-auth")],
            Servers::Failed(context("needs-auth")),
        ),
        (
            vec![server("context", "connected"), server("other", "pending")],
            Servers::Unasked("other".into()),
        ),
    ] {
        assert_eq!(states(&found), expect, "{found:?}");
    }
}
