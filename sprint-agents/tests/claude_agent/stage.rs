//! What every test needs: a scripted model, a repository, an agent, and its turn.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use scripted_api::{
    Reply, Request, Script, ScriptedApi, TestCli, claude_for_tests, processes_with,
    test_environment,
};
use serde_json::{Value, json};
use sprint_agents::{ClaudeAgent, Environment};
use sprint_core::domain::agent::{AgentReport, AgentTask, Answer, Role, Teammate};
use sprint_core::domain::command::CheckKind;
use sprint_core::domain::workspace::Workspace;
use sprint_core::id::{BranchName, CommitId, TicketId};
use sprint_core::ports::{AgentRunner as _, Result};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::blobs::{Memory, context};

/// A start takes a second of a processor.
static SLOTS: Semaphore = Semaphore::const_new(2);

/// The variable by which the processes of one stage are known.
pub(crate) const MARK: &str = "SPRINT_TEST_STAGE";

pub(crate) const BRANCH: &str = "worktree-ENG-1";

/// The surroundings of the agents of one test.
pub(crate) struct Stage {
    pub(crate) api: ScriptedApi,
    pub(crate) cli: TestCli,
    pub(crate) blobs: Memory,
    folder: TempDir,
    _slot: SemaphorePermit<'static>,
}

impl Stage {
    pub(crate) async fn set(script: impl Script) -> Self {
        let slot = SLOTS.acquire().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let stage = Self {
            api: ScriptedApi::start(script).await.unwrap(),
            cli: claude_for_tests(),
            blobs: Memory::default(),
            folder,
            _slot: slot,
        };
        for name in ["home", "work", "elsewhere"] {
            fs::create_dir(stage.path(name)).unwrap();
        }
        stage.git(&["init", "-q", "-b", BRANCH]);
        fs::write(stage.work().join("check.sh"), "echo ok 1 - all is well\n").unwrap();
        stage.git(&["add", "-A"]);
        stage.git(&["commit", "-q", "-m", "base"]);
        stage
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.path("work")
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=T", "-c", "user.email=t@localhost"])
            .args(arguments)
            .current_dir(self.work())
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn environment(&self) -> Environment {
        let variables = test_environment(&self.api.base_url(), &self.path("home"));
        let identity = ["GIT_AUTHOR", "GIT_COMMITTER"];
        let environment = variables
            .into_iter()
            .filter(|(name, _)| *name != "ANTHROPIC_API_KEY")
            .fold(Environment::empty(), |all, (name, value)| {
                all.with(name, value)
            })
            .with_secret("ANTHROPIC_API_KEY", "sk-planted-model-key")
            .with("IS_SANDBOX", "1")
            .with(MARK, self.folder.path());
        identity.into_iter().fold(environment, |all, who| {
            all.with(format!("{who}_NAME"), "T")
                .with(format!("{who}_EMAIL"), "t@localhost")
        })
    }

    pub(crate) fn agent(&self) -> ClaudeAgent {
        ClaudeAgent::new(&self.cli.program, self.environment()).with_max_retries(0)
    }

    pub(crate) fn task(&self, role: Role) -> AgentTask {
        let head = CommitId::new(self.git(&["rev-parse", "HEAD"])).unwrap();
        let workspace = Workspace {
            path: self.work(),
            branch: BranchName::new(BRANCH).unwrap(),
            base: head.clone(),
            work_base: head,
        };
        let key = format!("sprint-20260131-090500/ENG-1/1/{role}");
        let ticket = TicketId::new("ENG-1").unwrap();
        AgentTask {
            title: "Greet".into(),
            description: "Write a greeting into greeting.txt.".into(),
            checks: [(CheckKind::Test, "sh check.sh".to_owned())].into(),
            timeout_s: 60,
            ..AgentTask::new(key, role, ticket, &workspace)
        }
    }

    pub(crate) fn team_task(&self) -> AgentTask {
        let teammate = Teammate {
            model: None,
            reply_timeout_s: 30,
        };
        AgentTask {
            teammate: Some(teammate),
            ..self.task(Role::Worker)
        }
    }

    pub(crate) async fn run(&self, agent: &ClaudeAgent, task: &AgentTask) -> Result<AgentReport> {
        let (mut cx, _) = context();
        cx.blobs = std::sync::Arc::new(self.blobs.clone());
        agent.run(task, &cx).await
    }

    /// Waits until a file is there in the workspace.
    pub(crate) async fn appears(&self, name: &str) {
        let file = self.work().join(name);
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The processes of this stage that are alive.
    pub(crate) fn alive(&self) -> Vec<String> {
        processes_with(MARK, self.folder.path())
            .into_iter()
            .map(|process| command_line(&process))
            .collect()
    }
}

fn command_line(process: &Path) -> String {
    let words = fs::read(process.join("cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&words).replace('\0', " ")
}

/// What a worker hands in that has done its work.
pub(crate) fn worker_result() -> Value {
    json!({
        "ticket_id": "ENG-1",
        "branch": BRANCH,
        "status": "SUCCESS",
        "evidence": { "preflight_ran": true, "test": { "exit_code": 0, "passed": 1, "failed": 0 } },
    })
}

/// Uses Bash for this, once, then hands in `result`.
pub(crate) fn after(command: &str, request: &Request, result: Value) -> Reply {
    match request.turn() {
        0 => Reply::tool("Bash", json!({ "command": command })),
        _ => Reply::structured(result),
    }
}

pub(crate) fn reason(answer: Answer) -> String {
    match answer {
        Answer::Malformed(reason) => reason,
        answer @ (Answer::Result(_) | Answer::Asks(_)) => panic!("unexpected {answer:?}"),
    }
}
