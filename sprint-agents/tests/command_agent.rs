//! Programs as agents, with real processes.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/secrets.rs"]
mod secrets;
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrets::SECRETS;
use sprint_agents::command_agent::CommandAgent;
use sprint_agents::environment::Environment;
use sprint_agents::orphans;
use sprint_core::domain::agent::{
    AgentReport, AgentTask, Answer, Claimed, ContextResult, Role, RoleResult,
};
use sprint_core::domain::command::CommandLine;
use sprint_core::domain::workspace::Workspace;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, CommitId, TicketId};
use sprint_core::ports::{AgentRunner, Error};
use sprint_core::testing::conformance::agent as conformance;
use support::{Memory, context};

fn task(role: Role, workspace: &Path) -> AgentTask {
    let place = Workspace {
        path: workspace.into(),
        branch: BranchName::new("feat/$(id)").unwrap(),
        base: CommitId::new("a".repeat(40)).unwrap(),
        work_base: CommitId::new("a".repeat(40)).unwrap(),
    };
    AgentTask {
        title: "a title".into(),
        description: "a description".into(),
        attempt: 2,
        timeout_s: 60,
        ..AgentTask::new(
            "s/ENG-1/2/research",
            role,
            TicketId::new("ENG-1").unwrap(),
            &place,
        )
    }
}

fn agent(line: &str) -> CommandAgent {
    let commands = BTreeMap::from([(Role::Context, CommandLine::new(line).unwrap())]);
    CommandAgent::new(commands, Environment::inherit())
}

async fn run(agent: &CommandAgent, task: &AgentTask) -> (Result<AgentReport, Error>, Memory) {
    let (cx, blobs) = context();
    (agent.run(task, &cx).await, blobs)
}

async fn answer(line: &str) -> Answer {
    let workspace = tempfile::tempdir().unwrap();
    let (report, _) = run(&agent(line), &task(Role::Context, workspace.path())).await;
    report.unwrap().answer
}

async fn failure(line: &str) -> Error {
    let workspace = tempfile::tempdir().unwrap();
    let (report, _) = run(&agent(line), &task(Role::Context, workspace.path())).await;
    report.unwrap_err()
}

fn found(report: &str) -> Answer {
    Answer::Result(Claimed(RoleResult::Context(ContextResult {
        report: report.into(),
    })))
}

fn reason(answer: Answer) -> String {
    match answer {
        Answer::Malformed(reason) => reason,
        answer @ (Answer::Result(_) | Answer::Asks(_)) => panic!("unexpected {answer:?}"),
    }
}

#[tokio::test]
async fn the_last_line_of_output_is_the_answer() {
    let line = r#"echo thinking; echo '{"report":"x","extra":1}'; echo; echo noise >&2"#;
    assert_eq!(answer(line).await, found("x"));
}

#[tokio::test]
async fn the_result_file_comes_first_and_lies_outside_the_workspace() {
    let line = r#"printf '{\n"report":\n"%s"}' "${SPRINT_RESULT_FILE#"$PWD"}" > "$SPRINT_RESULT_FILE"; echo '{"report":"line"}'"#;
    let Answer::Result(Claimed(RoleResult::Context(result))) = answer(line).await else {
        unreachable!()
    };
    assert!(result.report.starts_with('/') && result.report.ends_with("/result.json"));
    assert!(
        !Path::new(&result.report).exists(),
        "the private directory goes"
    );
}

#[tokio::test]
async fn the_task_arrives_as_data_and_never_runs() {
    let workspace = tempfile::tempdir().unwrap();
    let mut task = task(Role::Context, workspace.path());
    task.title = "$(touch canary) `touch canary`\n; touch canary #'\"".into();
    task.description = format!("{}\n$(touch canary)\0\u{1b}[31m %s %n", "é".repeat(500_000));
    task.key = "$(touch canary)\0".into();
    let line = r#"cat > task.json; echo '{"report":"x"}'"#;
    let (report, _) = run(&agent(line), &task).await;
    assert_eq!(report.unwrap().answer, found("x"));
    let received = std::fs::read(workspace.path().join("task.json")).unwrap();
    assert_eq!(
        serde_json::from_slice::<AgentTask>(&received).unwrap(),
        task
    );
    assert!(!workspace.path().join("canary").exists());
}

#[tokio::test]
async fn the_environment_names_the_task_and_holds_nothing_else() {
    let workspace = tempfile::tempdir().unwrap();
    let parent = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("LINEAR_API_KEY", "lin"),
        ("GITHUB_TOKEN", "ghs"),
        ("AWS_SECRET_ACCESS_KEY", "aws"),
        ("GIT_DIR", "/x"),
        ("DB_PASSWORD", "db"),
    ];
    let parent = parent.map(|(name, value)| (name.into(), value.into()));
    let environment = Environment::select(parent, &["LINEAR_API_KEY", "DB_PASSWORD"]);
    let line = r#"env | sort | grep -v -e '^PWD=' -e '^_=' -e '^SHLVL=' -e '^OLDPWD' > env; echo '{"report":"x"}'"#;
    let commands = BTreeMap::from([(Role::Context, CommandLine::new(line).unwrap())]);
    let agent = CommandAgent::new(commands, environment);
    run(&agent, &task(Role::Context, workspace.path()))
        .await
        .0
        .unwrap();
    let seen = std::fs::read_to_string(workspace.path().join("env")).unwrap();
    let seen: Vec<_> = seen
        .lines()
        .filter(|line| !line.starts_with("SPRINT_RESULT_FILE=/"))
        .filter(|line| !line.starts_with("SPRINT_RUN="))
        .collect();
    insta::assert_snapshot!(seen.join("\n"), @r"
    PATH=/usr/local/bin:/usr/bin:/bin
    SPRINT_ATTEMPT=2
    SPRINT_BRANCH=feat/$(id)
    SPRINT_KEY=s/ENG-1/2/research
    SPRINT_ROLE=context
    SPRINT_TICKET=ENG-1
    ");
}

#[tokio::test]
async fn planted_secrets_reach_neither_transcript_nor_answer_nor_error() {
    let line = r#"echo "key $MODEL_KEY"; printf %s "$MODEL_KEY" | base64; echo password=hunter2 >&2; echo ghp_0123456789abcdefghij0123456789abcdef; echo "{\"report\":\"$MODEL_KEY other-secret\"}"; exit $CODE"#;
    for code in ["0", "1", "75"] {
        let workspace = tempfile::tempdir().unwrap();
        let environment = Environment::inherit()
            .with_secret("MODEL_KEY", "very-secret-model-key")
            .with("CODE", code);
        let commands = BTreeMap::from([(Role::Context, CommandLine::new(line).unwrap())]);
        let agent = CommandAgent::new(commands, environment).with_redacted(["other-secret"]);
        let (report, blobs) = run(&agent, &task(Role::Context, workspace.path())).await;
        let told = match report {
            Ok(report) => format!("{report:?}"),
            Err(error) => error.chain(),
        };
        let stored = blobs.only();
        for text in [told, stored] {
            assert!(text.contains("[redacted]"), "{text}");
            for secret in [
                "very-secret",
                "dmVyeS1zZWNyZXQ",
                "hunter2",
                "ghp_",
                "other-secret",
            ] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_counts_only_with_exit_0() {
    insta::assert_snapshot!(reason(answer(r#"echo '{"report":"x"}'; exit 3"#).await), @r#"
    the agent ended: exit 3; its last lines:
    {"report":"x"}
    "#);
    insta::assert_snapshot!(reason(answer("echo hello; kill -9 $$").await), @r"
    the agent ended: signal 9; its last lines:
    hello
    ");
    insta::assert_snapshot!(reason(answer("printf 'caf\\351'").await), @r"
    the agent ended with exit 0 and its answer is not a context result: expected value at line 1 column 1; its last lines:
    caf�
    ");
    insta::assert_snapshot!(reason(answer("true").await), @"the agent ended with exit 0 and without an answer; it printed nothing");
}

#[tokio::test]
async fn trouble_around_the_agent_is_an_error_of_the_right_kind() {
    let missing = failure("no-such-agent-program --flag 2>/dev/null").await;
    assert_eq!(missing.kind(), ErrorKind::Invalid);
    insta::assert_snapshot!(missing.chain(), @"failed to run agent context with `no-such-agent-program --flag 2>/dev/null`: the agent ended: exit 127; it printed nothing");
    assert_eq!(failure("exit 75").await.kind(), ErrorKind::Transient);
    assert_eq!(
        failure("echo 'HTTP 429, retry after 30 s' >&2; exit 1")
            .await
            .kind(),
        ErrorKind::rate_limited(Some(Duration::from_secs(30)))
    );
    let workspace = tempfile::tempdir().unwrap();
    let (nobody, _) = run(&agent("true"), &task(Role::Worker, workspace.path())).await;
    assert_eq!(nobody.unwrap_err().kind(), ErrorKind::Unsupported);
    let (nowhere, _) = run(
        &agent("true"),
        &task(Role::Context, Path::new("/nonexistent")),
    )
    .await;
    assert_eq!(nowhere.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn time_limits_are_errors_that_say_so() {
    let workspace = tempfile::tempdir().unwrap();
    let mut short = task(Role::Context, workspace.path());
    short.timeout_s = 1;
    let (late, blobs) = run(&agent("echo started; sleep 600"), &short).await;
    assert_eq!(late.as_ref().unwrap_err().kind(), ErrorKind::Timeout);
    insta::assert_snapshot!(late.unwrap_err().chain(), @r"
    failed to run agent context with `echo started; sleep 600`: the agent ended: timed out; its last lines:
    started
    ");
    assert_eq!(blobs.only(), "started\n");
    let agent = agent("sleep 600").with_silence_limit(Duration::from_millis(100));
    let (silent, _) = run(&agent, &task(Role::Context, workspace.path())).await;
    assert_eq!(silent.unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn the_transcript_holds_both_streams_and_usage_is_claimed() {
    let workspace = tempfile::tempdir().unwrap();
    let line = r#"echo note >&2; printf '{"report":"x","usage":{"cost_micro_usd":7,"tokens":9}}'"#;
    let (report, blobs) = run(&agent(line), &task(Role::Context, workspace.path())).await;
    let report = report.unwrap();
    assert_eq!((report.usage.cost_micro_usd, report.usage.tokens), (7, 9));
    assert_eq!(blobs.text(&report.transcript.unwrap()), blobs.only());
    insta::assert_snapshot!(blobs.only(), @r#"
    {"report":"x","usage":{"cost_micro_usd":7,"tokens":9}}
    --- standard error ---
    note
    "#);
}

#[test]
fn capabilities_are_the_configured_roles() {
    let capabilities = agent("true").capabilities();
    assert_eq!(
        capabilities.roles.into_iter().collect::<Vec<_>>(),
        [Role::Context]
    );
    assert!(!capabilities.teams && !capabilities.sessions);
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let workspace = tempfile::tempdir().unwrap();
    let mut task = task(Role::Context, workspace.path());
    let (cx, _) = context();
    let answering = agent(r#"echo '{"report":"x"}'"#);
    conformance::an_answer_is_a_result_of_the_role(&answering, &task, &cx).await;
    conformance::a_role_that_is_not_offered_is_refused(&answering, &task, &cx).await;
    conformance::an_end_without_an_answer_is_malformed(&agent("exit 1"), &task, &cx).await;
    conformance::a_teammate_is_reported(&answering, &task, &cx).await;
    conformance::a_session_is_continued(&answering, &task, &cx, &|| None).await;
    task.timeout_s = 1;
    conformance::running_out_of_time_is_a_timeout(&agent("sleep 600"), &task, &cx).await;
}

#[tokio::test]
async fn it_sees_its_workspace_and_no_secret() {
    let workspace = tempfile::tempdir().unwrap();
    let task = task(Role::Context, workspace.path());
    let (cx, _) = context();
    let line = r#"env > seen; pwd > where; echo '{"report":"x"}'"#;
    let commands = BTreeMap::from([(Role::Context, CommandLine::new(line).unwrap())]);
    let environment = secrets::environment().with("PATH", "/usr/bin:/bin");
    let agent = CommandAgent::new(commands, environment);
    let read =
        |name: &str| std::fs::read_to_string(workspace.path().join(name)).unwrap_or_default();
    conformance::its_environment_holds_no_secret(&agent, &task, &cx, &SECRETS, &|| read("seen"))
        .await;
    let place = || PathBuf::from(read("where").trim());
    conformance::it_works_in_its_workspace(&agent, &task, &cx, &place).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_of_it_outlives_a_run_that_is_dropped() {
    let workspace = tempfile::tempdir().unwrap();
    let task = task(Role::Context, workspace.path());
    let (cx, _) = context();
    let line = "(setsid sleep 1000 > /dev/null 2>&1 &); touch started; exec sleep 1001";
    let commands = BTreeMap::from([(Role::Context, CommandLine::new(line).unwrap())]);
    let environment = Environment::inherit().owned_by(workspace.path());
    let agent = CommandAgent::new(commands, environment);
    let started = async {
        while !workspace.path().join("started").exists() {
            tokio::task::yield_now().await;
        }
    };
    let nothing_runs = async || orphans::reap(workspace.path()).await == 0;
    conformance::dropping_a_run_leaves_nothing_running(&agent, &task, &cx, started, nothing_runs)
        .await;
}
