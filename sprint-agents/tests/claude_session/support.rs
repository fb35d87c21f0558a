//! What every test needs: an API, a home, a directory, and its turn.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use scripted_api::{
    Reply, Request, Script, ScriptedApi, TestCli, claude_for_tests, test_environment,
};
use sprint_agents::Environment;
use sprint_agents::claude::{
    Deadlines, Hooks, Host, Launch, Mode, NoHost, Outcome, Session, Start, session_id,
};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

/// A start takes a second of a processor.
static SLOTS: Semaphore = Semaphore::const_new(2);

pub(crate) const LONG: Deadlines = Deadlines {
    wall: Duration::from_secs(60),
    silence: Duration::from_secs(60),
};

/// The surroundings of the sessions of one test.
pub(crate) struct Stage {
    pub(crate) api: ScriptedApi,
    pub(crate) cli: TestCli,
    folder: TempDir,
    _slot: SemaphorePermit<'static>,
}

impl Stage {
    pub(crate) async fn set(script: impl Script) -> Self {
        let slot = SLOTS.acquire().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "work"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self {
            api: ScriptedApi::start(script).await.unwrap(),
            cli: claude_for_tests(),
            folder,
            _slot: slot,
        }
    }

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
    }

    /// A session that may do nothing.
    pub(crate) fn launch(&self, key: &str) -> Launch {
        Launch {
            program: self.cli.program.clone(),
            directory: self.work(),
            environment: self.environment(),
            session: Start::New(session_id(key)),
            model: "sonnet".into(),
            fallback_model: None,
            tools: ["Bash", "Edit", "Read", "Write"].map(String::from).into(),
            allow: Vec::new(),
            deny: Vec::new(),
            mode: Mode::DontAsk,
            ask_host: false,
            host_servers: Vec::new(),
            http_servers: Vec::new(),
            hooks: Hooks::Disabled,
            setting_sources: None,
            schema: None,
            system_prompt: None,
            max_turns: None,
            max_budget_micro_usd: None,
            config_directory: None,
            max_retries: 0,
        }
    }

    pub(crate) async fn start(&self, key: &str) -> Session {
        start(&self.launch(key)).await
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

pub(crate) fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}
