//! A scripted model, a repository, and the program in surroundings of its own.

use std::fs;
use std::path::PathBuf;
use std::process::{Command as Blocking, Stdio};
use std::sync::Arc;
use std::time::Duration;

use scripted_api::{Script, ScriptedApi, TestCli, processes_with, test_environment};
use sprint_agents::claude::{Deadlines, Launch, Start, session_id};
use sprint_agents::{ClaudeAgent, Environment};
use sprint_core::domain::agent::{AgentReport, AgentTask, Role};
use sprint_core::domain::workspace::Workspace;
use sprint_core::id::{BranchName, CommitId, SprintId, TicketId};
use sprint_core::memory::MemoryBlobs;
use sprint_core::ports::{AgentRunner as _, EffectContext};
use sprint_core::run::effect::{EffectId, EffectKey, Step};
use tokio::process::Command;
use tokio::time::Instant;

/// The variable by which the processes of one stage are known.
const MARK: &str = "SPRINT_BENCH_STAGE";

pub(crate) const BRANCH: &str = "worktree-ENG-1";
pub(crate) const GRACE: Duration = Duration::from_secs(5);
pub(crate) const LONG: Deadlines = Deadlines {
    wall: Duration::from_secs(60),
    silence: Duration::from_secs(60),
};

/// The surroundings of the agents of one measure.
pub(crate) struct Stage {
    pub(crate) api: ScriptedApi,
    program: PathBuf,
    is_real: bool,
    folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) async fn set(cli: &TestCli, script: impl Script) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let stage = Self {
            api: ScriptedApi::start(script).await.expect("a port"),
            program: cli.program.clone(),
            is_real: cli.real,
            folder,
        };
        for name in ["home", "work"] {
            fs::create_dir(stage.path(name)).expect("a folder");
        }
        stage.git(&["init", "-q", "-b", BRANCH]);
        fs::write(stage.path("work/check.sh"), "echo ok\n").expect("a file");
        stage.git(&["add", "-A"]);
        stage.git(&["commit", "-q", "-m", "base"]);
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().canonicalize().expect("a path");
        folder.join(name)
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Blocking::new("git")
            .args(["-c", "user.name=Bench", "-c", "user.email=bench@localhost"])
            .args(arguments)
            .current_dir(self.path("work"))
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn environment(&self) -> Environment {
        let variables = test_environment(&self.api.base_url(), &self.path("home"));
        let all = variables.into_iter();
        all.fold(Environment::empty(), |all, (name, value)| {
            all.with(name, value)
        })
        .with("IS_SANDBOX", "1")
        .with(MARK, self.folder.path())
    }

    /// A task whose session is known by `name`.
    pub(crate) fn task(&self, role: Role, name: &str) -> AgentTask {
        let head = CommitId::new(self.git(&["rev-parse", "HEAD"])).expect("an id");
        let workspace = Workspace {
            path: self.path("work"),
            branch: BranchName::new(BRANCH).expect("a name"),
            base: head.clone(),
            work_base: head,
        };
        let ticket = TicketId::new("ENG-1").expect("an id");
        AgentTask {
            title: "Greet".into(),
            description: "Write a greeting into greeting.txt.".into(),
            timeout_s: 300,
            ..AgentTask::new(format!("bench/ENG-1/{name}"), role, ticket, &workspace)
        }
    }

    pub(crate) async fn run(&self, task: &AgentTask) -> AgentReport {
        let agent = ClaudeAgent::new(&self.program, self.environment()).with_max_retries(0);
        let cx = EffectContext {
            key: EffectKey {
                sprint: SprintId::new("sprint-bench").expect("an id"),
                effect: EffectId::ticket(task.ticket.clone(), 1, Step::Implement),
            },
            blobs: Arc::new(MemoryBlobs::default()),
        };
        agent.run(task, &cx).await.expect("a report")
    }

    /// A session that reads, as a context agent does.
    pub(crate) fn launch(&self, name: &str) -> Launch {
        Launch {
            tools: ["Read", "Grep", "Glob"].map(String::from).into(),
            max_retries: 0,
            ..Launch::new(
                &self.program,
                self.path("work"),
                self.environment(),
                Start::New(session_id(name)),
                "sonnet",
            )
        }
    }

    /// The program as one starts it by hand, to answer in JSON.
    pub(crate) fn by_hand(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["-p", "--model", "sonnet"])
            .args(arguments)
            .current_dir(self.path("work"))
            .env_clear()
            .envs(self.environment().iter())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// How long a process takes from its start to its end. `None` for the stand-in, which cannot
    /// be used by hand.
    pub(crate) async fn once(&self, arguments: &[&str]) -> Option<Duration> {
        if !self.is_real {
            return None;
        }
        let start = Instant::now();
        let output = self.by_hand(arguments).output().await.expect("it runs");
        let took = start.elapsed();
        assert!(output.status.success(), "{output:?}");
        Some(took)
    }

    /// The processes of this stage that are alive, as folders of `/proc`.
    pub(crate) fn alive(&self) -> Vec<PathBuf> {
        processes_with(MARK, self.folder.path())
    }
}
