//! Turns that go wrong at the provider.

use std::fmt::Write as _;
use std::time::Duration;

use scripted_api::{Reply, Request};
use sprint_agents::claude::{Launch, Meaning, Outcome};
use sprint_core::time::Timestamp;

use crate::support::{LONG, Stage, said, start};

/// The last thing that was asked for in the form `do: this`: after a failure more is asked in the
/// same breath, and the program itself asks to go on.
fn order(request: &Request) -> String {
    let conversation = serde_json::to_string(request.messages()).unwrap();
    let last = conversation.rsplit("do: ").next().unwrap_or_default();
    let end = last.find(['"', '\\']).unwrap_or(last.len());
    last[..end].to_owned()
}

/// Does to the request what it says.
fn fail(request: &Request) -> Reply {
    match order(request).as_str() {
        "prompt too long" => Reply::error(
            400,
            "invalid_request_error",
            "prompt is too long: 210000 tokens > 200000 maximum",
        ),
        "limited" => {
            Reply::error(429, "rate_limit_error", "slow").header("x-should-retry", "false")
        }
        "cut" => Reply::text("half of it").cut(),
        "gone" => Reply::drop_connection(),
        "refusal" => Reply::text("no").stop_reason("refusal"),
        "pause" => Reply::text("so far").stop_reason("pause_turn"),
        "nothing" => Reply::empty(),
        "endless" => Reply::text("and on").stop_reason("max_tokens"),
        "full" => Reply::text("and on").stop_reason("model_context_window_exceeded"),
        "rounds" => Reply::tool("Read", serde_json::json!({ "file_path": "/nothing" })),
        status => match status.parse() {
            Ok(status) => Reply::error(status, "some_error", "scripted"),
            Err(_) => Reply::text("fine"),
        },
    }
}

/// One line per failure: what it is, and what it means.
async fn table(launch: &Launch, failures: &[&str]) -> String {
    let session = start(launch).await;
    let mut table = String::new();
    for failure in failures {
        let turn = session.ask(format!("do: {failure}"), LONG).await;
        let name = format!("{:?}", turn.outcome);
        let name = name.split(['(', ' ', '{']).next().unwrap_or_default();
        let meaning = match turn.outcome.meaning(Timestamp::from_millis(0)) {
            Meaning::Answered => "answered".to_owned(),
            Meaning::AgentFailed(why) => format!("agent failed: {why}"),
            Meaning::Trouble(kind, why) => format!("{kind:?}: {why}"),
        };
        // Not the port, which changes, and not the advice.
        let meaning = meaning.split(". This is").next().unwrap_or_default();
        writeln!(table, "{failure} | {name} | {meaning}").unwrap();
    }
    // Whatever happened, the session can be used on.
    assert_eq!(session.ask("do: hello", LONG).await.outcome, said("fine"));
    table
}

#[tokio::test]
async fn every_failure_of_the_provider_is_told_from_the_others() {
    let stage = Stage::set(fail).await;
    if !stage.is_real("every way to fail") {
        return;
    }
    let failures = [
        "400",
        "401",
        "403",
        "404",
        "413",
        "limited",
        "500",
        "529",
        "cut",
        "gone",
        "refusal",
        "pause",
        "nothing",
        "endless",
        "full",
        "rounds",
        "prompt too long",
    ];
    let launch = Launch {
        max_turns: Some(3),
        ..stage.launch("failures")
    };
    insta::assert_snapshot!(table(&launch, &failures).await, @r"
    400 | Config | Invalid: API Error: 400 scripted
    401 | Auth | Fatal: Failed to authenticate. API Error: 401 scripted
    403 | Auth | Fatal: Failed to authenticate. API Error: 403 scripted
    404 | Config | Invalid: There's an issue with the selected model (claude-sonnet-5). It may not exist or you may not have access to it. Run --model to pick a different model.
    413 | ContextExhausted | agent failed: the conversation became longer than the model can read: Request too large (max 32MB). Try with a smaller file.
    limited | RateLimited | RateLimited { retry_after_ms: None }: API Error: Request rejected (429) · slow
    500 | Transient | Transient: API Error: 500 scripted
    529 | Transient | Transient: API Error: 529 scripted
    cut | Transient | Transient: API Error: Connection closed mid-response. The response above may be incomplete.
    gone | Transient | Transient: API Error: Unable to connect to API (ECONNRESET)
    refusal | Refusal | agent failed: the model refused: API Error: Claude Code is unable to respond to this request, which appears to violate our Usage Policy (https://www.anthropic.com/legal/aup). Try rephrasing the request in a new session or change your model.
    pause | Paused | agent failed: the agent stopped in the middle of its answer
    nothing | Empty | agent failed: the agent answered nothing
    endless | OutputLimit | agent failed: the answer is longer than the model can write
    full | ContextExhausted | agent failed: the conversation became longer than the model can read: API Error: The model has reached its context window limit.
    rounds | MaxTurns | agent failed: the agent took more rounds than it may
    prompt too long | ContextExhausted | agent failed: the conversation became longer than the model can read: Prompt is too long
    ");
}

#[tokio::test]
async fn failures_that_pass_are_waited_for() {
    let stage = Stage::set(|request: &Request| {
        let status = order(request).parse().unwrap();
        Reply::error(status, "some_error", "scripted").header("retry-after", "1")
    })
    .await;
    let launch = Launch {
        max_retries: 1,
        ..stage.launch("retries")
    };
    let session = start(&launch).await;
    // Waiting to repeat a request is no silence.
    let mut deadlines = LONG;
    deadlines.silence = Duration::from_millis(900);
    let limited = session.ask("do: 429", deadlines).await;
    let Outcome::RateLimited { wait, until, .. } = &limited.outcome else {
        panic!("{limited:?}");
    };
    assert_eq!((*wait, *until), (Some(Duration::from_secs(1)), None));
    let broken = session.ask("do: 500", LONG).await.outcome;
    assert!(matches!(broken, Outcome::Transient(_)), "{broken:?}");
    assert_eq!(stage.api.requests().len(), 4);
}

#[tokio::test]
async fn a_used_up_subscription_says_until_when() {
    let stage = Stage::set(|_: &Request| {
        Reply::error(429, "rate_limit_error", "limit reached")
            .header("anthropic-ratelimit-unified-status", "rejected")
            .header("anthropic-ratelimit-unified-reset", "4000000000")
            .header(
                "anthropic-ratelimit-unified-representative-claim",
                "five_hour",
            )
    })
    .await;
    if !stage.is_real("subscriptions") {
        return;
    }
    let mut launch = stage.launch("subscription");
    launch.environment = launch
        .environment
        .with("ANTHROPIC_API_KEY", "")
        .with_secret("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-a-token-for-tests");
    let turn = start(&launch).await.ask("hello", LONG).await;
    let Outcome::RateLimited { until, .. } = turn.outcome else {
        panic!("{turn:?}");
    };
    assert_eq!(until, Some(Timestamp::from_millis(4_000_000_000_000)));
}

#[tokio::test]
async fn without_a_login_no_request_is_made() {
    let stage = Stage::set(fail).await;
    if !stage.is_real("logins") {
        return;
    }
    let mut launch = stage.launch("no login");
    launch.environment = launch.environment.with("ANTHROPIC_API_KEY", "");
    let turn = start(&launch).await.ask("hello", LONG).await;
    assert!(matches!(turn.outcome, Outcome::Auth(_)), "{turn:?}");
    assert!(stage.api.requests().is_empty());
}

#[tokio::test]
async fn another_model_takes_over_and_that_is_noted() {
    let stage = Stage::set(|request: &Request| match request.model() {
        model if model.contains("opus") => Reply::error(404, "not_found_error", "no such model"),
        _ => Reply::text("fine"),
    })
    .await;
    if !stage.is_real("fallback") {
        return;
    }
    let launch = Launch {
        model: "opus".into(),
        max_retries: 1,
        fallback_model: Some("sonnet".into()),
        ..stage.launch("fallback")
    };
    let turn = start(&launch).await.ask("hello", LONG).await;
    assert_eq!(turn.outcome, said("fine"));
    insta::assert_snapshot!(turn.notes.join("\n"), @"claude-sonnet-5 was used in place of claude-opus-4-8");
}

#[tokio::test]
async fn a_budget_that_is_spent_ends_the_turn() {
    let stage = Stage::set(|_: &Request| Reply::text("dear").usage(100_000, 1000)).await;
    let launch = Launch {
        max_budget_micro_usd: Some(10_000),
        ..stage.launch("budget")
    };
    let session = start(&launch).await;
    session.ask("one", LONG).await;
    let turn = session.ask("two", LONG).await;
    assert_eq!(turn.outcome, Outcome::Budget);
}
