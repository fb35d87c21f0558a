//! What every test needs: an API, a home, a directory, and its turn.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scripted_api::{
    Reply, Request, Script, ScriptedApi, TestCli, claude_for_tests, processes_with,
    test_environment,
};
use sprint_agents::Environment;
use sprint_agents::claude::{
    Deadlines, Host, Launch, Mode, NoHost, Outcome, Session, Start, session_id,
};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

/// A start takes a second of a processor.
static SLOTS: Semaphore = Semaphore::const_new(2);

pub(crate) const LONG: Deadlines = Deadlines {
    wall: Duration::from_secs(60),
    silence: Duration::from_secs(60),
};

pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// The variable by which the processes of one stage are known.
const MARK: &str = "SPRINT_TEST_STAGE";

/// The surroundings of the sessions of one test.
pub(crate) struct Stage {
    pub(crate) api: ScriptedApi,
    pub(crate) cli: TestCli,
    folder: TempDir,
    _slots: SemaphorePermit<'static>,
}

impl Stage {
    pub(crate) async fn set(script: impl Script) -> Self {
        Self::around(ScriptedApi::start(script).await.unwrap(), 1).await
    }

    /// A stage that uses this API, and takes so many slots.
    pub(crate) async fn around(api: ScriptedApi, slots: u32) -> Self {
        let slots = SLOTS.acquire_many(slots).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "work"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self {
            api,
            cli: claude_for_tests(),
            folder,
            _slots: slots,
        }
    }

    /// Whether the program is the real one; says so if a test needs it and it is not.
    pub(crate) fn is_real(&self, test: &str) -> bool {
        if !self.cli.real {
            eprintln!("SKIPPED {test}: only the real Claude Code does that");
        }
        self.cli.real
    }

    /// Where sessions run.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work").canonicalize().unwrap()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn environment(&self) -> Environment {
        let variables = test_environment(&self.api.base_url(), &self.home());
        variables
            .into_iter()
            .fold(Environment::empty(), |all, (name, value)| {
                all.with(name, value)
            })
            .with("IS_SANDBOX", "1")
            .with(MARK, self.folder.path())
    }

    /// A session that may do nothing.
    pub(crate) fn launch(&self, key: &str) -> Launch {
        let session = Start::New(session_id(key));
        Launch {
            tools: ["Bash", "Edit", "Read", "Write"].map(String::from).into(),
            setting_sources: None,
            max_retries: 0,
            ..Launch::new(
                &self.cli.program,
                self.work(),
                self.environment(),
                session,
                "sonnet",
            )
        }
    }

    /// A session that may do anything.
    pub(crate) fn unbound(&self, key: &str) -> Launch {
        Launch {
            mode: Mode::BypassPermissions,
            ..self.launch(key)
        }
    }

    /// The processes of this stage that are alive.
    pub(crate) fn alive(&self) -> Vec<String> {
        processes_with(MARK, self.folder.path())
            .into_iter()
            .map(|process| fs::read_to_string(process.join("cmdline")).unwrap_or_default())
            .collect()
    }

    /// Waits until no process with a command line that begins like this is alive.
    pub(crate) async fn ends(&self, command: &str) {
        let gone = async {
            while self.alive().iter().any(|alive| alive.starts_with(command)) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(LONG.wall, gone).await.expect(command);
    }

    /// Waits until a file is there in the directory of the sessions.
    pub(crate) async fn appears(&self, name: &str) {
        let file = self.work().join(name);
        let there = async {
            while !file.exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(LONG.wall, there).await.expect(name);
    }
}

pub(crate) async fn start(launch: &Launch) -> Session {
    start_with(launch, NoHost).await
}

pub(crate) async fn start_with(launch: &Launch, host: impl Host) -> Session {
    Session::start(launch, Arc::new(host)).await.unwrap()
}

/// A turn that ended with this text.
pub(crate) fn said(text: &str) -> Outcome {
    Outcome::Done {
        text: text.into(),
        structured: None,
    }
}

/// Says what it was told.
pub(crate) fn echo(request: &Request) -> Reply {
    Reply::text(format!("echo {}", request.last_user_text()))
}

/// Uses Bash for what it was told, and says what came of it.
pub(crate) fn shell(request: &Request) -> Reply {
    match request.tool_results().first() {
        Some(result) if request.turn() > 0 => Reply::text(&result.text),
        _ => Reply::tool(
            "Bash",
            serde_json::json!({ "command": request.last_user_text() }),
        ),
    }
}
