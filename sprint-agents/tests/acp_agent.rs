//! Agents that speak ACP, with real processes.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/acp.rs"]
mod script;
#[path = "support/secrets.rs"]
mod secrets;
mod support;

use std::path::Path;
use std::time::Duration;

use secrets::SECRETS;
use sprint_agents::acp::AcpAgent;
use sprint_agents::environment::Environment;
use sprint_agents::orphans;
use sprint_agents::permission::Mode;
use sprint_core::domain::agent::{
    AgentReport, AgentTask, Answer, Claimed, Grant, Role, RoleResult, Teammate,
};
use sprint_core::domain::workspace::Workspace;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, CommitId, SessionId, TicketId};
use sprint_core::ports::{AgentRunner, Error};
use sprint_core::testing::conformance::agent as conformance;
use support::{Memory, context};

/// Not a test: the agent that the tests start, which is this program once more.
#[test]
fn plays_the_agent() {
    if let Some(script) = std::env::var_os("SCRIPT") {
        script::play(script.to_str().unwrap());
    }
}

fn command() -> Vec<String> {
    let program = std::env::current_exe()
        .unwrap()
        .into_os_string()
        .into_string()
        .unwrap();
    let arguments = ["--exact", "plays_the_agent", "--nocapture"];
    std::iter::once(program)
        .chain(arguments.map(String::from))
        .collect()
}

fn environment(script: &str) -> Environment {
    Environment::inherit().with("SCRIPT", script)
}

async fn agent(script: &str) -> AcpAgent {
    AcpAgent::find(command(), environment(script))
        .await
        .unwrap()
}

fn task(role: Role, workspace: &Path) -> AgentTask {
    let place = Workspace {
        path: workspace.to_owned(),
        branch: BranchName::new("feat/eng-1").unwrap(),
        base: CommitId::new("a".repeat(40)).unwrap(),
        work_base: CommitId::new("a".repeat(40)).unwrap(),
    };
    let ticket = TicketId::new("ENG-1").unwrap();
    AgentTask {
        timeout_s: 60,
        ..AgentTask::new("s/ENG-1/1/research", role, ticket, &place)
    }
}

fn with_teammate(task: AgentTask) -> AgentTask {
    let teammate = Teammate {
        model: None,
        reply_timeout_s: 20,
    };
    AgentTask {
        teammate: Some(teammate),
        ..task
    }
}

async fn run(agent: &AcpAgent, task: &AgentTask) -> (Result<AgentReport, Error>, Memory) {
    let (cx, blobs) = context();
    (agent.run(task, &cx).await, blobs)
}

async fn outcome(script: &str) -> (Result<AgentReport, Error>, Memory) {
    let workspace = tempfile::tempdir().unwrap();
    run(&agent(script).await, &task(Role::Context, workspace.path())).await
}

/// What a context agent reported, or a worker noted.
fn told(report: &AgentReport) -> &str {
    match &report.answer {
        Answer::Result(Claimed(RoleResult::Context(result))) => &result.report,
        Answer::Result(Claimed(RoleResult::Worker(result))) => &result.notes[0],
        answer @ (Answer::Result(_) | Answer::Malformed(_) | Answer::Asks(_)) => {
            panic!("unexpected {answer:?}")
        }
    }
}

fn reason(report: &AgentReport) -> &str {
    match &report.answer {
        Answer::Malformed(reason) => reason,
        answer @ (Answer::Result(_) | Answer::Asks(_)) => {
            panic!("unexpected {answer:?}")
        }
    }
}

#[tokio::test]
async fn the_last_object_an_agent_says_is_its_answer() {
    let (report, blobs) = outcome("answers").await;
    let report = report.unwrap();
    assert_eq!(told(&report), "x");
    let transcript = blobs.text(&report.transcript.unwrap());
    assert!(transcript.contains("\n> {\"jsonrpc\""), "{transcript}");
    assert!(transcript.contains("\n< {\"jsonrpc\""), "{transcript}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_asked_for_once_more() {
    let (report, _) = outcome("prose first").await;
    let report = report.unwrap();
    assert!(
        told(&report).contains("its answer holds no JSON object"),
        "it is told why"
    );
    let (report, _) = outcome("prose").await;
    insta::assert_snapshot!(reason(&report.unwrap()), @"the agent was asked twice, and its answer holds no JSON object");
}

#[tokio::test]
async fn an_end_without_an_answer_says_why() {
    let (report, _) = outcome("tokens").await;
    insta::assert_snapshot!(reason(&report.unwrap()), @"the agent ran out of tokens before it answered");
    let (report, _) = outcome("refuses").await;
    insta::assert_snapshot!(reason(&report.unwrap()), @"the model refused to go on");
    let (report, _) = outcome("dies").await;
    insta::assert_snapshot!(reason(&report.unwrap()), @r"
    the agent ended: exit 3; its last lines on standard error:
    no more memory
    ");
}

#[tokio::test]
async fn trouble_around_the_agent_is_an_error_of_the_right_kind() {
    let wait = Some(Duration::from_secs(7));
    let (limited, _) = outcome("limited").await;
    assert_eq!(limited.unwrap_err().kind(), ErrorKind::rate_limited(wait));
    let (login, _) = outcome("login").await;
    assert_eq!(login.unwrap_err().kind(), ErrorKind::Invalid);
    for command in [vec![], vec!["/no/such/program".to_owned()]] {
        let missing = AcpAgent::find(command, Environment::empty()).await;
        assert_eq!(missing.unwrap_err().kind(), ErrorKind::Invalid);
    }
    let ends = AcpAgent::find(vec!["/bin/false".into()], Environment::empty()).await;
    assert_eq!(ends.unwrap_err().kind(), ErrorKind::Transient);
}

#[tokio::test]
async fn an_agent_that_takes_too_long_or_says_nothing_is_ended() {
    let workspace = tempfile::tempdir().unwrap();
    let mut short = task(Role::Context, workspace.path());
    short.timeout_s = 1;
    let (late, blobs) = run(&agent("hangs").await, &short).await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(
        blobs.only().contains("session/cancel"),
        "it is asked to stop first"
    );
    let silent = agent("hangs")
        .await
        .with_silence_limit(Duration::from_millis(50));
    let (silent, _) = run(&silent, &task(Role::Context, workspace.path())).await;
    let silent = silent.unwrap_err();
    assert_eq!(silent.kind(), ErrorKind::Timeout);
    assert!(
        silent.chain().contains("said nothing"),
        "{}",
        silent.chain()
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_of_an_agent_survives_when_its_run_is_dropped() {
    let workspace = tempfile::tempdir().unwrap();
    let owner = workspace.path().as_os_str();
    let environment = environment("is deaf").owned_by(owner);
    let agent = AcpAgent::find(command(), environment).await.unwrap();
    let task = task(Role::Context, workspace.path());
    let (cx, _) = context();
    let started = async {
        while !workspace.path().join("started").exists() {
            tokio::task::yield_now().await;
        }
    };
    let nothing_runs = async || orphans::reap(owner).await == 0;
    conformance::dropping_a_run_leaves_nothing_running(&agent, &task, &cx, started, nothing_runs)
        .await;
}

#[tokio::test]
async fn sessions_go_on_where_the_agent_can_load_them() {
    let workspace = tempfile::tempdir().unwrap();
    let mut task = task(Role::Context, workspace.path());
    let session = |name: &str| Some(SessionId::new(name).unwrap());
    let able = agent("session").await;
    assert!(able.capabilities().sessions);
    for (before, expect) in [
        (None, "new"),
        (session("s1"), "loaded s1"),
        (session("lost"), "new"),
    ] {
        task.session.clone_from(&before);
        let report = run(&able, &task).await.0.unwrap();
        assert_eq!(told(&report), expect, "{before:?}");
        assert!(report.session.is_some());
    }
    let unable = agent("forgets").await;
    assert!(!unable.capabilities().sessions);
    task.session = session("s1");
    let report = run(&unable, &task).await.0.unwrap();
    assert_eq!((told(&report), report.session.clone()), ("new", None));
}

#[tokio::test]
async fn nonsense_on_the_wire_is_passed_over() {
    let (report, _) = outcome("talks nonsense").await;
    assert_eq!(told(&report.unwrap()), "x");
}

#[tokio::test]
async fn what_it_used_is_taken_over() {
    let (report, _) = outcome("spends").await;
    let usage = report.unwrap().usage;
    assert_eq!((usage.cost_micro_usd, usage.tokens), (250_000, 1200));
}

#[tokio::test]
async fn secrets_reach_neither_answer_nor_transcript() {
    let workspace = tempfile::tempdir().unwrap();
    let environment = environment("tells secrets").with_secret("MODEL_KEY", "very-secret-key");
    let agent = AcpAgent::find(command(), environment).await.unwrap();
    let (report, blobs) = run(&agent, &task(Role::Context, workspace.path())).await;
    for text in [format!("{:?}", report.unwrap()), blobs.only()] {
        assert!(text.contains("[redacted]"), "{text}");
        assert!(
            !text.contains("very-secret") && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_environment_is_the_given_one_and_never_holds_a_key_of_the_tracker() {
    let workspace = tempfile::tempdir().unwrap();
    let environment = Environment::empty().with("SCRIPT", "shows its environment");
    let agent = AcpAgent::find(command(), environment.clone())
        .await
        .unwrap();
    let (report, _) = run(&agent, &task(Role::Context, workspace.path())).await;
    insta::assert_snapshot!(told(&report.unwrap()), @"SCRIPT SPRINT_KEY SPRINT_ROLE SPRINT_RUN SPRINT_TICKET");
    let banned = environment.with("LINEAR_API_KEY", "lin");
    let refused = AcpAgent::find(command(), banned).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn what_no_rule_allows_is_refused() {
    let workspace = tempfile::tempdir().unwrap();
    let (report, _) = run(&agent("edits").await, &task(Role::Worker, workspace.path())).await;
    assert_eq!(told(&report.unwrap()), "yes, no");
    let (report, _) = outcome("reads").await;
    assert_eq!(told(&report.unwrap()), "no", "what only reads runs nothing");
    let (report, _) = outcome("stops when refused").await;
    assert!(told(&report.unwrap()).contains("Go on with your work without it"));
}

#[tokio::test]
async fn a_tool_of_the_tracker_that_was_used_is_a_breach() {
    let (report, _) = outcome("reaches the tracker").await;
    assert_eq!(report.unwrap_err().kind(), ErrorKind::Breach);
}

#[tokio::test]
async fn every_mode_decides_about_a_command_in_its_own_way() {
    let workspace = tempfile::tempdir().unwrap();
    let agent = agent("runs a command").await;
    let mut task = task(Role::Worker, workspace.path());
    for (mode, expect) in [
        (Mode::AutoApprove, "no"),
        (Mode::PreConfigured, "no"),
        (Mode::SkipAll, "yes"),
    ] {
        let (report, _) = run(&agent.clone().with_mode(mode), &task).await;
        assert_eq!(told(&report.unwrap()), expect, "{mode}");
    }
    let commands = ["npm publish".to_owned()];
    let (report, _) = run(&agent.clone().with_commands(commands), &task).await;
    assert_eq!(told(&report.unwrap()), "yes", "a configured command");

    let manual = agent.with_mode(Mode::Manual);
    let report = run(&manual, &task).await.0.unwrap();
    let Answer::Asks(request) = report.answer else {
        panic!("unexpected {:?}", report.answer);
    };
    assert_eq!(
        (request.tool.as_str(), request.input.as_str()),
        ("npm publish", "npm publish")
    );
    task.session = report.session;
    for (allowed, expect) in [(true, "yes"), (false, "no")] {
        task.grants = vec![Grant {
            request: request.clone(),
            allowed,
        }];
        let (report, blobs) = run(&manual, &task).await;
        assert_eq!(told(&report.unwrap()), expect);
        assert!(blobs.only().contains("Go on from where you were stopped"));
    }
}

#[tokio::test]
async fn the_model_is_chosen_where_the_agent_offers_it() {
    let workspace = tempfile::tempdir().unwrap();
    let agent = agent("names its model").await;
    let mut task = task(Role::Context, workspace.path());
    for (model, expect) in [
        (None, "small"),
        (Some("large"), "large"),
        (Some("other"), "small"),
    ] {
        task.model = model.map(String::from);
        let (report, _) = run(&agent, &task).await;
        assert_eq!(told(&report.unwrap()), expect, "{model:?}");
    }
}

#[tokio::test]
async fn a_worker_asks_the_context_agent_that_is_alive_beside_it() {
    let workspace = tempfile::tempdir().unwrap();
    let task = with_teammate(task(Role::Worker, workspace.path()));
    let agent = agent("team").await;
    assert!(agent.capabilities().teams);
    let (report, blobs) = run(&agent, &task).await;
    let report = report.unwrap();
    insta::assert_snapshot!(told(&report), @r"
    src/lib.rs:7, says number 2
    The context agent gave no answer: it has ended: exit 1. Read the files yourself, go on, and note it in your result.
    The context agent gave no answer: it has ended. Read the files yourself, go on, and note it in your result.
    ");
    let teammate = report.teammate.unwrap();
    assert_eq!(teammate.report.as_deref(), Some("start in src/lib.rs"));
    assert_eq!((teammate.questions, teammate.answered), (3, 1));
    let exchange = blobs.text(&teammate.exchange.unwrap());
    assert!(
        exchange.contains("> src/lib.rs:7, says number 2"),
        "{exchange}"
    );
    assert!(
        exchange.contains("< {\"jsonrpc\""),
        "its own transcript follows"
    );
    let transcript = blobs.text(&report.transcript.unwrap());
    assert!(
        transcript.contains("\"value\":\"Bearer [redacted]\""),
        "{transcript}"
    );
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let workspace = tempfile::tempdir().unwrap();
    let mut task = task(Role::Context, workspace.path());
    let (cx, _) = context();
    let answering = agent("answers").await;
    conformance::an_answer_is_a_result_of_the_role(&answering, &task, &cx).await;
    conformance::a_role_that_is_not_offered_is_refused(&answering, &task, &cx).await;
    conformance::an_end_without_an_answer_is_malformed(&agent("dies").await, &task, &cx).await;
    let kept = || {
        let loaded = std::fs::read_to_string(workspace.path().join("loaded")).ok()?;
        SessionId::new(loaded).ok()
    };
    conformance::a_session_is_continued(&agent("session").await, &task, &cx, &kept).await;
    task.timeout_s = 1;
    conformance::running_out_of_time_is_a_timeout(&agent("hangs").await, &task, &cx).await;
}

#[tokio::test]
async fn it_sees_its_workspace_and_no_secret() {
    let workspace = tempfile::tempdir().unwrap();
    let task = task(Role::Context, workspace.path());
    let (cx, _) = context();
    let environment = secrets::environment().with("SCRIPT", "writes what it sees");
    let agent = AcpAgent::find(command(), environment).await.unwrap();
    let read =
        |name: &str| std::fs::read_to_string(workspace.path().join(name)).unwrap_or_default();
    conformance::its_environment_holds_no_secret(&agent, &task, &cx, &SECRETS, &|| read("seen"))
        .await;
    conformance::it_works_in_its_workspace(&agent, &task, &cx, &|| read("where").into()).await;
}

#[tokio::test]
async fn its_teammate_is_reported() {
    let workspace = tempfile::tempdir().unwrap();
    let (cx, _) = context();
    let task = with_teammate(task(Role::Worker, workspace.path()));
    conformance::a_teammate_is_reported(&agent("team").await, &task, &cx).await;
}
