use super::*;
use crate::claude::session_id;

fn launch() -> Launch {
    let environment = Environment::empty().with("PATH", "/bin");
    Launch {
        setting_sources: None,
        ..Launch::new(
            "claude",
            "/work",
            environment,
            Start::New(session_id("test")),
            "opus",
        )
    }
}

fn full() -> Launch {
    Launch {
        session: Start::Resume(session_id("test")),
        fallback_model: Some("sonnet".into()),
        tools: vec!["Read".into(), "Bash".into()],
        allow: vec!["Bash(npm test -- --grep \"a, b\")".into(), "Read".into()],
        deny: vec!["WebFetch".into()],
        mode: Mode::Default,
        ask_host: true,
        host_servers: vec!["sprint".into()],
        http_servers: vec![HttpServer {
            name: "context".into(),
            url: "http://127.0.0.1:1/mcp".into(),
            token: "canary-token".into(),
        }],
        hooks: Hooks::Run,
        setting_sources: Some(vec![SettingSource::Project, SettingSource::Local]),
        schema: Some(json!({ "type": "object" })),
        system_prompt: Some(SystemPrompt::Append("canary-prompt".into())),
        max_turns: Some(40),
        max_budget_micro_usd: Some(2_050_000),
        config_directory: Some("/config".into()),
        environment: Environment::empty().with_secret("ANTHROPIC_API_KEY", "canary-key"),
        ..launch()
    }
}

fn files() -> Files {
    Files {
        servers: Some("/private/servers.json".into()),
        system_prompt: Some("/private/system-prompt.md".into()),
    }
}

/// One flag per line.
fn line(launch: &Launch, files: &Files) -> String {
    let words = launch.arguments(files);
    let words = words.iter().map(|word| {
        let word = word.to_str().unwrap();
        if word.starts_with("--") {
            format!("\n{word}")
        } else {
            format!(" {word:?}")
        }
    });
    words.collect()
}

#[test]
fn the_smallest_command_line_keeps_the_tracker_out() {
    insta::assert_snapshot!(line(&launch(), &Files::default()), @r#"
     "-p"
    --input-format "stream-json"
    --output-format "stream-json"
    --verbose
    --model "opus"
    --session-id "a241870a-1a4b-8a06-a48b-a2d97b59eeb1"
    --strict-mcp-config
    --disallowedTools "mcp__linear" "mcp__*inear*"
    --tools ""
    --permission-mode "dontAsk"
    --settings "{\"disableAllHooks\":true}"
    "#);
}

#[test]
fn the_largest_command_line_holds_no_secret_and_no_prompt() {
    let line = line(&full(), &files());
    assert!(!line.contains("canary"), "{line}");
    insta::assert_snapshot!(line, @r#"
     "-p"
    --input-format "stream-json"
    --output-format "stream-json"
    --verbose
    --model "opus"
    --fallback-model "sonnet"
    --resume "a241870a-1a4b-8a06-a48b-a2d97b59eeb1"
    --strict-mcp-config
    --mcp-config "/private/servers.json"
    --disallowedTools "mcp__linear" "mcp__*inear*" "AskUserQuestion" "EnterPlanMode" "ExitPlanMode" "WebFetch"
    --allowedTools "Bash(npm test -- --grep \"a, b\")" "Read"
    --tools "Read,Bash"
    --permission-mode "default"
    --permission-prompt-tool "stdio"
    --setting-sources "project,local"
    --json-schema "{\"type\":\"object\"}"
    --append-system-prompt-file "/private/system-prompt.md"
    --max-turns "40"
    --max-budget-usd "2.050000"
    "#);
}

#[test]
fn the_environment_is_what_was_given_and_what_keeps_the_program_quiet() {
    let variables = |launch: Launch| {
        let variables = launch.variables();
        let lines = variables
            .iter()
            .map(|(name, value)| format!("{}={}\n", name.display(), value.display()));
        lines.collect::<String>()
    };
    insta::assert_snapshot!(variables(launch()), @r"
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS=1
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1
    CLAUDE_CODE_MAX_RETRIES=4
    DISABLE_AUTOUPDATER=1
    PATH=/bin
    TERM=dumb
    ");
    assert!(variables(full()).contains("CLAUDE_CONFIG_DIR=/config\n"));
}

#[test]
fn servers_are_configured_with_their_token() {
    insta::assert_snapshot!(full().servers(), @r#"{"mcpServers":{"context":{"type":"http","url":"http://127.0.0.1:1/mcp","headers":{"Authorization":"Bearer canary-token"},"alwaysLoad":true}}}"#);
    let shown = format!("{:?}", full());
    assert!(
        !shown.contains("canary-token") && !shown.contains("canary-key"),
        "{shown}"
    );
}

#[test]
fn what_may_reach_the_tracker_or_is_no_word_is_refused() {
    let server = |name: &str, url: &str| HttpServer {
        name: name.into(),
        url: url.into(),
        token: String::new(),
    };
    let flaw = |change: &dyn Fn(&mut Launch)| {
        let mut launch = full();
        change(&mut launch);
        launch.flaw().unwrap_or_else(|| "none".into())
    };
    let flaws = [
        flaw(&|_| {}),
        flaw(&|launch| launch.host_servers = vec!["Linear".into()]),
        flaw(&|launch| launch.http_servers = vec![server("x", "https://mcp.linear.app/mcp")]),
        flaw(&|launch| launch.allow = vec!["mcp__linear".into()]),
        flaw(&|launch| {
            launch.environment = Environment::empty().with_secret("LINEAR_API_KEY", "k");
        }),
        flaw(&|launch| launch.host_servers = vec!["a b".into()]),
        flaw(&|launch| launch.host_servers = vec![String::new()]),
        flaw(&|launch| launch.model = "--help".into()),
        flaw(&|launch| launch.allow = vec!["--dangerously-skip-permissions".into()]),
        flaw(&|launch| launch.tools = vec![String::new()]),
        flaw(&|launch| launch.deny = vec!["a\0b".into()]),
    ];
    insta::assert_snapshot!(flaws.join("\n"), @r#"
    none
    the MCP server Linear may be the tracker's
    the MCP server https://mcp.linear.app/mcp may be the tracker's
    the rule mcp__linear may allow the tracker
    the variable LINEAR_API_KEY may be the tracker's credential
    "a b" is no name for an MCP server
    "" is no name for an MCP server
    "--help" is no model, tool or rule
    "--dangerously-skip-permissions" is no model, tool or rule
    "" is no model, tool or rule
    "a\0b" is no model, tool or rule
    "#);
}
