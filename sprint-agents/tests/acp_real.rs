//! Real agents that speak ACP, with a scripted model behind them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::path::{Path, PathBuf};

use scripted_api::{Reply, Request, ScriptedApi, installed_for_tests, test_environment};
use serde_json::{Value, json};
use sprint_agents::acp::AcpAgent;
use sprint_agents::environment::Environment;
use sprint_agents::orphans;
use sprint_core::domain::agent::{
    AgentReport, AgentTask, Answer, Claimed, Role, RoleResult, Teammate,
};
use sprint_core::domain::workspace::Workspace;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, CommitId, TicketId};
use sprint_core::ports::{AgentRunner, Error};
use sprint_core::testing::conformance::agent as conformance;
use support::{Memory, context};

/// One of the agents under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Claude,
    Opencode,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Claude, Self::Opencode];

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Claude => ("SPRINT_TEST_ACP_CLAUDE", "claude-agent-acp"),
            Self::Opencode => ("SPRINT_TEST_ACP_OPENCODE", "opencode"),
        }
    }

    /// The program: the one that the variable names, or the installed one.
    fn program(self) -> Option<PathBuf> {
        let (variable, name) = self.names();
        let named = std::env::var_os(variable).map(PathBuf::from);
        let found = named.or_else(|| installed_for_tests(name));
        if found.is_none() {
            assert!(
                std::env::var_os("SPRINT_REQUIRE_REAL_AGENTS").is_none(),
                "no {name}: set {variable}"
            );
            eprintln!("SKIPPED {name}: not installed; set {variable}");
        }
        found
    }

    fn command(self, program: &Path) -> Vec<String> {
        let mut command = vec![program.to_str().unwrap().to_owned()];
        match self {
            Self::Claude => {}
            Self::Opencode => command.push("acp".into()),
        }
        command
    }

    fn environment(self, api: &str, home: &Path) -> Environment {
        let environment = test_environment(api, home)
            .into_iter()
            .fold(Environment::empty(), |all, (name, value)| {
                all.with(name, value)
            });
        match self {
            Self::Claude => environment,
            Self::Opencode => {
                let config = json!({
                    "autoupdate": false,
                    "share": "disabled",
                    "model": "scripted/claude-sonnet-5",
                    "small_model": "scripted/claude-sonnet-5",
                    "permission": { "edit": "ask", "bash": "ask", "webfetch": "deny" },
                    "provider": { "scripted": {
                        "npm": "@ai-sdk/anthropic",
                        "options": { "baseURL": format!("{api}/v1"), "apiKey": "k" },
                        "models": { "claude-sonnet-5": {} },
                    } },
                });
                environment.with("OPENCODE_CONFIG_CONTENT", config.to_string())
            }
        }
    }

    /// What the tool of a name is called in this agent.
    fn ask_tool(self) -> &'static str {
        match self {
            Self::Claude => "mcp__sprint__ask_context",
            Self::Opencode => "sprint_ask_context",
        }
    }

    fn shell(self, command: &str) -> Reply {
        match self {
            Self::Claude => Reply::tool("Bash", json!({ "command": command })),
            Self::Opencode => {
                Reply::tool("bash", json!({ "command": command, "description": "try" }))
            }
        }
    }

    fn write(self, path: &Path) -> Reply {
        match self {
            Self::Claude => Reply::tool("Write", json!({ "file_path": path, "content": "new\n" })),
            Self::Opencode => Reply::tool("write", json!({ "filePath": path, "content": "new\n" })),
        }
    }
}

/// One agent with its model, home and workspace.
struct Scene {
    api: ScriptedApi,
    home: tempfile::TempDir,
    workspace: tempfile::TempDir,
    agent: AcpAgent,
}

impl Scene {
    async fn set(
        kind: Kind,
        script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Option<Self> {
        let program = kind.program()?;
        let api = ScriptedApi::start(script).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let workspace = tempfile::tempdir().unwrap();
        let environment = kind
            .environment(&api.scenario_url("acp"), home.path())
            .owned_by(home.path());
        let agent = AcpAgent::find(kind.command(&program), environment)
            .await
            .unwrap();
        Some(Self {
            api,
            home,
            workspace,
            agent,
        })
    }

    fn task(&self, role: Role) -> AgentTask {
        let place = Workspace {
            path: self.workspace.path().canonicalize().unwrap(),
            branch: BranchName::new("feat/eng-1").unwrap(),
            base: CommitId::new("a".repeat(40)).unwrap(),
            work_base: CommitId::new("a".repeat(40)).unwrap(),
        };
        AgentTask {
            timeout_s: 120,
            ..AgentTask::new("s/ENG-1/1/x", role, TicketId::new("ENG-1").unwrap(), &place)
        }
    }

    async fn run(&self, task: &AgentTask) -> (Result<AgentReport, Error>, Memory) {
        let (cx, blobs) = context();
        let report = self.agent.run(task, &cx).await;
        assert_eq!(
            orphans::reap(self.home.path()).await,
            0,
            "nothing is left behind"
        );
        assert_eq!(self.api.complaints(), [] as [String; 0]);
        (report, blobs)
    }
}

/// A request that is about the task, and not about a title for the session.
fn is_work(request: &Request) -> bool {
    !request.tools().is_empty()
}

fn report(text: &str) -> Reply {
    Reply::text(json!({ "report": text }).to_string())
}

fn worker(note: &str) -> Reply {
    let result: Value = json!({
        "ticket_id": "ENG-1", "branch": "feat/eng-1", "status": "SUCCESS", "notes": [note],
    });
    Reply::text(format!("Done.\n```json\n{result}\n```"))
}

fn told(report: &AgentReport) -> &str {
    match &report.answer {
        Answer::Result(Claimed(RoleResult::Context(result))) => &result.report,
        Answer::Result(Claimed(RoleResult::Worker(result))) => &result.notes[0],
        answer @ (Answer::Result(_) | Answer::Malformed(_) | Answer::Asks(_)) => {
            panic!("unexpected {answer:?}")
        }
    }
}

#[tokio::test]
async fn real_agents_answer_and_their_sessions_go_on() {
    for kind in Kind::ALL {
        let script = |request: &Request| match is_work(request) {
            true => report("x"),
            false => Reply::text("a title"),
        };
        let Some(scene) = Scene::set(kind, script).await else {
            continue;
        };
        let can = scene.agent.capabilities();
        assert!(can.teams && can.sessions, "{:?}", scene.agent.name());
        let mut task = scene.task(Role::Context);
        let first = scene.run(&task).await.0.unwrap();
        assert_eq!(told(&first), "x");
        task.session = first.session;
        assert!(task.session.is_some());
        let before = scene.api.requests().len();
        let second = scene.run(&task).await.0.unwrap();
        assert_eq!(second.session, task.session, "{kind:?}");
        let requests = scene.api.requests();
        let again = requests[before..]
            .iter()
            .find(|request| is_work(request))
            .unwrap();
        assert!(again.messages().len() > 2, "it remembers");
    }
}

#[tokio::test]
async fn real_agents_may_do_what_rules_allow_and_nothing_else() {
    for kind in Kind::ALL {
        let target = tempfile::tempdir().unwrap();
        let outside = target.path().join("b.txt");
        let place = std::sync::Arc::new(std::sync::OnceLock::<PathBuf>::new());
        let (inside, beyond) = (std::sync::Arc::clone(&place), outside.clone());
        let script = move |request: &Request| {
            // One agent goes on when it is refused something, the other waits to be told.
            let said = request.messages().iter();
            let said = said
                .filter(|message| message["role"] == "assistant")
                .count();
            match (is_work(request), said) {
                (false, _) => Reply::text("a title"),
                (true, 0) => kind.write(&inside.get().unwrap().join("a.txt")),
                (true, 1) => kind.write(&beyond),
                (true, 2) => kind.shell("touch c.txt"),
                (true, _) => worker("tried"),
            }
        };
        let Some(scene) = Scene::set(kind, script).await else {
            continue;
        };
        let task = scene.task(Role::Worker);
        place.set(task.workspace.clone()).unwrap();
        let (report, blobs) = scene.run(&task).await;
        assert_eq!(told(&report.unwrap()), "tried", "{kind:?}");
        assert!(
            blobs.only().contains("session/request_permission"),
            "{kind:?}"
        );
        assert!(task.workspace.join("a.txt").exists(), "{kind:?}");
        assert!(!outside.exists(), "{kind:?}");
        assert!(!task.workspace.join("c.txt").exists(), "{kind:?}");
    }
}

#[tokio::test]
async fn real_workers_ask_the_context_agent_beside_them() {
    for kind in Kind::ALL {
        let script = move |request: &Request| {
            let asks = request.tools().contains(&kind.ask_tool());
            match (is_work(request), asks, request.turn()) {
                (false, ..) => Reply::text("a title"),
                (true, true, 0) => {
                    Reply::tool(kind.ask_tool(), json!({ "question": "where is it?" }))
                }
                (true, true, _) => worker(&request.tool_results()[0].text),
                (true, false, _) if request.last_user_text().contains("where is it?") => {
                    Reply::text("src/lib.rs:7 has it")
                }
                (true, false, _) => Reply::text("start in src/lib.rs"),
            }
        };
        let Some(scene) = Scene::set(kind, script).await else {
            continue;
        };
        let mut task = scene.task(Role::Worker);
        task.teammate = Some(Teammate {
            model: None,
            reply_timeout_s: 60,
        });
        let report = scene.run(&task).await.0.unwrap();
        assert_eq!(told(&report), "src/lib.rs:7 has it", "{kind:?}");
        let teammate = report.teammate.unwrap();
        assert_eq!((teammate.questions, teammate.answered), (1, 1));
        assert_eq!(teammate.report.as_deref(), Some("start in src/lib.rs"));
    }
}

#[tokio::test]
async fn failures_of_the_model_are_told_apart() {
    // The other agent hides them: it tries again without end.
    let kind = Kind::Claude;
    let error =
        |status, kind, told| Reply::error(status, kind, told).header("x-should-retry", "false");
    for (reply, expect) in [
        (
            error(401, "authentication_error", "invalid x-api-key"),
            Some(ErrorKind::Invalid),
        ),
        (
            error(429, "rate_limit_error", "slow down"),
            Some(ErrorKind::rate_limited(None)),
        ),
        (
            error(529, "overloaded_error", "Overloaded"),
            Some(ErrorKind::Transient),
        ),
        (Reply::text("cut").stop_reason("max_tokens"), None),
    ] {
        let script = move |_: &Request| reply.clone();
        let Some(scene) = Scene::set(kind, script).await else {
            continue;
        };
        match (scene.run(&scene.task(Role::Context)).await.0, expect) {
            (Err(error), Some(kind)) => assert_eq!(error.kind(), kind, "{}", error.chain()),
            (Ok(report), None) => assert!(matches!(report.answer, Answer::Malformed(_))),
            other => panic!("unexpected {other:?}"),
        }
    }
}

#[tokio::test]
async fn real_agents_keep_the_contract() {
    for kind in Kind::ALL {
        let script = |request: &Request| match is_work(request) {
            true if request.last_user_text().contains("hang now") => Reply::hang(),
            true => report("x"),
            false => Reply::text("a title"),
        };
        let Some(scene) = Scene::set(kind, script).await else {
            continue;
        };
        let (cx, _) = context();
        let mut task = scene.task(Role::Context);
        conformance::an_answer_is_a_result_of_the_role(&scene.agent, &task, &cx).await;
        conformance::a_role_that_is_not_offered_is_refused(&scene.agent, &task, &cx).await;
        task.title = "hang now".into();
        task.timeout_s = 8;
        conformance::running_out_of_time_is_a_timeout(&scene.agent, &task, &cx).await;
        assert_eq!(orphans::reap(scene.home.path()).await, 0);
    }
}
